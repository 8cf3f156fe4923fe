//! The usual case, and what it costs.

use super::*;

#[test]
fn the_usual_reading_takes_no_closer_look() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=5 2.8.0=0 96.1.1=\"1\""));
    let is_usual = |at, text: &str| bench.meter.clone().take_next(&reading(at, text), horizon(NOW));
    assert!(is_usual(3, "1.8.0=5.1 2.8.0=0 16.7.0=300 96.1.1=\"1\""));
    assert!(is_usual(3, "1.8.0=5"));
    assert!(is_usual(3, "16.7.0=300 96.14.0=\"T1\""));
    assert!(!is_usual(0, "1.8.0=5.1"), "not later");
    assert!(!is_usual(3, "1.8.0=4.9"), "falls");
    assert!(!is_usual(3, "1.8.0=900"), "rises too fast");
    assert!(!is_usual(3, "2.8.0=0"), "all zero");
    assert!(!is_usual(3, "1.8.0=5 9.8.0=1"), "a new total");
    assert!(!is_usual(3, "1.8.0=\"?\""), "no number");
    assert!(!is_usual(3, "1.8.0=5 96.1.1=\"2\""), "another meter");
}

/// One that must not be asked.
struct Unasked;

impl History for Unasked {
    type Error = &'static str;

    fn at(&self, _: OffsetDateTime) -> Result<Option<Registers<'static>>, &'static str> {
        Err("at")
    }

    fn newest(&self, _: OffsetDateTime) -> Result<Option<OffsetDateTime>, &'static str> {
        Err("newest")
    }

    fn before(&self, _: ObisCode, _: OffsetDateTime) -> Result<Option<Point>, &'static str> {
        Err("before")
    }

    fn after(&self, _: ObisCode, _: OffsetDateTime) -> Result<Option<Point>, &'static str> {
        Err("after")
    }
}

#[test]
fn what_comes_in_order_asks_nothing_of_the_history() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=5 1.8.1=5 2.8.0=5 96.1.1=\"1\""));
    bench.take(&reading(3, "1.8.0=7 1.8.1=7 2.8.0=7 96.1.1=\"2\""));
    let next = reading(6, "1.8.0=7 1.8.1=7 2.8.0=7.1");
    assert!(!bench.meter.clone().take_next(&next, horizon(NOW)), "a closer look");
    assert_eq!(bench.meter.judge(&next, NOW, &Unasked), Ok(Judgement::Accepted));
    // Nor does what is wrong.
    let falls = bench.meter.judge(&reading(9, "1.8.0=1 2.8.0=900"), NOW, &Unasked);
    let Ok(Judgement::Mixed { contradiction: None, changes }) = falls else { panic!("{falls:?}") };
    let [Change::Refused(refused)] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!(refused.reasons.iter().map(|one| one.code()).collect::<Vec<_>>(), [FELL, ROSE]);
}

#[test]
fn the_next_reading_after_a_restart_needs_no_history() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=5 2.8.0=1 96.1.1=\"7\""));
    let next = reading(1, "1.8.0=5.5 2.8.0=1 96.1.1=\"7\"");
    bench.restart();
    assert_eq!(bench.meter.judge(&next, NOW, &Unasked), Ok(Judgement::Accepted));
    // Of a register that the last one did not have, the history tells.
    bench.restart();
    let other = reading(1, "1.8.0=5.5 3.8.0=1");
    assert_eq!(bench.meter.judge(&other, NOW, &Unasked), Err("before"));
}
