//! What waits to be forwarded.
//!
//! The outbox is a cursor: all records beyond it wait. So a batch that was taken costs one update,
//! however large it is. What is to be forwarded once more, or was passed over, is listed by itself.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};
use time::OffsetDateTime;

use crate::{
    MeterKey, Queries, Range, Record, Sequence, StoreError, Ticket, Transaction,
    failure::Failure,
    instant::to_nanoseconds,
    record::{COLUMNS, READING, STATE},
};

/// The two parts of what waits, up to a number of records each.
pub(crate) const BATCHES: [&str; 2] = [
    // A cross join is not reordered: what is listed is few.
    "SELECT sequence, meter, kind, time, content, serial, checksum
     FROM again CROSS JOIN record USING (sequence) ORDER BY sequence LIMIT ?1",
    "SELECT sequence, meter, kind, time, content, serial, checksum FROM record
     WHERE sequence > (SELECT cursor FROM outbox) ORDER BY sequence LIMIT ?1",
];

impl Queries {
    /// What waits to be forwarded, up to a number of records: first what is to be forwarded again,
    /// then the rest, each in the order in which it came. Takes equally long however much waits.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn waiting(&self, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.ask(|connection| {
            let mut records = Vec::new();
            for sql in BATCHES {
                let room = i64::try_from(limit.saturating_sub(records.len())).unwrap_or(i64::MAX);
                let mut statement = connection.prepare_cached(sql)?;
                let mut rows = statement.query([room])?;
                while let Some(row) = rows.next()? {
                    records.push(Record::from_row(row)?);
                }
            }
            Ok(records)
        })
    }

    /// What came last of what waits, save what is to be forwarded again.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn newest_waiting(&self) -> Result<Option<Record>, StoreError> {
        self.ask(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM record WHERE sequence > (SELECT cursor FROM outbox)
                 ORDER BY sequence DESC LIMIT 1"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(())?;
            rows.next()?.map(Record::from_row).transpose()
        })
    }

    /// How many records of each meter wait, for meters that have any. Counts them one by one.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn waiting_counts(&self) -> Result<Vec<(MeterKey, u64)>, StoreError> {
        self.ask(|connection| {
            let sql = "SELECT meter, count(*) FROM (
                           SELECT meter FROM record WHERE sequence > (SELECT cursor FROM outbox)
                           UNION ALL SELECT meter FROM again CROSS JOIN record USING (sequence)
                       ) GROUP BY meter ORDER BY meter";
            let mut statement = connection.prepare_cached(sql)?;
            let counts = statement.query_map((), |row| {
                let count: i64 = row.get(1)?;
                Ok((MeterKey(row.get(0)?), count.unsigned_abs()))
            })?;
            Ok(counts.collect::<Result<_, _>>()?)
        })
    }

    /// How many records [`forward_range`](Transaction::forward_range) would put into the outbox.
    /// Counts them one by one.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn forwardable_count(&self, range: &Range) -> Result<u64, StoreError> {
        self.ask(|connection| {
            let sql = format!("SELECT count(*) {FORWARDABLE}");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut count = 0;
            each_part(connection, range, |part| {
                let more: i64 = statement.query_one(part, |row| row.get(0))?;
                count += more.unsigned_abs();
                Ok(())
            })?;
            Ok(count)
        })
    }
}

impl Transaction<'_> {
    /// Says that records were taken, at a time; or that they make nothing that could be, then
    /// without one. They wait no more; what was passed over goes on waiting. Tickets of records
    /// that are not there are passed over.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn forwarded(
        &mut self,
        tickets: &[Ticket],
        at: Option<OffsetDateTime>,
    ) -> Result<(), StoreError> {
        let at = self.change(|_| at.map(to_nanoseconds).transpose())?;
        self.change(|connection| {
            let sql = "UPDATE meter SET forwarded_at = coalesce(?2, forwarded_at) WHERE key = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            for meter in take_out(connection, tickets)? {
                statement.execute(params![meter.0, at])?;
            }
            Ok(())
        })
    }

    /// Puts a record into the outbox once more, unless it waits there. Returns whether there is
    /// one of that number.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn forward_again(&mut self, sequence: Sequence) -> Result<bool, StoreError> {
        self.change(|connection| {
            let is_there = meter_of(connection, sequence)?.is_some();
            if is_there && sequence <= cursor(connection)? {
                let sql = "INSERT OR IGNORE INTO again (sequence) VALUES (?1)";
                connection.prepare_cached(sql)?.execute([sequence.0])?;
            }
            Ok(is_there)
        })
    }

    /// Puts all records of a range into the outbox once more, and returns how many they are: not
    /// those that wait there, nor those that InfluxDB refused.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn forward_range(&mut self, range: &Range) -> Result<u64, StoreError> {
        self.change(|connection| {
            let sql = format!("INSERT INTO again (sequence) SELECT sequence {FORWARDABLE}");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut count = 0;
            each_part(connection, range, |part| {
                // Cannot truncate: no platform's sizes are wider than 64 bits.
                count += statement.execute(part)? as u64;
                Ok(())
            })?;
            Ok(count)
        })
    }
}

