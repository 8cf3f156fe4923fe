//! A register as modules write nearly every one: `"1.8.0":443.451`, without white space.
//!
//! Messages hold little else, so eight bytes are looked at at once where that is enough.

use xt211_obis::ObisCode;

use crate::Decimal;

/// A key that is a code `C.D.E`, and a number, at the beginning of a text; and what follows. `None` if
/// there is something else, or a number that has an exponent or too many digits to be taken as they
/// are.
#[inline]
pub(super) fn code_and_number(text: &[u8]) -> Option<(ObisCode, Decimal, &[u8])> {
    let (code, rest) = short_code(text).or_else(|| code(text))?;
    let (number, rest) = number(rest)?;
    Some((code, number, rest))
}

/// `"C.D.E":`
fn code(text: &[u8]) -> Option<(ObisCode, &[u8])> {
    let (code, rest) = ObisCode::reduced_prefix(text.strip_prefix(b"\"")?)?;
    Some((code, rest.strip_prefix(b"\":")?))
}

/// The same with one digit for each group.
#[inline]
fn short_code(text: &[u8]) -> Option<(ObisCode, &[u8])> {
    const FRAME: u64 = u64::from_le_bytes(*b"\"0.0.0\":");
    const GROUPS: u64 = u64::from_le_bytes([0, 0xff, 0, 0xff, 0, 0xff, 0, 0]);

    let (chunk, rest) = text.split_first_chunk()?;
    let digits = u64::from_le_bytes(*chunk) ^ FRAME;
    if digits & !GROUPS != 0 || not_digits(digits) & GROUPS != 0 {
        return None;
    }
    let [_, c, _, d, _, e, _, _] = digits.to_le_bytes();
    Some((ObisCode::reduced(c, d, e), rest))
}

#[inline]
fn number(text: &[u8]) -> Option<(Decimal, &[u8])> {
    let (is_negative, text) = match text {
        [b'-', text @ ..] => (true, text),
        _ => (false, text),
    };
    let (whole, behind) = digits(text, 0);
    let count = text.len() - behind.len();
    if count == 0 || (count > 1 && text.starts_with(b"0")) {
        return None;
    }
    let (number, places, rest) = match behind {
        [b'.', fraction @ ..] => {
            let (number, rest) = digits(fraction, whole);
            let places = fraction.len() - rest.len();
            (places > 0).then_some((number, places, rest))?
        }
        _ => (whole, 0, behind),
    };
    if let [b'e' | b'E', ..] = rest {
        return None;
    }
    Some((Decimal::from_digits(is_negative, number, count + places, places)?, rest))
}

/// The number that the digits make which a text begins with, behind those of another number; and
/// what follows them. It is not right if they are more than 18.
#[inline]
fn digits(text: &[u8], mut number: u64) -> (u64, &[u8]) {
    let mut rest = text;
    while let [digit @ b'0'..=b'9', tail @ ..] = rest {
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        rest = tail;
    }
    (number, rest)
}

/// Flags each byte of a word that is more than nine, by its highest bit.
#[inline]
const fn not_digits(word: u64) -> u64 {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    const TO_HIGH: u64 = 0x7676_7676_7676_7676;

    // Without the highest bits nothing is carried from one byte to the next.
    (((word & !HIGH) + TO_HIGH) | word) & HIGH
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers() {
        let read = |text: &str| number(text.as_bytes()).map(|(number, _)| number.to_string());
        assert_eq!(read("0,").as_deref(), Some("0"));
        assert_eq!(read("-0.5,").as_deref(), Some("-0.5"));
        for other in ["", "-", "00", "01", "00.5", "1.", ".5", "+1", "1e3", "1.5E3"] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn nothing_but_digits_in_a_short_code() {
        for (place, byte) in
            [1, 3, 5].into_iter().flat_map(|at| (0..=255).map(move |byte| (at, byte)))
        {
            let mut key = *b"\"1.8.0\":";
            key[place] = byte;
            assert_eq!(short_code(&key).is_some(), byte.is_ascii_digit(), "{byte:#x}");
        }
    }

    proptest! {
        #[test]
        fn short_codes_are_read_as_any(
            key in "\"[0-9]\\.[0-9]\\.[0-9]\":.{0,2}|\"[0-9./:\u{1}é]{5}[\":]{0,2}.{0,2}",
        ) {
            let is_short = key.get(..8).is_some_and(|key| key.ends_with("\":"));
            let any = code(key.as_bytes());
            prop_assert_eq!(short_code(key.as_bytes()), any.filter(|_| is_short));
        }
    }
}
