//! What is escaped, replaced and refused.
//!
//! The rules are those of the [line protocol reference]. It says nothing about a backslash that
//! is not an escape, and there the parsers differ: InfluxDB (Go) never escapes a backslash outside
//! of strings, so `a\\b` has two; InfluxData's Rust parser and VictoriaMetrics read one. All of
//! them take a backslash before any other character as it stands.
//!
//! [line protocol reference]: https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/#special-characters

use crate::{
    Element, LineError,
    error::ErrorKind::{self, *},
};

/// Special characters of a measurement: comma, space.
const MEASUREMENT: &[char] = &[',', ' '];
/// Special characters of a tag key, a tag value and a field key: comma, equals sign, space.
const KEY: &[char] = &[',', '=', ' '];
/// Special characters of a string: quote, backslash. The reference does not allow a newline in
/// it; InfluxDB does, VictoriaMetrics reads the rest as another line and answers 204 (its 1.79.5
/// was tried). So it is written as `\n`, in two characters, and a carriage return as `\r`.
const STRING: &[char] = &['"', '\\', '\n', '\r'];
/// Characters that a backslash before them makes mean something else, to one parser or another.
const AMBIGUOUS: &[char] = &[',', '=', ' ', '"', '\\'];
/// What stands for a character that has no escape.
const REPLACEMENT: char = '_';

/// Appends a measurement that was checked.
pub(crate) fn push_measurement(out: &mut String, name: &str) {
    push_escaped(out, name, MEASUREMENT);
}

/// Appends a tag key, tag value or field key that was checked.
pub(crate) fn push_key(out: &mut String, text: &str) {
    push_escaped(out, text, KEY);
}

fn push_escaped(out: &mut String, text: &str, special: &[char]) {
    if is_plain(text) {
        return out.push_str(text);
    }
    let mut rest = text;
    // A match is never at the end of the text, so the split cannot fail.
    while let Some((plain, tail)) = rest.find(special).and_then(|at| rest.split_at_checked(at)) {
        out.push_str(plain);
        out.push('\\');
        let mut tail = tail.chars();
        out.extend(tail.next());
        rest = tail.as_str();
    }
    out.push_str(rest);
}

/// Appends a tag value of any content: what has no escape is replaced.
pub(crate) fn push_tag_value_lossy(out: &mut String, text: &str) {
    if is_plain(text) {
        return out.push_str(text);
    }
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character.is_control() || is_ambiguous(character, rest.as_str()) {
            out.push(REPLACEMENT);
        } else {
            if KEY.contains(&character) {
                out.push('\\');
            }
            out.push(character);
        }
    }
}

/// Appends a string with its quotes.
pub(crate) fn push_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some((plain, tail)) = rest.find(STRING).and_then(|at| rest.split_at_checked(at)) {
        out.push_str(plain);
        let mut tail = tail.chars();
        match tail.next() {
            Some('\n') => out.push_str(r"\\n"),
            Some('\r') => out.push_str(r"\\r"),
            special => {
                out.push('\\');
                out.extend(special);
            }
        }
        rest = tail.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// Refuses what cannot be, or must not be, a measurement, tag key, tag value or field key.
pub(crate) fn check(element: Element, text: &str) -> Result<(), LineError> {
    match fault(element, text) {
        Some(kind) => Err(LineError::new(kind, element, text)),
        None => Ok(()),
    }
}

fn fault(element: Element, text: &str) -> Option<ErrorKind> {
    let is_value = element == Element::TagValue;
    let is_key = matches!(element, Element::TagKey | Element::FieldKey);
    if text.is_empty() && !is_value {
        return Some(Empty);
    }
    // https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/#comments
    if element == Element::Measurement && text.starts_with('#') {
        return Some(Comment);
    }
    // https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/#naming-restrictions;
    // a key `time` is taken and dropped without a word:
    // https://www.influxdata.com/tldr-influxdb-tech-tips-february-09-2017/
    if (!is_value && text.starts_with('_')) || (is_key && text == "time") {
        return Some(Reserved);
    }
    if element == Element::FieldKey && text.contains('"') {
        return Some(Quote);
    }
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character.is_control() {
            return Some(Control);
        }
        if is_ambiguous(character, rest.as_str()) {
            return Some(Backslash);
        }
    }
    None
}

/// Whether nothing has to be done about a text, quickly: most are like this.
pub(crate) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_'))
}

