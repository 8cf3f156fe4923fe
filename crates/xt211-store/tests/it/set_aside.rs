//! What was set aside: once each, until somebody does something about it.

use std::ops::ControlFlow;

use xt211_store::{NewContent, NewSetAside, Queries, Selection, SetAside, SetAsideContent};

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
        size: 2,
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

#[test]
fn some_of_it_is_selected_and_changed_page_by_page() {
    let mut fixture = Fixture::new();
    let meter = fixture.meter;
    fixture.write(|transaction| {
        for (number, code) in ["a", "b", "a", "a", "b", "a"].into_iter().enumerate() {
            let meter = (number % 2 == 0).then_some(meter);
            let bytes = [number as u8];
            transaction.set_aside(&NewSetAside { meter, code, ..message(1, &bytes) })?;
        }
        transaction.discard(6)
    });
    let all = Selection::default();
    let ids = |fixture: &Fixture, selection: &Selection, limit| {
        let entries = fixture.store.newest_set_aside(selection, limit).unwrap();
        entries.iter().map(|entry| entry.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&fixture, &all, 9), [5, 4, 3, 2, 1]);
    assert_eq!(ids(&fixture, &all, 2), [5, 4]);
    assert_eq!(ids(&fixture, &Selection { up_to: Some(3), ..all.clone() }, 2), [3, 2]);
    let a = Selection { code: Some("a".into()), ..all.clone() };
    assert_eq!(ids(&fixture, &a, 9), [4, 3, 1]);
    let of_meter = Selection { meter: Some(meter), ..a.clone() };
    assert_eq!(ids(&fixture, &of_meter, 9), [3, 1]);
    let counts = |fixture: &Fixture, selection: &Selection| {
        let counts = fixture.store.set_aside_codes(selection).unwrap();
        counts.iter().map(|(code, count)| format!("{code}{count} ")).collect::<String>()
    };
    assert_eq!(counts(&fixture, &all), "a3 b2 ");
    assert_eq!(counts(&fixture, &Selection { up_to: Some(2), ..all.clone() }), "a1 b1 ");

    fixture.write(|transaction| transaction.refuse_release(4, "no meter"));
    let requested = fixture.write(|transaction| transaction.request_releases(&a, 2));
    assert_eq!(requested, [4, 3]);
    let rest = Selection { up_to: Some(2), ..a.clone() };
    let requested = fixture.write(|transaction| transaction.request_releases(&rest, 2));
    assert_eq!(requested, [1]);
    assert_eq!(fixture.store.releases(9).unwrap(), [1, 3, 4]);
    assert_eq!(fixture.store.set_aside_entry(4).unwrap().unwrap().obstacle, None);

    let discarded = fixture.write(|transaction| transaction.discard_all(&of_meter, 9));
    assert_eq!(discarded, [3, 1]);
    assert_eq!(ids(&fixture, &all, 9), [5, 4, 2]);
    assert_eq!(fixture.store.releases(9).unwrap(), [4]);
    assert_eq!(fixture.write(|transaction| transaction.discard_all(&of_meter, 9)), [0_i64; 0]);
}

#[test]
fn of_many_messages_there_are_the_beginnings() {
    let mut fixture = Fixture::new();
    let long = vec![b'x'; 20_000];
    fixture.write(|transaction| transaction.set_aside(&message(1, &long)));
    let newest = fixture.store.newest_set_aside(&Selection::default(), 9).unwrap();
    let beginning = SetAsideContent::Message(long[..16_384].to_vec());
    assert_eq!((&newest[0].content, newest[0].size), (&beginning, 20_000));
    let entry = fixture.store.set_aside_entry(1).unwrap().unwrap();
    assert_eq!((entry.content, entry.size), (SetAsideContent::Message(long), 20_000));
}
