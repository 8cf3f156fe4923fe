//! What was set aside, for users and for the decision.

use std::ops::ControlFlow;

use rusqlite::params;

use super::{COLUMNS, SetAside};
use crate::{MeterKey, Queries, StoreError};

impl Queries {
    /// One entry, unless it was discarded.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn set_aside_entry(&self, id: i64) -> Result<Option<SetAside>, StoreError> {
        self.ask(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM set_aside WHERE id = ?1 AND discarded = 0");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query([id])?;
            rows.next()?.map(SetAside::from_row).transpose()
        })
    }

    /// Visits what was set aside and not discarded, of one meter or of all and of none, the oldest
    /// first.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn set_aside_entries(
        &self,
        meter: Option<MeterKey>,
        visit: &mut dyn FnMut(SetAside) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.ask(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM set_aside
                 WHERE discarded = 0 AND (?1 IS NULL OR meter = ?1) ORDER BY id"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query([meter.map(i64::from)])?;
            while let Some(row) = rows.next()? {
                if visit(SetAside::from_row(row)?).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// Entries of one reason that came after one, not discarded, the oldest first, up to a number of
    /// them.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn set_aside_after(
        &self,
        id: i64,
        code: &str,
        limit: usize,
    ) -> Result<Vec<SetAside>, StoreError> {
        self.ask(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM set_aside WHERE id > ?1 AND code = ?2 AND discarded = 0
                 ORDER BY id LIMIT ?3"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let row = params![id, code, i64::try_from(limit).unwrap_or(i64::MAX)];
            statement.query_and_then(row, SetAside::from_row)?.collect()
        })
    }

    /// The last id that was given.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn last_set_aside(&self) -> Result<i64, StoreError> {
        self.ask(|connection| {
            let sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'set_aside'";
            Ok(connection.prepare_cached(sql)?.query_one((), |row| row.get(0))?)
        })
    }

    /// How many entries of each meter (and of none) are set aside and not discarded.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn set_aside_counts(&self) -> Result<Vec<(Option<MeterKey>, u64)>, StoreError> {
        self.ask(|connection| {
            let sql = "SELECT meter, count(*) FROM set_aside WHERE discarded = 0
                       GROUP BY meter ORDER BY meter";
            let mut statement = connection.prepare_cached(sql)?;
            let counts = statement.query_map((), |row| {
                let meter: Option<i64> = row.get(0)?;
                let count: i64 = row.get(1)?;
                Ok((meter.map(MeterKey), count.unsigned_abs()))
            })?;
            Ok(counts.collect::<Result<_, _>>()?)
        })
    }

    /// Readings of a meter that wait, set aside for reasons whose codes begin so, for others that
    /// agree: the last so many that came and were not discarded, in the order in which they came.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn waiting_readings(
        &self,
        meter: MeterKey,
        codes: &str,
        limit: usize,
    ) -> Result<Vec<SetAside>, StoreError> {
        self.ask(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM set_aside
                 WHERE meter = ?1 AND kind = 1 AND discarded = 0
                 AND substr(code, 1, length(?2)) = ?2 ORDER BY id DESC LIMIT ?3"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let row = params![meter.0, codes, limit];
            let rows = statement.query_and_then(row, SetAside::from_row)?;
            let mut entries = rows.collect::<Result<Vec<_>, _>>()?;
            entries.reverse();
            Ok(entries)
        })
    }

    /// The ids of entries that a user asked to be released, the oldest first, up to a number of
    /// them.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn releases(&self, limit: usize) -> Result<Vec<i64>, StoreError> {
        self.ask(|connection| {
            let sql = "SELECT id FROM set_aside WHERE release = 1 ORDER BY id LIMIT ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let ids = statement.query_map([limit], |row| row.get(0))?;
            Ok(ids.collect::<Result<_, _>>()?)
        })
    }
}
