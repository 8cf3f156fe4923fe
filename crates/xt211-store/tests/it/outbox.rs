//! What waits, in which order, and until when.

use xt211_store::{Content, NewContent, NewSetAside, Range, Refusal, SetAsideContent};

use crate::fixture::{Fixture, START, into, minute, sequences, total};

const REFUSAL: Refusal<'static> = Refusal {
    at: START,
    topic: "elektromer/data",
    code: "influxdb.refused",
    reason: "partial write: field type conflict",
    line: "home_energy,meter=1 1_8_0=2 1",
};

#[test]
fn a_batch_is_taken() {
    let mut fixture = Fixture::with_readings(5);
    let batch = fixture.store.waiting(3).unwrap();
    assert_eq!(sequences(&batch), [1, 2, 3]);
    assert_eq!(batch[1].content, Content::Reading(total(2)));
    assert_eq!((batch[1].meter, batch[1].time), (fixture.meter, minute(2)));
    fixture.forward(&[1, 2, 3]);
    assert_eq!(fixture.store.waiting_counts().unwrap(), [(fixture.meter, 2)]);
    assert_eq!(fixture.reopen().waiting(), [4, 5]);
}

#[test]
fn what_is_passed_over_goes_on_waiting() {
    let mut fixture = Fixture::with_readings(6);
    let late = fixture.tickets(&[1]);
    fixture.forward(&[2, 5]);
    assert_eq!(fixture.waiting(), [1, 3, 4, 6]);
    assert_eq!(fixture.store.waiting_counts().unwrap(), [(fixture.meter, 4)]);
    // A ticket from before stands for the same record.
    fixture.write(|transaction| transaction.forwarded(&late, Some(minute(100))));
    assert_eq!(fixture.waiting(), [3, 4, 6]);
    fixture.forward(&[3, 4, 6]);
    assert!(fixture.waiting().is_empty());
    assert_eq!(fixture.store.waiting_counts().unwrap(), []);
}

#[test]
fn taking_twice_or_nothing_changes_nothing() {
    let mut fixture = Fixture::with_readings(3);
    let tickets = fixture.tickets(&[1, 2]);
    for _ in 0..2 {
        fixture.write(|transaction| transaction.forwarded(&tickets, Some(minute(100))));
        fixture.write(|transaction| transaction.forwarded(&[], Some(minute(200))));
        assert_eq!(fixture.waiting(), [3]);
        let meter = fixture.store.meter("one").unwrap().unwrap();
        assert_eq!(meter.forwarded_at, Some(minute(100)));
    }
}

#[test]
fn what_is_to_be_forwarded_again_comes_first() {
    let mut fixture = Fixture::with_readings(6);
    fixture.forward(&[1, 2, 3, 4]);
    let again = |fixture: &mut Fixture, sequence: i64| {
        fixture.write(|transaction| transaction.forward_again(sequence.into()))
    };
    assert!(again(&mut fixture, 3));
    assert!(again(&mut fixture, 1));
    assert!(again(&mut fixture, 1));
    // It waits anyhow; there is none.
    assert!(again(&mut fixture, 6));
    assert!(!again(&mut fixture, 7));
    assert_eq!(fixture.waiting(), [1, 3, 5, 6]);
    assert_eq!(sequences(&fixture.store.waiting(3).unwrap()), [1, 3, 5]);
    fixture.forward(&[1, 5]);
    assert_eq!(fixture.waiting(), [3, 6]);
}

#[test]
fn a_range_is_forwarded_again() {
    let mut fixture = Fixture::with_readings(6);
    let meter = fixture.meter;
    let other = fixture.write(|transaction| {
        let other = transaction.add_meter("two", None)?;
        transaction.append_state(other, minute(3), b"{}")?;
        Ok(other)
    });
    let refused = fixture.tickets(&[3])[0];
    fixture.write(|transaction| transaction.refuse(refused, &REFUSAL));
    fixture.forward(&[1, 2, 4, 5, 7]);
    assert_eq!(fixture.waiting(), [6]);
    let range = Range { meter: None, from: Some(minute(2)), to: Some(minute(5)) };
    assert_eq!(fixture.store.forwardable_count(&range).unwrap(), 3);
    assert_eq!(fixture.write(|transaction| transaction.forward_range(&range)), 3);
    // 6 was passed over, so it is listed as well.
    assert_eq!(fixture.waiting(), [2, 4, 6, 7]);
    assert_eq!(fixture.store.forwardable_count(&range).unwrap(), 0);
    assert_eq!(fixture.write(|transaction| transaction.forward_range(&range)), 0);
    fixture.forward(&[2, 4, 6, 7]);
    let range = Range { meter: Some(other), ..Range::default() };
    assert_eq!(fixture.store.forwardable_count(&range).unwrap(), 1);
    assert_eq!(fixture.write(|transaction| transaction.forward_range(&range)), 1);
    assert_eq!(fixture.waiting(), [7]);
    let range = Range { meter: Some(meter), ..Range::default() };
    assert_eq!(fixture.store.forwardable_count(&range).unwrap(), 5);
    assert_eq!(fixture.write(|transaction| transaction.forward_range(&range)), 5);
    assert_eq!(fixture.store.waiting_counts().unwrap(), [(meter, 5), (other, 1)]);
}

