//! What can be wrong with a value.

use super::excerpt::Excerpt;
use crate::{ErrorKind, TimeError, TimePart};

/// The part of a message that a value belongs to, which decides about an error's kind.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// The message itself.
    Message,
    /// A reading, other than its registers.
    Reading,
    /// A register.
    Register,
    /// The module's status.
    Status,
    /// The battery's state.
    Battery,
}

/// What is wrong with a value.
#[derive(Debug)]
pub(super) enum Fault {
    WrongType(&'static str),
    NotANumber,
    NotFinite,
    OutOfRange,
    Escape,
    Time(TimeError),
    NotATime,
    Duplicate,
}

impl Fault {
    /// What that is called in a part of the message.
    pub(super) fn kind(&self, part: Part) -> ErrorKind {
        match (self, part) {
            (Self::Duplicate, _) => ErrorKind::Duplicate,
            (Self::Escape, _) => ErrorKind::Syntax,
            (Self::Time(error), _) if error.expected() == TimePart::Zone => match part {
                Part::Reading | Part::Register => ErrorKind::ReadingTimeUnknownZone,
                Part::Status | Part::Battery => ErrorKind::StatusTimeUnknownZone,
                Part::Message => ErrorKind::MessageTimeUnknownZone,
            },
            (Self::Time(_) | Self::NotATime, _) => match part {
                Part::Reading | Part::Register => ErrorKind::ReadingTimeMalformed,
                Part::Status | Part::Battery => ErrorKind::StatusTimeMalformed,
                Part::Message => ErrorKind::MessageTimeMalformed,
            },
            (Self::WrongType(_), Part::Register) => ErrorKind::ValueWrongType,
            (Self::NotANumber, Part::Register) => ErrorKind::ValueNotANumber,
            (Self::NotFinite, Part::Register) => ErrorKind::ValueNotFinite,
            (Self::OutOfRange, Part::Register) => ErrorKind::ValueOutOfRange,
            (_, Part::Reading | Part::Message) => ErrorKind::ReadingFieldWrongType,
            (_, Part::Status) => ErrorKind::StatusFieldWrongType,
            (_, Part::Battery) => ErrorKind::BatteryFieldWrongType,
        }
    }
    /// What was expected, and what was found instead.
    pub(super) fn detail(&self, found: &str) -> String {
        let excerpt = Excerpt(found);
        match self {
            Self::WrongType(expected) => format!("expected {expected}, found {excerpt}"),
            Self::NotANumber => format!("expected a number, found {excerpt}"),
            Self::NotFinite => format!("expected a finite number, found {excerpt}"),
            Self::OutOfRange => format!("expected a number of less than 10^18, found {excerpt}"),
            Self::Escape => format!("expected valid escapes, found {excerpt}"),
            Self::Time(error) => format!("{error} of {excerpt}"),
            Self::NotATime => format!("expected a time, found {excerpt}"),
            Self::Duplicate => format!("found {excerpt} a second time"),
        }
    }
}
