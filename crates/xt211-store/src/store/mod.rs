//! The one writer.

#[cfg(test)]
mod tests;

use std::{
    fs, io,
    ops::Deref,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, config::DbConfig};

use crate::{
    Queries, Reader, Sequence, StoreError, StoreErrorKind, Transaction,
    connection::{self, Access},
    damage,
    failure::Failure,
    lock::{Lock, beside},
    schema, transaction,
};

/// How long to wait for somebody who edits the database. Messages wait meanwhile.
const PATIENCE: Duration = Duration::from_millis(250);

/// How large a file is looked through after an unclean end; that takes seconds for each GiB.
const LARGEST_CHECKED: u64 = 1 << 30;

/// The one writer of a database; see [`Queries`] for what can be asked of it.
///
/// It holds a lock on a file beside the database, whose name is the database's and `.lock`. When it
/// is dropped, it brings all into the one file, and leaves nothing but the lock's file beside it.
#[derive(Debug)]
pub struct Store {
    // Fields are dropped in this order: the lock goes last.
    queries: Queries,
    /// The number that was given last.
    last: Sequence,
    /// SQLite's number for what others had changed when we last looked.
    seen: i64,
    lock: Lock,
}

/// An open store, and what there is to say about it.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: Store,
    /// The file was damaged: it is here now, beside others that begin with the same name, and a
    /// new one was begun.
    pub damaged: Option<PathBuf>,
}

impl Store {
    /// Opens a database, and creates it if there is none.
    ///
    /// A damaged one is moved aside, to the first name of `<name>.damaged-1`, `-2`, … that is free,
    /// and a new one begun. After an unclean end, one of up to a GiB is looked through for damage.
    ///
    /// # Errors
    ///
    /// [`Missing`] if its folder is not there, [`InUse`], [`ReadOnly`], [`Full`], [`Newer`],
    /// [`Foreign`], [`Locked`] or [`Io`].
    ///
    /// [`Missing`]: StoreErrorKind::Missing
    /// [`InUse`]: StoreErrorKind::InUse
    /// [`ReadOnly`]: StoreErrorKind::ReadOnly
    /// [`Full`]: StoreErrorKind::Full
    /// [`Newer`]: StoreErrorKind::Newer
    /// [`Foreign`]: StoreErrorKind::Foreign
    /// [`Locked`]: StoreErrorKind::Locked
    /// [`Io`]: StoreErrorKind::Io
    pub fn open(path: &Path) -> Result<Opened, StoreError> {
        let real = real_path(path).map_err(|failure| failure.of(path))?;
        Self::open_real(real.clone()).map_err(|failure| failure.of(&real))
    }

    fn open_real(path: PathBuf) -> Result<Opened, Failure> {
        let lock = Lock::take(&path)?;
        if damage::is_orphaned(&path) {
            return Self::move_aside(path, lock, Sequence(0));
        }
        let needs_check = damage::has_log(&path) && damage::size(&path) < LARGEST_CHECKED;
        match connect(&path, needs_check) {
            Ok(connection) => {
                Ok(Opened { store: Self::new(path, lock, connection)?, damaged: None })
            }
            Err(failure) if failure.is_damage() => Self::move_aside(path, lock, Sequence(0)),
            Err(failure) => Err(failure),
        }
    }

    /// Moves what is there aside, and begins a new one, in which no number up to `last` is given.
    fn move_aside(path: PathBuf, lock: Lock, last: Sequence) -> Result<Opened, Failure> {
        let damaged = Some(damage::move_aside(&path)?);
        let connection = connect(&path, false)?;
        connection.execute("UPDATE outbox SET cursor = ?1", [last.0])?;
        Ok(Opened { store: Self::new(path, lock, connection)?, damaged })
    }

    fn new(path: PathBuf, lock: Lock, connection: Connection) -> Result<Self, Failure> {
        let last = transaction::last_sequence(&connection)?;
        let seen = data_version(&connection)?;
        Ok(Self { queries: Queries::new(connection, path), last, seen, lock })
    }

