//! Messages of a module.

mod json;
mod written;

use serde_json::{Value as Json, value::RawValue};
use time::UtcOffset;
use xt211_message::{Decoder, ErrorKind, Message, MessageError, Register, Value};
use xt211_obis::ObisCode;

use self::{json::Pairs, written::written};
use crate::memory;

/// Any bytes are an error that says where, or a message that holds what another JSON parser finds
/// there, and that is the same after writing it down.
///
/// # Panics
///
/// This does not hold.
pub fn message(data: &[u8]) {
    let decoded = memory::within(memory_of(data), || Message::decode(data, &UtcOffset::UTC));
    after_another(data, &decoded);
    match decoded {
        Ok(message) => any_message(data, &message),
        Err(error) => any_error(data, &error),
    }
}

/// What decoding may need: a list of registers that doubles, and the text of an error.
pub(crate) fn memory_of(data: &[u8]) -> usize {
    40 * data.len() + 8_192
}

/// What a decoder has decoded before does not matter.
fn after_another(data: &[u8], decoded: &Result<Message<'_>, MessageError>) {
    const OTHER: &[u8] = include_bytes!("../../../crates/xt211-message/corpus/seed-data.json");

    let mut decoder = Decoder::default();
    for bytes in [OTHER, data, OTHER] {
        if let Ok(message) = decoder.decode(bytes, &UtcOffset::UTC) {
            decoder.reclaim(message);
        }
    }
    assert_eq!(&decoder.decode(data, &UtcOffset::UTC), decoded);
}

fn any_error(data: &[u8], error: &MessageError) {
    let shown = error.to_string();
    assert!(!error.code().is_empty());
    assert!(shown.len() < 1_000 && !shown.contains(char::is_control), "{shown}");
    if let Some((line, column)) = error.position() {
        let mut lines = data.split(|byte| *byte == b'\n');
        let length = lines.nth(line - 1).expect("a line").len();
        assert!((1..=length + 1).contains(&column), "{line}:{column}");
    }
    let is_json = serde_json::from_slice::<Json>(data).is_ok();
    match error.kind() {
        ErrorKind::NotUtf8 => assert!(str::from_utf8(data).is_err()),
        ErrorKind::Empty => assert!(data.trim_ascii().is_empty()),
        ErrorKind::Syntax => assert!(!is_json, "{error}"),
        _ => {}
    }
}

fn any_message(data: &[u8], message: &Message<'_>) {
    let Message { sent, reading, status, battery, debug } = message;
    assert!(reading.is_some() || status.is_some() || battery.is_some() || *debug);
    let whole: Pairs<'_> = serde_json::from_slice(data).expect("JSON");
    let again = written(message);
    assert_eq!(Message::decode(again.as_bytes(), &UtcOffset::UTC).as_ref(), Ok(message), "{again}");

    let Some(reading) = reading else { return };
    let registers: Vec<_> = reading.registers.iter().collect();
    assert!(!registers.is_empty() && registers.is_sorted_by(|one, other| one.code < other.code));
    let data: Vec<_> = whole.named("data").flat_map(Pairs::of).collect();
    let values = data.iter().flat_map(|data| data.named("values")).flat_map(Pairs::of);
    let nested: Vec<(ObisCode, &RawValue)> = values
        .flat_map(|values| values.0)
        .filter_map(|(key, value)| Some((key.parse().ok()?, value)))
        .filter(|(_, value)| value.get() != "null")
        .collect();
    let flat: Vec<_> =
        whole.0.iter().filter_map(|(key, value)| Some((flat_code(key)?, *value))).collect();
    // All that is there was found, and nothing else.
    for (code, value) in &nested {
        assert!(reading.registers.get(*code).is_some(), "{code} of {value}");
    }
    for register in registers {
        let mut found = nested.iter().chain(&flat).filter(|(code, _)| *code == register.code);
        assert!(found.any(|(_, value)| is_value(register, value)), "{register:?}");
    }
    if nested.is_empty() {
        assert_eq!(*sent, Some(reading.time));
    }
}

/// The code of a key such as `obis_1_8_0`.
fn flat_code(key: &str) -> Option<ObisCode> {
    let groups = key.get("obis_".len()..)?.split('_').map(str::parse);
    match groups.collect::<Result<Vec<u8>, _>>().ok()?.as_slice() {
        [c, d, e] => Some(ObisCode::reduced(*c, *d, *e)),
        _ => None,
    }
}

/// Whether a register holds what the JSON says.
fn is_value(register: &Register<'_>, json: &RawValue) -> bool {
    let json = json.get();
    let text = serde_json::from_str::<String>(json).ok();
    match &register.value {
        Value::Text(value) => *value == text.as_deref().unwrap_or(json),
        Value::Number(number) => {
            let expected = match json {
                "true" => 1.0,
                "false" => 0.0,
                _ => text.as_deref().unwrap_or(json).trim_ascii().parse::<f64>().expect("a number"),
            };
            // To 18 digits, and as many decimal places.
            (number.to_f64() - expected).abs() <= expected.abs() * 1e-15 + 1e-18
        }
    }
}
