//! The tables, and how files of older versions get them.

use rusqlite::{Connection, TransactionBehavior};

use crate::{StoreErrorKind, failure::Failure};

/// Says that the file is ours: `XT21`.
pub(crate) const APPLICATION_ID: i32 = 0x5854_3231;

/// What leads from each version to the next. The version is how many of them a file has seen.
const MIGRATIONS: &[&str] = &[include_str!("schema/1.sql")];

/// Whose file it is, and what is to be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// There is nothing in it yet.
    Empty,
    /// It is as it should be.
    Current,
    /// It has seen only so many migrations.
    Older(usize),
}

/// Finds out what a file is.
///
/// Refuses one of another program, and one of a newer version.
pub(crate) fn version(connection: &Connection) -> Result<Version, Failure> {
    let application: i32 = pragma(connection, "application_id")?;
    let version: i64 = pragma(connection, "user_version")?;
    let objects: i64 =
        connection.query_one("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    match (application, usize::try_from(version)) {
        (0, Ok(0)) if objects == 0 => Ok(Version::Empty),
        (APPLICATION_ID, Ok(version)) if version == MIGRATIONS.len() => Ok(Version::Current),
        (APPLICATION_ID, Ok(version)) if version < MIGRATIONS.len() => Ok(Version::Older(version)),
        (APPLICATION_ID, Ok(version)) => Err(Failure::Known(
            StoreErrorKind::Newer,
            format!("its tables are of version {version}, ours of {}", MIGRATIONS.len()),
        )),
        _ => Err(Failure::Known(StoreErrorKind::Foreign, String::new())),
    }
}

/// Refuses a file that is not as it should be.
pub(crate) fn require_current(connection: &Connection) -> Result<(), Failure> {
    match version(connection)? {
        Version::Current => Ok(()),
        Version::Older(version) => Err(Failure::Known(
            StoreErrorKind::Older,
            format!("its tables are of version {version}, ours of {}", MIGRATIONS.len()),
        )),
        Version::Empty => {
            Err(Failure::Known(StoreErrorKind::Older, "it has no tables at all".to_owned()))
        }
    }
}

/// Brings a file up to date, each step whole or not at all.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), Failure> {
    let done = match version(connection)? {
        Version::Current => return Ok(()),
        Version::Older(version) => version,
        Version::Empty => 0,
    };
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        step.execute_batch(migration)?;
        step.pragma_update(None, "application_id", APPLICATION_ID)?;
        // Cannot fail: there are not that many migrations.
        step.pragma_update(None, "user_version", i64::try_from(index + 1).unwrap_or(i64::MAX))?;
        step.commit()?;
    }
    Ok(())
}

fn pragma<T: rusqlite::types::FromSql>(
    connection: &Connection,
    name: &str,
) -> Result<T, rusqlite::Error> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(application: i32, version: i64) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "application_id", application).unwrap();
        connection.pragma_update(None, "user_version", version).unwrap();
        connection
    }

    fn kind(result: Result<impl std::fmt::Debug, Failure>) -> StoreErrorKind {
        match result {
            Err(Failure::Known(kind, _)) => kind,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn versions() {
        assert_eq!(version(&with(0, 0)).unwrap(), Version::Empty);
        assert_eq!(version(&with(APPLICATION_ID, 0)).unwrap(), Version::Older(0));
        assert_eq!(version(&with(APPLICATION_ID, 1)).unwrap(), Version::Current);
        assert_eq!(kind(version(&with(APPLICATION_ID, 2))), StoreErrorKind::Newer);
        assert_eq!(kind(version(&with(APPLICATION_ID, -1))), StoreErrorKind::Foreign);
        assert_eq!(kind(version(&with(0, 1))), StoreErrorKind::Foreign);
        assert_eq!(kind(version(&with(7, 0))), StoreErrorKind::Foreign);
        assert_eq!(kind(require_current(&with(APPLICATION_ID, 0))), StoreErrorKind::Older);
        assert_eq!(kind(require_current(&with(0, 0))), StoreErrorKind::Older);
    }

    #[test]
    fn migrations_lead_to_the_current_version() {
        for mut connection in [with(0, 0), with(APPLICATION_ID, 0)] {
            migrate(&mut connection).unwrap();
            assert_eq!(version(&connection).unwrap(), Version::Current);
            migrate(&mut connection).unwrap();
        }
    }

    #[test]
    fn a_migration_that_fails_leaves_nothing() {
        let mut connection = with(APPLICATION_ID, 0);
        // The last of its tables is there already.
        connection.execute_batch("CREATE TABLE set_aside (id INTEGER)").unwrap();
        assert!(migrate(&mut connection).is_err());
        assert_eq!(version(&connection).unwrap(), Version::Older(0));
        let tables: i64 = connection
            .query_one("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))
            .unwrap();
        assert_eq!(tables, 1);
    }
}