    /// Makes many changes or none, with one write to the disk: when this returns, they are there
    /// to stay. If `work` fails, nothing has changed.
    ///
    /// # Errors
    ///
    /// What `work` returns; [`Locked`](StoreErrorKind::Locked) if somebody else writes for longer
    /// than a quarter of a second; and whatever a [`Transaction`] can fail with.
    pub fn write<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let (done, last) = transaction::run(&self.queries, work)?;
        self.last = last.unwrap_or(self.last);
        Ok(done)
    }

    /// A connection of its own that only reads, for another thread.
    ///
    /// # Errors
    ///
    /// As [`Reader::open`].
    pub fn reader(&self) -> Result<Reader, StoreError> {
        Reader::open(self.path())
    }

    /// The write-ahead log, to which everybody writes who changes something, of whatever process;
    /// that it was written to is no more than a reason to [look](Self::changed_by_others).
    #[must_use]
    pub fn log(&self) -> PathBuf {
        beside(self.path(), "-wal")
    }

    /// Whether others have changed something since the last call, or since the store was opened.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn changed_by_others(&mut self) -> Result<bool, StoreError> {
        let version = self.queries.ask(data_version)?;
        Ok(std::mem::replace(&mut self.seen, version) != version)
    }

    /// Moves the database aside, which turned out to be [`Damaged`](StoreErrorKind::Damaged), and
    /// begins a new one. The lock is held on to. Records are numbered on, so that a ticket of the
    /// old database never stands for a record of the new one; its keys of meters mean nothing.
    /// Whoever else has the old one open goes on seeing that.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn begin_anew(self) -> Result<Opened, StoreError> {
        let Self { queries: Queries { connection, path }, last, lock, .. } = self;
        abandon(connection);
        Self::move_aside(path.clone(), lock, last).map_err(|failure| failure.of(&path))
    }
}

impl Deref for Store {
    type Target = Queries;

    fn deref(&self) -> &Queries {
        &self.queries
    }
}

/// Opens a database and makes it what it should be.
fn connect(path: &Path, needs_check: bool) -> Result<Connection, Failure> {
    let mut connection = connection::open(path, Access::Create, PATIENCE)?;
    match prepare(&mut connection, needs_check) {
        Ok(()) => {
            damage::sync_folder(path)?;
            Ok(connection)
        }
        Err(failure) => {
            abandon(connection);
            Err(failure)
        }
    }
}

fn prepare(connection: &mut Connection, needs_check: bool) -> Result<(), Failure> {
    // First of all, so that another program's database is not changed.
    schema::version(connection)?;
    connection::make_durable(connection)?;
    if needs_check {
        connection::check(connection)?;
    }
    schema::migrate(connection)?;
    // What every start reads is to be readable.
    transaction::last_sequence(connection).map(drop)
}

/// Closes a database as it is. SQLite would else bring the write-ahead log into it and delete that.
fn abandon(connection: Connection) {
    // If it fails, that is what happens, and nothing worse.
    let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
}

fn data_version(connection: &Connection) -> Result<i64, Failure> {
    Ok(connection.pragma_query_value(None, "data_version", |row| row.get(0))?)
}

/// The path by which everybody knows the file, so that everybody takes the same lock.
pub(crate) fn real_path(path: &Path) -> Result<PathBuf, Failure> {
    let missing = |detail| Err(Failure::Known(StoreErrorKind::Missing, detail));
    match fs::canonicalize(path) {
        Ok(real) if real.is_dir() => {
            let detail = "it is a folder; choose a file".to_owned();
            return Err(Failure::Known(StoreErrorKind::Io, detail));
        }
        Ok(real) => return Ok(real),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        Err(_) => {}
    }
    let folder = match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => return missing("it is no file".to_owned()),
    };
    let Some(name) = path.file_name() else { return missing("it is no file".to_owned()) };
    match fs::canonicalize(folder) {
        Ok(folder) => Ok(folder.join(name)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            missing(format!("its folder is not there; create {}", folder.display()))
        }
        Err(error) => Err(error.into()),
    }
}
