//! What goes wrong within a step, before it is known with which file.

use std::{io, path::Path};

use rusqlite::{Error, ErrorCode, ffi};
use time::OffsetDateTime;

use crate::{StoreError, StoreErrorKind};

/// Becomes a [`StoreError`] where the file's name is known.
#[derive(Debug)]
pub(crate) enum Failure {
    Sqlite(Error),
    Io(io::Error),
    /// A time that the file has no room for.
    TimeRange(OffsetDateTime),
    /// The file holds what was never written to it.
    Damaged(String),
    /// Of a kind that is already known, with its detail.
    Known(StoreErrorKind, String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Failure {
    /// The error, of this file.
    pub(crate) fn of(self, path: &Path) -> StoreError {
        let (kind, detail) = match self {
            Self::Sqlite(error) => match (sqlite_kind(&error), sqlite_detail(&error)) {
                (kind @ StoreErrorKind::Io, detail) => (
                    kind,
                    format!(
                        "{detail}; see whether its disk is there and sound, and lets files grow"
                    ),
                ),
                known => known,
            },
            Self::Io(error) => (io_kind(&error), error.to_string()),
            Self::TimeRange(time) => (StoreErrorKind::TimeRange, time.year().to_string()),
            Self::Damaged(detail) => (StoreErrorKind::Damaged, detail),
            Self::Known(kind, detail) => (kind, detail),
        };
        StoreError::new(kind, path, detail)
    }

    /// Whether it is the file that is to blame.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Self::Sqlite(error) => sqlite_kind(error) == StoreErrorKind::Damaged,
            Self::Damaged(_) => true,
            Self::Known(kind, _) => *kind == StoreErrorKind::Damaged,
            Self::Io(_) | Self::TimeRange(_) => false,
        }
    }
}

fn sqlite_kind(error: &Error) -> StoreErrorKind {
    match error {
        Error::SqliteFailure(error, _) | Error::SqlInputError { error, .. } => match error {
            ffi::Error { extended_code: ffi::SQLITE_IOERR_CORRUPTFS, .. } => {
                StoreErrorKind::Damaged
            }
            // The index of the write-ahead log cannot grow, for lack of space.
            ffi::Error { extended_code: ffi::SQLITE_IOERR_SHMSIZE, .. } => StoreErrorKind::Full,
            // The log cannot be made beside it, or not be opened: whoever may not write may, with
            // this kind of database, not read either.
            ffi::Error { extended_code: ffi::SQLITE_CANTOPEN, .. } => StoreErrorKind::ReadOnly,
            ffi::Error { code, .. } => match code {
                ErrorCode::DiskFull => StoreErrorKind::Full,
                ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::AuthorizationForStatementDenied => StoreErrorKind::ReadOnly,
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreErrorKind::Locked,
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreErrorKind::Damaged,
                ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::FileLockingProtocolFailed => StoreErrorKind::Io,
                _ => StoreErrorKind::Other,
            },
        },
        // Rows and columns that our tables always have, of types that they always are.
        Error::QueryReturnedNoRows
        | Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => StoreErrorKind::Damaged,
        _ => StoreErrorKind::Other,
    }
}

/// SQLite's own words, with the number by which its documentation knows the error.
fn sqlite_detail(error: &Error) -> String {
    match error {
        Error::SqliteFailure(code, Some(text)) => format!("{text} ({})", code.extended_code),
        error => error.to_string(),
    }
}

fn io_kind(error: &io::Error) -> StoreErrorKind {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreErrorKind::Full,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            StoreErrorKind::ReadOnly
        }
        io::ErrorKind::NotFound => StoreErrorKind::Missing,
        _ => StoreErrorKind::Io,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(code: std::ffi::c_int) -> StoreErrorKind {
        sqlite_kind(&Error::SqliteFailure(ffi::Error::new(code), None))
    }

    #[test]
    fn kinds() {
        assert_eq!(kind(ffi::SQLITE_FULL), StoreErrorKind::Full);
        assert_eq!(kind(ffi::SQLITE_IOERR_SHMSIZE), StoreErrorKind::Full);
        assert_eq!(kind(ffi::SQLITE_READONLY_DIRECTORY), StoreErrorKind::ReadOnly);
        assert_eq!(kind(ffi::SQLITE_BUSY_SNAPSHOT), StoreErrorKind::Locked);
        assert_eq!(kind(ffi::SQLITE_CORRUPT_INDEX), StoreErrorKind::Damaged);
        assert_eq!(kind(ffi::SQLITE_NOTADB), StoreErrorKind::Damaged);
        assert_eq!(kind(ffi::SQLITE_IOERR_CORRUPTFS), StoreErrorKind::Damaged);
        assert_eq!(kind(ffi::SQLITE_IOERR_FSYNC), StoreErrorKind::Io);
        assert_eq!(kind(ffi::SQLITE_CANTOPEN), StoreErrorKind::ReadOnly);
        assert_eq!(kind(ffi::SQLITE_CANTOPEN_ISDIR), StoreErrorKind::Io);
        assert_eq!(kind(ffi::SQLITE_CONSTRAINT_FOREIGNKEY), StoreErrorKind::Other);
    }

    #[test]
    fn details() {
        let text = Some("attempt to write a readonly database".to_owned());
        let error = Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_READONLY), text);
        assert_eq!(
            Failure::Sqlite(error).of(Path::new("a.db")).to_string(),
            "a.db cannot be written to: attempt to write a readonly database (8); give this \
             program's user the right to write to it and to its folder"
        );
    }
}
