//! Setting aside, and what users do about it.

use rusqlite::{Connection, OptionalExtension, params};

use super::{LINE, MESSAGE, NewContent, NewSetAside, READING, Refusal, digest::digest};
use crate::{
    MeterKey, Sequence, StoreError, Ticket, Transaction, codec,
    failure::Failure,
    instant::to_nanoseconds,
    outbox::{meter_of, take_out},
};

impl Transaction<'_> {
    /// Sets something aside, and returns its id and whether it is new. The very same of one topic is
    /// kept once: when it comes again, it is counted, even if it was discarded.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn set_aside(&mut self, entry: &NewSetAside<'_>) -> Result<(i64, bool), StoreError> {
        let row = self.change(|_| Row::of(entry))?;
        self.change(|connection| row.insert_or_count(connection))
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
            let Refusal { topic, code, reason, line, at: _ } = *refusal;
            let row = Row {
                kind: LINE,
                content: line.as_bytes().to_vec(),
                sequence: Some(ticket.sequence()),
                ..Row::new(at, Some(meter), [topic, code, reason])
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

/// A new row.
struct Row<'a> {
    at: i64,
    meter: Option<MeterKey>,
    topic: &'a str,
    code: &'a str,
    reason: &'a str,
    kind: i64,
    content: Vec<u8>,
    time: Option<i64>,
    serial: Option<&'a str>,
    sequence: Option<Sequence>,
}

impl<'a> Row<'a> {
    /// Without a content.
    fn new(at: i64, meter: Option<MeterKey>, [topic, code, reason]: [&'a str; 3]) -> Self {
        let (kind, content, time, serial, sequence) = (MESSAGE, Vec::new(), None, None, None);
        Self { at, meter, topic, code, reason, kind, content, time, serial, sequence }
    }

    fn of(entry: &NewSetAside<'a>) -> Result<Self, Failure> {
        let NewSetAside { at, meter, topic, code, reason, content } = *entry;
        let row = Self::new(to_nanoseconds(at)?, meter, [topic, code, reason]);
        Ok(match content {
            NewContent::Message(message) => Self { content: message.to_vec(), ..row },
            NewContent::Reading { time, registers, serial } => Self {
                kind: READING,
                content: codec::encode(registers),
                time: Some(to_nanoseconds(time)?),
                serial,
                ..row
            },
        })
    }

    /// Returns its id, and whether it is new.
    fn insert_or_count(&self, connection: &Connection) -> Result<(i64, bool), Failure> {
        let digest = digest(&[self.topic.as_bytes(), &self.kind.to_le_bytes(), &self.content]);
        let sql = "UPDATE set_aside SET times = times + 1, last_at = max(last_at, ?1) WHERE id =
                       (SELECT id FROM set_aside WHERE digest = ?2 AND topic = ?3 AND kind = ?4
                        AND content = ?5 AND time IS ?6 AND serial IS ?7 AND sequence IS ?8)
                   RETURNING id";
        let sequence = self.sequence.map(i64::from);
        let same: Option<i64> = connection
            .prepare_cached(sql)?
            .query_row(
                params![
                    self.at,
                    digest,
                    self.topic,
                    self.kind,
                    self.content,
                    self.time,
                    self.serial,
                    sequence
                ],
                |row| row.get(0),
            )
            .optional()?;
        if let Some(id) = same {
            return Ok((id, false));
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
            sequence,
            digest
        ];
        connection.prepare_cached(sql)?.execute(row)?;
        Ok((connection.last_insert_rowid(), true))
    }
}
