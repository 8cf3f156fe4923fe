//! Whose readings they are, where a meter is exchanged.

use super::*;
use crate::Era;

#[test]
fn a_meter_that_is_exchanged() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=7369 96.1.1=\"1\""));
    bench.take(&reading(3, "1.8.0=12 96.1.1=\"2\""));
    bench.take(&reading(6, "1.8.0=12.1"));
    // What comes late is compared with its own meter's.
    bench.take(&reading(2, "1.8.0=7369.5 96.1.1=\"1\""));
    bench.take(&reading(1, "1.8.0=7369.6 96.1.1=\"1\""));
    bench.has(&[(0, "7369"), (2, "7369.5"), (3, "12"), (6, "12.1")], &[(1, FELL)]);
    assert_eq!(bench.meter.serial(), Some("2"));
}

#[test]
fn a_late_reading_of_another_meter_takes_none_from_the_first() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=7369 96.1.1=\"1\""));
    bench.take(&reading(9, "1.8.0=7370"));
    bench.take(&reading(3, "1.8.0=12 96.1.1=\"2\""));
    // It goes on from there, and not from the other one.
    bench.take(&reading(12, "1.8.0=12.1"));
    bench.take(&reading(15, "1.8.0=7370.1"));
    bench.has(&[(0, "7369"), (3, "12"), (9, "7370"), (15, "7370.1")], &[(12, FELL)]);
    assert_eq!(bench.meter.serial(), Some("1"));
    // The other one comes; what lies between is still the first one's.
    bench.take(&reading(18, "1.8.0=12.2 96.1.1=\"2\""));
    bench.take(&reading(16, "1.8.0=12.1 96.1.1=\"2\""));
    bench.take(&reading(14, "1.8.0=12.1 96.1.1=\"2\""));
    let serials = [0, 3, 4, 9, 14, 15, 16, 17, 18].map(|at| bench.meter.eras.serial(minute(at)));
    let serials = serials.map(Option::unwrap_or_default);
    assert_eq!(serials, ["1", "2", "1", "1", "2", "1", "2", "2", "2"]);
}

#[test]
fn what_waits_is_the_meters_that_is_told_before_it() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=7369 96.1.1=\"1\""));
    // That its power is known already makes it nobody's.
    bench.take(&reading(6, "1.8.0=12.1 16.7.0=300"));
    assert_eq!(bench.aside(), [(6, FELL)]);
    bench.take(&reading(3, "1.8.0=12 96.1.1=\"2\""));
    bench.has(&[(0, "7369"), (3, "12"), (6, "12.1")], &[]);
    assert_eq!(bench.meter.serial(), Some("2"));
}

#[test]
fn of_one_time_there_is_one_meter() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=7369 2.8.0=90 96.1.1=\"1\""));
    bench.take(&reading(3, "1.8.0=7370"));
    bench.take(&reading(3, "2.8.0=5 96.1.1=\"2\""));
    bench.take(&reading(6, "1.8.0=7371 2.8.0=91"));
    bench.has(&[(0, "7369"), (3, "7370"), (6, "7371")], &[(3, FELL)]);
    assert_eq!(bench.meter.serial(), Some("1"));
    // Where the user puts another one's in the place of all, it is that one's.
    let released = reading(3, "1.8.0=12 96.1.1=\"2\"");
    let Ok(changes) = bench.meter.release(&released, Some("2"), NOW, &bench.archive);
    bench.carry_out(&changes);
    assert_eq!(bench.meter.eras.serial(minute(3)), Some("2"));
    assert_eq!(bench.meter.serial(), Some("1"));
    // Where nothing follows, what comes is that one's.
    let released = reading(6, "1.8.0=12.1 2.8.0=5 96.1.1=\"2\"");
    let Ok(changes) = bench.meter.release(&released, Some("2"), NOW, &bench.archive);
    bench.carry_out(&changes);
    assert_eq!(bench.meter.serial(), Some("2"));
}

#[test]
fn what_follows_is_looked_for_among_a_few_readings() {
    let told_between = |texts: i64| {
        let mut bench = Bench::new();
        bench.take(&reading(0, "1.8.0=7369 96.1.1=\"1\""));
        for at in 1..=texts {
            bench.take(&reading(100 + at, "96.14.0=\"T1\""));
        }
        bench.take(&reading(50, "1.8.0=12 96.1.1=\"2\""));
        bench.meter.serial().map(String::from)
    };
    assert_eq!(told_between(15).as_deref(), Some("2"));
    // In doubt, what was known stays so.
    assert_eq!(told_between(16).as_deref(), Some("1"));
}

