//! Numbers as the module sends them: decimal, and exact.
//!
//! ```text
//! decimal  = [ "+" / "-" ] ( 1*digit [ "." *digit ] / "." 1*digit ) [ exponent ]
//! exponent = ( "e" / "E" ) [ "+" / "-" ] 1*digit
//! ```

#[cfg(test)]
mod tests;
mod text;

use std::{cmp::Ordering, fmt, str::FromStr};

use serde::{Serialize, Serializer};

pub use text::DecimalText;

/// The most significant digits, and the most digits after the point.
const MAX_DIGITS: u8 = 18;

/// 10^18: what no mantissa reaches, either side of zero.
const LIMIT: i64 = 1_000_000_000_000_000_000;

/// A decimal number of up to 18 significant digits, `mantissa · 10^-scale`.
///
/// A meter counts in decimal, so a reading that passes through a [`Decimal`] comes out as it went
/// in: no `7369.066000000001`, and two readings compare exactly.
///
/// ```
/// use xt211_message::Decimal;
///
/// let number: Decimal = "7369.0660".parse()?;
/// assert_eq!(number.to_string(), "7369.066");
/// assert_eq!(number.to_f64(), 7369.066);
/// assert_eq!("1.5e-3".parse::<Decimal>()?.to_string(), "0.0015");
/// # Ok::<(), xt211_message::DecimalError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Decimal {
    /// Of less than [`LIMIT`], and without trailing zeros unless `scale` is 0, so that equal
    /// numbers have equal fields.
    mantissa: i64,
    /// At most [`MAX_DIGITS`].
    scale: u8,
}

/// Why a text is not a [`Decimal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecimalError {
    /// It is something else than a decimal number.
    #[error("expected a decimal number")]
    Syntax,
    /// It is 10^18 or more, either side of zero.
    #[error("expected a number of less than 10^18")]
    Range,
}

impl Decimal {
    /// 0
    pub const ZERO: Self = Self { mantissa: 0, scale: 0 };

    /// The number `mantissa · 10^-scale`, the inverse of [`parts`](Self::parts). `None` if the
    /// mantissa is 10^18 or more, either side of zero, or the scale more than 18.
    ///
    /// ```
    /// use xt211_message::Decimal;
    ///
    /// assert_eq!(Decimal::from_parts(7_369_066, 3), "7369.066".parse().ok());
    /// assert_eq!(Decimal::from_parts(1, 19), None);
    /// ```
    #[must_use]
    pub fn from_parts(mantissa: i64, scale: u8) -> Option<Self> {
        let is_one = mantissa > -LIMIT && mantissa < LIMIT && scale <= MAX_DIGITS;
        // The magnitude is less than 10^18, so taking the sign off cannot overflow.
        is_one.then(|| Self::new(mantissa.is_negative(), mantissa.abs(), scale))
    }

    /// Whether this is 0.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// Whether this is less than 0.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    /// The number as an integer and a power of ten: `(mantissa, scale)` for
    /// `mantissa · 10^-scale`, with the smallest scale there is (from 0 to 18).
    #[must_use]
    pub const fn parts(self) -> (i64, u8) {
        (self.mantissa, self.scale)
    }

    /// The nearest binary floating-point number.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        /// Integers up to here are exact in an `f64`.
        const EXACT: u64 = 1 << 53;

        /// 10^0 to 10^18, which are exact, too: 5^18 is less than 2^53.
        const POWERS: [f64; 19] = [
            1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
            1e16, 1e17, 1e18,
        ];

        match POWERS.get(usize::from(self.scale)) {
            // One division of two exact numbers rounds once: to the nearest.
            Some(power) if self.mantissa.unsigned_abs() <= EXACT => self.mantissa as f64 / power,
            // Cannot fail: our own text is always a float's syntax.
            _ => self.text().as_str().parse().unwrap_or(f64::NAN),
        }
    }

    /// The shortest decimal form, never with an exponent: `443.451`, `0`, `-0.13`. It lies on the
    /// stack, for encoders.
    ///
    /// ```
    /// use xt211_message::Decimal;
    ///
    /// let mut line = String::from("1_8_0=");
    /// line.push_str("0443.4510".parse::<Decimal>()?.text().as_str());
    /// assert_eq!(line, "1_8_0=443.451");
    /// # Ok::<(), xt211_message::DecimalError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn text(self) -> DecimalText {
        DecimalText::new(self)
    }

    /// Writes the [`text`](Self::text) to the front of a room and returns its length; the rest of the
    /// room holds anything afterwards. For encoders, since room of a known size needs no checks.
    ///
    /// ```
    /// use xt211_message::Decimal;
    ///
    /// let mut room = [b' '; 24];
    /// let length = "0443.4510".parse::<Decimal>()?.write_padded(&mut room);
    /// assert!(room.starts_with(b"443.451"));
    /// assert_eq!(length, 7);
    /// # Ok::<(), xt211_message::DecimalError>(())
    /// ```
    #[inline]
    pub fn write_padded(self, room: &mut [u8; 24]) -> usize {
        text::write(self, room)
    }

    /// Appends the [`text`](Self::text).
    pub fn write_to(self, out: &mut String) {
        out.push_str(self.text().as_str());
    }

    /// The number that `count` digits make, of which the last `places` are behind the point; `None`
    /// if they are more than it has room for.
    #[inline]
    pub(crate) fn from_digits(
        negative: bool,
        digits: u64,
        count: usize,
        places: usize,
    ) -> Option<Self> {
        if count > usize::from(MAX_DIGITS) {
            return None;
        }
        // Cannot fail: so many digits make less than 10^18.
        Some(Self::new(negative, i64::try_from(digits).ok()?, u8::try_from(places).ok()?))
    }

    /// Takes trailing zeros away, and the sign in.
    #[inline]
    fn new(negative: bool, mut mantissa: i64, mut scale: u8) -> Self {
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        Self { mantissa: if negative { -mantissa } else { mantissa }, scale }
    }
}

