//! Damaged files are moved aside, whole, and the bridge goes on with a new one.

use std::{
    fs::{self, File},
    io::{Seek, SeekFrom, Write},
    ops::ControlFlow,
    path::Path,
};

use xt211_store::{
    Content, NewContent, NewSetAside, Opened, SetAsideContent, Store, StoreError, StoreErrorKind,
};

use crate::fixture::{Fixture, into, minute, total};

/// A database of several pages, as a power cut leaves it: what was committed last is in the log.
fn cut_off() -> (tempfile::TempDir, Vec<u8>, Vec<u8>) {
    let mut fixture = Fixture::with_readings(5000).reopen();
    let meter = fixture.meter;
    fixture.write(|transaction| transaction.append_reading(meter, minute(1), &total(1), None));
    let database = fs::read(fixture.path()).unwrap();
    let log = fs::read(fixture.folder.path().join("a.db-wal")).unwrap();
    (tempfile::tempdir().unwrap(), database, log)
}

fn overwrite(path: &Path, offset: u64, bytes: &[u8]) {
    let mut file = File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(offset)).unwrap();
    file.write_all(bytes).unwrap();
}

/// Opens a damaged database: it is moved to this name as it was, and a new one is begun.
fn is_moved_aside(path: &Path, name: &str) {
    let before = fs::read(path).unwrap();
    let log = |path: &Path| fs::read(format!("{}-wal", path.display())).unwrap_or_default();
    let log_before = log(path);
    let Opened { mut store, damaged } = Store::open(path).unwrap();
    let aside = path.with_file_name(name);
    assert_eq!(damaged.as_ref(), Some(&aside));
    assert_eq!(fs::read(&aside).unwrap(), before);
    assert_eq!(log(&aside), log_before);
    assert_eq!(store.meters().unwrap(), []);
    let meter = store.write(|transaction| transaction.add_meter("one", None)).unwrap();
    store
        .write(|transaction| transaction.append_reading(meter, minute(1), &total(1), None))
        .unwrap();
    drop(store);
    let Opened { store, damaged } = Store::open(path).unwrap();
    assert_eq!(damaged, None);
    assert_eq!(store.waiting(9).unwrap().len(), 1);
}

#[test]
fn a_sound_one_is_recovered() {
    let (folder, database, log) = cut_off();
    let path = folder.path().join("a.db");
    fs::write(&path, database).unwrap();
    fs::write(folder.path().join("a.db-wal"), log).unwrap();
    let Opened { store, damaged } = Store::open(&path).unwrap();
    assert_eq!(damaged, None);
    assert_eq!(store.waiting_counts().unwrap()[0].1, 5001);
}

