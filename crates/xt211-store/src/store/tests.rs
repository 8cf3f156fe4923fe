//! What needs a look behind the scenes.

use rusqlite::StatementStatus;
use tempfile::TempDir;
use time::{Duration, OffsetDateTime, macros::datetime};
use xt211_message::{Register, Registers, Value};

use super::*;
use crate::MeterKey;

const START: OffsetDateTime = datetime!(2026-02-21 20:27:09 UTC);

fn total(number: u32) -> Registers<'static> {
    let value = Value::Number(number.into());
    Registers::from_vec(vec![Register { code: "1.8.0".parse().unwrap(), value }]).unwrap()
}

fn new() -> (TempDir, Store, MeterKey) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("a.db")).unwrap().store;
    let meter = store.write(|transaction| transaction.add_meter("one", None)).unwrap();
    (folder, store, meter)
}

fn append(store: &mut Store, meter: MeterKey, count: u32) -> Result<(), StoreError> {
    store.write(|transaction| {
        for number in 0..count {
            let time = START + Duration::seconds(number.into());
            transaction.append_reading(meter, time, &total(number), None)?;
        }
        Ok(())
    })
}

#[test]
fn a_full_disk_keeps_what_is_there_and_works_again_later() {
    let (_folder, mut store, meter) = new();
    append(&mut store, meter, 10).unwrap();
    let pages: i64 =
        store.queries.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    let allow = |store: &Store, pages: i64| {
        let connection = &store.queries.connection;
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    };
    allow(&store, pages);
    let error = append(&mut store, meter, 1000).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Full);
    assert_eq!(error.code(), "store.full");
    assert_eq!(
        error.to_string(),
        format!(
            "the disk is full: nothing can be kept in {}; free some space",
            store.path().display()
        )
    );
    assert_eq!(store.waiting_counts().unwrap(), [(meter, 10)]);

    // Even if the error is passed over.
    let passed_over: Result<(), StoreError> = store.write(|transaction| {
        for number in 0..1000 {
            let _ = transaction.append_reading(meter, START, &total(number), None);
        }
        Ok(())
    });
    assert_eq!(passed_over, Err(error));
    assert_eq!(store.waiting_counts().unwrap(), [(meter, 10)]);

    allow(&store, pages + 1000);
    append(&mut store, meter, 1000).unwrap();
    assert_eq!(store.waiting_counts().unwrap(), [(meter, 1010)]);
    store.check().unwrap();
}

#[test]
fn what_must_not_be_written_to() {
    let (_folder, store, _) = new();
    let path = store.path().to_owned();
    let connection = connection::open(&path, Access::Read, PATIENCE).unwrap();
    let read_only = Queries::new(connection, path);
    let work = |transaction: &mut Transaction<'_>| transaction.add_meter("two", None);
    let error: StoreError = transaction::run(&read_only, work).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::ReadOnly);
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = Connection::open_with_flags(store.path(), flags).unwrap();
    let failure = connection::make_durable(&connection).unwrap_err();
    assert_eq!(failure.of(store.path()).code(), "store.read_only");
}

#[test]
fn a_backlog_does_not_make_a_batch_slower() {
    let (_folder, mut store, meter) = new();
    // SQLite counts its steps, which do not depend on what else the machine does.
    let steps = |store: &Store| {
        assert_eq!(store.waiting(1000).unwrap().len(), 1000);
        crate::outbox::BATCHES.map(|sql| {
            let connection = &store.queries.connection;
            let mut statement = connection.prepare(sql).unwrap();
            let mut rows = statement.query([1000]).unwrap();
            while rows.next().unwrap().is_some() {}
            drop(rows);
            statement.get_status(StatementStatus::VmStep)
        })
    };
    append(&mut store, meter, 2000).unwrap();
    let few = steps(&store);
    append(&mut store, meter, 98_000).unwrap();
    assert_eq!(steps(&store), few);
    let batch = store.waiting(99_000).unwrap();
    let tickets: Vec<_> = batch.iter().map(|record| record.ticket).collect();
    store.write(|transaction| transaction.forwarded(&tickets, Some(START))).unwrap();
    assert_eq!(steps(&store), few);
}

#[test]
fn a_statement_is_prepared_once() {
    let (_folder, store, _) = new();
    let connection = &store.queries.connection;
    let sql = "SELECT time FROM record WHERE meter = ?1 AND kind = ?2 AND time < ?3 ORDER BY time";
    let mut statement = connection.prepare(sql).unwrap();
    for meter in 0..9 {
        assert!(!statement.exists([meter, 0, 7]).unwrap());
    }
    assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
}

#[test]
fn what_is_committed_is_on_the_disk() {
    let (_folder, store, _) = new();
    let pragma = |name| {
        let connection = &store.queries.connection;
        connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(pragma("synchronous"), 2);
    assert_eq!(pragma("foreign_keys"), 1);
    assert_eq!(pragma("application_id"), i64::from(schema::APPLICATION_ID));
    assert_eq!(pragma("user_version"), 1);
}

#[test]
fn all_can_go_to_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<Store>();
    is_send::<Reader>();
    is_send::<crate::Editor>();
    is_send::<StoreError>();
}
