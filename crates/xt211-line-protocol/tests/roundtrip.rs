//! Whatever is built, InfluxData's own parser reads back; whatever is refused leaves no trace.

use influxdb_line_protocol::{FieldValue as Parsed, ParsedLine, parse_lines};
use proptest::{collection::vec, prelude::*};
use xt211_line_protocol::{FieldValue, LineError, Measurement};

/// What the buffer holds before each line.
const BEFORE: &str = "before a=1 1\n";

#[derive(Clone, Debug)]
enum Field {
    Float(f64),
    Integer(i64),
    Unsigned(u64),
    String(String),
    Boolean(bool),
}

impl Field {
    fn value(&self) -> FieldValue<'_> {
        match self {
            Self::Float(number) => (*number).into(),
            Self::Integer(number) => (*number).into(),
            Self::Unsigned(number) => (*number).into(),
            Self::String(text) => text.as_str().into(),
            Self::Boolean(truth) => (*truth).into(),
        }
    }

    fn is(&self, parsed: &Parsed<'_>) -> bool {
        match (self, parsed) {
            (Self::Float(one), Parsed::F64(other)) => one.to_bits() == other.to_bits(),
            (Self::Integer(one), Parsed::I64(other)) => one == other,
            (Self::Unsigned(one), Parsed::U64(other)) => one == other,
            (Self::String(one), Parsed::String(other)) => {
                one.replace('\n', r"\n").replace('\r', r"\r") == other.as_str()
            }
            (Self::Boolean(one), Parsed::Boolean(other)) => one == other,
            _ => false,
        }
    }
}

#[derive(Clone, Debug)]
struct Line {
    measurement: String,
    tags: Vec<(String, String)>,
    fields: Vec<(String, Field)>,
    time: i64,
}

impl Line {
    fn build(&self, buffer: &mut String) -> Result<(), LineError> {
        let measurement: Measurement = self.measurement.parse()?;
        let line = measurement.line(buffer);
        let line = self.tags.iter().try_fold(line, |line, (key, value)| line.tag(key, value))?;
        line.fields(self.fields.iter().map(|(key, field)| (key, field.value())))?
            .timestamp(self.time)
    }

    fn is(&self, parsed: &ParsedLine<'_>) -> bool {
        let tags = self.tags.iter().filter(|(_, value)| !value.is_empty());
        let parsed_tags = parsed.series.tag_set.iter().flatten();
        parsed.series.measurement == self.measurement
            && tags
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .eq(parsed_tags.map(|(key, value)| (key.as_str(), value.as_str())))
            && self.fields.len() == parsed.field_set.len()
            && self.fields.iter().zip(&parsed.field_set).all(
                |((key, field), (parsed_key, parsed_field))| {
                    *parsed_key == key.as_str() && field.is(parsed_field)
                },
            )
            && parsed.timestamp == Some(self.time)
    }
}

/// Anything, but rather what could hurt.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ab,= ]{1,6}",
        2 => r#"[ab,= #_"\\]{0,6}"#,
        1 => r#"[ab,= #_"\\\n\r\t\x00]{0,6}"#,
        1 => any::<String>(),
    ]
}

fn field() -> impl Strategy<Value = Field> {
    prop_oneof![
        any::<f64>().prop_map(Field::Float),
        any::<i64>().prop_map(Field::Integer),
        any::<u64>().prop_map(Field::Unsigned),
        r#"[ab,= "\\\n\r]{0,12}"#.prop_map(Field::String),
        any::<String>().prop_map(Field::String),
        any::<bool>().prop_map(Field::Boolean),
    ]
}

prop_compose! {
    fn line()(
        measurement in text(),
        tags in vec((text(), text()), 0..3),
        fields in vec((text(), field()), 0..4),
        time: i64,
    ) -> Line {
        Line { measurement, tags, fields, time }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn a_line_is_read_back_or_leaves_no_trace(line in line()) {
        let mut buffer = String::from(BEFORE);
        let result = line.build(&mut buffer);
        let written = buffer.strip_prefix(BEFORE).unwrap();
        if result.is_err() {
            prop_assert_eq!(written, "");
        } else {
            prop_assert_eq!(written.find('\n'), Some(written.len() - 1));
            let parsed: Vec<_> = parse_lines(&buffer).collect::<Result<_, _>>().unwrap();
            prop_assert_eq!(parsed.len(), 2);
            prop_assert!(line.is(&parsed[1]), "{:?}", parsed[1]);
        }
    }

    #[test]
    fn ordinary_text_is_never_refused(
        measurement in "[a-z][ -!$-\\[\\]-~č]{0,8}",
        value in "[ -\\[\\]-~č]{0,8}",
        key in "[a-su-z][ !#-\\[\\]-~č]{0,8}",
        number in -1e300..1e300,
    ) {
        let line = Line {
            measurement,
            tags: vec![(key.clone(), value)],
            fields: vec![(key, Field::Float(number))],
            time: 0,
        };
        prop_assert_eq!(line.build(&mut String::new()), Ok(()));
    }

    #[test]
    fn a_lossy_tag_is_read_back_but_for_what_has_no_escape(value in text()) {
        let mut buffer = String::new();
        let line = Measurement::STATUS.line(&mut buffer).tag_lossy("meter", &value).unwrap();
        line.field("a", true).unwrap().timestamp(0).unwrap();
        let parsed: Vec<_> = parse_lines(&buffer).collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(parsed.len(), 1);
        let read = parsed[0].tag_value("meter").map_or("", |value| value.as_str());
        prop_assert_eq!(read.chars().count(), value.chars().count());
        for (one, other) in value.chars().zip(read.chars()) {
            let replaced = other == '_' && (one == '\\' || one.is_control());
            prop_assert!(one == other || replaced, "{:?} became {:?}", value, read);
        }
    }
}
