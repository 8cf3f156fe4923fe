//! Numbers as the module sends them: decimal, and exact.

use std::{cmp::Ordering, fmt, str::FromStr};

use serde::{Serialize, Serializer};

/// The most digits that always fit.
const MAX_DIGITS: u32 = 18;

/// A decimal number of up to 18 significant digits, `mantissa · 10^-scale`.
///
/// A meter counts in decimal, so a reading that passes through a [`Decimal`] comes out as it went
/// in: no `7369.066000000001`, and a difference of two readings is exact.
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
    /// Without trailing zeros unless `scale` is 0, so that equal numbers are equal fields.
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
    /// It is one of 10^18 or more, either side of zero.
    #[error("expected a number of less than 10^18")]
    Range,
}

impl Decimal {
    /// 0
    pub const ZERO: Self = Self { mantissa: 0, scale: 0 };

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

    /// The number as an integer times a power of ten: `(mantissa, scale)` for
    /// `mantissa · 10^-scale`.
    #[must_use]
    pub const fn parts(self) -> (i64, u8) {
        (self.mantissa, self.scale)
    }

    /// The nearest binary floating-point number.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        /// Integers up to here are exact in an `f64`, and so are the powers of ten up to 10^22;
        /// one division of two exact numbers rounds once.
        const EXACT: u64 = 1 << 53;

        if self.mantissa.unsigned_abs() <= EXACT {
            // The cast is exact, see above.
            self.mantissa as f64 / 10f64.powi(i32::from(self.scale))
        } else {
            // Our own output is always a float's syntax.
            self.to_string().parse().unwrap_or(f64::NAN)
        }
    }

    fn new(mut mantissa: i64, mut scale: u8) -> Self {
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        Self { mantissa, scale }
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    /// Reads `[+-] digits [. digits] [(e|E) [+-] digits]`, with a digit at least before or after
    /// the point. Digits after the 18th significant one are rounded away.
    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, text.get(1..).unwrap_or_default()),
            Some(b'+') => (false, text.get(1..).unwrap_or_default()),
            _ => (false, text),
        };
        let (digits, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err(DecimalError::Syntax);
        }

        let mut collected = Digits::default();
        for byte in whole.bytes() {
            collected.push(byte, 0)?;
        }
        for byte in fraction.bytes() {
            collected.push(byte, 1)?;
        }
        collected.into_decimal(negative, exponent)
    }
}

/// An exponent so large that it does not matter how large is cut short.
fn parse_exponent(text: &str) -> Result<i64, DecimalError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DecimalError::Syntax);
    }
    let size = digits.parse::<i32>().unwrap_or(i32::MAX);
    Ok(if text.starts_with('-') { -i64::from(size) } else { i64::from(size) })
}

/// The significant digits of a number while it is read.
#[derive(Default)]
struct Digits {
    mantissa: i64,
    /// How many digits `mantissa` has.
    count: u32,
    /// Digits after the point, less digits before it that found no room.
    scale: i64,
    /// The first digit that found no room says which way to round.
    next: Option<u8>,
}

impl Digits {
    /// Takes the next digit, of which `places` (0 or 1) stand after the point.
    fn push(&mut self, byte: u8, places: i64) -> Result<(), DecimalError> {
        if !byte.is_ascii_digit() {
            return Err(DecimalError::Syntax);
        }
        let digit = byte - b'0';
        if self.count < MAX_DIGITS {
            // At most 18 digits: less than 10^18, which fits.
            self.mantissa = self.mantissa * 10 + i64::from(digit);
            self.count += u32::from(self.mantissa != 0);
            self.scale += places;
        } else {
            self.next.get_or_insert(digit);
            self.scale += places - 1;
        }
        Ok(())
    }

    fn into_decimal(self, negative: bool, exponent: i64) -> Result<Decimal, DecimalError> {
        let rounded = self.mantissa + i64::from(self.next.is_some_and(|digit| digit >= 5));
        let (mantissa, scale) = place_point(rounded, self.scale - exponent)?;
        Ok(Decimal::new(if negative { -mantissa } else { mantissa }, scale))
    }
}

/// Brings `mantissa · 10^-scale` into the range of a [`Decimal`]'s scale.
fn place_point(mantissa: i64, scale: i64) -> Result<(i64, u8), DecimalError> {
    let power = |digits: u64| u32::try_from(digits).ok().and_then(|digits| 10i64.checked_pow(digits));
    let limit = i64::from(MAX_DIGITS);
    if mantissa == 0 {
        Ok((0, 0))
    } else if scale < 0 {
        let shifted = power(scale.unsigned_abs()).and_then(|power| mantissa.checked_mul(power));
        let in_range = |value: &i64| power(u64::from(MAX_DIGITS)).is_some_and(|limit| *value < limit);
        shifted.filter(in_range).map(|value| (value, 0)).ok_or(DecimalError::Range)
    } else if scale <= limit {
        // Cannot fail: between 0 and 18.
        Ok((mantissa, u8::try_from(scale).unwrap_or_default()))
    } else {
        // Smaller than the last place: what is left of it after rounding, mostly nothing.
        let cut = power((scale - limit).unsigned_abs());
        let kept = cut.map_or(0, |power| (mantissa / power) + i64::from(mantissa % power >= power / 2));
        Ok((kept, u8::try_from(limit).unwrap_or_default()))
    }
}

impl fmt::Display for Decimal {
    /// The shortest decimal form, never with an exponent: `443.451`, `0`, `-0.13`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let digits = self.mantissa.unsigned_abs();
        match 10u64.checked_pow(u32::from(self.scale)) {
            Some(power) if self.scale > 0 => {
                let (whole, fraction) = (digits / power, digits % power);
                write!(f, "{sign}{whole}.{fraction:0width$}", width = usize::from(self.scale))
            }
            _ => write!(f, "{sign}{digits}"),
        }
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        // Both sides times 10^(scale + scale): less than 2^63 · 10^18, which fits 128 bits.
        let scaled = |number: &Self, scale: u8| {
            i128::from(number.mantissa) * 10i128.pow(u32::from(scale))
        };
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
    /// As a number: an integer where it is one.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.scale == 0 {
            serializer.serialize_i64(self.mantissa)
        } else {
            serializer.serialize_f64(self.to_f64())
        }
    }
}
