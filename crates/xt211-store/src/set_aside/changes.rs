//! Setting aside, and what users do about it.

use std::borrow::Cow;

use rusqlite::{Connection, OptionalExtension, params};
use time::OffsetDateTime;
use xt211_message::{Register, Registers, Value};

use super::{
    COLUMNS, Filed, LINE, MESSAGE, NewContent, NewSetAside, READING, Refusal, SetAside,
    digest::digest,
};
use crate::{
    MeterKey, Sequence, StoreError, Ticket, Transaction, codec,
    failure::Failure,
    instant::to_nanoseconds,
    outbox::{meter_of, take_out},
    reading::registers_from,
    record::bytes_of,
};

impl Transaction<'_> {
    /// Sets something aside. The very same of one topic is kept once: when it comes again, it is
    /// counted, even if it was discarded.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn set_aside(&mut self, entry: &NewSetAside<'_>) -> Result<Filed, StoreError> {
        let row = self.change(|_| Row::of(entry))?;
        self.change(|connection| row.insert_or_count(connection))
    }

    /// Counts that an entry has come again.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn count_again(&mut self, id: i64, at: OffsetDateTime) -> Result<(), StoreError> {
        let at = self.change(|_| to_nanoseconds(at))?;
        self.change(|connection| count_again(connection, id, at))
    }

    /// The entry of the very same message of a topic, and whether it was discarded.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn set_aside_message(
        &mut self,
        topic: &str,
        message: &[u8],
    ) -> Result<Option<(SetAside, bool)>, StoreError> {
        self.change(|connection| {
            let row = Row { content: message.into(), ..Row::new(0, None, [topic, "", ""]) };
            let Some((id, is_discarded)) = row.same(connection)? else { return Ok(None) };
            let sql = format!("SELECT {COLUMNS} FROM set_aside WHERE id = ?1");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query([id])?;
            let entry = rows.next()?.map(SetAside::from_row).transpose()?;
            Ok(entry.map(|entry| (entry, is_discarded)))
        })
    }

    /// Takes out of a reading that has come again the numbers that were discarded of it, which is
    /// counted. `None` if that is nothing.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn without_discarded(
        &mut self,
        meter: MeterKey,
        time: OffsetDateTime,
        registers: &Registers<'_>,
        at: OffsetDateTime,
    ) -> Result<Option<Registers<'static>>, StoreError> {
        let (time, at) = self.change(|_| Ok((to_nanoseconds(time)?, to_nanoseconds(at)?)))?;
        self.change(|connection| {
            let sql = "SELECT id, content FROM set_aside
                       WHERE meter = ?1 AND time = ?2 AND discarded = 1 AND kind = 1";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query(params![meter.0, time])?;
            let mut left = None;
            while let Some(row) = rows.next()? {
                let Some(discarded) = codec::decode(bytes_of(row, 1)?) else { continue };
                let here = left.as_ref().unwrap_or(registers);
                // A text, such as the serial number, says nothing that could be wrong by itself.
                let stays = |one: &&Register<'_>| {
                    matches!(one.value, Value::Text(_))
                        || discarded.get(one.code) != Some(&one.value)
                };
                let staying =
                    registers_from(here.iter().filter(stays).cloned().map(Register::into_owned));
                if staying.len() < here.len() {
                    count_again(connection, row.get(0)?, at)?;
                    left = Some(staying);
                }
            }
            Ok(left)
        })
    }

    /// Says that InfluxDB will never take a record: it waits no more, and its line is set aside.
    /// Returns whether there is such a record.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn refuse(&mut self, ticket: Ticket, refusal: &Refusal<'_>) -> Result<bool, StoreError> {
        let at = self.change(|_| to_nanoseconds(refusal.at))?;
        self.change(|connection| {
            let Some(meter) = meter_of(connection, ticket.sequence())? else {
                return Ok(false);
            };
            take_out(connection, &[ticket])?;
            // The disk may have changed that as well.
            let sql = "SELECT key FROM meter WHERE key = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let meter = statement.query_row([meter.0], |row| row.get(0)).optional()?.map(MeterKey);
            let Refusal { topic, code, reason, line, at: _ } = *refusal;
            let row = Row {
                kind: LINE,
                content: line.as_bytes().into(),
                sequence: Some(ticket.sequence()),
                ..Row::new(at, meter, [topic, code, reason])
            };
            row.insert_or_count(connection)?;
            Ok(true)
        })
    }

    /// Removes an entry that was released, and returns whether it was there, not discarded.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn remove_set_aside(&mut self, id: i64) -> Result<bool, StoreError> {
        self.change(|connection| {
            let sql = "DELETE FROM set_aside WHERE id = ?1 RETURNING discarded = 0";
            let counted = connection.prepare_cached(sql)?.query_row([id], |row| row.get(0));
            Ok(counted.optional()?.unwrap_or(false))
        })
    }

    /// Puts an entry out of sight, and returns whether it was there. It is known by when it comes
    /// again, until it is [pruned](Self::prune).
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn discard(&mut self, id: i64) -> Result<bool, StoreError> {
        let sql = "UPDATE set_aside SET discarded = 1, release = 0 WHERE id = ?1 AND discarded = 0";
        self.change_entry(sql, id)
    }

    /// Asks the bridge to release an entry, and returns whether it is there; see
    /// [`releases`](crate::Queries::releases).
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn request_release(&mut self, id: i64) -> Result<bool, StoreError> {
        let sql = "UPDATE set_aside SET release = 1, obstacle = NULL
                   WHERE id = ?1 AND discarded = 0";
        self.change_entry(sql, id)
    }

    /// Says that an entry cannot be released, and why, for people: it is asked for no more.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn refuse_release(&mut self, id: i64, obstacle: &str) -> Result<bool, StoreError> {
        self.change(|connection| {
            let sql = "UPDATE set_aside SET release = 0, obstacle = ?2 WHERE id = ?1";
            Ok(connection.prepare_cached(sql)?.execute(params![id, obstacle])? > 0)
        })
    }

    fn change_entry(&mut self, sql: &str, id: i64) -> Result<bool, StoreError> {
        self.change(|connection| Ok(connection.prepare_cached(sql)?.execute([id])? > 0))
    }
}

