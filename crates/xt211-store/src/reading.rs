//! A meter's readings, by their own time.

use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension, Row, params};
use time::OffsetDateTime;
use xt211_message::{Register, Registers};

use crate::{
    MeterKey, Queries, Sequence, StoreError, Transaction, codec,
    failure::Failure,
    instant::{from_nanoseconds, to_nanoseconds},
};

impl Queries {
    /// What a meter's registers held at one time: all rows of that time in one. Where two of them
    /// have the same register, the first stays.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn reading_at(
        &self,
        meter: MeterKey,
        time: OffsetDateTime,
    ) -> Result<Option<Registers<'static>>, StoreError> {
        self.ask(|connection| merged(connection, meter, to_nanoseconds(time)?))
    }

    /// The newest reading of a meter up to a time (and at it): all rows of its time in one.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn newest_reading(
        &self,
        meter: MeterKey,
        at_or_before: OffsetDateTime,
    ) -> Result<Option<(OffsetDateTime, Registers<'static>)>, StoreError> {
        self.ask(|connection| {
            let sql = "SELECT time FROM record WHERE meter = ?1 AND kind = 0 AND time <= ?2
                       ORDER BY time DESC LIMIT 1";
            let newest: Option<i64> = connection
                .prepare_cached(sql)?
                .query_row(params![meter.0, to_nanoseconds(at_or_before)?], |row| row.get(0))
                .optional()?;
            let Some(time) = newest else { return Ok(None) };
            let Some(registers) = merged(connection, meter, time)? else { return Ok(None) };
            Ok(Some((from_nanoseconds(time)?, registers)))
        })
    }

    /// Visits the readings of a meter before a time, the newest first, row by row: a time may come
    /// more than once, with different registers.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn readings_before(
        &self,
        meter: MeterKey,
        time: OffsetDateTime,
        visit: &mut dyn FnMut(OffsetDateTime, &Registers<'static>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let sql = "SELECT time, content FROM record WHERE meter = ?1 AND kind = 0 AND time < ?2
                   ORDER BY time DESC, sequence DESC";
        self.ask(|connection| visit_readings(connection, sql, meter, time, visit))
    }

    /// Visits the readings of a meter after a time, the oldest first, row by row: a time may come
    /// more than once, with different registers.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn readings_after(
        &self,
        meter: MeterKey,
        time: OffsetDateTime,
        visit: &mut dyn FnMut(OffsetDateTime, &Registers<'static>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let sql = "SELECT time, content FROM record WHERE meter = ?1 AND kind = 0 AND time > ?2
                   ORDER BY time, sequence";
        self.ask(|connection| visit_readings(connection, sql, meter, time, visit))
    }
}

impl Transaction<'_> {
    /// Keeps what a meter's registers held at a time, and puts it into the outbox. It never
    /// changes. What is there already of that time has to have other registers, which is for the
    /// caller to see to.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn append_reading(
        &mut self,
        meter: MeterKey,
        time: OffsetDateTime,
        registers: &Registers<'_>,
    ) -> Result<Sequence, StoreError> {
        let time = self.change(|_| to_nanoseconds(time))?;
        let sequence = self.next_sequence()?;
        self.change(|connection| {
            let sql = "INSERT INTO record (sequence, meter, kind, time, content)
                       VALUES (?1, ?2, 0, ?3, ?4)";
            let row = params![sequence.0, meter.0, time, codec::encode(registers)];
            connection.prepare_cached(sql)?.execute(row)?;
            Ok(sequence)
        })
    }
}

fn visit_readings(
    connection: &Connection,
    sql: &str,
    meter: MeterKey,
    time: OffsetDateTime,
    visit: &mut dyn FnMut(OffsetDateTime, &Registers<'static>) -> ControlFlow<()>,
) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![meter.0, to_nanoseconds(time)?])?;
    while let Some(row) = rows.next()? {
        if visit(from_nanoseconds(row.get(0)?)?, &registers_of(row, 1)?).is_break() {
            break;
        }
    }
    Ok(())
}

/// All rows of one time in one.
fn merged(
    connection: &Connection,
    meter: MeterKey,
    time: i64,
) -> Result<Option<Registers<'static>>, Failure> {
    let sql = "SELECT content FROM record WHERE meter = ?1 AND kind = 0 AND time = ?2
               ORDER BY sequence";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![meter.0, time])?;
    let mut all: Option<Registers<'static>> = None;
    while let Some(row) = rows.next()? {
        let registers = registers_of(row, 0)?;
        all = Some(match all {
            None => registers,
            Some(first) => merge(&first, &registers),
        });
    }
    Ok(all)
}

/// The registers of both; of those that both have, the first's.
fn merge(first: &Registers<'static>, second: &Registers<'static>) -> Registers<'static> {
    let is_new = |register: &&Register<'static>| first.get(register.code).is_none();
    let all = first.iter().chain(second.iter().filter(is_new)).cloned().collect();
    // Cannot fail: each has every code once, and together they do.
    Registers::from_vec(all).unwrap_or_default()
}

/// Reads the registers in a column.
pub(crate) fn registers_of(row: &Row<'_>, column: usize) -> Result<Registers<'static>, Failure> {
    let bytes = row.get_ref(column)?.as_blob();
    codec::decode(bytes.map_err(|error| Failure::Damaged(error.to_string()))?)
}
