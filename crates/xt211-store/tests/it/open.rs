//! What is there after a database was opened again, and who may not open it.

use std::{fs, time::Duration};

use time::macros::datetime;
use xt211_store::{
    EraOf, MeterNews, Reader, Store, StoreError, StoreErrorKind, StoredEra, StoredMeter,
};

use crate::fixture::{Fixture, minute, registers, total};

fn kind(path: &std::path::Path) -> StoreErrorKind {
    Store::open(path).unwrap_err().kind()
}

#[test]
fn all_of_a_meter_is_there_again() {
    let mut fixture = Fixture::new();
    let total = EraOf::Register("1.8.0".parse().unwrap());
    let eras = [
        StoredEra { what: EraOf::Meter("51".to_owned()), since: minute(-5) },
        StoredEra { what: total.clone(), since: minute(5) },
    ];
    let mut seen = ["2.8.0", "1.8.0", "96.1.1"].map(String::from).to_vec();
    let meter = StoredMeter {
        key: fixture.meter,
        id: "one".to_owned(),
        topic: Some("elektromer/data".to_owned()),
        serial: Some("5100025085".to_owned()),
        status: Some(b"{}".to_vec()),
        battery: None,
        forwarded_at: None,
        heard_at: Some(minute(7)),
        patience: Some(Duration::from_secs(900)),
    };
    let news = MeterNews {
        serial: meter.serial.as_deref(),
        status: meter.status.as_deref(),
        heard_at: meter.heard_at,
        patience: meter.patience,
        ..MeterNews::default()
    };
    let key = fixture.write(|transaction| {
        transaction.update_meter(meter.key, &news)?;
        // No news changes nothing.
        transaction.update_meter(meter.key, &MeterNews::default())?;
        transaction.set_seen(meter.key, &seen)?;
        transaction.set_eras(meter.key, &eras[1..])?;
        transaction.set_eras(meter.key, &eras)?;
        assert_eq!(transaction.add_meter("two", None)?, 2.into());
        transaction.add_meter("one", Some("elektromer/data"))?;
        // No topic changes nothing.
        transaction.add_meter("one", None)
    });
    assert_eq!(key, fixture.meter);
    let mut fixture = fixture.reopen();
    assert_eq!(fixture.store.meter("one").unwrap().as_ref(), Some(&meter));
    assert_eq!(fixture.store.meter("three").unwrap(), None);
    let ids: Vec<_> = fixture.store.meters().unwrap().into_iter().map(|meter| meter.id).collect();
    assert_eq!(ids, ["one", "two"]);
    assert_eq!(fixture.store.eras(key).unwrap(), eras);

    assert_eq!(fixture.store.seen(key).unwrap(), seen);

    seen.remove(1);
    fixture.write(|transaction| transaction.set_seen(meter.key, &seen));
    assert_eq!(fixture.store.seen(key).unwrap(), seen);
}

#[test]
fn who_only_reads_leaves_what_was_there() {
    let fixture = Fixture::with_readings(2);
    let path = fixture.path();
    let files = |folder: &tempfile::TempDir| {
        let entries = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap());
        let mut files: Vec<_> =
            entries.map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap())).collect();
        files.sort();
        files
    };
    // As a power cut leaves it, with a write-ahead log.
    let cut = tempfile::tempdir().unwrap();
    for part in ["", "-wal"] {
        let name = format!("a.db{part}");
        fs::copy(fixture.folder.path().join(&name), cut.path().join(&name)).unwrap();
    }
    let before = files(&cut);
    let reader = Reader::open(&cut.path().join("a.db")).unwrap();
    assert_eq!(reader.record_count().unwrap(), 2);
    drop(reader);
    let after = files(&cut);
    assert_eq!(after[..1], before[..1]);
    assert_eq!(after.iter().find(|(name, _)| name == "a.db-wal"), before.get(1));
    assert_eq!(Store::open(&cut.path().join("a.db")).unwrap().store.waiting(9).unwrap().len(), 2);

    let Fixture { folder, store, .. } = fixture;
    drop(store);
    let before = files(&folder);
    let reader = Reader::open(&path).unwrap();
    reader.check().unwrap();
    assert_eq!(reader.waiting(9).unwrap().len(), 2);
    drop(reader);
    assert_eq!(files(&folder), before);
}