/// 10^exponent, from 10^0 to 10^18.
fn power(exponent: i64) -> Option<i64> {
    10i64.checked_pow(u32::try_from(exponent).ok()?)
}

impl FromStr for Decimal {
    type Err = DecimalError;

    /// Reads digits with an optional sign, point and exponent. What comes after the 18th
    /// significant digit or the 18th decimal place is rounded, halves away from zero.
    ///
    /// # Errors
    ///
    /// Says whether it is no number, or one too large.
    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let (negative, unsigned) = match text.as_bytes() {
            [b'-', unsigned @ ..] => (true, unsigned),
            [b'+', unsigned @ ..] => (false, unsigned),
            unsigned => (false, unsigned),
        };
        let mut digits = Digits::default();
        let rest = match digits.take(unsigned, 0) {
            [b'.', fraction @ ..] => digits.take(fraction, 1),
            rest => rest,
        };
        let exponent = match rest {
            _ if digits.taken == 0 => return Err(DecimalError::Syntax),
            [] => 0,
            [b'e' | b'E', exponent @ ..] => parse_exponent(exponent)?,
            _ => return Err(DecimalError::Syntax),
        };
        digits.into_decimal(negative, exponent)
    }
}

/// An exponent; one so large that it does not matter how large is cut short.
fn parse_exponent(text: &[u8]) -> Result<i64, DecimalError> {
    let (sign, digits) = match text {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] => (1, digits),
        digits => (1, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(DecimalError::Syntax);
    }
    let cut_short =
        |size: i32, digit: &u8| size.saturating_mul(10).saturating_add(i32::from(digit - b'0'));
    Ok(sign * i64::from(digits.iter().fold(0, cut_short)))
}

/// The significant digits of a number while it is read.
#[derive(Default)]
struct Digits {
    /// The first of them, at most [`MAX_DIGITS`].
    mantissa: i64,
    /// How many `mantissa` has.
    count: u8,
    /// Digits after the point, less digits before it that found no room.
    scale: i64,
    /// The first digit that found no room.
    next: Option<u8>,
    /// How many digits there were, with leading zeros.
    taken: usize,
}

impl Digits {
    /// Takes the digits that `bytes` begins with, of which each is `places` (0 or 1) after the
    /// point, and returns what is behind them.
    fn take<'b>(&mut self, mut bytes: &'b [u8], places: i64) -> &'b [u8] {
        while let [byte @ b'0'..=b'9', rest @ ..] = bytes {
            let digit = byte - b'0';
            if self.count < MAX_DIGITS {
                // At most 18 digits: less than 10^18, which fits.
                self.mantissa = self.mantissa * 10 + i64::from(digit);
                self.count += u8::from(self.mantissa != 0);
                self.scale += places;
            } else {
                self.next.get_or_insert(digit);
                self.scale += places - 1;
            }
            self.taken += 1;
            bytes = rest;
        }
        bytes
    }

    fn into_decimal(self, negative: bool, exponent: i64) -> Result<Decimal, DecimalError> {
        // Cannot overflow: one is less than a text is long, the other an `i32`.
        let scale = self.scale - exponent;
        if self.mantissa == 0 {
            return Ok(Decimal::ZERO);
        }
        if scale > i64::from(MAX_DIGITS) {
            // Smaller than the last decimal place: what is left of it, mostly nothing. Only the
            // first digit cut off counts, so this is the only rounding.
            let kept = power(scale - i64::from(MAX_DIGITS))
                .map_or(0, |cut| self.mantissa / cut + i64::from(self.mantissa % cut >= cut / 2));
            return Ok(Decimal::new(negative, kept, MAX_DIGITS));
        }
        let rounded = self.mantissa + i64::from(self.next.is_some_and(|digit| digit >= 5));
        match u8::try_from(scale) {
            // Rounding may have led to 10^18, which has a zero to take away.
            Ok(scale @ 1..) => Ok(Decimal::new(negative, rounded, scale)),
            _ => power(-scale)
                .and_then(|power| rounded.checked_mul(power))
                .filter(|&whole| whole < LIMIT)
                .map(|whole| Decimal::new(negative, whole, 0))
                .ok_or(DecimalError::Range),
        }
    }
}

impl fmt::Display for Decimal {
    /// Writes the [`text`](Decimal::text).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text().as_str())
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.scale == other.scale {
            return self.mantissa.cmp(&other.mantissa);
        }
        // Less than 10^18 · 10^18, which fits 128 bits.
        let scaled =
            |number: &Self, scale: u8| i128::from(number.mantissa) * 10i128.pow(u32::from(scale));
        scaled(self, other.scale).cmp(&scaled(other, self.scale))
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<u32> for Decimal {
    fn from(number: u32) -> Self {
        Self { mantissa: i64::from(number), scale: 0 }
    }
}

impl Serialize for Decimal {
    /// As a number: an integer where it is one, else the nearest `f64`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.scale == 0 {
            serializer.serialize_i64(self.mantissa)
        } else {
            serializer.serialize_f64(self.to_f64())
        }
    }
}
