//! Some of what was set aside, page by page.

use rusqlite::{Connection, params};

use super::{BEGINNINGS, SetAside};
use crate::{MeterKey, Queries, StoreError, Transaction, failure::Failure};

/// Some of what was set aside and not discarded. The default is all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Of one meter only.
    pub meter: Option<MeterKey>,
    /// For one reason only.
    pub code: Option<String>,
    /// What has this id, or came before it.
    pub up_to: Option<i64>,
}

/// What a [`Selection`] selects; its parameters are those of [`Selection::bounds`].
const SELECTED: &str = "discarded = 0 AND id <= ?1 AND (?2 IS NULL OR meter = ?2)
                        AND (?3 IS NULL OR code = ?3)";

impl Selection {
    fn bounds(&self) -> (i64, Option<i64>, Option<&str>) {
        let Self { meter, code, up_to } = self;
        (up_to.unwrap_or(i64::MAX), meter.map(i64::from), code.as_deref())
    }
}

impl Queries {
    /// What was set aside, the newest first, up to a number of entries. A message may be of any size:
    /// of each there are no more than the first 16 KiB.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn newest_set_aside(
        &self,
        selection: &Selection,
        limit: usize,
    ) -> Result<Vec<SetAside>, StoreError> {
        self.ask(|connection| {
            let sql = format!(
                "SELECT {BEGINNINGS} FROM set_aside WHERE {SELECTED} ORDER BY id DESC LIMIT ?4"
            );
            let (up_to, meter, code) = selection.bounds();
            let row = params![up_to, meter, code, as_limit(limit)];
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_and_then(row, SetAside::from_row)?.collect()
        })
    }

    /// How many entries there are of each reason, by its code. Counts them one by one.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn set_aside_codes(&self, selection: &Selection) -> Result<Vec<(String, u64)>, StoreError> {
        self.ask(|connection| {
            let sql = format!(
                "SELECT code, count(*) FROM set_aside WHERE {SELECTED} GROUP BY code ORDER BY code"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let counts = statement.query_map(selection.bounds(), |row| {
                let count: i64 = row.get(1)?;
                Ok((row.get(0)?, count.unsigned_abs()))
            })?;
            Ok(counts.collect::<Result<_, _>>()?)
        })
    }
}

impl Transaction<'_> {
    /// Asks the bridge to release the newest entries of a selection, up to a number of them. Returns
    /// their ids, the newest first: the rest is what comes before the last of them.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn request_releases(
        &mut self,
        selection: &Selection,
        limit: usize,
    ) -> Result<Vec<i64>, StoreError> {
        self.change(|connection| {
            change(connection, "release = 1, obstacle = NULL", selection, limit)
        })
    }

    /// Puts the newest entries of a selection out of sight, up to a number of them. Returns their
    /// ids as [`request_releases`](Self::request_releases) does.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn discard_all(
        &mut self,
        selection: &Selection,
        limit: usize,
    ) -> Result<Vec<i64>, StoreError> {
        self.change(|connection| change(connection, "discarded = 1, release = 0", selection, limit))
    }
}

fn change(
    connection: &Connection,
    change: &str,
    selection: &Selection,
    limit: usize,
) -> Result<Vec<i64>, Failure> {
    let sql = format!(
        "UPDATE set_aside SET {change} WHERE id IN
             (SELECT id FROM set_aside WHERE {SELECTED} ORDER BY id DESC LIMIT ?4)
         RETURNING id"
    );
    let (up_to, meter, code) = selection.bounds();
    let row = params![up_to, meter, code, as_limit(limit)];
    let mut statement = connection.prepare_cached(&sql)?;
    let ids = statement.query_map(row, |row| row.get(0))?;
    let mut ids = ids.collect::<Result<Vec<i64>, _>>()?;
    // Given out as they were changed, in an order that SQLite chooses.
    ids.sort_unstable_by(|one, other| other.cmp(one));
    Ok(ids)
}

/// No number of rows is larger than 2^63.
fn as_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
