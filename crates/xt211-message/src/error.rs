//! What is wrong with a message.

use std::fmt;

use crate::decode::Segment;

/// Why bytes are not a message: what is wrong, and where.
///
/// ```
/// use time::UtcOffset;
/// use xt211_message::{ErrorKind, Message};
///
/// let bytes = br#"{"data":{"reading_datetime":"2026-02-21 20:27:09","values":{"1.8.0":"abc"}}}"#;
/// let error = Message::decode(bytes, &UtcOffset::UTC).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::ValueNotANumber);
/// assert_eq!(error.code(), "reading.value.not_a_number");
/// assert_eq!(error.place(), r#"data.values["1.8.0"]"#);
/// assert_eq!(error.position(), Some((1, 69)));
/// assert_eq!(error.to_string(), r#"data.values["1.8.0"]: expected a number, found "abc""#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}{}{detail}", if place.is_empty() { "" } else { ": " })]
pub struct MessageError {
    kind: ErrorKind,
    place: String,
    detail: String,
    position: Option<(usize, usize)>,
}

impl MessageError {
    pub(crate) fn new(kind: ErrorKind, detail: impl Into<String>) -> Box<Self> {
        Box::new(Self { kind, place: String::new(), detail: detail.into(), position: None })
    }

    /// The same at this line and column.
    pub(crate) fn at(mut self: Box<Self>, position: (usize, usize)) -> Box<Self> {
        self.position = Some(position);
        self
    }

    /// The same at this line and column, unless a position is known.
    pub(crate) fn or_at(mut self: Box<Self>, position: (usize, usize)) -> Box<Self> {
        self.position.get_or_insert(position);
        self
    }

    /// The same within the value of a key.
    pub(crate) fn within(mut self: Box<Self>, key: &str) -> Box<Self> {
        let inner = if self.place.is_empty() || self.place.starts_with('[') { "" } else { "." };
        self.place = format!("{}{inner}{}", Segment(key), self.place);
        self
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What is wrong as a text that never changes, for logs and archives; short for
    /// [`ErrorKind::code`].
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// Where in the message, as a path through its JSON such as `data.values["1.8.0"]`; empty if
    /// it is about the message as a whole.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What was expected and what was found there, on one line. Quotes from the message are short
    /// and without control characters.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Line and column (in bytes, both from 1) where a value begins or where reading stopped, if
    /// known.
    #[must_use]
    pub const fn position(&self) -> Option<(usize, usize)> {
        self.position
    }
}

macro_rules! error_kinds {
    ($($(#[$doc:meta])* $kind:ident = $code:literal,)*) => {
        /// What is wrong with a message.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[$doc])* #[doc = concat!("\n\nIts code is `", $code, "`.")] $kind,)*
        }

        impl ErrorKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// The kind as a text that never changes, for logs and archives.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$kind => $code,)*
                }
            }
        }
    };
}

error_kinds! {
    /// There is nothing but white space.
    Empty = "message.empty",
    /// The bytes are not UTF-8.
    NotUtf8 = "message.not_utf8",
    /// The text is not JSON, or something follows the value.
    Syntax = "message.syntax",
    /// It is no object, or one without anything that a module sends.
    UnknownShape = "message.unknown_shape",
    /// A part of the message is no object.
    PartWrongType = "message.part.wrong_type",
    /// A key is there twice.
    Duplicate = "message.duplicate",
    /// There are registers in the nested and in the flat form.
    TwoReadings = "message.two_readings",
    /// The time of a message without a reading cannot be read.
    MessageTimeMalformed = "message.time.malformed",
    /// The time of a message without a reading is in a zone that is not known.
    MessageTimeUnknownZone = "message.time.unknown_zone",
    /// A reading does not say when it was made.
    ReadingTimeMissing = "reading.time.missing",
    /// The time of a reading cannot be read.
    ReadingTimeMalformed = "reading.time.malformed",
    /// The time of a reading is in a zone that is not known.
    ReadingTimeUnknownZone = "reading.time.unknown_zone",
    /// What a reading says about itself has the wrong type or is out of range.
    ReadingFieldWrongType = "reading.field.wrong_type",
    /// A reading has no register.
    RegistersNone = "reading.registers.none",
    /// A register is there twice, with different values.
    RegisterContradiction = "reading.register.contradiction",
    /// A register's value is an array or an object.
    ValueWrongType = "reading.value.wrong_type",
    /// A register that measures holds something else than a number.
    ValueNotANumber = "reading.value.not_a_number",
    /// A register holds infinity or not-a-number.
    ValueNotFinite = "reading.value.not_finite",
    /// A register's number is 10^18 or more, either side of zero.
    ValueOutOfRange = "reading.value.out_of_range",
    /// A part of the status has the wrong type or is out of range.
    StatusFieldWrongType = "status.field.wrong_type",
    /// A time within the status cannot be read.
    StatusTimeMalformed = "status.time.malformed",
    /// A time within the status is in a zone that is not known.
    StatusTimeUnknownZone = "status.time.unknown_zone",
    /// A part of the battery's state is no number or out of range.
    BatteryFieldWrongType = "battery.field.wrong_type",
}

impl fmt::Display for ErrorKind {
    /// Writes the code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_the_readme_once() {
        let readme = include_str!("../README.md");
        for kind in ErrorKind::ALL {
            assert_eq!(readme.matches(&format!("| `{kind}` |")).count(), 1, "{kind}");
        }
    }

    #[test]
    fn codes_differ() {
        let mut codes: Vec<_> = ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ErrorKind::ALL.len());
    }
}
