//! The grammar of times.
//!
//! ```text
//! time    = *SP ( iso / c ) *SP [ zone *SP ]
//! iso     = [ word 1*SP ] year "-" month "-" day ( "T" / 1*SP ) clock [ "." 1*digit ]
//! c       = word 1*SP name 1*SP day 1*SP clock 1*SP year      ; C's %c
//! word    = 1*letter                                          ; the weekday, which says nothing new
//! name    = "Jan" / "Feb" / … / "Dec"
//! year    = 4digit
//! month   = 2digit, from 01 to 12
//! day     = 2digit, in `c` also 1digit
//! clock   = 2digit ":" 2digit ":" 2digit, from 00:00:00 to 23:59:59
//! zone    = letters, one of ZONES / ( "+" / "-" ) 2digit [ [ ":" ] 2digit ]
//! ```
//!
//! Letters match in either case.

mod error;
#[cfg(test)]
mod tests;
mod usual;

use ::time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

pub use error::{TimeError, TimePart};

/// How far local time is from UTC, for times that do not say so themselves.
pub trait Zone {
    /// The offset of local time from UTC at that local time.
    fn offset(&self, local: PrimitiveDateTime) -> UtcOffset;
}

impl Zone for UtcOffset {
    fn offset(&self, _: PrimitiveDateTime) -> UtcOffset {
        *self
    }
}

/// The zones of Europe that a module's clock may be set to, and their hours ahead of UTC.
const ZONES: [(&str, i8); 9] = [
    ("GMT", 0),
    ("UTC", 0),
    ("Z", 0),
    ("CET", 1),
    ("CEST", 2),
    ("WET", 0),
    ("WEST", 1),
    ("EET", 2),
    ("EEST", 3),
];

const MONTHS: [(&[u8; 3], Month); 12] = [
    (b"jan", Month::January),
    (b"feb", Month::February),
    (b"mar", Month::March),
    (b"apr", Month::April),
    (b"may", Month::May),
    (b"jun", Month::June),
    (b"jul", Month::July),
    (b"aug", Month::August),
    (b"sep", Month::September),
    (b"oct", Month::October),
    (b"nov", Month::November),
    (b"dec", Month::December),
];

/// Reads a time as the module writes it, or as ISO 8601 does, and returns it in UTC.
///
/// Where the text names no zone, it is local time, of which `zone` knows the offset. A weekday is
/// not compared with the date.
///
/// ```
/// use time::{UtcOffset, macros::datetime};
/// use xt211_message::parse_time;
///
/// let berlin = UtcOffset::from_hms(1, 0, 0)?;
/// let time = parse_time("Sat 2026-08-08 11:12:07 CEST", &berlin)?;
/// assert_eq!(time, datetime!(2026-08-08 09:12:07 UTC));
/// let time = parse_time("Sat Feb 21 20:27:33 2026", &berlin)?;
/// assert_eq!(time, datetime!(2026-02-21 19:27:33 UTC));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Says at which byte what was expected.
pub fn parse_time(text: &str, zone: &dyn Zone) -> Result<OffsetDateTime, TimeError> {
    parse(text.as_bytes(), zone)
}

/// The same for a text that is part of a message.
pub(crate) fn parse(text: &[u8], zone: &dyn Zone) -> Result<OffsetDateTime, TimeError> {
    whole(text, zone).map_err(|stop| stop.within(text))
}

fn whole<'a>(text: &'a [u8], zone: &dyn Zone) -> Parsed<'a, OffsetDateTime> {
    let mut cursor = Cursor { rest: text };
    let local = match usual::date_and_clock(text) {
        Some((local, rest)) => {
            cursor.rest = rest;
            local
        }
        None => {
            cursor.skip_spaces();
            cursor.date_and_clock()?
        }
    };
    cursor.skip_spaces();
    let named = cursor.zone()?;
    cursor.skip_spaces();
    if !cursor.rest.is_empty() {
        return Err(cursor.expected(TimePart::End));
    }
    let offset = named.unwrap_or_else(|| zone.offset(local));
    if offset.is_utc() {
        return Ok(local.assume_utc());
    }
    let utc = local.assume_offset(offset).checked_to_offset(UtcOffset::UTC);
    let utc = utc.filter(|utc| (0..=9999).contains(&utc.year()));
    utc.ok_or(Stop { rest: text, expected: TimePart::Instant })
}

/// What of a text is not read yet.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    rest: &'a [u8],
}

/// Where reading stopped, and what it would have gone on with.
struct Stop<'a> {
    rest: &'a [u8],
    expected: TimePart,
}

