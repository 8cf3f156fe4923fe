//! Somebody who writes now and then, beside a bridge.

use std::{ops::Deref, path::Path};

use crate::{
    Queries, StoreError, Transaction,
    connection::{self, Access},
    reader, transaction,
};

/// Edits a database while a bridge may have it open, for a command line; see [`Queries`] for what
/// can be asked of it.
///
/// It takes no lock. It waits up to 5 seconds for the bridge, and the bridge a quarter of one for
/// it: its transactions should be short.
#[derive(Debug)]
pub struct Editor {
    queries: Queries,
}

impl Editor {
    /// Opens a database that is there.
    ///
    /// # Errors
    ///
    /// As [`Reader::open`](crate::Reader::open), and
    /// [`ReadOnly`](crate::StoreErrorKind::ReadOnly).
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let queries = reader::open(path, Access::Write)?;
        connection::make_durable(&queries.connection).map_err(|failure| failure.of(path))?;
        Ok(Self { queries })
    }

    /// Makes many changes or none; as [`Store::write`](crate::Store::write), but more patient.
    ///
    /// # Errors
    ///
    /// As [`Store::write`](crate::Store::write).
    pub fn write<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        transaction::run(&self.queries, work).map(|(done, _)| done)
    }
}

impl Deref for Editor {
    type Target = Queries;

    fn deref(&self) -> &Queries {
        &self.queries
    }
}
