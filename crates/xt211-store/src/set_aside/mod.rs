//! What is kept although it was not believed, not understood, or refused.

mod changes;
mod digest;
mod queries;
mod selection;

use rusqlite::Row;
use time::OffsetDateTime;
use xt211_message::Registers;

pub use self::selection::Selection;
use crate::{
    MeterKey, Sequence, codec,
    failure::Failure,
    instant::from_nanoseconds,
    record::{bytes_of, some_text_of, text_of},
};

/// The columns that [`SetAside::from_row`] reads, with as much of the content as is wanted.
macro_rules! columns {
    ($content:literal) => {
        concat!(
            "id, at, last_at, times, meter, topic, code, reason, release, kind, ",
            $content,
            ", time, serial, sequence, obstacle, length(content)"
        )
    };
}

const COLUMNS: &str = columns!("content");
/// Of a message only its [beginning](crate::Queries::newest_set_aside).
const BEGINNINGS: &str =
    columns!("CASE kind WHEN 0 THEN substr(content, 1, 16384) ELSE content END");

/// How the file tells contents apart.
const MESSAGE: i64 = 0;
const READING: i64 = 1;
const LINE: i64 = 2;

/// Something that was set aside.
#[derive(Clone, Debug, PartialEq)]
pub struct SetAside {
    /// What users know it by. No id is given twice.
    pub id: i64,
    /// When it was set aside, in UTC.
    pub at: OffsetDateTime,
    /// When the very same came last, in UTC.
    pub last_at: OffsetDateTime,
    /// How often it came, at least once.
    pub times: u64,
    /// Of which meter, if that is known.
    pub meter: Option<MeterKey>,
    /// The topic that it came from.
    pub topic: String,
    /// The reason, as a text that never changes.
    pub code: String,
    /// The reason, for people.
    pub reason: String,
    /// What it is.
    pub content: SetAsideContent,
    /// How large that is in the file, in bytes.
    pub size: u64,
    /// Whether a user asked for it to be released.
    pub release_requested: bool,
    /// Why it could not be released when that was last asked for, for people.
    pub obstacle: Option<String>,
}

/// What was set aside.
#[derive(Clone, Debug, PartialEq)]
pub enum SetAsideContent {
    /// A message, as it came.
    Message(Vec<u8>),
    /// Registers of a reading that were not believed.
    Reading {
        /// When the meter was read, in UTC.
        time: OffsetDateTime,
        /// The registers.
        registers: Registers<'static>,
        /// The serial number that the message gave.
        serial: Option<String>,
    },
    /// A line that InfluxDB refused.
    Line {
        /// The record that the line was made of.
        sequence: Sequence,
        /// The line; empty if the record could not be read.
        line: String,
    },
    /// Something else than what was written: the disk has changed these bytes.
    Unreadable(Vec<u8>),
}

/// Something to set aside.
#[derive(Clone, Copy, Debug)]
pub struct NewSetAside<'a> {
    /// When that is.
    pub at: OffsetDateTime,
    /// Of which meter, if that is known.
    pub meter: Option<MeterKey>,
    /// The topic that it came from.
    pub topic: &'a str,
    /// The reason, as a text that never changes.
    pub code: &'a str,
    /// The reason, for people.
    pub reason: &'a str,
    /// What it is.
    pub content: NewContent<'a>,
}

/// What is to be set aside.
#[derive(Clone, Copy, Debug)]
pub enum NewContent<'a> {
    /// A message, as it came.
    Message(&'a [u8]),
    /// Registers of a reading that were not believed.
    Reading {
        /// When the meter was read.
        time: OffsetDateTime,
        /// The registers.
        registers: &'a Registers<'a>,
        /// The serial number that the message gave.
        serial: Option<&'a str>,
    },
}

/// What became of something that was to be set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filed {
    /// It is there, under this id.
    New(i64),
    /// The very same was there already.
    Known(i64),
    /// The very same was discarded.
    Discarded,
}

impl Filed {
    /// Whether it was not there before.
    #[must_use]
    pub const fn is_new(self) -> bool {
        matches!(self, Self::New(_))
    }
}

/// Why InfluxDB will never take a record.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    /// When it said so.
    pub at: OffsetDateTime,
    /// The topic that the record came from.
    pub topic: &'a str,
    /// The reason, as a text that never changes.
    pub code: &'a str,
    /// The reason, for people.
    pub reason: &'a str,
    /// The line that it refused.
    pub line: &'a str,
}

impl SetAside {
    /// Reads the [`COLUMNS`], or the [`BEGINNINGS`].
    fn from_row(row: &Row<'_>) -> Result<Self, Failure> {
        let times: i64 = row.get(3)?;
        let meter: Option<i64> = row.get(4)?;
        let size: i64 = row.get(15)?;
        Ok(Self {
            id: row.get(0)?,
            at: from_nanoseconds(row.get(1)?)?,
            last_at: from_nanoseconds(row.get(2)?)?,
            times: times.unsigned_abs(),
            meter: meter.map(MeterKey),
            topic: text_of(row, 5)?,
            code: text_of(row, 6)?,
            reason: text_of(row, 7)?,
            release_requested: row.get(8)?,
            content: SetAsideContent::from_row(row)?,
            obstacle: some_text_of(row, 14)?,
            size: size.unsigned_abs(),
        })
    }
}

impl SetAsideContent {
    fn from_row(row: &Row<'_>) -> Result<Self, Failure> {
        let bytes = bytes_of(row, 10)?;
        let known = match row.get(9)? {
            MESSAGE => Some(Self::Message(bytes.to_vec())),
            READING => match codec::decode(bytes) {
                Some(registers) => Some(Self::Reading {
                    time: from_nanoseconds(row.get(11)?)?,
                    registers,
                    serial: some_text_of(row, 12)?,
                }),
                None => None,
            },
            LINE => match str::from_utf8(bytes) {
                Ok(line) => {
                    Some(Self::Line { sequence: Sequence(row.get(13)?), line: line.into() })
                }
                Err(_) => None,
            },
            _ => None,
        };
        Ok(known.unwrap_or_else(|| Self::Unreadable(bytes.to_vec())))
    }
}
