//! A line, read back by InfluxData's own parser.

use influxdb_line_protocol::{FieldValue, ParsedLine, parse_lines};
use xt211_line_protocol::{ErrorKind, LineError};
use xt211_message::{Reading, Value};

/// Whether there is a line; if not, for a good reason and without a trace.
pub(crate) fn is_encoded(result: Result<(), LineError>, line: &str) -> bool {
    let Err(error) = result else { return true };
    assert!(matches!(error.kind(), ErrorKind::NoFields | ErrorKind::Time), "{error}");
    assert!(line.is_empty());
    false
}

/// The only line of a text.
pub(crate) fn parsed(line: &str) -> ParsedLine<'_> {
    assert_eq!(line.find('\n'), Some(line.len() - 1));
    let mut lines = parse_lines(line);
    let parsed = lines.next().expect("a line").expect("a well-formed line");
    assert!(lines.next().is_none());
    parsed
}

/// The line says what the reading does.
pub(crate) fn is_of(line: &str, measurement: &str, reading: &Reading<'_>) {
    let parsed = parsed(line);
    assert_eq!(parsed.series.measurement, measurement);
    assert_eq!(parsed.timestamp.map(i128::from), Some(reading.time.unix_timestamp_nanos()));
    let registers = reading.registers.iter().filter(|register| !register.is_serial());
    assert_eq!(registers.clone().count(), parsed.field_set.len());
    for (register, (key, field)) in registers.zip(&parsed.field_set) {
        assert_eq!(key.replace('_', ".").parse(), Ok(register.code));
        match (&register.value, field) {
            (Value::Number(number), FieldValue::F64(float)) => assert_eq!(number.to_f64(), *float),
            (Value::Text(text), FieldValue::String(string)) => {
                assert_eq!(one_line(text), string.as_str());
            }
            other => panic!("{other:?}"),
        }
    }
}

/// A text as a field holds it: line breaks would end the line.
pub(crate) fn one_line(text: &str) -> String {
    text.replace('\n', r"\n").replace('\r', r"\r")
}
