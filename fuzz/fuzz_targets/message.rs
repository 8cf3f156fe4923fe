//! Any bytes are an error, or a message whose lines InfluxData's own parser reads back.

#![no_main]

use influxdb_line_protocol::{FieldValue, ParsedLine, parse_lines};
use libfuzzer_sys::fuzz_target;
use time::UtcOffset;
use xt211_line_protocol::{ErrorKind, LineError, Measurement, encode_reading, encode_status};
use xt211_message::{Message, Reading, Value};

fuzz_target!(|bytes: &[u8]| {
    let message = match Message::decode(bytes, &UtcOffset::UTC) {
        Ok(message) => message,
        Err(error) => {
            assert!(!error.code().is_empty());
            assert!(!error.to_string().contains(char::is_control), "{error:?}");
            return;
        }
    };
    assert!(
        message.reading.is_some()
            || message.status.is_some()
            || message.battery.is_some()
            || message.debug
    );

    if let Some(reading) = &message.reading {
        let meter = reading.serial().unwrap_or("meter");
        let mut line = String::new();
        let encoded = encode_reading(&mut line, &Measurement::HOME_ENERGY, meter, reading);
        if is_encoded(encoded, &line) {
            check(reading, &line);
        }
    }
    if let Some(sent) = message.sent {
        let mut line = String::new();
        let (status, battery) = (message.status.as_ref(), message.battery.as_ref());
        if is_encoded(encode_status(&mut line, "meter", sent, status, battery), &line) {
            parsed(&line);
        }
    }
});

fn is_encoded(result: Result<(), LineError>, line: &str) -> bool {
    let Err(error) = result else { return true };
    assert!(matches!(error.kind(), ErrorKind::NoFields | ErrorKind::Time), "{error}");
    assert!(line.is_empty());
    false
}

fn check(reading: &Reading<'_>, line: &str) {
    let parsed = parsed(line);
    assert_eq!(parsed.series.measurement, "home_energy");
    assert_eq!(parsed.timestamp.map(i128::from), Some(reading.time.unix_timestamp_nanos()));
    let registers = reading.registers.iter().filter(|register| !register.is_serial());
    assert_eq!(registers.clone().count(), parsed.field_set.len());
    for (register, (key, field)) in registers.zip(&parsed.field_set) {
        assert_eq!(key.replace('_', ".").parse(), Ok(register.code));
        match (&register.value, field) {
            (Value::Number(number), FieldValue::F64(float)) => assert_eq!(number.to_f64(), *float),
            (Value::Text(text), FieldValue::String(string)) => {
                assert_eq!(text.replace('\n', r"\n").replace('\r', r"\r"), string.as_str());
            }
            other => panic!("{other:?}"),
        }
    }
}

/// The only line, in the end.
fn parsed(line: &str) -> ParsedLine<'_> {
    assert_eq!(line.find('\n'), Some(line.len() - 1));
    let mut lines = parse_lines(line);
    let parsed = lines.next().expect("a line").expect("a well-formed line");
    assert!(lines.next().is_none());
    parsed
}
