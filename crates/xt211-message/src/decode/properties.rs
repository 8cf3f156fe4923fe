//! What holds for any message.

use std::fmt::Write;

use proptest::{collection::vec, prelude::*};
use time::UtcOffset;
use xt211_obis::RegisterKind;

use super::*;
use crate::{Decimal, Value};

/// Codes with a meaning and without, often the same ones.
fn codes() -> impl Strategy<Value = ObisCode> {
    prop_oneof![
        4 => (1u8..5, 6u8..10, 0u8..4).prop_map(|(c, d, e)| ObisCode::reduced(c, d, e)),
        1 => any::<[u8; 6]>().prop_map(|[a, b, c, d, e, f]| ObisCode::new(a, b, c, d, e, f)),
    ]
}

fn decimals() -> impl Strategy<Value = Decimal> {
    "-?[0-9]{1,10}(\\.[0-9]{1,8})?".prop_map(|text| text.parse().unwrap())
}

/// Each code once.
fn readings() -> impl Strategy<Value = Vec<(ObisCode, Decimal)>> {
    vec((codes(), decimals()), 1..30).prop_map(|mut registers| {
        registers.sort_by_key(|(code, _)| *code);
        registers.dedup_by_key(|(code, _)| *code);
        registers
    })
}

/// A message with these registers, whose keys and values are written as told.
fn message(
    registers: &[(ObisCode, Decimal)],
    write: impl Fn(&mut String, ObisCode, Decimal),
) -> String {
    let mut text = String::from(r#"{"data":{"values":{"#);
    for (index, (code, number)) in registers.iter().enumerate() {
        text.push_str(if index == 0 { "" } else { "," });
        write(&mut text, *code, *number);
    }
    text.push_str(r#"},"reading_datetime":"Sat 2026-02-21 20:27:09 GMT"}}"#);
    text
}

fn decode(text: &str) -> Result<Message<'_>, MessageError> {
    Message::decode(text.as_bytes(), &UtcOffset::UTC)
}

proptest! {
    #[test]
    fn any_bytes_are_a_message_or_an_error(bytes in vec(any::<u8>(), 0..200)) {
        let _ = Message::decode(&bytes, &UtcOffset::UTC);
    }

    #[test]
    fn any_tokens_are_a_message_or_an_error(
        tokens in vec(
            prop::sample::select(vec![
                "{", "}", "{", "}", "[", "]", ":", ":", ",", ",", "\"", " ", "\n", "null", "true",
                "1.5", "-1e999", "\"data\":", "\"data\":{", "\"Status\":{", "\"battery\":",
                "\"values\":{", "\"1.8.0\":", "\"96.1.1\":", "\"reading_datetime\":",
                "\"datetime\":", "\"2026-02-21 20:27:09\"", "\"\\ud800\"", "\"Wakeups\":",
                "\"obis_1_8_0\":", "\"debug\":", "\"é\"",
            ]),
            0..30,
        )
    ) {
        let text = tokens.concat();
        if let Err(error) = decode(&text) {
            let shown = error.to_string();
            prop_assert!(shown.len() < 400 && !shown.contains(char::is_control), "{shown}");
            if let Some((line, column)) = error.position() {
                let length = text.split('\n').nth(line - 1).unwrap().len();
                prop_assert!((1..=length + 1).contains(&column), "{text:?} {line}:{column}");
            }
        }
    }

    #[test]
    fn a_damaged_message_is_a_message_or_an_error(at: prop::sample::Index, with: u8) {
        let mut bytes = include_bytes!("../../corpus/fw-2026-08-data.json").to_vec();
        let at = at.index(bytes.len());
        bytes[at] = with;
        let _ = Message::decode(&bytes, &UtcOffset::UTC);
    }

    #[test]
    fn registers_come_out_as_they_went_in(registers in readings(), shuffled in any::<u64>()) {
        let mut sent = registers.clone();
        sent.sort_by_key(|(code, _)| (u64::from(code.c()) * 7919 + u64::from(code.e())) ^ shuffled);
        let text = message(&sent, |out, code, number| {
            write!(out, "\"{code}\": {number}").unwrap();
        });
        let reading = decode(&text).unwrap().reading.unwrap();
        prop_assert_eq!(reading.registers.len(), registers.len());
        for (register, (code, number)) in reading.registers.iter().zip(registers) {
            prop_assert_eq!(register.code, code);
            match code.meaning().map(|meaning| meaning.kind) {
                Some(RegisterKind::Text) => {
                    prop_assert_eq!(&register.value, &Value::Text(number.to_string().into()));
                }
                _ => prop_assert_eq!(&register.value, &Value::Number(number)),
            }
        }
    }

    #[test]
    fn every_way_to_write_a_register_is_the_same(registers in readings()) {
        let forms = [
            message(&registers, |out, code, number| write!(out, "\"{code}\":{number}").unwrap()),
            message(&registers, |out, code, number| {
                write!(out, "\"{}\":\"{number}\"", code.full()).unwrap();
            }),
            message(&registers, |out, code, number| {
                write!(out, "\"{code}\":\"{number}\",\"{}\":{number}", code.full()).unwrap();
            }),
        ];
        let [one, other, both] = forms.each_ref().map(|text| decode(text).unwrap().reading);
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(&one, &both);
    }
}
