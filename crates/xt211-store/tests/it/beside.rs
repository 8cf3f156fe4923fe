//! Others that have the database open beside the bridge.

use std::thread;

use xt211_store::{
    Editor, NewContent, NewSetAside, Range, Reader, Store, StoreError, StoreErrorKind,
};

use crate::fixture::{Fixture, minute, total};

#[test]
fn an_editor_is_heard() {
    let mut fixture = Fixture::with_readings(2);
    let entry = NewSetAside {
        at: minute(1),
        meter: None,
        topic: "t",
        code: "c",
        reason: "r",
        content: NewContent::Message(b"[]"),
    };
    fixture.write(|transaction| transaction.set_aside(&entry));
    fixture.forward(&[1, 2]);
    // What we change ourselves is not news.
    assert!(!fixture.store.changed_by_others().unwrap());

    let mut editor = Editor::open(&fixture.path()).unwrap();
    assert_eq!(editor.waiting(9).unwrap(), []);
    assert!(!fixture.store.changed_by_others().unwrap());
    assert!(editor.write(|transaction| transaction.request_release(1)).unwrap());
    assert!(fixture.store.changed_by_others().unwrap());
    assert!(!fixture.store.changed_by_others().unwrap());
    assert_eq!(fixture.store.releases(9).unwrap(), [1]);

    let again = editor.write(|transaction| transaction.forward_range(&Range::default()));
    assert_eq!(again.unwrap(), 2);
    assert!(fixture.store.changed_by_others().unwrap());
    assert_eq!(fixture.waiting(), [1, 2]);
}

#[test]
fn a_reader_sees_what_is_committed() {
    let mut fixture = Fixture::with_readings(1);
    let meter = fixture.meter;
    let reader = fixture.store.reader().unwrap();
    assert_eq!(reader.path(), fixture.path());
    fixture.write(|transaction| {
        transaction.append_reading(meter, minute(2), &total(2), None)?;
        assert_eq!(reader.waiting(9)?.len(), 1);
        Ok(())
    });
    // It can be of another thread.
    let count = thread::spawn(move || reader.waiting(9).unwrap().len()).join().unwrap();
    assert_eq!(count, 2);
    fixture.store.check().unwrap();
    fixture.store.reader().unwrap().check().unwrap();
}

#[test]
fn nobody_waits_long_for_a_writer() {
    let mut fixture = Fixture::with_readings(1);
    let mut editor = Editor::open(&fixture.path()).unwrap();
    let meter = fixture.meter;
    editor
        .write(|transaction| {
            transaction.forward_range(&Range::default())?;
            let result = fixture
                .store
                .write(|transaction| transaction.append_reading(meter, minute(2), &total(2), None));
            let error = result.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Locked);
            // To read is possible all the same.
            assert_eq!(fixture.waiting(), [1]);
            Ok::<_, StoreError>(())
        })
        .unwrap();
    fixture.write(|transaction| transaction.append_reading(meter, minute(2), &total(2), None));
    assert_eq!(fixture.waiting(), [1, 2]);
}

#[test]
fn they_open_what_is_there_and_nothing_else() {
    let fixture = Fixture::with_readings(2);
    let path = fixture.path();
    let missing = fixture.folder.path().join("b.db");
    let error = Reader::open(&missing).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Missing);
    assert_eq!(
        error.to_string(),
        format!(
            "{} cannot be opened: it is not there; the bridge creates it when it starts",
            missing.display()
        )
    );
    assert_eq!(Editor::open(&missing).unwrap_err().kind(), StoreErrorKind::Missing);
    assert!(!missing.exists());
    let Fixture { folder, store, .. } = fixture;
    drop(store);
    // Nobody else has it open.
    assert_eq!(Reader::open(&path).unwrap().waiting(9).unwrap().len(), 2);
    assert_eq!(Editor::open(&path).unwrap().waiting(9).unwrap().len(), 2);

    std::fs::write(&missing, "").unwrap();
    assert_eq!(Reader::open(&missing).unwrap_err().kind(), StoreErrorKind::Older);
    std::fs::write(&missing, "something else, and longer than a header".repeat(40)).unwrap();
    assert_eq!(Editor::open(&missing).unwrap_err().kind(), StoreErrorKind::Damaged);
    drop(folder);
}

#[test]
fn a_store_does_not_wait_for_readers_to_leave() {
    let fixture = Fixture::with_readings(2);
    let reader = fixture.store.reader().unwrap();
    let path = fixture.path();
    let Fixture { folder: _folder, store, .. } = fixture;
    drop(store);
    let store = Store::open(&path).unwrap();
    assert_eq!(store.damaged, None);
    assert_eq!(reader.waiting(9).unwrap(), store.store.waiting(9).unwrap());
}

#[test]
fn several_questions_see_one_state() {
    let mut fixture = Fixture::with_readings(1);
    let meter = fixture.meter;
    let reader = fixture.store.reader().unwrap();
    let counts = reader.at_once(|queries| {
        let before = queries.record_count()?;
        fixture.write(|transaction| transaction.append_reading(meter, minute(2), &total(2), None));
        Ok((before, queries.record_count()?, queries.at_once(|queries| queries.record_count())?))
    });
    assert_eq!(counts.unwrap(), (1, 1, 1));
    assert_eq!(reader.record_count().unwrap(), 2);
}
