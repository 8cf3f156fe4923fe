//! Somebody who only reads.

use std::{ops::Deref, path::Path, time::Duration};

use crate::{
    Queries, StoreError, StoreErrorKind,
    connection::{self, Access},
    failure::Failure,
    schema,
};

/// How long to wait while a file is being recovered by others; nothing else makes readers wait.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Reads a database, while others write; see [`Queries`] for what can be asked of it.
#[derive(Debug)]
pub struct Reader {
    queries: Queries,
}

impl Reader {
    /// Opens a database that is there.
    ///
    /// # Errors
    ///
    /// [`Missing`], [`Damaged`], [`Newer`], [`Older`], [`Foreign`], [`Locked`] or [`Io`].
    ///
    /// [`Missing`]: StoreErrorKind::Missing
    /// [`Damaged`]: StoreErrorKind::Damaged
    /// [`Newer`]: StoreErrorKind::Newer
    /// [`Older`]: StoreErrorKind::Older
    /// [`Foreign`]: StoreErrorKind::Foreign
    /// [`Locked`]: StoreErrorKind::Locked
    /// [`Io`]: StoreErrorKind::Io
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { queries: open(path, Access::Read)? })
    }
}

impl Deref for Reader {
    type Target = Queries;

    fn deref(&self) -> &Queries {
        &self.queries
    }
}

/// Opens a database that is there and as it should be.
pub(crate) fn open(path: &Path, access: Access) -> Result<Queries, StoreError> {
    let open = || {
        if !path.try_exists()? {
            let detail = "it is not there; the bridge creates it when it starts".to_owned();
            return Err(Failure::Known(StoreErrorKind::Missing, detail));
        }
        let connection = connection::open(path, access, PATIENCE)?;
        schema::require_current(&connection)?;
        Ok(connection)
    };
    let connection = open().map_err(|failure| failure.of(path))?;
    Ok(Queries::new(connection, path.to_owned()))
}
