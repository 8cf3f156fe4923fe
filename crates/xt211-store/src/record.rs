//! What was accepted.

use rusqlite::{Connection, Row, params, types::ValueRef};
use time::OffsetDateTime;
use xt211_message::Registers;

use crate::{
    MeterKey, Sequence, checksum::checksum, codec, failure::Failure, instant::from_nanoseconds,
};

/// The columns that [`Record::from_row`] reads.
pub(crate) const COLUMNS: &str = "sequence, meter, kind, time, content, serial, checksum";

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
    /// The serial number that the message told, if the content does not.
    pub serial: Option<String>,
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

/// A row of `record`, as it is there.
pub(crate) struct Columns<'r> {
    pub(crate) meter: MeterKey,
    pub(crate) kind: i64,
    /// In nanoseconds.
    pub(crate) time: i64,
    pub(crate) content: &'r [u8],
    pub(crate) serial: Option<&'r str>,
}

impl Columns<'_> {
    pub(crate) fn checksum(&self) -> u32 {
        let Self { meter, kind, time, content, serial } = self;
        let numbers = [meter.0.to_le_bytes(), kind.to_le_bytes(), time.to_le_bytes()];
        checksum(&[numbers.as_flattened(), content, serial.unwrap_or_default().as_bytes()])
    }

    /// Adds the row.
    pub(crate) fn insert(
        &self,
        connection: &Connection,
        sequence: Sequence,
    ) -> Result<Sequence, Failure> {
        let sql = "INSERT INTO record (sequence, meter, kind, time, content, serial, checksum)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let Self { meter, kind, time, content, serial } = self;
        let row = params![sequence.0, meter.0, kind, time, content, serial, self.checksum()];
        connection.prepare_cached(sql)?.execute(row)?;
        Ok(sequence)
    }
}

impl Record {
    /// Reads the [`COLUMNS`].
    pub(crate) fn from_row(row: &Row<'_>) -> Result<Self, Failure> {
        let columns = Columns {
            meter: MeterKey(row.get(1)?),
            kind: row.get(2)?,
            time: row.get(3)?,
            content: bytes_of(row, 4)?,
            serial: str::from_utf8(bytes_of(row, 5)?).ok().filter(|serial| !serial.is_empty()),
        };
        let is_sound = row.get::<_, i64>(6)? == i64::from(columns.checksum());
        let Columns { meter, kind, time, content, serial } = columns;
        let known = match kind {
            READING => codec::decode(content).map(Content::Reading),
            STATE => Some(Content::State(content.to_vec())),
            _ => None,
        };
        Ok(Self {
            ticket: Ticket { sequence: Sequence(row.get(0)?) },
            meter,
            time: from_nanoseconds(time)?,
            content: known
                .filter(|_| is_sound)
                .unwrap_or_else(|| Content::Unreadable(content.to_vec())),
            serial: serial.map(String::from),
        })
    }

    /// What the registers held, if it is a reading that can be read.
    pub(crate) fn into_reading(self) -> Option<Registers<'static>> {
        match self.content {
            Content::Reading(registers) => Some(registers),
            Content::State(_) | Content::Unreadable(_) => None,
        }
    }
}

/// The bytes in a column; none if there are none, or if the disk has made a number of them.
pub(crate) fn bytes_of<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r [u8], Failure> {
    Ok(row.get_ref(column)?.as_bytes().unwrap_or_default())
}

/// The text in a column, as far as it is still text.
pub(crate) fn text_of(row: &Row<'_>, column: usize) -> Result<String, Failure> {
    Ok(String::from_utf8_lossy(bytes_of(row, column)?).into_owned())
}

/// The same, if there is one.
pub(crate) fn some_text_of(row: &Row<'_>, column: usize) -> Result<Option<String>, Failure> {
    let is_there = row.get_ref(column)? != ValueRef::Null;
    is_there.then(|| text_of(row, column)).transpose()
}
