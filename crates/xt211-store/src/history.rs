//! What was accepted, by its own time.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    ops::ControlFlow,
};

use rusqlite::{CachedStatement, Connection, params};
use time::OffsetDateTime;

use crate::{
    MeterKey, Queries, Record, StoreError, Ticket, Transaction,
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
    /// they came. Holds some thousands in memory, and one or two of each meter, not all of them.
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
            let mut queues = Queues::new(connection, range)?;
            while let Some(record) = queues.next()? {
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

/// All meters, in the order in which they were added.
pub(crate) fn meters(connection: &Connection) -> Result<Vec<MeterKey>, Failure> {
    let mut statement = connection.prepare_cached("SELECT key FROM meter ORDER BY key")?;
    let keys = statement.query_map((), |row| row.get(0).map(MeterKey))?;
    Ok(keys.collect::<Result<_, _>>()?)
}

/// How many records are read ahead, of all meters together.
const AHEAD: usize = 4_096;

/// The records of a range, oldest first: a queue for each meter and kind, since the index has those
/// in order of time, and SQLite would sort all of them together before it gave out the first.
///
/// A queue is read page by page. A statement left open for each would cost SQLite time for every
/// other one.
struct Queues<'c> {
    statement: CachedStatement<'c>,
    /// How many records a page has.
    page: usize,
    span: std::ops::Range<i64>,
    queues: Vec<Queue>,
    /// The first of each queue that has one: its time, its ticket, and the queue's index.
    first: BinaryHeap<Reverse<(OffsetDateTime, Ticket, usize)>>,
}

/// Records of one meter and kind.
struct Queue {
    meter: MeterKey,
    kind: i64,
    records: VecDeque<Record>,
}

impl<'c> Queues<'c> {
    fn new(connection: &'c Connection, range: &Range) -> Result<Self, Failure> {
        let sql = format!(
            "SELECT {COLUMNS} FROM record
             WHERE meter = ?1 AND kind = ?2 AND (time, sequence) > (?3, ?4) AND time < ?5
             ORDER BY time, sequence LIMIT ?6"
        );
        let meters = range.meters(connection)?;
        let queue = |(meter, kind)| Queue { meter, kind, records: VecDeque::new() };
        let kinds = meters.into_iter().flat_map(|meter| [(meter, READING), (meter, STATE)]);
        let queues: Vec<_> = kinds.map(queue).collect();
        let mut all = Self {
            statement: connection.prepare_cached(&sql)?,
            page: (AHEAD / queues.len().max(1)).max(1),
            span: range.span(),
            first: BinaryHeap::with_capacity(queues.len()),
            queues,
        };
        for index in 0..all.queues.len() {
            all.read_on(index, (all.span.start, i64::MIN))?;
        }
        Ok(all)
    }

    /// Takes the oldest record.
    fn next(&mut self) -> Result<Option<Record>, Failure> {
        let Some(Reverse((_, _, index))) = self.first.pop() else { return Ok(None) };
        let Some(queue) = self.queues.get_mut(index) else { return Ok(None) };
        let Some(oldest) = queue.records.pop_front() else { return Ok(None) };
        if queue.records.is_empty() {
            self.read_on(index, (to_nanoseconds(oldest.time)?, oldest.ticket.sequence().0))?;
        } else {
            self.note_first(index);
        }
        Ok(Some(oldest))
    }

    /// Reads a queue's records from behind a time and a sequence number.
    fn read_on(&mut self, index: usize, (time, sequence): (i64, i64)) -> Result<(), Failure> {
        let Some(queue) = self.queues.get_mut(index) else { return Ok(()) };
        let page = i64::try_from(self.page).unwrap_or(i64::MAX);
        let row = params![queue.meter.0, queue.kind, time, sequence, self.span.end, page];
        let mut rows = self.statement.query(row)?;
        while let Some(row) = rows.next()? {
            queue.records.push_back(Record::from_row(row)?);
        }
        drop(rows);
        self.note_first(index);
        Ok(())
    }

    fn note_first(&mut self, index: usize) {
        let queue = self.queues.get(index);
        if let Some(first) = queue.and_then(|queue| queue.records.front()) {
            self.first.push(Reverse((first.time, first.ticket, index)));
        }
    }
}
