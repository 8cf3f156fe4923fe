//! Many changes, or none.

use std::ops::Deref;

use rusqlite::{Connection, TransactionBehavior};

use crate::{Queries, Sequence, StoreError, StoreErrorKind, failure::Failure};

/// Changes that are made together or not at all; see [`Store::write`](crate::Store::write).
///
/// Its questions ([`Queries`]) see what it has changed so far.
///
/// # Errors
///
/// Every change fails if it cannot be written: [`Full`], [`ReadOnly`], [`Io`], [`Damaged`]. Then
/// all later ones fail in the same way and nothing is kept, even if the error is passed over. A
/// time out of range ([`TimeRange`]) is found before anything is changed, and harms nothing else.
///
/// [`Full`]: StoreErrorKind::Full
/// [`ReadOnly`]: StoreErrorKind::ReadOnly
/// [`Io`]: StoreErrorKind::Io
/// [`Damaged`]: StoreErrorKind::Damaged
/// [`TimeRange`]: StoreErrorKind::TimeRange
#[derive(Debug)]
pub struct Transaction<'s> {
    queries: &'s Queries,
    /// The number that was given last, once it is known.
    last: Option<Sequence>,
    failed: Option<StoreError>,
}

impl Transaction<'_> {
    /// Makes a change. A half-made one is never kept, nor is what would come after it: SQLite may
    /// have rolled all of it back, and would commit each later statement by itself.
    pub(crate) fn change<T>(
        &mut self,
        change: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.change_once(change).map_err(|failure| {
            let error = failure.of(&self.queries.path);
            if error.kind() != StoreErrorKind::TimeRange {
                self.failed = Some(error.clone());
            }
            error
        })
    }

    fn change_once<T>(
        &self,
        change: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        // A question that failed may have rolled it back, too.
        if self.queries.connection.is_autocommit() {
            let detail = "SQLite rolled everything back after an error".to_owned();
            return Err(Failure::Known(StoreErrorKind::Io, detail));
        }
        change(&self.queries.connection)
    }

    /// The number for a new record.
    pub(crate) fn next_sequence(&mut self) -> Result<Sequence, StoreError> {
        let last = match self.last {
            Some(last) => last,
            None => self.change(last_sequence)?,
        };
        // Cannot overflow in 290 years of a billion records a second.
        let next = Sequence(last.0.saturating_add(1));
        self.last = Some(next);
        Ok(next)
    }
}

impl Deref for Transaction<'_> {
    type Target = Queries;

    fn deref(&self) -> &Queries {
        self.queries
    }
}

/// The number that was given last. Pruning leaves the newest record, and the cursor never moves
/// back, so no number is given twice.
pub(crate) fn last_sequence(connection: &Connection) -> Result<Sequence, Failure> {
    let sql = "SELECT max(cursor, coalesce((SELECT max(sequence) FROM record), 0)) FROM outbox";
    let last = connection.prepare_cached(sql)?.query_one((), |row| row.get(0))?;
    Ok(Sequence(last))
}

/// Runs a transaction, and says which number was given last if any was.
pub(crate) fn run<T, E: From<StoreError>>(
    queries: &Queries,
    work: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
) -> Result<(T, Option<Sequence>), E> {
    let error = |error| Failure::Sqlite(error).of(&queries.path);
    let behavior = TransactionBehavior::Immediate;
    // Rolls back when it is dropped before its end.
    let inner =
        rusqlite::Transaction::new_unchecked(&queries.connection, behavior).map_err(error)?;
    let mut transaction = Transaction { queries, last: None, failed: None };
    let done = work(&mut transaction)?;
    if let Some(failed) = transaction.failed {
        return Err(failed.into());
    }
    inner.commit().map_err(error)?;
    Ok((done, transaction.last))
}
