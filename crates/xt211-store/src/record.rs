//! What was accepted.

use rusqlite::Row;
use time::OffsetDateTime;
use xt211_message::Registers;

use crate::{MeterKey, Sequence, codec, failure::Failure, instant::from_nanoseconds};

/// The columns that [`Record::from_row`] reads.
pub(crate) const COLUMNS: &str = "sequence, meter, kind, time, content";

/// How the file tells readings from states.
pub(crate) const READING: i64 = 0;
pub(crate) const STATE: i64 = 1;

/// Something that a meter's module sent and that was accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its place in the outbox.
    pub ticket: Ticket,
    /// Of which meter.
    pub meter: MeterKey,
    /// When the meter was read, or when the module sent its state; in UTC.
    pub time: OffsetDateTime,
    /// What it says.
    pub content: Content,
}

/// What a [`Record`] says.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// What the meter's registers held.
    Reading(Registers<'static>),
    /// The module's message about itself or its battery, as it came.
    State(Vec<u8>),
    /// Something else than what was written: the disk has changed these bytes.
    Unreadable(Vec<u8>),
}

/// What a [`Record`] is forwarded by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket {
    sequence: Sequence,
}

impl Ticket {
    /// The record's number.
    #[must_use]
    pub const fn sequence(self) -> Sequence {
        self.sequence
    }
}

impl Record {
    /// Reads the [`COLUMNS`].
    pub(crate) fn from_row(row: &Row<'_>) -> Result<Self, Failure> {
        Ok(Self {
            ticket: Ticket { sequence: Sequence(row.get(0)?) },
            meter: MeterKey(row.get(1)?),
            time: from_nanoseconds(row.get(3)?)?,
            content: Content::of(row.get(2)?, bytes_of(row, 4)?),
        })
    }
}

impl Content {
    fn of(kind: i64, bytes: &[u8]) -> Self {
        let known = match kind {
            READING => codec::decode(bytes).map(Self::Reading),
            STATE => Some(Self::State(bytes.to_vec())),
            _ => None,
        };
        known.unwrap_or_else(|| Self::Unreadable(bytes.to_vec()))
    }
}

/// The bytes in a column; none if the disk has made something else of it.
pub(crate) fn bytes_of<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r [u8], Failure> {
    Ok(row.get_ref(column)?.as_bytes().unwrap_or_default())
}
