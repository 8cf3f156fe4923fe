//! What was accepted, by its own time, and for how long.

use std::ops::ControlFlow;

use xt211_message::Registers;
use xt211_store::{MeterNews, NewContent, NewSetAside, Queries, Range, Refusal};

use crate::fixture::{Fixture, into, minute, registers, sequences, total};

fn all(queries: &Queries, range: &Range) -> Vec<i64> {
    let mut records = Vec::new();
    queries.records(range, &mut into(&mut records)).unwrap();
    sequences(&records)
}

#[test]
fn rows_of_one_time_are_one_reading() {
    let mut fixture = Fixture::new();
    let meter = fixture.meter;
    fixture.write(|transaction| {
        transaction.append_reading(meter, minute(2), &registers(&[("2.8.0", "5")]), None)?;
        transaction.append_reading(
            meter,
            minute(2),
            &registers(&[("1.8.0", "7"), ("96.1.1", "A")]),
            None,
        )?;
        // What is there stays.
        transaction.append_reading(meter, minute(2), &registers(&[("1.8.0", "8")]), None)?;
        transaction.append_reading(meter, minute(4), &total(9), None)?;
        transaction.append_state(meter, minute(5), b"{}")
    });
    let both = registers(&[("1.8.0", "7"), ("2.8.0", "5"), ("96.1.1", "A")]);
    let store = &fixture.store;
    assert_eq!(store.reading_at(meter, minute(2)).unwrap(), Some(both.clone()));
    assert_eq!(store.reading_at(meter, minute(5)).unwrap(), None);
    assert_eq!(store.newest_reading(meter, minute(9)).unwrap(), Some((minute(4), total(9))));
    assert_eq!(store.newest_reading(meter, minute(4)).unwrap(), Some((minute(4), total(9))));
    assert_eq!(store.newest_reading(meter, minute(3)).unwrap(), Some((minute(2), both)));
    assert_eq!(store.newest_reading(meter, minute(1)).unwrap(), None);
    assert_eq!(store.newest_reading(2.into(), minute(9)).unwrap(), None);
}

#[test]
fn readings_before_and_after() {
    let mut fixture = Fixture::new();
    let meter = fixture.meter;
    fixture.write(|transaction| {
        for (at, value) in [(3, 1), (1, 2), (2, 3), (2, 4)] {
            transaction.append_reading(meter, minute(at), &total(value), None)?;
        }
        transaction.append_state(meter, minute(2), b"{}")
    });
    let mut seen: Vec<Registers<'_>> = Vec::new();
    let mut visit = |_, registers: &Registers<'static>| {
        seen.push(registers.clone());
        if seen.len() == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    fixture.store.readings_before(meter, minute(3), &mut visit).unwrap();
    fixture.store.readings_after(meter, minute(1), &mut visit).unwrap();
    assert_eq!(seen, [4, 3, 2, 3, 4].map(total));
}

