//! How we talk to SQLite.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use crate::{StoreErrorKind, damage, failure::Failure};

/// What a connection may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Write, and create the file.
    Create,
    /// Write.
    Write,
    /// Read.
    Read,
}

/// How many prepared statements are kept. There are fewer.
const STATEMENTS: usize = 64;

/// To how many bytes the write-ahead log is cut after it has grown beyond.
const LOG_BYTES: i64 = 4 << 20;

/// Opens a file, and waits so long for whoever else is writing.
pub(crate) fn open(path: &Path, access: Access, patience: Duration) -> Result<Connection, Failure> {
    let flags = match access {
        Access::Create => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        // To read, it takes the files beside the database; only who may write removes them again.
        Access::Write | Access::Read => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(patience)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Else it prepares a statement anew for each other meter, as that might lead to another plan.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // So that a damaged page is an error where it is read, and not a wrong answer.
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    if access == Access::Read {
        connection.pragma_update(None, "query_only", true)?;
        // What an unclean end has left is for the one writer to look through.
        let is_untidy = damage::has_log(path);
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, is_untidy)?;
    }
    Ok(connection)
}

/// Sees to it that what is committed stays, whatever happens to the machine.
pub(crate) fn make_durable(connection: &Connection) -> Result<(), Failure> {
    if connection.is_readonly("main")? {
        let detail = "the file is read-only".to_owned();
        return Err(Failure::Known(StoreErrorKind::ReadOnly, detail));
    }
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        let detail = format!(
            "its file system has no write-ahead log (SQLite stays in mode `{mode}`); choose a \
             folder on a local disk"
        );
        return Err(Failure::Known(StoreErrorKind::Io, detail));
    }
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES, |_| Ok(()))?;
    Ok(())
}

/// Says what SQLite finds wrong with a file, first of all.
pub(crate) fn check(connection: &Connection) -> Result<(), Failure> {
    let found: String = connection.query_one("PRAGMA quick_check(1)", (), |row| row.get(0))?;
    // An error is one line.
    if found == "ok" { Ok(()) } else { Err(Failure::Damaged(found.replace('\n', " "))) }
}
