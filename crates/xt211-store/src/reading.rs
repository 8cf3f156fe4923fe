//! A meter's readings, by their own time. Those that cannot be read are passed over: what they were,
//! nobody knows, and if they come again, they are new.

use std::ops::ControlFlow;

use rusqlite::{Connection, params};
use time::OffsetDateTime;
use xt211_message::{Register, Registers};

use crate::{
    MeterKey, Queries, Sequence, StoreError, Transaction, codec,
    failure::Failure,
    instant::{from_nanoseconds, to_nanoseconds},
    record::bytes_of,
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
            let sql = "SELECT time, content FROM record
                       WHERE meter = ?1 AND kind = 0 AND time <= ?2
                       ORDER BY time DESC, sequence DESC";
            let mut newest = None;
            visit_readings(connection, sql, meter, at_or_before, &mut |time, _| {
                newest = Some(time);
                ControlFlow::Break(())
            })?;
            let Some(time) = newest else { return Ok(None) };
            let registers = merged(connection, meter, to_nanoseconds(time)?)?;
            Ok(registers.map(|registers| (time, registers)))
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
    /// changes, unless it is [withdrawn](Self::withdraw). What is there already of that time has to
    /// have other registers, which is for the caller to see to.
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

    /// Takes registers out of what is kept of a time, so that others can take their place. Their
    /// values do not matter.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn withdraw(
        &mut self,
        meter: MeterKey,
        time: OffsetDateTime,
        registers: &Registers<'_>,
    ) -> Result<(), StoreError> {
        let time = self.change(|_| to_nanoseconds(time))?;
        self.change(|connection| {
            for (sequence, there) in rows_at(connection, meter, time)? {
                let stays = |one: &&Register<'static>| registers.get(one.code).is_none();
                let left = registers_from(there.iter().filter(stays).cloned());
                if left.len() < there.len() {
                    let sql = "UPDATE record SET content = ?2 WHERE sequence = ?1";
                    let row = params![sequence, codec::encode(&left)];
                    connection.prepare_cached(sql)?.execute(row)?;
                }
            }
            Ok(())
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
        let Some(registers) = codec::decode(bytes_of(row, 1)?) else { continue };
        if visit(from_nanoseconds(row.get(0)?)?, &registers).is_break() {
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
    let rows = rows_at(connection, meter, time)?.into_iter().map(|(_, registers)| registers);
    Ok(rows.reduce(|first, second| {
        let is_new = |register: &&Register<'static>| first.get(register.code).is_none();
        registers_from(first.iter().chain(second.iter().filter(is_new)).cloned())
    }))
}

/// The rows of one time, in the order in which they came.
fn rows_at(
    connection: &Connection,
    meter: MeterKey,
    time: i64,
) -> Result<Vec<(i64, Registers<'static>)>, Failure> {
    let sql = "SELECT sequence, content FROM record WHERE meter = ?1 AND kind = 0 AND time = ?2
               ORDER BY sequence";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![meter.0, time])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        if let Some(registers) = codec::decode(bytes_of(row, 1)?) {
            all.push((row.get(0)?, registers));
        }
    }
    Ok(all)
}

/// Cannot fail: of these registers, no two have one code.
fn registers_from(registers: impl Iterator<Item = Register<'static>>) -> Registers<'static> {
    Registers::from_vec(registers.collect()).unwrap_or_default()
}