#[test]
fn what_is_refused_is_set_aside() {
    let mut fixture = Fixture::with_readings(3);
    let meter = fixture.meter;
    let tickets = fixture.tickets(&[1, 2, 3]);
    assert!(fixture.write(|transaction| transaction.refuse(tickets[1], &REFUSAL)));
    assert_eq!(fixture.waiting(), [1, 3]);
    assert_eq!(fixture.store.meter("one").unwrap().unwrap().forwarded_at, None);
    let mut all = Vec::new();
    fixture.store.set_aside_entries(None, &mut into(&mut all)).unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].meter, all[0].at, all[0].times), (Some(meter), START, 1));
    assert_eq!(all[0].reason, REFUSAL.reason);
    let content = SetAsideContent::Line { sequence: 2.into(), line: REFUSAL.line.to_owned() };
    assert_eq!(all[0].content, content);

    // Released, it is sent once more, and refused once more.
    let id = all[0].id;
    fixture.write(|transaction| {
        assert!(transaction.forward_again(2.into())?);
        transaction.remove_set_aside(id)
    });
    assert_eq!(fixture.waiting(), [1, 2, 3]);
    fixture.write(|transaction| transaction.refuse(tickets[1], &REFUSAL));
    assert_eq!(fixture.waiting(), [1, 3]);
    assert_eq!(fixture.store.set_aside_counts().unwrap(), [(Some(meter), 1)]);
    // An id is not given twice.
    assert_eq!(fixture.store.set_aside_entry(id).unwrap(), None);
}

#[test]
fn the_very_same_state_is_kept_once() {
    let mut fixture = Fixture::new();
    let meter = fixture.meter;
    fixture.write(|transaction| {
        assert_eq!(transaction.append_state(meter, minute(1), b"{}")?, Some(1.into()));
        assert_eq!(transaction.append_state(meter, minute(1), b"{}")?, None);
        assert_eq!(transaction.append_state(meter, minute(1), b"{ }")?, Some(2.into()));
        assert_eq!(transaction.append_state(meter, minute(2), b"{}")?, Some(3.into()));
        Ok(())
    });
    assert_eq!(fixture.waiting(), [1, 2, 3]);
    let waiting = fixture.store.waiting(1).unwrap();
    assert_eq!(waiting[0].content, Content::State(b"{}".to_vec()));
}

#[test]
fn a_ticket_of_an_abandoned_database_stands_for_nothing() {
    let mut fixture = Fixture::with_readings(5);
    let tickets = fixture.tickets(&[1, 2, 3, 4, 5]);
    let Fixture { folder, store, .. } = fixture;
    let opened = store.begin_anew().unwrap();
    assert_eq!(opened.damaged, Some(folder.path().join("a.db.damaged-1")));
    let mut store = opened.store;
    let meter = store.write(|transaction| transaction.add_meter("two", None)).unwrap();
    fixture = Fixture { folder, store, meter };
    let sequence =
        fixture.write(|transaction| transaction.append_reading(meter, minute(1), &total(1), None));
    assert_eq!(sequence, 6.into());
    fixture.write(|transaction| {
        assert!(!transaction.refuse(tickets[0], &REFUSAL)?);
        transaction.forwarded(&tickets, Some(minute(1)))
    });
    assert_eq!(fixture.waiting(), [6]);
}

#[test]
fn setting_aside_is_not_forwarding() {
    let mut fixture = Fixture::with_readings(1);
    let entry = NewSetAside {
        at: minute(1),
        meter: None,
        topic: "elektromer/data",
        code: "message.syntax",
        reason: "no JSON",
        content: NewContent::Message(b"{"),
    };
    assert!(fixture.write(|transaction| transaction.set_aside(&entry)).is_new());
    assert_eq!(fixture.waiting(), [1]);
}

#[test]
fn what_came_last_of_what_waits() {
    let mut fixture = Fixture::with_readings(3);
    let newest = |fixture: &Fixture| {
        let newest = fixture.store.newest_waiting().unwrap();
        newest.map(|record| i64::from(record.ticket.sequence()))
    };
    assert_eq!(newest(&fixture), Some(3));
    fixture.forward(&[1, 2, 3]);
    assert_eq!(newest(&fixture), None);
    fixture.write(|transaction| transaction.forward_again(2.into()));
    assert_eq!(newest(&fixture), None);
}
