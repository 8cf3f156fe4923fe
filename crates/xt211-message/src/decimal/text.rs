//! Numbers as text, on the stack.

use std::fmt;

use super::Decimal;

/// The text of a [`Decimal`], on the stack; made by [`Decimal::text`].
#[derive(Clone, Copy)]
pub struct DecimalText {
    bytes: [u8; Self::ROOM],
    length: usize,
}

impl DecimalText {
    /// More than the longest has, which is `-0.123456789012345678`.
    pub(super) const ROOM: usize = 24;

    #[inline]
    pub(super) fn new(number: Decimal) -> Self {
        let mut bytes = [0; Self::ROOM];
        Self { length: write(number, &mut bytes), bytes }
    }

    /// The text, which is ASCII, as bytes.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Cannot fail: nothing but ASCII was put in.
        str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

/// Writes a number at the front of the room, which is larger, and returns its length.
#[inline]
pub(super) fn write(number: Decimal, room: &mut [u8; DecimalText::ROOM]) -> usize {
    match write_short(number, room) {
        Some(length) => length,
        None => write_any(number, room),
    }
}

/// The same for a number from 0 on that has no more than eight digits, one of them before the point,
/// as those of a meter do: they are made all at once.
#[inline]
fn write_short(number: Decimal, room: &mut [u8; DecimalText::ROOM]) -> Option<usize> {
    let digits = u32::try_from(number.mantissa).ok().filter(|digits| *digits < 100_000_000)?;
    let scale = usize::from(number.scale);
    let whole = 8usize.checked_sub(scale).filter(|whole| *whole > 0)?;
    let word = eight_digits(digits);
    // The zeros before the number, but for the last digit before the point.
    let last = 1 << (8 * (whole - 1));
    let zeros = ((word ^ ZEROS) | last).trailing_zeros() as usize / 8;
    *room.first_chunk_mut()? = (word >> (8 * zeros)).to_le_bytes();
    let whole_length = whole - zeros;
    if scale == 0 {
        return Some(whole_length);
    }
    let [point, fraction @ ..] = room.get_mut(whole_length..)?.first_chunk_mut::<9>()?;
    *point = b'.';
    *fraction = (word >> (8 * whole)).to_le_bytes();
    Some(whole_length + 1 + scale)
}

/// The same for any number, digit by digit, from the last to the first.
#[cold]
fn write_any(number: Decimal, room: &mut [u8; DecimalText::ROOM]) -> usize {
    let mut length = 0;
    // There is room for the longest.
    let mut put = |character| {
        if let Some(place) = room.get_mut(length) {
            *place = character;
            length += 1;
        }
    };
    let mut rest = number.mantissa.unsigned_abs();
    let mut count = 0;
    while rest > 0 || count <= number.scale {
        if count == number.scale && number.scale > 0 {
            put(b'.');
        }
        let [digit, ..] = (rest % 10).to_le_bytes();
        put(b'0' + digit);
        rest /= 10;
        count += 1;
    }
    if number.is_negative() {
        put(b'-');
    }
    if let Some(text) = room.get_mut(..length) {
        text.reverse();
    }
    length
}

/// Eight times `0`.
const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);

/// Eight digits of a number of less than 10^8 as text, the first in the lowest byte.
///
/// The number is cut in two, then in four, then in eight, and all parts of a step are cut at once:
/// divisions by 100 and 10 are multiplications and shifts that are exact for numbers so small.
#[inline]
const fn eight_digits(number: u32) -> u64 {
    let fours = (number / 10_000) as u64 | ((number % 10_000) as u64) << 32;
    let hundreds = ((fours * 10_486) >> 20) & 0x7f_0000_007f;
    let twos = hundreds | (fours - 100 * hundreds) << 16;
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    ZEROS + (tens | (twos - 10 * tens) << 8)
}

impl fmt::Debug for DecimalText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(
        number: Decimal,
        write: impl Fn(Decimal, &mut [u8; DecimalText::ROOM]) -> usize,
    ) -> String {
        let mut room = [0xff; DecimalText::ROOM];
        let length = write(number, &mut room);
        String::from_utf8(room[..length].to_vec()).unwrap()
    }

    #[test]
    fn short_numbers_are_written_as_any() {
        let numbers = (0..=10_000_u32).chain((0..100_000_000).step_by(9_973)).chain([99_999_999]);
        for digits in numbers {
            assert_eq!(eight_digits(digits).to_le_bytes(), format!("{digits:08}").as_bytes());
            for scale in 0..8 {
                let number = Decimal { mantissa: i64::from(digits), scale };
                let short = text(number, |number, room| write_short(number, room).unwrap());
                assert_eq!(short, text(number, write_any), "{digits} {scale}");
            }
        }
        for (mantissa, scale) in [(-1, 0), (100_000_000, 0), (i64::from(u32::MAX) + 2, 0), (1, 8)] {
            let number = Decimal { mantissa, scale };
            assert_eq!(write_short(number, &mut [0; DecimalText::ROOM]), None);
        }
    }
}
