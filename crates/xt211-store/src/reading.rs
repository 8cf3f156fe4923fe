//! A meter's readings, by their own time. Those that cannot be read are passed over: what they were,
//! nobody knows, and if they come again, they are new.

use std::ops::ControlFlow;

use rusqlite::{Connection, params};
use time::OffsetDateTime;
use xt211_message::{Register, Registers};

use crate::{
    Content, MeterKey, Queries, Record, Sequence, StoreError, Transaction, codec,
    failure::Failure,
    history::meters,
    instant::to_nanoseconds,
    record::{COLUMNS, Columns, READING},
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
            let mut newest = None;
            visit_newest(connection, meter, at_or_before, &mut |time| newest = Some(time))?;
            let Some(time) = newest else { return Ok(None) };
            let registers = merged(connection, meter, to_nanoseconds(time)?)?;
            Ok(registers.map(|registers| (time, registers)))
        })
    }

    /// The time of the newest reading of any meter, up to a time (and at it).
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn newest_reading_time(
        &self,
        at_or_before: OffsetDateTime,
    ) -> Result<Option<OffsetDateTime>, StoreError> {
        self.ask(|connection| {
            let mut newest = None;
            for meter in meters(connection)? {
                visit_newest(connection, meter, at_or_before, &mut |time| {
                    newest = newest.max(Some(time));
                })?;
            }
            Ok(newest)
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
        let span = "time < ?2 ORDER BY time DESC, sequence DESC";
        self.ask(|connection| visit_readings(connection, span, meter, time, visit))
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
        let span = "time > ?2 ORDER BY time, sequence";
        self.ask(|connection| visit_readings(connection, span, meter, time, visit))
    }
}

impl Transaction<'_> {
    /// Keeps what a meter's registers held at a time, and puts it into the outbox. It never
    /// changes, unless it is [withdrawn](Self::withdraw). What is there already of that time has to
    /// have other registers, which is for the caller to see to. The serial number is the one that
    /// the message told, also where these registers do not have it.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn append_reading(
        &mut self,
        meter: MeterKey,
        time: OffsetDateTime,
        registers: &Registers<'_>,
        serial: Option<&str>,
    ) -> Result<Sequence, StoreError> {
        let time = self.change(|_| to_nanoseconds(time))?;
        let sequence = self.next_sequence()?;
        let serial = serial.filter(|serial| registers.serial() != Some(serial));
        let content = codec::encode(registers);
        let row = Columns { meter, kind: READING, time, content: &content, serial };
        self.change(|connection| row.insert(connection, sequence))
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
            for Record { ticket, content, serial, .. } in records_at(connection, meter, time)? {
                let Content::Reading(there) = content else { continue };
                let stays = |one: &&Register<'static>| registers.get(one.code).is_none();
                let left = registers_from(there.iter().filter(stays).cloned());
                if left.len() == there.len() {
                    continue;
                }
                let content = codec::encode(&left);
                let serial = serial.as_deref();
                let row = Columns { meter, kind: READING, time, content: &content, serial };
                let sql = "UPDATE record SET content = ?2, checksum = ?3 WHERE sequence = ?1";
                let row = params![ticket.sequence().0, content, row.checksum()];
                connection.prepare_cached(sql)?.execute(row)?;
            }
            Ok(())
        })
    }
}

/// Visits the time of a meter's newest reading up to a time, if there is one.
fn visit_newest(
    connection: &Connection,
    meter: MeterKey,
    at_or_before: OffsetDateTime,
    visit: &mut dyn FnMut(OffsetDateTime),
) -> Result<(), Failure> {
    let span = "time <= ?2 ORDER BY time DESC, sequence DESC";
    visit_readings(connection, span, meter, at_or_before, &mut |time, _| {
        visit(time);
        ControlFlow::Break(())
    })
}

fn visit_readings(
    connection: &Connection,
    span: &str,
    meter: MeterKey,
    time: OffsetDateTime,
    visit: &mut dyn FnMut(OffsetDateTime, &Registers<'static>) -> ControlFlow<()>,
) -> Result<(), Failure> {
    let sql = format!("SELECT {COLUMNS} FROM record WHERE meter = ?1 AND kind = 0 AND {span}");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![meter.0, to_nanoseconds(time)?])?;
    while let Some(row) = rows.next()? {
        let record = Record::from_row(row)?;
        let time = record.time;
        let Some(registers) = record.into_reading() else { continue };
        if visit(time, &registers).is_break() {
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
    let records = records_at(connection, meter, time)?;
    Ok(records.into_iter().filter_map(Record::into_reading).reduce(|first, second| {
        let is_new = |register: &&Register<'static>| first.get(register.code).is_none();
        registers_from(first.iter().chain(second.iter().filter(is_new)).cloned())
    }))
}

/// The readings of one time, in the order in which they came.
fn records_at(connection: &Connection, meter: MeterKey, time: i64) -> Result<Vec<Record>, Failure> {
    let sql = format!(
        "SELECT {COLUMNS} FROM record WHERE meter = ?1 AND kind = 0 AND time = ?2 ORDER BY sequence"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_and_then(params![meter.0, time], Record::from_row)?.collect()
}

/// Cannot fail: of these registers, no two have one code.
pub(crate) fn registers_from(
    registers: impl Iterator<Item = Register<'static>>,
) -> Registers<'static> {
    Registers::from_vec(registers.collect()).unwrap_or_default()
}