type Parsed<'a, T> = Result<T, Stop<'a>>;

impl Stop<'_> {
    #[cold]
    fn within(self, text: &[u8]) -> TimeError {
        /// Longer words are cut.
        const MAX: usize = 16;

        // What is read is ASCII, so the rest begins with a character. It is a tail of the text, so
        // this cannot be less than zero.
        let offset = text.len().saturating_sub(self.rest.len());
        let rest = String::from_utf8_lossy(self.rest);
        let word: String = rest.chars().take_while(|c| c.is_alphanumeric()).take(MAX).collect();
        let found = if word.is_empty() { rest.chars().take(1).collect() } else { word };
        TimeError::new(offset, self.expected, found)
    }
}

impl<'a> Cursor<'a> {
    #[inline]
    fn date_and_clock(&mut self) -> Parsed<'a, PrimitiveDateTime> {
        let weekday = self.letters();
        if !weekday.is_empty() {
            self.mark(b' ', TimePart::Date)?;
            self.skip_spaces();
        }
        if !weekday.is_empty() && self.rest.first().is_some_and(u8::is_ascii_alphabetic) {
            self.name_first()
        } else {
            self.year_first()
        }
    }

    /// `2026-02-21 20:27:09.5`
    #[inline]
    fn year_first(&mut self) -> Parsed<'a, PrimitiveDateTime> {
        let date = self.iso_date()?;
        match self.rest {
            [b'T' | b't', rest @ ..] => self.rest = rest,
            _ => self.spaces()?,
        }
        let clock = self.clock()?;
        let nanosecond = self.fraction()?;
        // Cannot fail: less than a second.
        let clock = clock.replace_nanosecond(nanosecond).unwrap_or(clock);
        Ok(PrimitiveDateTime::new(date, clock))
    }

    /// `2026-02-21`
    #[inline]
    fn iso_date(&mut self) -> Parsed<'a, Date> {
        let year = self.year()?;
        self.mark(b'-', TimePart::Dash)?;
        let start = *self;
        let month = Month::try_from(self.two_digits(TimePart::Month)?)
            .map_err(|_| start.expected(TimePart::Month))?;
        self.mark(b'-', TimePart::Dash)?;
        let start = *self;
        let day = self.two_digits(TimePart::Day)?;
        start.date(year, month, day)
    }

    /// `Feb 21 20:27:33 2026`
    #[inline]
    fn name_first(&mut self) -> Parsed<'a, PrimitiveDateTime> {
        let start = *self;
        let name = <[u8; 3]>::try_from(self.letters()).ok();
        let name = name.map(|name| name.map(|letter| letter.to_ascii_lowercase()));
        let month = name.and_then(|name| MONTHS.iter().find(|(month, _)| **month == name));
        let (_, month) = month.ok_or_else(|| start.expected(TimePart::MonthName))?;
        self.spaces()?;
        let start = *self;
        let day = match self.rest {
            [digit @ b'0'..=b'9', rest @ ..] if !rest.first().is_some_and(u8::is_ascii_digit) => {
                self.rest = rest;
                digit - b'0'
            }
            _ => self.two_digits(TimePart::Day)?,
        };
        self.spaces()?;
        let clock = self.clock()?;
        self.spaces()?;
        let year = self.year()?;
        Ok(PrimitiveDateTime::new(start.date(year, *month, day)?, clock))
    }

    /// The date whose day this cursor stands before.
    #[inline]
    fn date(&self, year: i32, month: Month, day: u8) -> Parsed<'a, Date> {
        Date::from_calendar_date(year, month, day).map_err(|_| self.expected(TimePart::Day))
    }

    #[inline]
    fn year(&mut self) -> Parsed<'a, i32> {
        let start = *self;
        let century =
            self.two_digits(TimePart::Year).map_err(|_| start.expected(TimePart::Year))?;
        let year = self.two_digits(TimePart::Year).map_err(|_| start.expected(TimePart::Year))?;
        Ok(i32::from(century) * 100 + i32::from(year))
    }

    #[inline]
    fn clock(&mut self) -> Parsed<'a, Time> {
        let hour = self.below(24, TimePart::Hour)?;
        self.mark(b':', TimePart::Colon)?;
        let minute = self.below(60, TimePart::Minute)?;
        self.mark(b':', TimePart::Colon)?;
        let start = *self;
        let second = self.below(60, TimePart::Second)?;
        // Cannot fail: each is in its range.
        Time::from_hms(hour, minute, second).map_err(|_| start.expected(TimePart::Second))
    }

    /// `[ "." 1*digit ]` in nanoseconds; what is smaller is cut off.
    #[inline]
    fn fraction(&mut self) -> Parsed<'a, u32> {
        let [b'.', rest @ ..] = self.rest else {
            return Ok(0);
        };
        self.rest = rest;
        if !self.rest.first().is_some_and(u8::is_ascii_digit) {
            return Err(self.expected(TimePart::Fraction));
        }
        let (mut nanoseconds, mut unit) = (0, 100_000_000);
        while let [digit @ b'0'..=b'9', rest @ ..] = self.rest {
            // Nine digits at most: after them, `unit` is 0.
            nanoseconds += u32::from(digit - b'0') * unit;
            unit /= 10;
            self.rest = rest;
        }
        Ok(nanoseconds)
    }

    #[inline]
    fn zone(&mut self) -> Parsed<'a, Option<UtcOffset>> {
        let start = *self;
        let offset = match self.rest {
            [b'A'..=b'Z' | b'a'..=b'z', ..] => {
                let name = self.letters();
                let zone =
                    ZONES.iter().find(|(zone, _)| zone.as_bytes().eq_ignore_ascii_case(name));
                let (_, hours) = zone.ok_or_else(|| start.expected(TimePart::Zone))?;
                UtcOffset::from_hms(*hours, 0, 0)
            }
            [sign @ (b'+' | b'-'), rest @ ..] => {
                self.rest = rest;
                let hours = self.below(24, TimePart::Offset)?;
                let colon = matches!(self.rest, [b':', ..]);
                if colon {
                    self.mark(b':', TimePart::Colon)?;
                }
                let minutes = match self.rest {
                    [b'0'..=b'9', ..] => self.below(60, TimePart::Offset)?,
                    _ if colon => return Err(self.expected(TimePart::Offset)),
                    _ => 0,
                };
                let seconds = (i32::from(hours) * 60 + i32::from(minutes)) * 60;
                UtcOffset::from_whole_seconds(if *sign == b'-' { -seconds } else { seconds })
            }
            _ => return Ok(None),
        };
        // Cannot fail: less than a day.
        offset.map(Some).map_err(|_| start.expected(TimePart::Offset))
    }

    /// Two digits that make less than `limit`.
    #[inline]
    fn below(&mut self, limit: u8, part: TimePart) -> Parsed<'a, u8> {
        let start = *self;
        let number = self.two_digits(part)?;
        if number < limit { Ok(number) } else { Err(start.expected(part)) }
    }

    #[inline]
    fn two_digits(&mut self, part: TimePart) -> Parsed<'a, u8> {
        match self.rest {
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9', rest @ ..] => {
                self.rest = rest;
                Ok((tens - b'0') * 10 + (ones - b'0'))
            }
            _ => Err(self.expected(part)),
        }
    }

    #[inline]
    fn letters(&mut self) -> &'a [u8] {
        let other = |byte: &u8| !byte.is_ascii_alphabetic();
        let end = self.rest.iter().position(other).unwrap_or(self.rest.len());
        // Cannot fail: the end is within the rest.
        let (letters, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        self.rest = rest;
        letters
    }

    #[inline]
    fn skip_spaces(&mut self) {
        while let [b' ', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// One or more.
    #[inline]
    fn spaces(&mut self) -> Parsed<'a, ()> {
        self.mark(b' ', TimePart::Space)?;
        self.skip_spaces();
        Ok(())
    }

    #[inline]
    fn mark(&mut self, mark: u8, part: TimePart) -> Parsed<'a, ()> {
        match self.rest {
            [byte, rest @ ..] if *byte == mark => {
                self.rest = rest;
                Ok(())
            }
            _ => Err(self.expected(part)),
        }
    }

    #[inline]
    fn expected(&self, expected: TimePart) -> Stop<'a> {
        Stop { rest: self.rest, expected }
    }
}

/// An instant as RFC 3339 text, for serde's `with`.
pub(crate) mod rfc3339 {
    use serde::{Serialize, Serializer, ser::Error};
    use time::{OffsetDateTime, format_description::well_known::Rfc3339};

    pub(crate) fn serialize<S: Serializer>(time: &OffsetDateTime, s: S) -> Result<S::Ok, S::Error> {
        time.format(&Rfc3339).map_err(S::Error::custom)?.serialize(s)
    }
}

/// The same for an instant that may be missing.
pub(crate) mod rfc3339_option {
    use serde::Serializer;
    use time::OffsetDateTime;

    pub(crate) fn serialize<S: Serializer>(
        time: &Option<OffsetDateTime>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::rfc3339::serialize(time, s),
            None => s.serialize_none(),
        }
    }
}