/// Counts that an entry has come again.
fn count_again(connection: &Connection, id: i64, at: i64) -> Result<(), Failure> {
    let sql = "UPDATE set_aside SET times = times + 1, last_at = max(last_at, ?2) WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![id, at])?;
    Ok(())
}

/// A new row.
struct Row<'a> {
    at: i64,
    meter: Option<MeterKey>,
    topic: &'a str,
    code: &'a str,
    reason: &'a str,
    kind: i64,
    content: Cow<'a, [u8]>,
    time: Option<i64>,
    serial: Option<&'a str>,
    sequence: Option<Sequence>,
}

impl<'a> Row<'a> {
    /// Without a content.
    fn new(at: i64, meter: Option<MeterKey>, [topic, code, reason]: [&'a str; 3]) -> Self {
        let (kind, content, time, serial, sequence) = (MESSAGE, Cow::default(), None, None, None);
        Self { at, meter, topic, code, reason, kind, content, time, serial, sequence }
    }

    fn of(entry: &NewSetAside<'a>) -> Result<Self, Failure> {
        let NewSetAside { at, meter, topic, code, reason, content } = *entry;
        let row = Self::new(to_nanoseconds(at)?, meter, [topic, code, reason]);
        Ok(match content {
            NewContent::Message(message) => Self { content: message.into(), ..row },
            NewContent::Reading { time, registers, serial } => Self {
                kind: READING,
                content: codec::encode(registers).into(),
                time: Some(to_nanoseconds(time)?),
                serial,
                ..row
            },
        })
    }

    fn insert_or_count(&self, connection: &Connection) -> Result<Filed, Failure> {
        if let Some((id, is_discarded)) = self.same(connection)? {
            count_again(connection, id, self.at)?;
            return Ok(if is_discarded { Filed::Discarded } else { Filed::Known(id) });
        }
        let sql = "INSERT INTO set_aside (at, last_at, meter, topic, code, reason, kind, content,
                                          time, serial, sequence, digest)
                   VALUES (?1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
        let row = params![
            self.at,
            self.meter.map(i64::from),
            self.topic,
            self.code,
            self.reason,
            self.kind,
            self.content,
            self.time,
            self.serial,
            self.sequence.map(i64::from),
            self.digest()
        ];
        connection.prepare_cached(sql)?.execute(row)?;
        Ok(Filed::New(connection.last_insert_rowid()))
    }

    /// The id of the very same, if it is there, and whether it was discarded.
    fn same(&self, connection: &Connection) -> Result<Option<(i64, bool)>, Failure> {
        let sql = "SELECT id, discarded FROM set_aside WHERE digest = ?1 AND topic = ?2
                   AND kind = ?3 AND content = ?4 AND time IS ?5 AND serial IS ?6
                   AND sequence IS ?7";
        let sequence = self.sequence.map(i64::from);
        let Self { topic, kind, content, time, serial, .. } = self;
        let row = params![self.digest(), topic, kind, content, time, serial, sequence];
        let mut statement = connection.prepare_cached(sql)?;
        Ok(statement.query_row(row, |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    fn digest(&self) -> i64 {
        digest(&[self.topic.as_bytes(), &self.kind.to_le_bytes(), &self.content])
    }
}