/// Whether this is a backslash that would not be read as one everywhere.
fn is_ambiguous(character: char, rest: &str) -> bool {
    character == '\\' && (rest.is_empty() || rest.starts_with(AMBIGUOUS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(push: fn(&mut String, &str), text: &str) -> String {
        let mut out = String::new();
        push(&mut out, text);
        out
    }

    #[test]
    fn measurements() {
        assert_eq!(made(push_measurement, "home_energy"), "home_energy");
        assert_eq!(made(push_measurement, "a,b c=d"), r"a\,b\ c=d");
        assert_eq!(made(push_measurement, " "), r"\ ");
        assert_eq!(made(push_measurement, r"a\b"), r"a\b");
    }

    #[test]
    fn keys() {
        assert_eq!(made(push_key, "1_8_0"), "1_8_0");
        assert_eq!(made(push_key, "a,b c=d"), r"a\,b\ c\=d");
        assert_eq!(made(push_key, "=="), r"\=\=");
        assert_eq!(made(push_key, "č\"é"), "č\"é");
    }

    #[test]
    fn lossy_tag_values() {
        let lossy = |text| made(push_tag_value_lossy, text);
        assert_eq!(lossy("5100025085"), "5100025085");
        assert_eq!(lossy("a,b c=d"), r"a\,b\ c\=d");
        assert_eq!(lossy("a\nb\tc\u{0}d\u{85}"), "a_b_c_d_");
        assert_eq!(lossy(r"C:\temp"), r"C:\temp");
        assert_eq!(lossy(r"a\"), "a_");
        assert_eq!(lossy(r"a\\b"), r"a_\b");
        assert_eq!(lossy(r"a\,b\ c\=d"), r"a_\,b_\ c_\=d");
        assert_eq!(lossy("a\\\"b"), "a_\"b");
        assert_eq!(lossy("a\\\nb"), r"a\_b");
    }

    #[test]
    fn strings() {
        let string = |text| made(push_string, text);
        assert_eq!(string(""), r#""""#);
        assert_eq!(string("T2"), r#""T2""#);
        assert_eq!(string("a,b c=d"), r#""a,b c=d""#);
        assert_eq!(string(r#"say "ř""#), r#""say \"ř\"""#);
        assert_eq!(string(r"C:\"), r#""C:\\""#);
        assert_eq!(string("one\r\ntwo\tthree"), "\"one\\\\r\\\\ntwo\tthree\"");
    }

    #[test]
    fn refusals() {
        use Element::*;
        assert_eq!(fault(Measurement, ""), Some(Empty));
        assert_eq!(fault(TagKey, ""), Some(Empty));
        assert_eq!(fault(FieldKey, ""), Some(Empty));
        assert_eq!(fault(TagValue, ""), None);
        assert_eq!(fault(Measurement, "#1"), Some(Comment));
        assert_eq!(fault(TagKey, "#1"), None);
        assert_eq!(fault(Measurement, "_x"), Some(Reserved));
        assert_eq!(fault(TagKey, "_measurement"), Some(Reserved));
        assert_eq!(fault(FieldKey, "_field"), Some(Reserved));
        assert_eq!(fault(TagValue, "_x"), None);
        assert_eq!(fault(Measurement, "time"), None);
        assert_eq!(fault(TagKey, "time"), Some(Reserved));
        assert_eq!(fault(FieldKey, "time"), Some(Reserved));
        assert_eq!(fault(FieldKey, "Time"), None);
        assert_eq!(fault(FieldKey, "a\"b"), Some(Quote));
        assert_eq!(fault(TagKey, "a\"b"), None);
        assert_eq!(fault(Measurement, "a\nb"), Some(Control));
        assert_eq!(fault(TagValue, "a\tb"), Some(Control));
        assert_eq!(fault(TagKey, "a\u{7f}"), Some(Control));
        assert_eq!(fault(TagValue, "a\u{a0}b\u{fffd}"), None);
        assert_eq!(fault(TagValue, r"a\b\č"), None);
        assert_eq!(fault(TagValue, r"a\"), Some(Backslash));
        assert_eq!(fault(FieldKey, r"a\\b"), Some(Backslash));
        assert_eq!(fault(Measurement, r"a\ b"), Some(Backslash));
        assert_eq!(fault(Measurement, r"a\,b"), Some(Backslash));
        assert_eq!(fault(Measurement, r"a\=b"), Some(Backslash));
        assert_eq!(fault(TagKey, "a\\\"b"), Some(Backslash));
    }
}
