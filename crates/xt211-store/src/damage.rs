//! Damaged files are moved aside, and never deleted: somebody may still get something out of them.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use crate::lock::beside;

/// What belongs to a database: the file itself, its write-ahead log, and that one's index.
///
/// In the order in which they are moved. If that is cut short, there is a log without a database,
/// which [`is_orphaned`] tells; the other way round, an older state would look like a sound one.
const PARTS: [&str; 3] = ["", "-wal", "-shm"];

/// Gives a database's files the first name that is free, and returns it.
pub(crate) fn move_aside(database: &Path) -> io::Result<PathBuf> {
    let mut number = 1u32;
    let aside = loop {
        let aside = beside(database, &format!(".damaged-{number}"));
        if !PARTS.iter().any(|part| beside(&aside, part).exists()) {
            break aside;
        }
        number = number.saturating_add(1);
    };
    for part in PARTS {
        match fs::rename(beside(database, part), beside(&aside, part)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    sync_folder(database)?;
    Ok(aside)
}

/// Makes sure that names in a database's folder are on the disk.
pub(crate) fn sync_folder(database: &Path) -> io::Result<()> {
    // Windows has no such thing.
    if cfg!(unix)
        && let Some(folder) = database.parent()
    {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Whether there is a write-ahead log that has something in it.
pub(crate) fn has_log(database: &Path) -> bool {
    size(&beside(database, "-wal")) > 0
}

/// Whether there is a log without the database that it belongs to. SQLite would delete it.
pub(crate) fn is_orphaned(database: &Path) -> bool {
    size(database) == 0 && has_log(database)
}

/// How many bytes a file has; 0 if there is none.
pub(crate) fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}