/// The records of a [part](each_part) of a range that can be forwarded again.
const FORWARDABLE: &str = "FROM record WHERE meter = ?1 AND kind = ?2 AND time >= ?3 AND time < ?4
    AND sequence <= ?5 AND NOT EXISTS (SELECT 1 FROM again WHERE sequence = record.sequence)
    AND NOT EXISTS (SELECT 1 FROM set_aside WHERE set_aside.sequence = record.sequence)";

/// Does something for each meter and kind of a range, which the index has by themselves.
fn each_part(
    connection: &Connection,
    range: &Range,
    mut work: impl FnMut([i64; 5]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (span, cursor) = (range.span(), cursor(connection)?);
    for meter in range.meters(connection)? {
        for kind in [READING, STATE] {
            work([meter.0, kind, span.start, span.end, cursor.0])?;
        }
    }
    Ok(())
}

/// Sees to it that records wait no more, and returns which meters they are of.
pub(crate) fn take_out(
    connection: &Connection,
    tickets: &[Ticket],
) -> Result<BTreeSet<MeterKey>, Failure> {
    let cursor = cursor(connection)?;
    let mut meters = BTreeSet::new();
    let mut beyond = BTreeSet::new();
    for ticket in tickets {
        let sequence = ticket.sequence();
        let Some(meter) = meter_of(connection, sequence)? else { continue };
        meters.insert(meter);
        if sequence > cursor {
            beyond.insert(sequence);
        } else {
            unlist(connection, sequence)?;
        }
    }
    if let Some(last) = beyond.last() {
        list_passed_over(connection, cursor, *last, &beyond)?;
        connection.prepare_cached("UPDATE outbox SET cursor = ?1")?.execute([last.0])?;
    }
    Ok(meters)
}

/// Lists what the cursor moves over but was not taken, so that it goes on waiting.
fn list_passed_over(
    connection: &Connection,
    cursor: Sequence,
    last: Sequence,
    taken: &BTreeSet<Sequence>,
) -> Result<(), Failure> {
    let span = [cursor.0, last.0];
    let sql = "SELECT count(*) FROM record WHERE sequence > ?1 AND sequence <= ?2";
    let count: i64 = connection.prepare_cached(sql)?.query_one(span, |row| row.get(0))?;
    if usize::try_from(count) == Ok(taken.len()) {
        return Ok(());
    }
    let sql = "INSERT OR IGNORE INTO again (sequence)
               SELECT sequence FROM record WHERE sequence > ?1 AND sequence <= ?2";
    connection.prepare_cached(sql)?.execute(span)?;
    taken.iter().try_for_each(|sequence| unlist(connection, *sequence))
}

fn unlist(connection: &Connection, sequence: Sequence) -> Result<(), Failure> {
    connection.prepare_cached("DELETE FROM again WHERE sequence = ?1")?.execute([sequence.0])?;
    Ok(())
}

/// The last record that does not wait, or would not if it were not listed.
pub(crate) fn cursor(connection: &Connection) -> Result<Sequence, Failure> {
    let mut statement = connection.prepare_cached("SELECT cursor FROM outbox")?;
    Ok(Sequence(statement.query_one((), |row| row.get(0))?))
}

/// Which meter a record is of, if there is such a record.
pub(crate) fn meter_of(
    connection: &Connection,
    sequence: Sequence,
) -> Result<Option<MeterKey>, Failure> {
    let mut statement =
        connection.prepare_cached("SELECT meter FROM record WHERE sequence = ?1")?;
    Ok(statement.query_row([sequence.0], |row| row.get(0).map(MeterKey)).optional()?)
}
