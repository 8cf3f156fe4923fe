//! What was accepted, by its own time.

use std::ops::ControlFlow;

use rusqlite::{CachedStatement, Connection, Rows, params};
use time::OffsetDateTime;

use crate::{
    MeterKey, Queries, Record, StoreError, Transaction,
    failure::Failure,
    instant::{to_nanoseconds, to_nearest_nanoseconds},
    outbox::cursor,
    record::{COLUMNS, READING, STATE},
    transaction::last_sequence,
};

/// Some of the records. The default is all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// Of one meter only.
    pub meter: Option<MeterKey>,
    /// From this time on.
    pub from: Option<OffsetDateTime>,
    /// Before this time.
    pub to: Option<OffsetDateTime>,
}

impl Range {
    /// The meters that it is about.
    pub(crate) fn meters(&self, connection: &Connection) -> Result<Vec<MeterKey>, Failure> {
        match self.meter {
            Some(meter) => Ok(vec![meter]),
            None => meters(connection),
        }
    }

    /// Its times, in nanoseconds. Without an end, the very last nanosecond of 2262 is missing.
    pub(crate) fn span(&self) -> std::ops::Range<i64> {
        self.from.map_or(i64::MIN, to_nearest_nanoseconds)
            ..self.to.map_or(i64::MAX, to_nearest_nanoseconds)
    }
}

impl Queries {
    /// How many records there are. Counts them one by one.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn record_count(&self) -> Result<u64, StoreError> {
        self.ask(|connection| {
            let mut statement = connection.prepare_cached("SELECT count(*) FROM record")?;
            let count: i64 = statement.query_one((), |row| row.get(0))?;
            Ok(count.unsigned_abs())
        })
    }

    /// Visits the records of a range by their time, and those of one time in the order in which
    /// they came. Holds one of each meter in memory, not all of them.
    ///
    /// As long as this takes, the write-ahead log of the database grows by what is written.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn records(
        &self,
        range: &Range,
        visit: &mut dyn FnMut(Record) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.ask(|connection| {
            let mut statements = Statements::prepare(connection, range)?;
            let mut queues = statements.queues(range)?;
            while let Some(record) = take_oldest(&mut queues)? {
                if visit(record).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }
}

impl Transaction<'_> {
    /// Removes records from before a time, up to a number of them, and returns how many. These
    /// stay:
    ///
    /// - what waits, if `only_forwarded`; without it, what is to be forwarded again stays,
    /// - what was set aside because InfluxDB refused it,
    /// - each meter's newest reading, and the record that came last.
    ///
    /// What a user discarded goes as well, if it has not come again since.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn prune(
        &mut self,
        before: OffsetDateTime,
        only_forwarded: bool,
        limit: usize,
    ) -> Result<u64, StoreError> {
        let before = self.change(|_| to_nanoseconds(before))?;
        self.change(|connection| {
            let sql = "DELETE FROM set_aside WHERE discarded = 1 AND last_at < ?1";
            connection.prepare_cached(sql)?.execute([before])?;
            let last = last_sequence(connection)?;
            let end = if only_forwarded { cursor(connection)? } else { last };
            let sql = "DELETE FROM record WHERE sequence IN (SELECT sequence FROM record
                       WHERE meter = ?1 AND kind = ?2 AND time < ?3 AND sequence <= ?4
                       AND sequence <> (SELECT max(sequence) FROM record)
                       AND NOT (kind = 0 AND time = (SELECT max(time) FROM record AS newest
                                                     WHERE meter = ?1 AND kind = 0))
                       AND NOT EXISTS (SELECT 1 FROM again WHERE sequence = record.sequence)
                       AND NOT EXISTS
                           (SELECT 1 FROM set_aside WHERE set_aside.sequence = record.sequence)
                       LIMIT ?5)";
            let mut statement = connection.prepare_cached(sql)?;
            let mut count = 0;
            for meter in meters(connection)? {
                for kind in [READING, STATE] {
                    let room = i64::try_from(limit.saturating_sub(count)).unwrap_or(i64::MAX);
                    count += statement.execute(params![meter.0, kind, before, end.0, room])?;
                }
            }
            // Cannot truncate: no platform's sizes are wider than 64 bits.
            Ok(count as u64)
        })
    }
}

fn meters(connection: &Connection) -> Result<Vec<MeterKey>, Failure> {
    let mut statement = connection.prepare_cached("SELECT key FROM meter ORDER BY key")?;
    let keys = statement.query_map((), |row| row.get(0).map(MeterKey))?;
    Ok(keys.collect::<Result<_, _>>()?)
}

/// One statement for each meter and kind: the index has the records of each in order of time, and
/// SQLite would sort all of them together before it gave out the first.
struct Statements<'c>(Vec<(MeterKey, i64, CachedStatement<'c>)>);

impl<'c> Statements<'c> {
    fn prepare(connection: &'c Connection, range: &Range) -> Result<Self, Failure> {
        let sql = format!(
            "SELECT {COLUMNS} FROM record
             WHERE meter = ?1 AND kind = ?2 AND time >= ?3 AND time < ?4 ORDER BY time, sequence"
        );
        let mut statements = Vec::new();
        for meter in range.meters(connection)? {
            for kind in [READING, STATE] {
                statements.push((meter, kind, connection.prepare_cached(&sql)?));
            }
        }
        Ok(Self(statements))
    }

    fn queues(&mut self, range: &Range) -> Result<Vec<Queue<'_>>, Failure> {
        let span = range.span();
        let mut queues = Vec::new();
        for (meter, kind, statement) in &mut self.0 {
            let mut rows = statement.query(params![meter.0, *kind, span.start, span.end])?;
            if let Some(first) = next_record(&mut rows)? {
                queues.push(Queue { first, rest: rows });
            }
        }
        Ok(queues)
    }
}

/// Records of one meter and kind.
struct Queue<'s> {
    first: Record,
    rest: Rows<'s>,
}

/// Takes the oldest record of all queues, and removes a queue that has no more.
fn take_oldest(queues: &mut Vec<Queue<'_>>) -> Result<Option<Record>, Failure> {
    let age = |(_, queue): &(usize, &mut Queue<'_>)| (queue.first.time, queue.first.ticket);
    let Some((index, queue)) = queues.iter_mut().enumerate().min_by_key(age) else {
        return Ok(None);
    };
    match next_record(&mut queue.rest)? {
        Some(next) => Ok(Some(std::mem::replace(&mut queue.first, next))),
        None => Ok(Some(queues.swap_remove(index).first)),
    }
}

fn next_record(rows: &mut Rows<'_>) -> Result<Option<Record>, Failure> {
    rows.next()?.map(Record::from_row).transpose()
}
