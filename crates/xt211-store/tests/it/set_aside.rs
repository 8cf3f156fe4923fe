//! What was set aside: once each, until somebody does something about it.

use std::ops::ControlFlow;

use xt211_store::{NewContent, NewSetAside, Queries, SetAside, SetAsideContent};

use crate::fixture::{Fixture, into, minute, total};

fn message(at: i64, message: &[u8]) -> NewSetAside<'_> {
    NewSetAside {
        at: minute(at),
        meter: None,
        topic: "elektromer/data",
        code: "message.syntax",
        reason: "expected an object",
        content: NewContent::Message(message),
    }
}

fn entries(queries: &Queries) -> Vec<SetAside> {
    let mut all = Vec::new();
    queries.set_aside_entries(None, &mut into(&mut all)).unwrap();
    all
}

#[test]
fn the_very_same_is_kept_once_and_counted() {
    let mut fixture = Fixture::new();
    let is_new = |fixture: &mut Fixture, entry: &NewSetAside<'_>| {
        fixture.write(|transaction| transaction.set_aside(entry)).is_new()
    };
    assert!(is_new(&mut fixture, &message(1, b"[]")));
    assert!(!is_new(&mut fixture, &message(3, b"[]")));
    assert!(!is_new(&mut fixture, &message(2, b"[]")));
    assert!(is_new(&mut fixture, &message(4, b"[ ]")));
    assert!(is_new(&mut fixture, &NewSetAside { topic: "elektromer/status", ..message(5, b"[]") }));
    let mut fixture = fixture.reopen();
    let all = entries(&fixture.store);
    assert_eq!(all.len(), 3);
    let expected = SetAside {
        id: 1,
        at: minute(1),
        last_at: minute(3),
        times: 3,
        meter: None,
        topic: "elektromer/data".to_owned(),
        code: "message.syntax".to_owned(),
        reason: "expected an object".to_owned(),
        content: SetAsideContent::Message(b"[]".to_vec()),
        release_requested: false,
        obstacle: None,
    };
    assert_eq!(all[0], expected);
    assert_eq!(fixture.store.set_aside_entry(1).unwrap(), Some(expected));

    assert!(fixture.write(|transaction| transaction.discard(1)));
    assert!(!fixture.write(|transaction| transaction.discard(1)));
    assert!(!is_new(&mut fixture, &message(9, b"[]")));
    assert_eq!(fixture.store.set_aside_entry(1).unwrap(), None);
    assert_eq!(entries(&fixture.store).len(), 2);
    assert_eq!(fixture.store.set_aside_counts().unwrap(), [(None, 2)]);
}

#[test]
fn readings_wait_for_others_that_agree() {
    let mut fixture = Fixture::new();
    let meter = fixture.meter;
    let totals: Vec<_> = (0..5).map(total).collect();
    let reading = |number: usize, serial| NewSetAside {
        meter: Some(meter),
        content: NewContent::Reading {
            time: minute(number as i64),
            registers: &totals[number],
            serial,
        },
        ..message(10, b"")
    };
    let is_new = fixture.write(|transaction| {
        let mut is_new = Vec::new();
        for number in [3, 1, 2, 4, 1] {
            is_new.push(transaction.set_aside(&reading(number, Some("51")))?.is_new());
        }
        is_new.push(transaction.set_aside(&reading(1, None))?.is_new());
        transaction.set_aside(&NewSetAside { meter: Some(meter), ..message(11, b"[]") })?;
        Ok(is_new)
    });
    assert_eq!(is_new, [true, true, true, true, false, true]);
    assert!(fixture.write(|transaction| transaction.discard(4)));
    let waiting = fixture.store.waiting_readings(meter, "", 3).unwrap();
    assert_eq!(waiting.iter().map(|entry| entry.id).collect::<Vec<_>>(), [2, 3, 5]);
    let content = |number: u32, serial: Option<&str>| SetAsideContent::Reading {
        time: minute(number.into()),
        registers: total(number),
        serial: serial.map(str::to_owned),
    };
    assert_eq!(waiting[0].content, content(1, Some("51")));
    assert_eq!(waiting[0].times, 2);
    assert_eq!(waiting[2].content, content(1, None));
    assert_eq!(fixture.store.waiting_readings(2.into(), "", 3).unwrap(), []);
    assert_eq!(fixture.store.set_aside_counts().unwrap(), [(Some(meter), 5)]);
}

#[test]
fn users_ask_for_releases() {
    let mut fixture = Fixture::new();
    fixture.write(|transaction| {
        for bytes in [b"1", b"2", b"3"] {
            transaction.set_aside(&message(1, bytes))?;
        }
        assert!(transaction.request_release(3)?);
        assert!(transaction.request_release(1)?);
        assert!(transaction.request_release(2)?);
        assert!(!transaction.request_release(4)?);
        // Discarded, it is not released after all.
        transaction.discard(2)?;
        assert!(!transaction.request_release(2)?);
        Ok(())
    });
    assert_eq!(fixture.store.releases(9).unwrap(), [1, 3]);
    assert_eq!(fixture.store.releases(1).unwrap(), [1]);
    assert!(fixture.store.set_aside_entry(3).unwrap().unwrap().release_requested);
    assert!(fixture.write(|transaction| transaction.remove_set_aside(3)));
    assert!(!fixture.write(|transaction| transaction.remove_set_aside(3)));
    assert_eq!(fixture.store.releases(9).unwrap(), [1]);
    // What cannot be released says why, until that is asked for again.
    let obstacle = |fixture: &Fixture| fixture.store.set_aside_entry(1).unwrap().unwrap().obstacle;
    assert!(fixture.write(|transaction| transaction.refuse_release(1, "no meter")));
    assert_eq!(fixture.store.releases(9).unwrap(), [0_i64; 0]);
    assert_eq!(obstacle(&fixture).as_deref(), Some("no meter"));
    fixture.write(|transaction| transaction.request_release(1));
    assert_eq!(obstacle(&fixture), None);
    // What was released and comes again is new, under an id of its own.
    assert!(fixture.write(|transaction| transaction.set_aside(&message(5, b"3"))).is_new());
    assert_eq!(entries(&fixture.store).iter().map(|entry| entry.id).collect::<Vec<_>>(), [1, 4]);
}

#[test]
fn a_visit_can_end_early() {
    let mut fixture = Fixture::new();
    fixture.write(|transaction| {
        for bytes in [b"1", b"2", b"3"] {
            transaction.set_aside(&message(1, bytes))?;
        }
        Ok(())
    });
    let mut seen = Vec::new();
    let mut visit = |entry: SetAside| {
        seen.push(entry.id);
        if seen.len() < 2 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    fixture.store.set_aside_entries(None, &mut visit).unwrap();
    fixture.store.set_aside_entries(Some(fixture.meter), &mut visit).unwrap();
    assert_eq!(seen, [1, 2]);
}