/// Writes other bytes into what is kept, as a bad disk does.
fn change(fixture: &Fixture, sql: &str) {
    rusqlite::Connection::open(fixture.path()).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn a_record_that_is_changed_is_unreadable_and_nothing_else_is() {
    let mut fixture = Fixture::with_readings(4);
    let meter = fixture.meter;
    change(&fixture, "UPDATE record SET content = x'02' WHERE sequence IN (2, 4)");
    let contents: Vec<_> =
        fixture.store.waiting(9).unwrap().into_iter().map(|record| record.content).collect();
    let unreadable = || Content::Unreadable(vec![2]);
    let expected = [Some(total(1)), None, Some(total(3)), None];
    let expected = expected.map(|registers| registers.map_or_else(unreadable, Content::Reading));
    assert_eq!(contents, expected);
    // What decides passes over it, and takes the same reading for a new one.
    assert_eq!(fixture.store.reading_at(meter, minute(2)).unwrap(), None);
    let newest = fixture.store.newest_reading(meter, minute(9)).unwrap();
    assert_eq!(newest, Some((minute(3), total(3))));
    let mut seen = Vec::new();
    fixture
        .store
        .readings_before(meter, minute(9), &mut |time, _| {
            seen.push(time);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen, [minute(3), minute(1)]);
    fixture.write(|transaction| transaction.append_reading(meter, minute(2), &total(2), None));
    assert_eq!(fixture.store.reading_at(meter, minute(2)).unwrap(), Some(total(2)));
    fixture.write(|transaction| transaction.withdraw(meter, minute(2), &total(0)));
    assert_eq!(fixture.store.waiting(9).unwrap().len(), 5);
}

#[test]
fn an_entry_that_is_changed_is_unreadable_and_nothing_else_is() {
    let mut fixture = Fixture::new();
    let meter = Some(fixture.meter);
    let (registers, serial) = (total(1), None);
    for content in [
        NewContent::Reading { time: minute(1), registers: &registers, serial },
        NewContent::Message(b"noise"),
    ] {
        let (at, topic, code, reason) = (minute(0), "t", "code", "reason");
        let entry = NewSetAside { at, meter, topic, code, reason, content };
        fixture.write(|transaction| transaction.set_aside(&entry));
    }
    change(&fixture, "UPDATE set_aside SET content = x'02' WHERE id = 1");
    let mut entries = Vec::new();
    fixture.store.set_aside_entries(None, &mut into(&mut entries)).unwrap();
    let contents: Vec<_> = entries.into_iter().map(|entry| entry.content).collect();
    let (changed, sound) = (vec![2], b"noise".to_vec());
    assert_eq!(contents, [SetAsideContent::Unreadable(changed), SetAsideContent::Message(sound)]);
}

#[test]
fn a_header_that_is_overwritten() {
    let (folder, database, _) = cut_off();
    let path = folder.path().join("a.db");
    fs::write(&path, database).unwrap();
    overwrite(&path, 0, &[0xa5; 100]);
    is_moved_aside(&path, "a.db.damaged-1");
    // A second time, under another name.
    overwrite(&path, 0, &[0x5a; 100]);
    is_moved_aside(&path, "a.db.damaged-2");
}

#[test]
fn a_page_that_is_overwritten_and_an_unclean_end() {
    let (folder, database, log) = cut_off();
    let path = folder.path().join("a.db");
    let middle = u64::try_from(database.len() / 2 / 4096 * 4096).unwrap();
    fs::write(&path, database).unwrap();
    fs::write(folder.path().join("a.db-wal"), log).unwrap();
    overwrite(&path, middle, &[0xa5; 4096]);
    is_moved_aside(&path, "a.db.damaged-1");
}

#[test]
fn a_file_that_is_cut_short() {
    let (folder, mut database, _) = cut_off();
    let path = folder.path().join("a.db");
    database.truncate(database.len() / 2);
    fs::write(&path, &database).unwrap();
    is_moved_aside(&path, "a.db.damaged-1");
}

#[test]
fn a_log_without_its_database() {
    let (folder, _, log) = cut_off();
    let path = folder.path().join("a.db");
    fs::write(&path, []).unwrap();
    fs::write(folder.path().join("a.db-wal"), log).unwrap();
    is_moved_aside(&path, "a.db.damaged-1");
}

#[test]
fn damage_that_is_found_while_running() {
    let mut fixture = Fixture::with_readings(5000);
    fixture = fixture.reopen();
    let path = fixture.path();
    let length = fs::metadata(&path).unwrap().len();
    for page in 3..length / 4096 {
        overwrite(&path, page * 4096, &[0xa5; 4096]);
    }
    let error = fixture.store.waiting(5000).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Damaged);
    let error = fixture.store.check().unwrap_err();
    assert_eq!(error.code(), "store.damaged");
    assert!(!error.to_string().contains('\n'), "{error}");
    let Fixture { folder, store, .. } = fixture;
    let Opened { mut store, damaged } = store.begin_anew().unwrap();
    assert_eq!(damaged, Some(folder.path().join("a.db.damaged-1")));
    // It is locked all along.
    assert_eq!(Store::open(&path).unwrap_err().kind(), StoreErrorKind::InUse);
    let meter = store.write(|transaction| transaction.add_meter("one", None)).unwrap();
    let next =
        store.write(|transaction| transaction.append_reading(meter, minute(1), &total(1), None));
    assert_eq!(next, Ok::<_, StoreError>(5001.into()));
}

#[test]
fn what_is_another_programs_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE treasure (gold INTEGER)").unwrap();
    drop(other);
    let before = fs::read(&path).unwrap();
    let error = Store::open(&path).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Foreign);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn what_is_newer_is_left_alone() {
    let fixture = Fixture::with_readings(1);
    let path = fixture.path();
    let Fixture { folder: _folder, store, .. } = fixture;
    drop(store);
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let before = fs::read(&path).unwrap();
    let error = Store::open(&path).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Newer);
    assert_eq!(
        error.to_string(),
        format!(
            "{} was written by a newer version: its tables are of version 99, ours of 1; use that \
             version",
            path.display()
        )
    );
    assert_eq!(fs::read(&path).unwrap(), before);
}
