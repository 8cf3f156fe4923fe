//! What can be asked of a database, whoever asks.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction};

use crate::{StoreError, connection, failure::Failure};

/// What can be asked of a database.
///
/// [`Store`](crate::Store), [`Transaction`](crate::Transaction), [`Editor`](crate::Editor) and
/// [`Reader`](crate::Reader) all dereference to it. Each question sees one state of the database,
/// whatever others write meanwhile.
///
/// # Errors
///
/// Every question fails if the file cannot be read ([`Io`]), if what is in it cannot be
/// ([`Damaged`]), or if a time asked for is out of range ([`TimeRange`]).
///
/// [`Io`]: crate::StoreErrorKind::Io
/// [`Damaged`]: crate::StoreErrorKind::Damaged
/// [`TimeRange`]: crate::StoreErrorKind::TimeRange
#[derive(Debug)]
pub struct Queries {
    pub(crate) connection: Connection,
    pub(crate) path: PathBuf,
}

impl Queries {
    pub(crate) fn new(connection: Connection, path: PathBuf) -> Self {
        Self { connection, path }
    }

    /// The database's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks through the whole file for damage, which takes a moment: it reads all of it.
    ///
    /// # Errors
    ///
    /// [`Damaged`](crate::StoreErrorKind::Damaged) with what was found first.
    pub fn check(&self) -> Result<(), StoreError> {
        self.ask(connection::check)
    }

    /// Asks several questions of one state of the database. As long as this takes, its write-ahead
    /// log grows by what others write.
    ///
    /// # Errors
    ///
    /// Those of the questions; see [`Queries`].
    pub fn at_once<T>(
        &self,
        questions: impl FnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let _state = self.hold_state().map_err(|failure| failure.of(&self.path))?;
        questions(self)
    }

    /// Answers a question from one state of the database, even with several statements.
    pub(crate) fn ask<T>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        self.ask_once(question).map_err(|failure| failure.of(&self.path))
    }

    fn ask_once<T>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let _state = self.hold_state()?;
        question(&self.connection)
    }

    /// Sees one state of the database until this is dropped.
    fn hold_state(&self) -> Result<Option<Transaction<'_>>, Failure> {
        // Within a transaction, and within a visitor, there is one state already.
        let is_first = self.connection.is_autocommit();
        Ok(is_first.then(|| self.connection.unchecked_transaction()).transpose()?)
    }
}
