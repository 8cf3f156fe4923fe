//! Lines of anything.

use arbitrary::Arbitrary;
use influxdb_line_protocol::{FieldValue as Parsed, parse_lines};
use xt211_line_protocol::{FieldValue, LineError, Measurement};

use crate::{line::one_line, memory, structured::structured};

/// Whatever is built, InfluxData's own parser reads back; whatever is refused leaves no trace.
///
/// # Panics
///
/// This does not hold.
pub fn line_protocol(data: &[u8]) {
    structured(data, any_line);
}

/// What the buffer holds before.
const BEFORE: &str = "before a=1 1\n";

#[derive(Arbitrary, Debug)]
struct Line<'a> {
    measurement: &'a str,
    tags: Vec<(&'a str, &'a str)>,
    /// A tag whose value must not be refused.
    lossy: &'a str,
    fields: Vec<(&'a str, Field<'a>)>,
    time: i64,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Field<'a> {
    Float(f64),
    Integer(i64),
    Unsigned(u64),
    String(&'a str),
    Boolean(bool),
}

impl<'a> From<Field<'a>> for FieldValue<'a> {
    fn from(field: Field<'a>) -> Self {
        match field {
            Field::Float(number) => number.into(),
            Field::Integer(number) => number.into(),
            Field::Unsigned(number) => number.into(),
            Field::String(text) => text.into(),
            Field::Boolean(truth) => truth.into(),
        }
    }
}

impl Line<'_> {
    /// About how long it is.
    fn size(&self) -> usize {
        let tags = self.tags.iter().map(|(key, value)| key.len() + value.len() + 2);
        let field =
            |field: &Field<'_>| if let Field::String(text) = field { text.len() } else { 32 };
        let fields = self.fields.iter().map(|(key, value)| key.len() + field(value) + 2);
        self.measurement.len() + self.lossy.len() + tags.chain(fields).sum::<usize>()
    }

    fn build(&self, buffer: &mut String) -> Result<(), LineError> {
        let measurement: Measurement = self.measurement.parse()?;
        let line = measurement.line(buffer).tag_lossy("lossy", self.lossy)?;
        let line = self.tags.iter().try_fold(line, |line, (key, value)| line.tag(key, value))?;
        line.fields(self.fields.iter().copied())?.timestamp(self.time)
    }
}

fn any_line(line: &Line<'_>) {
    let mut buffer = String::from(BEFORE);
    let size = buffer.len() + line.size();
    let result = memory::within(64 * size + 4_096, || line.build(&mut buffer));
    let written = buffer.strip_prefix(BEFORE).expect("what was there before");
    if let Err(error) = result {
        assert_eq!(written, "");
        let shown = error.to_string();
        assert!(!shown.is_empty() && !shown.contains(char::is_control), "{shown}");
        return;
    }

    assert_eq!(written.find('\n'), Some(written.len() - 1));
    let parsed: Vec<_> = parse_lines(&buffer).collect::<Result<_, _>>().expect("well-formed lines");
    let [_, parsed] = parsed.as_slice() else { panic!("{} lines", parsed.len()) };
    assert_eq!(parsed.series.measurement, line.measurement);
    assert_eq!(parsed.timestamp, Some(line.time));

    let tags = line.tags.iter().filter(|(_, value)| !value.is_empty());
    let mut parsed_tags = parsed.series.tag_set.iter().flatten();
    if !line.lossy.is_empty() {
        let (_, value) = parsed_tags.next().expect("the lossy tag");
        assert_eq!(value.chars().count(), line.lossy.chars().count());
    }
    assert!(
        tags.map(|(key, value)| (*key, *value))
            .eq(parsed_tags.map(|(key, value)| (key.as_str(), value.as_str())))
    );

    assert_eq!(line.fields.len(), parsed.field_set.len());
    for ((key, field), (parsed_key, parsed_field)) in line.fields.iter().zip(&parsed.field_set) {
        assert_eq!(*key, parsed_key.as_str());
        match (field, parsed_field) {
            (Field::Float(one), Parsed::F64(other)) => assert_eq!(one.to_bits(), other.to_bits()),
            (Field::Integer(one), Parsed::I64(other)) => assert_eq!(one, other),
            (Field::Unsigned(one), Parsed::U64(other)) => assert_eq!(one, other),
            (Field::String(one), Parsed::String(other)) => {
                assert_eq!(one_line(one), other.as_str());
            }
            (Field::Boolean(one), Parsed::Boolean(other)) => assert_eq!(one, other),
            other => panic!("{other:?}"),
        }
    }
}
