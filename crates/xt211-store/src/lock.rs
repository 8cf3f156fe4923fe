//! Who has a database.

use std::{
    ffi::OsString,
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use crate::{StoreErrorKind, failure::Failure};

/// A lock beside the database, for as long as this lives. It is on a file of its own, so that it
/// outlasts the database being replaced, and so that others can still read and edit.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock, if nobody has it.
    pub(crate) fn take(database: &Path) -> Result<Self, Failure> {
        let mut options = File::options();
        let file =
            options.create(true).write(true).truncate(false).open(beside(database, ".lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(Failure::Known(StoreErrorKind::InUse, String::new()))
            }
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

/// The file whose name is the database's and then some.
pub(crate) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(suffix);
    name.into()
}