#[test]
fn a_clean_end_leaves_one_file_and_the_lock() {
    let fixture = Fixture::with_readings(3);
    assert_eq!(fixture.files(), ["a.db", "a.db-shm", "a.db-wal", "a.db.lock"]);
    let Fixture { folder, store, meter } = fixture;
    drop(store);
    let entries = folder.path().read_dir().unwrap();
    assert_eq!(entries.count(), 2);
    let path = folder.path().join("a.db");
    let fixture = Fixture { store: Store::open(&path).unwrap().store, folder, meter };
    assert_eq!(fixture.waiting(), [1, 2, 3]);
}

#[test]
fn a_failure_leaves_nothing() {
    let mut fixture = Fixture::new();
    let meter = fixture.meter;
    let failed: Result<(), Box<dyn std::error::Error>> = fixture.store.write(|transaction| {
        transaction.append_reading(meter, minute(1), &total(1), None)?;
        assert_eq!(transaction.waiting(10)?.len(), 1);
        Err("something else")?
    });
    assert_eq!(failed.unwrap_err().to_string(), "something else");
    assert!(fixture.waiting().is_empty());
    // Its number was not seen by anybody.
    fixture.write(|transaction| transaction.append_reading(meter, minute(1), &total(1), None));
    assert_eq!(fixture.waiting(), [1]);
}

#[test]
fn a_failure_that_is_passed_over_leaves_nothing_either() {
    let mut fixture = Fixture::new();
    let nobody = 7.into();
    let meter = fixture.meter;
    let failed: Result<(), StoreError> = fixture.store.write(|transaction| {
        transaction.append_reading(meter, minute(1), &total(1), None)?;
        let failed = transaction.append_reading(nobody, minute(1), &total(1), None).unwrap_err();
        assert_eq!(failed.kind(), StoreErrorKind::Other);
        assert_eq!(transaction.append_reading(meter, minute(2), &total(2), None), Err(failed));
        Ok(())
    });
    assert_eq!(failed.unwrap_err().code(), "store.other");
    assert!(fixture.waiting().is_empty());
}

#[test]
fn a_time_out_of_range_harms_nothing_else() {
    let mut fixture = Fixture::new();
    let meter = fixture.meter;
    let late = datetime!(3000-01-01 0:00 UTC);
    let path = fixture.path();
    fixture.write(|transaction| {
        let failed = transaction.append_reading(meter, late, &total(1), None).unwrap_err();
        assert_eq!(failed.kind(), StoreErrorKind::TimeRange);
        assert_eq!(
            failed.to_string(),
            format!(
                "{} cannot keep a time of the year 3000; it has those from 1678 to 2261",
                path.display()
            )
        );
        assert!(transaction.append_state(meter, late, b"{}").is_err());
        let era = StoredEra { what: EraOf::Meter("51".to_owned()), since: late };
        assert!(transaction.set_eras(meter, &[era]).is_err());
        transaction.append_reading(meter, minute(1), &registers(&[("96.1.1", "A")]), None)
    });
    assert_eq!(fixture.waiting(), [1]);
}

#[test]
fn one_store_at_a_time() {
    let fixture = Fixture::new();
    let path = fixture.path();
    assert_eq!(kind(&path), StoreErrorKind::InUse);
    let roundabout = fixture.folder.path().join(".").join("a.db");
    assert_eq!(kind(&roundabout), StoreErrorKind::InUse);
    assert!(fixture.reopen().waiting().is_empty());
}

#[test]
fn what_is_missing_or_no_file_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("b").join("a.db");
    let error = Store::open(&missing).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Missing);
    assert_eq!(
        error.to_string(),
        format!(
            "{} cannot be opened: its folder is not there; create {}",
            missing.display(),
            folder.path().join("b").display()
        )
    );
    assert_eq!(kind(folder.path()), StoreErrorKind::Io);
    assert_eq!(kind("".as_ref()), StoreErrorKind::Missing);
    std::fs::write(folder.path().join("file"), "").unwrap();
    assert_eq!(kind(&folder.path().join("file").join("a.db")), StoreErrorKind::Io);
}
