//! What an error in a time says.

use std::fmt;

use super::ZONES;

/// What stands in a text where a part of a time should.
///
/// ```
/// use time::UtcOffset;
/// use xt211_message::{TimePart, parse_time};
///
/// let error = parse_time("Sat 2026-02-30 20:27:09 GMT", &UtcOffset::UTC).unwrap_err();
/// assert_eq!(error.expected(), TimePart::Day);
/// assert_eq!(error.offset(), 12);
/// assert_eq!(error.to_string(), "expected a day of that month, found `30` at byte 12");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {} at byte {offset}", Found(found))]
pub struct TimeError {
    offset: usize,
    expected: TimePart,
    found: String,
}

impl TimeError {
    pub(super) fn new(offset: usize, expected: TimePart, found: String) -> Self {
        Self { offset, expected, found }
    }

    /// Where in the text, in bytes from its start.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// What would have been right there.
    #[must_use]
    pub const fn expected(&self) -> TimePart {
        self.expected
    }

    /// The word, number or character that is there; empty at the end of the text.
    #[must_use]
    pub fn found(&self) -> &str {
        &self.found
    }
}

/// The part of a time that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimePart {
    /// A date, behind a weekday or what looks like one.
    Date,
    /// Four digits.
    Year,
    /// Two digits, from 01 to 12.
    Month,
    /// Three letters.
    MonthName,
    /// Two digits, and a day that the month has.
    Day,
    /// Two digits, from 00 to 23.
    Hour,
    /// Two digits, from 00 to 59.
    Minute,
    /// Two digits, from 00 to 59.
    Second,
    /// A digit after the point.
    Fraction,
    /// The `-` within a date.
    Dash,
    /// The `:` within a time of day.
    Colon,
    /// A space.
    Space,
    /// A zone that is known.
    Zone,
    /// Two digits, or four, with a sign before them.
    Offset,
    /// Nothing more.
    End,
    /// A time that is from year 0 to 9999 in UTC, too.
    Instant,
}

impl fmt::Display for TimePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Date => "a date such as 2026-02-21",
            Self::Year => "a year of four digits",
            Self::Month => "a month from 01 to 12",
            Self::MonthName => "a month from `Jan` to `Dec`",
            Self::Day => "a day of that month",
            Self::Hour => "an hour from 00 to 23",
            Self::Minute => "a minute from 00 to 59",
            Self::Second => "a second from 00 to 59",
            Self::Fraction => "a digit",
            Self::Dash => "`-`",
            Self::Colon => "`:`",
            Self::Space => "a space",
            Self::Zone => return zone_names(f),
            Self::Offset => "an offset such as +02:00",
            Self::End => "the end",
            Self::Instant => "a time from year 0 to 9999",
        })
    }
}

fn zone_names(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("a zone (")?;
    for (name, _) in ZONES {
        write!(f, "{name}, ")?;
    }
    f.write_str("or an offset such as +02:00)")
}

/// A part of the text in back-quotes, or the end.
struct Found<'a>(&'a str);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => f.write_str("the end"),
            found => write!(f, "`{}`", found.escape_debug()),
        }
    }
}
