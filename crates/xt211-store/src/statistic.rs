//! What Home Assistant's statistics hold, hour by hour.

use rusqlite::{Connection, OptionalExtension, params};
use time::OffsetDateTime;
use xt211_obis::ObisCode;

use crate::{
    MeterKey, Queries, Record, Sequence, StoreError, Transaction,
    era::groups,
    failure::Failure,
    instant::{from_nanoseconds, to_nanoseconds},
    record::COLUMNS,
};

/// An hour, in nanoseconds.
const HOUR: i64 = 3_600_000_000_000;

/// The last reading of a register in an hour, as the statistics have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StoredHour {
    /// When it was read, in UTC.
    pub time: OffsetDateTime,
    /// What the register held.
    pub value: f64,
    /// What was counted since the first hour.
    pub sum: f64,
}

impl Queries {
    /// Up to which record all is in the statistics.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn statistics_cursor(&self) -> Result<Sequence, StoreError> {
        self.ask(|connection| {
            let mut statement = connection.prepare_cached("SELECT counted FROM outbox")?;
            Ok(Sequence(statement.query_one((), |row| row.get(0))?))
        })
    }

    /// The records that came after one, up to a number of them.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn records_after(
        &self,
        sequence: Sequence,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        self.ask(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM record WHERE sequence > ?1 ORDER BY sequence LIMIT ?2"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            statement.query_and_then([sequence.0, limit], Record::from_row)?.collect()
        })
    }

    /// What the statistics have of a register: the last hour that ended by a time.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn hour_before(
        &self,
        meter: MeterKey,
        code: ObisCode,
        time: OffsetDateTime,
    ) -> Result<Option<StoredHour>, StoreError> {
        self.ask(|connection| {
            let hour = hour_of(to_nanoseconds(time)?);
            let sql = "SELECT time, value, sum FROM statistic
                       WHERE meter = ?1 AND code = ?2 AND hour < ?3 ORDER BY hour DESC LIMIT 1";
            let hour = connection
                .prepare_cached(sql)?
                .query_row(params![meter.0, groups(code), hour], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })
                .optional()?;
            let Some((time, value, sum)) = hour else { return Ok(None) };
            Ok(Some(StoredHour { time: from_nanoseconds(time)?, value, sum }))
        })
    }
}

impl Transaction<'_> {
    /// Says that all records up to one are in the statistics, and what these hold now.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn add_statistics(
        &mut self,
        up_to: Sequence,
        hours: &[(MeterKey, ObisCode, StoredHour)],
    ) -> Result<(), StoreError> {
        self.change(|connection| {
            let sql = "INSERT OR REPLACE INTO statistic (meter, code, hour, time, value, sum)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let mut statement = connection.prepare_cached(sql)?;
            for (meter, code, StoredHour { time, value, sum }) in hours {
                let time = to_nanoseconds(*time)?;
                let row = params![meter.0, groups(*code), hour_of(time), time, value, sum];
                statement.execute(row)?;
            }
            set_counted(connection, up_to)
        })
    }

    /// Says that the statistics hold nothing of a register, so that all is to be counted anew.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn forget_statistics(&mut self, meter: MeterKey, code: ObisCode) -> Result<(), StoreError> {
        self.change(|connection| {
            let sql = "DELETE FROM statistic WHERE meter = ?1 AND code = ?2";
            connection.prepare_cached(sql)?.execute(params![meter.0, groups(code)])?;
            set_counted(connection, Sequence(0))
        })
    }
}

fn set_counted(connection: &Connection, sequence: Sequence) -> Result<(), Failure> {
    connection.prepare_cached("UPDATE outbox SET counted = ?1")?.execute([sequence.0])?;
    Ok(())
}

/// When an hour begins.
const fn hour_of(time: i64) -> i64 {
    time - time.rem_euclid(HOUR)
}