#[test]
fn eras_are_told_once_when_they_change() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=5"));
    assert_eq!(bench.meter.changed_eras(), None);
    bench.take(&reading(3, "1.8.0=6 96.1.1=\"1\""));
    let eras = bench.meter.changed_eras().cloned().unwrap_or_default();
    let serial = Era::Serial { serial: "1".into(), start: minute(3) };
    assert_eq!(eras.iter().collect::<Vec<_>>(), [serial]);
    assert_eq!(bench.meter.changed_eras(), None);
    bench.take(&reading(6, "1.8.0=7 96.1.1=\"1\""));
    assert_eq!(bench.meter.changed_eras(), None);
}

#[test]
fn a_text_released_between_two_of_another_meter_lets_them_follow_each_other() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=900 96.1.1=\"2\""));
    bench.take(&reading(3, "1.8.0=7 96.1.1=\"1\""));
    bench.take(&reading(6, "1.8.0=5 96.1.1=\"2\""));
    bench.release(&reading(3, "1.8.0=\"?\""));
    assert_eq!(bench.totals(), [(0, "900".to_owned()), (6, "5".to_owned())]);
    assert!(bench.meter.eras.part(TOTAL, minute(0), minute(6)));
    // And if they agree, nothing has started anew.
    let mut bench = after(&[(0, "5"), (3, "6"), (6, "7")]);
    bench.release(&reading(3, "1.8.0=\"?\" 96.14.0=\"T1\""));
    assert_eq!(bench.meter.eras, Eras::default());
}

#[test]
fn a_new_meter_at_zero_waits_until_it_counts() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=7369 96.1.1=\"1\""));
    bench.take(&reading(3, "1.8.0=0 96.1.1=\"2\""));
    assert_eq!(bench.aside(), [(3, ZERO)]);
    bench.take(&reading(6, "1.8.0=0.1 96.1.1=\"2\""));
    bench.has(&[(0, "7369"), (3, "0"), (6, "0.1")], &[]);
}

/// A status tells the serial number.
fn learn_serial(bench: &mut Bench, serial: &str, minutes: i64) {
    let Bench { meter, archive, .. } = &mut *bench;
    let Ok(changes) = meter.learn_serial(serial, minute(minutes), NOW, archive);
    bench.carry_out(&changes);
}

#[test]
fn a_status_of_the_newest_readings_time_tells_what_follows_it() {
    let mut bench = Bench::new();
    bench.take(&reading(3, "1.8.0=7369 96.1.1=\"1\""));
    learn_serial(&mut bench, "2", 3);
    bench.take(&reading(6, "1.8.0=12"));
    bench.has(&[(3, "7369"), (6, "12")], &[]);
    assert_eq!([3, 6].map(|at| bench.meter.eras.serial(minute(at))), [Some("1"), Some("2")]);
}

#[test]
fn a_status_may_tell_of_the_exchange() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=7369 96.1.1=\"1\""));
    bench.take(&reading(3, "1.8.0=12"));
    assert_eq!(bench.aside(), [(3, FELL)]);
    learn_serial(&mut bench, "1", 4);
    // Of before the newest reading, which knew better.
    learn_serial(&mut bench, "3", -4);
    assert_eq!(bench.meter.serial(), Some("1"));
    assert_eq!(bench.aside(), [(3, FELL)]);
    learn_serial(&mut bench, "2", 5);
    bench.has(&[(0, "7369"), (3, "12")], &[]);
    assert_eq!(bench.shown.as_deref(), Some("12"));
}

#[test]
fn what_is_accepted_of_a_reading_tells_its_meter() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=5 2.8.0=1 96.1.1=\"7\""));
    let judgement = bench.take(&reading(5, "1.8.0=900 2.8.0=1 96.1.1=\"7\""));
    let Judgement::Mixed { changes, .. } = judgement else { panic!("{judgement:?}") };
    let serials = changes.iter().map(|change| match change {
        Change::Accepted(accepted) => accepted.serial.as_deref(),
        Change::Withdrawn(refused) | Change::Refused(refused) => refused.serial.as_deref(),
    });
    assert_eq!(serials.collect::<Vec<_>>(), [Some("7"); 2]);
}

#[test]
fn what_a_text_has_taken_the_place_of_is_no_neighbour() {
    let mut bench = Bench::new();
    bench.take(&reading(100, "1.8.0=3 96.1.1=\"2\""));
    bench.take(&reading(98, "1.8.0=2"));
    bench.take(&reading(97, "1.8.0=1 2.8.0=5 96.1.1=\"2\""));
    bench.take(&reading(0, "1.8.0=900 96.1.1=\"2\""));
    assert_eq!(bench.aside(), [(0, FELL)]);
    let text = reading(97, "1.8.0=\"?\" 2.8.0=6 96.1.1=\"1\"");
    let Ok(changes) = bench.meter.release(&text, Some("1"), NOW, &bench.archive);
    bench.carry_out(&changes);
    assert_eq!(bench.totals(), [(98, "2".to_owned()), (100, "3".to_owned())]);
}
