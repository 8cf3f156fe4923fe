//! What is known of a meter, apart from its readings.

use std::time::Duration;

use rusqlite::{Connection, Row, params};
use time::OffsetDateTime;

use crate::{
    MeterKey, Queries, StoreError, Transaction,
    failure::Failure,
    instant::{from_nanoseconds, to_nanoseconds},
    record::{some_text_of, text_of},
};

const COLUMNS: &str = "key, id, topic, serial, status, battery, forwarded_at, heard_at, patience";

/// What is known of a meter, apart from its readings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMeter {
    /// What it is known by in this file.
    pub key: MeterKey,
    /// Its id, which it keeps.
    pub id: String,
    /// The topic that its messages come from.
    pub topic: Option<String>,
    /// Its last known serial number.
    pub serial: Option<String>,
    /// Its module's last message about itself, as it came.
    pub status: Option<Vec<u8>>,
    /// Its module's last message about the battery, as it came.
    pub battery: Option<Vec<u8>>,
    /// When InfluxDB last took something of it, in UTC.
    pub forwarded_at: Option<OffsetDateTime>,
    /// When its module was last heard, to the minute, in UTC.
    pub heard_at: Option<OffsetDateTime>,
    /// How long its module may be silent, once that is known; in whole seconds.
    pub patience: Option<Duration>,
}

/// What is new of a meter. What is `None` stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeterNews<'n> {
    /// Its serial number.
    pub serial: Option<&'n str>,
    /// Its module's last message about itself, as it came.
    pub status: Option<&'n [u8]>,
    /// Its module's last message about the battery, as it came.
    pub battery: Option<&'n [u8]>,
    /// When its module was last heard.
    pub heard_at: Option<OffsetDateTime>,
    /// How long its module may be silent; in whole seconds.
    pub patience: Option<Duration>,
}

impl Queries {
    /// All meters, in the order in which they were added.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn meters(&self) -> Result<Vec<StoredMeter>, StoreError> {
        self.ask(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM meter ORDER BY key");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_and_then((), from_row)?;
            rows.collect()
        })
    }

    /// How many meters there are.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn meter_count(&self) -> Result<u64, StoreError> {
        self.ask(|connection| {
            let mut statement = connection.prepare_cached("SELECT count(*) FROM meter")?;
            let count: i64 = statement.query_one((), |row| row.get(0))?;
            Ok(count.unsigned_abs())
        })
    }

    /// Meters whose id, serial number or topic contains a text (an empty one is in all of them), in
    /// the order in which they were added: those after one, or the first ones, up to a number of
    /// them. Letters of ASCII may be small or large.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn find_meters(
        &self,
        text: &str,
        after: Option<MeterKey>,
        limit: usize,
    ) -> Result<Vec<StoredMeter>, StoreError> {
        self.ask(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM meter WHERE key > ?1 AND
                     (instr(lower(id), ?2) > 0 OR instr(lower(coalesce(serial, '')), ?2) > 0
                      OR instr(lower(coalesce(topic, '')), ?2) > 0)
                 ORDER BY key LIMIT ?3"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let after = after.map_or(i64::MIN, |key| key.0);
            let row = params![after, text.to_ascii_lowercase(), position(limit)];
            statement.query_and_then(row, from_row)?.collect()
        })
    }

    /// When InfluxDB last took something of any meter, in UTC.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn last_forwarded(&self) -> Result<Option<OffsetDateTime>, StoreError> {
        self.ask(|connection| {
            let mut statement = connection.prepare_cached("SELECT max(forwarded_at) FROM meter")?;
            let at: Option<i64> = statement.query_one((), |row| row.get(0))?;
            at.map(from_nanoseconds).transpose()
        })
    }

    /// One meter, by its id.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn meter(&self, id: &str) -> Result<Option<StoredMeter>, StoreError> {
        self.ask(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM meter WHERE id = ?1");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query([id])?;
            rows.next()?.map(from_row).transpose()
        })
    }

    /// One meter, by what it is known by here.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn meter_of(&self, key: MeterKey) -> Result<Option<StoredMeter>, StoreError> {
        self.ask(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM meter WHERE key = ?1");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query([key.0])?;
            rows.next()?.map(from_row).transpose()
        })
    }
}