#[test]
fn records_come_by_time_whoever_they_are_of() {
    let mut fixture = Fixture::new();
    let meter = fixture.meter;
    let other = fixture.write(|transaction| {
        let other = transaction.add_meter("two", None)?;
        transaction.append_reading(meter, minute(5), &total(1), None)?;
        transaction.append_state(meter, minute(3), b"{}")?;
        transaction.append_reading(other, minute(3), &total(3), None)?;
        transaction.append_reading(meter, minute(3), &total(4), None)?;
        transaction.append_reading(other, minute(1), &total(5), None)?;
        transaction.append_reading(meter, minute(-99), &total(6), None)?;
        Ok(other)
    });
    let store = &fixture.store;
    let whole = Range::default();
    assert_eq!(all(store, &whole), [6, 5, 2, 3, 4, 1]);
    assert_eq!(all(store, &Range { from: Some(minute(1)), ..whole }), [5, 2, 3, 4, 1]);
    assert_eq!(all(store, &Range { to: Some(minute(3)), ..whole }), [6, 5]);
    let middle = Range { meter: Some(meter), from: Some(minute(3)), to: Some(minute(5)) };
    assert_eq!(all(store, &middle), [2, 4]);
    assert_eq!(all(store, &Range { meter: Some(other), ..whole }), [5, 3]);
    assert!(all(store, &Range { meter: Some(7.into()), ..whole }).is_empty());
    let far = time::macros::datetime!(9999-12-31 0:00 UTC);
    assert_eq!(all(store, &Range { from: Some(minute(4)), to: Some(far), ..whole }), [1]);

    let mut count = 0;
    let mut visit = |_| {
        count += 1;
        if count == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    store.records(&whole, &mut visit).unwrap();
    assert_eq!(count, 2);
}

#[test]
fn many_records_of_many_meters_come_by_time() {
    let mut fixture = Fixture::new();
    let times = fixture.write(|transaction| {
        let mut times = Vec::new();
        for number in 0..9_000_i64 {
            let meter = transaction.add_meter(&format!("meter{}", number % 3), None)?;
            // Neither in order nor each once; one meter has most of them.
            let time = number * 7_919 % if number % 3 == 0 { 5_000 } else { 40 };
            transaction.append_reading(meter, minute(time), &total(1), None)?;
            times.push((time, number + 1));
        }
        Ok(times)
    });
    let mut expected = times;
    expected.sort_unstable();
    let expected: Vec<_> = expected.into_iter().map(|(_, sequence)| sequence).collect();
    assert_eq!(all(&fixture.store, &Range::default()), expected);
}

#[test]
fn a_visitor_may_ask_and_others_may_write_meanwhile() {
    let mut fixture = Fixture::with_readings(3);
    let reader = fixture.store.reader().unwrap();
    let meter = fixture.meter;
    let mut seen = Vec::new();
    let mut visit = |record: xt211_store::Record| {
        fixture
            .write(|transaction| transaction.append_reading(meter, minute(50), &total(50), None));
        // It sees what was there when the visit began.
        seen.push((record.ticket.sequence().into(), reader.waiting(9).unwrap().len()));
        ControlFlow::Continue(())
    };
    reader.records(&Range::default(), &mut visit).unwrap();
    assert_eq!(seen, [(1, 3), (2, 3), (3, 3)]);
    assert_eq!(reader.waiting(9).unwrap().len(), 6);
}

#[test]
fn pruning_leaves_what_is_needed() {
    let mut fixture = Fixture::with_readings(9);
    let meter = fixture.meter;
    fixture.write(|transaction| {
        // The newest reading is older than what is kept; so is a state.
        transaction.append_state(meter, minute(1), b"{}")
    });
    let refused = fixture.tickets(&[2])[0];
    let refusal = Refusal { at: minute(9), topic: "", code: "", reason: "", line: "x" };
    fixture.write(|transaction| transaction.refuse(refused, &refusal));
    fixture.forward(&[1, 3, 4, 5, 6]);
    fixture.write(|transaction| transaction.forward_again(4.into()));

    let prune = |fixture: &mut Fixture, before: i64, only_forwarded: bool| {
        fixture.write(|transaction| transaction.prune(minute(before), only_forwarded, 9_999))
    };
    let whole = Range::default();
    // Of the times before minute 6, not what is forwarded again, nor what was refused.
    assert_eq!(prune(&mut fixture, 6, true), 3);
    // 10 is of minute 1.
    assert_eq!(all(&fixture.store, &whole), [10, 2, 4, 6, 7, 8, 9]);
    assert_eq!(prune(&mut fixture, 99, true), 1);
    assert_eq!(fixture.waiting(), [4, 7, 8, 9, 10]);
    // 9 is the newest reading, 10 came last.
    assert_eq!(prune(&mut fixture, 99, false), 2);
    assert_eq!(all(&fixture.store, &whole), [10, 2, 4, 9]);
    assert_eq!(fixture.waiting(), [4, 9, 10]);
    assert_eq!(prune(&mut fixture, 99, false), 0);

    // Discarded and pruned, the line no longer keeps its record.
    fixture.write(|transaction| transaction.discard(1));
    assert_eq!(prune(&mut fixture, 99, true), 1);
    assert_eq!(all(&fixture.store, &whole), [10, 4, 9]);
}

#[test]
fn no_number_is_given_twice() {
    let mut fixture = Fixture::with_readings(3);
    let meter = fixture.meter;
    fixture.forward(&[1, 2, 3]);
    assert_eq!(fixture.write(|transaction| transaction.prune(minute(99), false, 9_999)), 2);
    let mut fixture = fixture.reopen();
    let next =
        fixture.write(|transaction| transaction.append_reading(meter, minute(1), &total(9), None));
    assert_eq!(next, 4.into());
    // This one is neither the newest reading nor forwarded, but the last: it stays.
    assert_eq!(fixture.write(|transaction| transaction.prune(minute(99), false, 9_999)), 0);
    assert_eq!(fixture.waiting(), [4]);
}

#[test]
fn what_was_discarded_is_forgotten_if_it_stays_away() {
    let mut fixture = Fixture::new();
    let entry = |at| NewSetAside {
        at: minute(at),
        meter: None,
        topic: "t",
        code: "c",
        reason: "r",
        content: NewContent::Message(b"[]"),
    };
    let set_aside = |fixture: &mut Fixture, at| {
        fixture.write(|transaction| transaction.set_aside(&entry(at))).is_new()
    };
    let prune = |fixture: &mut Fixture, before| {
        fixture.write(|transaction| transaction.prune(minute(before), true, 9_999))
    };
    assert!(set_aside(&mut fixture, 1));
    prune(&mut fixture, 99);
    assert!(!set_aside(&mut fixture, 2));
    fixture.write(|transaction| transaction.discard(1));
    prune(&mut fixture, 2);
    assert!(!set_aside(&mut fixture, 3));
    prune(&mut fixture, 4);
    assert!(set_aside(&mut fixture, 5));
}

#[test]
fn what_is_withdrawn_makes_room() {
    let mut fixture = Fixture::new();
    let meter = fixture.meter;
    let both = registers(&[("1.8.0", "1"), ("2.8.0", "7")]);
    fixture.write(|transaction| {
        transaction.append_reading(meter, minute(1), &both, None)?;
        transaction.append_reading(meter, minute(2), &total(2), None)
    });
    fixture.write(|transaction| {
        transaction.withdraw(meter, minute(1), &total(9))?;
        transaction.append_reading(meter, minute(1), &total(9), None)
    });
    let there = fixture.store.reading_at(meter, minute(1)).unwrap();
    assert_eq!(there, Some(registers(&[("1.8.0", "9"), ("2.8.0", "7")])));
    assert_eq!(fixture.store.reading_at(meter, minute(2)).unwrap(), Some(total(2)));
    // The first goes on waiting, with what is left of it.
    assert_eq!(fixture.waiting(), [1, 2, 3]);
}

#[test]
fn pruning_can_be_done_by_and_by() {
    let mut fixture = Fixture::with_readings(7);
    fixture.forward(&[1, 2, 3, 4, 5, 6, 7]);
    let mut prune = || fixture.write(|transaction| transaction.prune(minute(99), true, 4));
    assert_eq!([prune(), prune(), prune()], [4, 2, 0]);
    assert_eq!(all(&fixture.store, &Range::default()), [7]);
}

#[test]
fn meters_are_found_page_by_page() {
    let mut fixture = Fixture::new();
    let keys = fixture.write(|transaction| {
        let flats = ["flat_1", "flat_2", "flat_3"];
        let topic = |id: &str| format!("Flats/{}/data", &id[5..]);
        let keys = flats.map(|id| transaction.add_meter(id, Some(&topic(id))));
        keys.into_iter().collect::<Result<Vec<_>, _>>()
    });
    let news = MeterNews { serial: Some("SAG5100"), ..MeterNews::default() };
    fixture.write(|transaction| transaction.update_meter(keys[1], &news));
    let find = |text: &str, after, limit| {
        let meters = fixture.store.find_meters(text, after, limit).unwrap();
        meters.into_iter().map(|meter| meter.id).collect::<Vec<_>>()
    };
    assert_eq!(find("", None, 9), ["one", "flat_1", "flat_2", "flat_3"]);
    assert_eq!(find("", None, 2), ["one", "flat_1"]);
    assert_eq!(find("", Some(keys[0]), 2), ["flat_2", "flat_3"]);
    assert_eq!(find("FLAT", None, 2), ["flat_1", "flat_2"]);
    assert_eq!(find("sag51", None, 9), ["flat_2"]);
    assert_eq!(find("flats/3", None, 9), ["flat_3"]);
    assert_eq!(find("%", None, 9), [""; 0]);
    assert_eq!(fixture.store.meter_count().unwrap(), 4);
    assert_eq!(fixture.store.last_forwarded().unwrap(), None);
    let meter = fixture.meter;
    fixture.write(|transaction| transaction.append_reading(meter, minute(1), &total(1), None));
    fixture.forward(&[1]);
    assert_eq!(fixture.store.last_forwarded().unwrap(), Some(minute(100)));
}
