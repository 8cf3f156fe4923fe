//! Registers as bytes.
//!
//! ```text
//! registers = version *register
//! version   = %x01
//! register  = head code ( number / text )
//! head      = OCTET            ; 0x80: a text, 0x40: a full code, the rest: a number's scale
//! code      = 3OCTET / 6OCTET  ; C D E, where the canonical form is reduced; else A B C D E F
//! number    = varint           ; the mantissa, zigzag: 0, -1, 1, -2, …
//! text      = varint *OCTET    ; how many bytes of UTF-8, and those
//! varint    = *9( %x80-FF ) %x00-7F  ; 7 bits each, the lowest first
//! ```
//!
//! A total such as `7369.066` takes 8 bytes.

use std::borrow::Cow;

use xt211_message::{Decimal, Register, Registers, Value};
use xt211_obis::ObisCode;

const VERSION: u8 = 1;
const TEXT: u8 = 0x80;
const FULL_CODE: u8 = 0x40;
const SCALE: u8 = 0x3f;

/// Writes registers.
pub(crate) fn encode(registers: &Registers<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + 10 * registers.len());
    bytes.push(VERSION);
    for Register { code, value } in registers {
        let (form, scale) = match value {
            Value::Number(number) => (0, number.parts().1),
            Value::Text(_) => (TEXT, 0),
        };
        if code.is_reducible() {
            bytes.push(form | scale);
        } else {
            bytes.extend([form | FULL_CODE | scale, code.a(), code.b()]);
        }
        bytes.extend([code.c(), code.d(), code.e()]);
        if !code.is_reducible() {
            bytes.push(code.f());
        }
        match value {
            Value::Number(number) => {
                let mantissa = number.parts().0;
                put_varint(&mut bytes, (mantissa << 1 ^ mantissa >> 63).cast_unsigned());
            }
            Value::Text(text) => {
                // Cannot truncate: no platform's sizes are wider than 64 bits.
                put_varint(&mut bytes, text.len() as u64);
                bytes.extend(text.as_bytes());
            }
        }
    }
    bytes
}

/// Reads registers; `None` if these bytes were never written here.
pub(crate) fn decode(bytes: &[u8]) -> Option<Registers<'static>> {
    Registers::from_vec(read(bytes)?).ok()
}

fn read(bytes: &[u8]) -> Option<Vec<Register<'static>>> {
    let mut rest = bytes.strip_prefix(&[VERSION])?;
    let mut registers = Vec::new();
    while let [head, after_head @ ..] = rest {
        rest = after_head;
        let code = if head & FULL_CODE == 0 {
            let [c, d, e] = take(&mut rest)?;
            ObisCode::reduced(c, d, e)
        } else {
            let [a, b, c, d, e, f] = take(&mut rest)?;
            ObisCode::new(a, b, c, d, e, f)
        };
        let number = take_varint(&mut rest)?;
        let value = match (head & TEXT, head & SCALE) {
            (0, scale) => {
                let mantissa = (number >> 1).cast_signed() ^ -(number & 1).cast_signed();
                Value::Number(Decimal::from_parts(mantissa, scale)?)
            }
            (_, 0) => {
                let (text, after_text) = rest.split_at_checked(usize::try_from(number).ok()?)?;
                rest = after_text;
                Value::Text(Cow::Owned(str::from_utf8(text).ok()?.to_owned()))
            }
            _ => return None,
        };
        registers.push(Register { code, value });
    }
    Some(registers)
}

/// Takes a number of bytes from the front.
fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(*taken)
}

fn put_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        // Cannot truncate: masked to 7 bits.
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let [byte] = take(rest)?;
        let bits = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit.
        if bits << shift >> shift != bits {
            return None;
        }
        number |= bits << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn registers(list: &[(&str, &str)]) -> Registers<'static> {
        let register = |(code, value): &(&str, &str)| Register {
            code: code.parse().unwrap(),
            value: value
                .parse()
                .map_or_else(|_| Value::Text(value.to_string().into()), Value::Number),
        };
        Registers::from_vec(list.iter().map(register).collect()).unwrap()
    }

    #[test]
    fn what_is_written() {
        assert_eq!(encode(&registers(&[])), [1]);
        // 7369066 · 2 = 0x707_e2d4
        let total = [1, 3, 1, 8, 0, 0xd4, 0xc5, 0x83, 0x07];
        assert_eq!(encode(&registers(&[("1.8.0", "7369.066")])), total);
        assert_eq!(
            encode(&registers(&[("0-1:96.3.10.255", "-1")])),
            [1, 64, 0, 1, 96, 3, 10, 255, 1]
        );
        assert_eq!(encode(&registers(&[("96.1.1", "žA")])), [1, 128, 96, 1, 1, 3, 0xc5, 0xbe, 65]);
        assert_eq!(decode(&total).unwrap(), registers(&[("1.8.0", "7369.066")]));
    }

    #[test]
    fn what_is_not_read() {
        let unreadable: [&[u8]; 13] = [
            &[],
            &[2],
            &[1, 0],
            &[1, 0, 1, 8],
            &[1, 0, 1, 8, 0],
            &[1, 64, 1, 0, 1, 8, 0],
            // A scale of 19, a text with a scale.
            &[1, 19, 1, 8, 0, 2],
            &[1, 129, 96, 1, 1, 0],
            // A text that is cut short, one that is not UTF-8.
            &[1, 128, 96, 1, 1, 2, 65],
            &[1, 128, 96, 1, 1, 1, 0xff],
            // A mantissa of more than 64 bits, one of more than 18 digits.
            &[1, 0, 1, 8, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2],
            &[1, 0, 1, 8, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
            // Two values of one register.
            &[1, 0, 1, 8, 0, 2, 0, 1, 8, 0, 4],
        ];
        for bytes in unreadable {
            assert_eq!(decode(bytes), None, "{bytes:?}");
        }
    }

    fn register() -> impl Strategy<Value = Register<'static>> {
        let code = prop_oneof![
            any::<[u8; 3]>().prop_map(|[c, d, e]| ObisCode::reduced(c, d, e)),
            any::<[u8; 6]>().prop_map(|[a, b, c, d, e, f]| ObisCode::new(a, b, c, d, e, f)),
        ];
        let number = (-999_999_999_999_999_999..=999_999_999_999_999_999i64, 0..=18u8)
            .prop_map(|(mantissa, scale)| Decimal::from_parts(mantissa, scale).unwrap());
        let value = prop_oneof![
            number.prop_map(Value::Number),
            any::<String>().prop_map(|text| Value::Text(text.into())),
        ];
        (code, value).prop_map(|(code, value)| Register { code, value })
    }

    proptest! {
        #[test]
        fn encode_then_decode_is_identity(mut list in vec(register(), 0..20)) {
            list.sort_by_key(|register| register.code);
            list.dedup_by_key(|register| register.code);
            let registers = Registers::from_vec(list).unwrap();
            prop_assert_eq!(decode(&encode(&registers)).unwrap(), registers);
        }

        #[test]
        fn what_is_read_can_be_written(mut bytes in vec(any::<u8>(), 0..40), version in 0..4u8) {
            if version > 0 && let Some(first) = bytes.first_mut() {
                *first = VERSION;
            }
            if let Some(registers) = decode(&bytes) {
                prop_assert_eq!(decode(&encode(&registers)).unwrap(), registers);
            }
        }
    }
}
