//! Why there is no line.

use std::{error::Error, fmt};

/// Why something cannot be written as line protocol. The buffer is as it was before.
///
/// ```
/// use xt211_line_protocol::{Element, ErrorKind, Measurement};
///
/// let error = Measurement::new("_energy").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Reserved);
/// assert_eq!(error.element(), Element::Measurement);
/// assert_eq!(error.code(), "line.reserved");
/// assert_eq!(
///     error.to_string(),
///     "the measurement `_energy` is reserved: InfluxDB keeps `time` and all that begins with `_`"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineError {
    kind: ErrorKind,
    element: Element,
    text: String,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A measurement or a key is empty.
    Empty,
    /// A measurement begins with `#`, which makes the line a comment.
    Comment,
    /// A name begins with `_`, or a key is `time`.
    Reserved,
    /// There is a control character, such as a newline, for which there is no escape.
    Control,
    /// There is a backslash at the end, or before a character that could be escaped: servers
    /// read that differently.
    Backslash,
    /// There is a `"` in a field key, which VictoriaMetrics takes for the start of a string.
    Quote,
    /// A tag or a field is there already.
    Duplicate,
    /// A number is not finite.
    NotFinite,
    /// There is no field.
    NoFields,
    /// A time is out of range.
    Time,
}

/// The part of a line that something is wrong with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Element {
    /// The measurement.
    Measurement,
    /// The key of a tag.
    TagKey,
    /// The value of a tag.
    TagValue,
    /// The key of a field.
    FieldKey,
    /// The value of a field.
    FieldValue,
    /// All the fields.
    FieldSet,
    /// The time.
    Timestamp,
}

impl LineError {
    pub(crate) fn new(kind: ErrorKind, element: Element, text: impl Into<String>) -> Self {
        Self { kind, element, text: text.into() }
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Which part of the line it is wrong with.
    #[must_use]
    pub const fn element(&self) -> Element {
        self.element
    }

    /// That part as it was given; for the value of a field, the key. Empty if nothing was given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is wrong as a text that never changes, for logs and archives; short for
    /// [`ErrorKind::code`].
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }
}

impl ErrorKind {
    /// The kind as a text that never changes, for logs and archives.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "line.empty",
            Self::Comment => "line.comment",
            Self::Reserved => "line.reserved",
            Self::Control => "line.control",
            Self::Backslash => "line.backslash",
            Self::Quote => "line.quote",
            Self::Duplicate => "line.duplicate",
            Self::NotFinite => "line.not_finite",
            Self::NoFields => "line.no_fields",
            Self::Time => "line.time",
        }
    }
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, element, .. } = self;
        if let ErrorKind::NoFields = kind {
            return f.write_str("a line needs at least one field");
        }
        write!(f, "the {element}")?;
        if !self.text.is_empty() {
            write!(f, " `{}`", self.text.escape_debug())?;
        }
        f.write_str(match kind {
            ErrorKind::Empty => " is empty",
            ErrorKind::Comment => " begins with `#`, which makes the line a comment",
            ErrorKind::Reserved => {
                " is reserved: InfluxDB keeps `time` and all that begins with `_`"
            }
            ErrorKind::Control => " has a control character, for which there is no escape",
            ErrorKind::Backslash => {
                " has a backslash at its end or before a comma, an equals sign, a space, a quote \
                 or another backslash, which servers read differently"
            }
            ErrorKind::Quote => " has a quote, which servers read differently",
            ErrorKind::Duplicate => " is there already",
            ErrorKind::NotFinite => " is not a finite number",
            ErrorKind::NoFields => "",
            ErrorKind::Time => " is out of range",
        })
    }
}

impl Error for LineError {}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Measurement => "measurement",
            Self::TagKey => "tag key",
            Self::TagValue => "tag value",
            Self::FieldKey => "field key",
            Self::FieldValue => "value of field",
            Self::FieldSet => "field set",
            Self::Timestamp => "time",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_errors_say() {
        let says = |kind, element, text: &str| LineError::new(kind, element, text).to_string();
        use {Element::*, ErrorKind as Kind};
        assert_eq!(says(Kind::Empty, TagKey, ""), "the tag key is empty");
        assert_eq!(
            says(Kind::Comment, Measurement, "#1"),
            "the measurement `#1` begins with `#`, which makes the line a comment"
        );
        assert_eq!(
            says(Kind::Reserved, FieldKey, "time"),
            "the field key `time` is reserved: InfluxDB keeps `time` and all that begins with `_`"
        );
        assert_eq!(
            says(Kind::Control, TagValue, "a\nb"),
            "the tag value `a\\nb` has a control character, for which there is no escape"
        );
        assert_eq!(
            says(Kind::Backslash, TagKey, "a"),
            "the tag key `a` has a backslash at its end or before a comma, an equals sign, a space, \
             a quote or another backslash, which servers read differently"
        );
        assert_eq!(
            says(Kind::Quote, FieldKey, "a"),
            "the field key `a` has a quote, which servers read differently"
        );
        assert_eq!(says(Kind::Duplicate, TagKey, "t"), "the tag key `t` is there already");
        assert_eq!(
            says(Kind::NotFinite, FieldValue, "a"),
            "the value of field `a` is not a finite number"
        );
        assert_eq!(says(Kind::NoFields, FieldSet, ""), "a line needs at least one field");
        assert_eq!(says(Kind::Time, Timestamp, "9"), "the time `9` is out of range");
    }
}