impl Queries {
    /// What Home Assistant was told of a meter, by name, for when it is to be told again.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn seen(&self, meter: MeterKey) -> Result<Vec<String>, StoreError> {
        self.ask(|connection| seen(connection, meter))
    }
}

impl Transaction<'_> {
    /// Adds a meter, or finds the one of that id. A topic replaces the one that is there.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn add_meter(&mut self, id: &str, topic: Option<&str>) -> Result<MeterKey, StoreError> {
        self.change(|connection| {
            let sql = "INSERT INTO meter (id, topic) VALUES (?1, ?2) ON CONFLICT (id)
                       DO UPDATE SET topic = coalesce(excluded.topic, topic) RETURNING key";
            let key =
                connection.prepare_cached(sql)?.query_one([Some(id), topic], |row| row.get(0))?;
            Ok(MeterKey(key))
        })
    }

    /// Notes what is new of a meter. The rest of it stays.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn update_meter(&mut self, key: MeterKey, news: &MeterNews<'_>) -> Result<(), StoreError> {
        let heard_at = self.change(|_| news.heard_at.map(to_nanoseconds).transpose())?;
        let patience = news.patience.map(|it| i64::try_from(it.as_secs()).unwrap_or(i64::MAX));
        self.change(|connection| {
            let sql = "UPDATE meter SET serial = coalesce(?2, serial),
                       status = coalesce(?3, status), battery = coalesce(?4, battery),
                       heard_at = coalesce(?5, heard_at), patience = coalesce(?6, patience)
                       WHERE key = ?1";
            let MeterNews { serial, status, battery, .. } = news;
            let row = params![key.0, serial, status, battery, heard_at, patience];
            connection.prepare_cached(sql)?.execute(row)?;
            Ok(())
        })
    }

    /// Replaces what Home Assistant was told of a meter.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn set_seen(&mut self, meter: MeterKey, names: &[String]) -> Result<(), StoreError> {
        self.change(|connection| {
            // Mostly it is the same, or longer.
            let there = seen(connection, meter)?;
            let common = there.iter().zip(names).take_while(|(one, other)| one == other).count();
            let sql = "DELETE FROM seen WHERE meter = ?1 AND position >= ?2";
            connection.prepare_cached(sql)?.execute(params![meter.0, position(common)])?;
            let sql = "INSERT INTO seen (meter, position, name) VALUES (?1, ?2, ?3)";
            let mut statement = connection.prepare_cached(sql)?;
            for (index, name) in names.iter().enumerate().skip(common) {
                statement.execute(params![meter.0, position(index), name])?;
            }
            Ok(())
        })
    }
}

fn from_row(row: &Row<'_>) -> Result<StoredMeter, Failure> {
    let key = MeterKey(row.get(0)?);
    let forwarded_at: Option<i64> = row.get(6)?;
    let heard_at: Option<i64> = row.get(7)?;
    // One below zero is none that we wrote.
    let patience = row.get::<_, Option<i64>>(8)?.and_then(|seconds| u64::try_from(seconds).ok());
    Ok(StoredMeter {
        key,
        id: text_of(row, 1)?,
        topic: some_text_of(row, 2)?,
        serial: some_text_of(row, 3)?,
        status: row.get(4)?,
        battery: row.get(5)?,
        forwarded_at: forwarded_at.map(from_nanoseconds).transpose()?,
        heard_at: heard_at.map(from_nanoseconds).transpose()?,
        patience: patience.map(Duration::from_secs),
    })
}

fn seen(connection: &Connection, meter: MeterKey) -> Result<Vec<String>, Failure> {
    let sql = "SELECT name FROM seen WHERE meter = ?1 ORDER BY position";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_and_then([meter.0], |row| text_of(row, 0))?.collect()
}

/// A place in a list. No list in memory is longer than 2^63.
fn position(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}
