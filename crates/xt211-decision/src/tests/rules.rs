//! The rules, one by one.

use super::*;
use crate::{AHEAD, Era, Reason};

const FELL: &str = "reading.total.fell";
const ROSE: &str = "reading.total.rose_too_fast";
const ZERO: &str = "reading.total.all_zero";
const OTHER: &str = "reading.register.other_value";

/// A bench that has taken these readings of the total, in this order.
fn after(totals: &[(i64, &str)]) -> Bench {
    let mut bench = Bench::new();
    bench.take_totals(totals);
    bench
}

impl Bench {
    /// What the user wants accepted, who says that of what is set aside.
    fn release(&mut self, reading: &Reading<'_>) {
        self.aside.retain(|_, (refused, _)| refused.time != reading.time);
        let Ok(changes) = self.meter.release(reading, None, self.now, &self.archive);
        self.carry_out(&changes);
    }

    fn take_totals(&mut self, totals: &[(i64, &str)]) {
        for (minutes, total) in totals {
            self.take(&reading(*minutes, &format!("1.8.0={total}")));
        }
    }

    /// What was accepted of the total, and what is set aside.
    fn has(&self, totals: &[(i64, &str)], aside: &[(i64, &'static str)]) {
        let expected: Vec<_> =
            totals.iter().map(|(at, total)| (*at, (*total).to_owned())).collect();
        assert_eq!(self.totals(), expected);
        assert_eq!(self.aside(), aside);
    }
}

#[test]
fn a_counter_that_counts() {
    let bench = after(&[(0, "5"), (3, "5"), (6, "6.5")]);
    bench.has(&[(0, "5"), (3, "5"), (6, "6.5")], &[]);
    assert_eq!(bench.shown.as_deref(), Some("6.5"));
}

#[test]
fn the_same_again_is_nothing() {
    let mut bench = after(&[(0, "5"), (3, "6")]);
    assert_eq!(bench.take(&reading(0, "1.8.0=5")), Judgement::Repeated);
    assert_eq!(bench.take(&reading(3, "1.8.0=6")), Judgement::Repeated);
    bench.take(&reading(6, "1.8.0=900"));
    assert_eq!(bench.take(&reading(6, "1.8.0=900")), Judgement::Repeated, "waits already");
    bench.has(&[(0, "5"), (3, "6")], &[(6, ROSE)]);
}

#[test]
fn of_two_values_at_one_time_the_first_stays() {
    let mut bench = after(&[(0, "5")]);
    bench.take(&reading(0, "1.8.0=6 16.7.0=100"));
    bench.has(&[(0, "5")], &[(0, OTHER)]);
    // What is new in it counts.
    let at = bench.archive.at(minute(0)).unwrap().unwrap();
    assert_eq!(at, reading(0, "1.8.0=5 16.7.0=100").registers);
    bench.take(&reading(0, "96.14.0=\"T1\""));
    bench.take(&reading(0, "96.14.0=\"T2\""));
    assert_eq!(bench.aside(), [(0, OTHER), (0, OTHER)]);
}

#[test]
fn a_total_that_falls() {
    let mut bench = after(&[(0, "5"), (3, "4.999")]);
    bench.has(&[(0, "5")], &[(3, FELL)]);
    bench.take_totals(&[(6, "5.1")]);
    bench.has(&[(0, "5"), (6, "5.1")], &[(3, FELL)]);
    assert_eq!(bench.shown.as_deref(), Some("5.1"));
}

#[test]
fn what_completes_a_run_is_not_set_aside_for_its_other_registers() {
    let mut bench = Bench::new();
    for (minutes, total) in [(0, 5), (10, 9000), (20, 9001), (30, 9002)] {
        bench.take(&reading(minutes, &format!("1.8.0={total} 96.1.1=\"7\"")));
    }
    bench.has(&[(0, "5"), (10, "9000"), (20, "9001"), (30, "9002")], &[]);
    assert_eq!(bench.meter.waiting, []);
}

#[test]
fn a_total_that_rises_too_fast() {
    let mut bench = after(&[(0, "5"), (3, "9.001")]);
    bench.has(&[(0, "5")], &[(3, ROSE)]);
    // The real one, and one that the glitch would have made impossible.
    bench.take_totals(&[(6, "5.1"), (9, "5.2")]);
    bench.has(&[(0, "5"), (6, "5.1"), (9, "5.2")], &[(3, ROSE)]);
}

#[test]
fn what_is_believed_of_a_reading_is_kept_and_shown() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=5 1.8.1=3 16.7.0=100"));
    bench.take(&reading(3, "1.8.0=5.1 1.8.1=900 16.7.0=200"));
    assert_eq!(bench.aside(), [(3, ROSE)]);
    let at = bench.archive.at(minute(3)).unwrap().unwrap();
    assert_eq!(at, reading(3, "1.8.0=5.1 16.7.0=200").registers);
    // The other register goes on by itself.
    bench.take(&reading(6, "1.8.0=5.2 1.8.1=3.1"));
    assert_eq!(bench.aside(), [(3, ROSE)]);
}

#[test]
fn a_net_total_may_fall_and_so_may_what_is_none() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "16.8.0=5 16.7.0=100 1.6.0=9 0-1:24.2.1=9"));
    bench.take(&reading(3, "16.8.0=4 16.7.0=-3 1.6.0=1 0-1:24.2.1=1"));
    assert_eq!(bench.aside(), []);
}

#[test]
fn a_zero_in_between_is_set_aside_whole() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=5 2.8.0=0 16.7.0=100"));
    bench.take(&reading(3, "1.8.0=0 2.8.0=0 16.7.0=0"));
    assert_eq!(bench.aside(), [(3, ZERO)]);
    assert_eq!(bench.archive.at(minute(3)), Ok(None));
    bench.take(&reading(6, "1.8.0=5.1 2.8.0=0 16.7.0=100"));
    assert_eq!(bench.aside(), [(3, ZERO)], "still");
    assert_eq!(bench.shown.as_deref(), Some("5.1"));
}

#[test]
fn zeros_never_start_anew_however_many() {
    let zeros: Vec<_> = (1..100).map(|number| (number * 15, "0")).collect();
    let mut bench = after(&[(0, "5")]);
    bench.take_totals(&zeros);
    bench.has(&[(0, "5")], &zeros.iter().map(|(at, _)| (*at, ZERO)).collect::<Vec<_>>());
    bench.take_totals(&[(1500, "9")]);
    assert_eq!(bench.totals().len(), 2);
}

#[test]
fn the_zeros_of_a_first_boot_leave_no_trace() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=0 1.8.1=0 2.8.0=0"));
    bench.take(&reading(3, "1.8.0=0 1.8.1=0 2.8.0=0"));
    assert_eq!(bench.shown, None);
    bench.take(&reading(6, "1.8.0=7369.066 1.8.1=1338.005 2.8.0=0"));
    bench.has(&[(6, "7369.066")], &[(0, ZERO), (3, ZERO)]);
    assert_eq!(bench.archive.0.len(), 1);
    assert_eq!(bench.shown.as_deref(), Some("7369.066"));
}

#[test]
fn the_zeros_of_a_first_boot_leave_no_trace_if_the_real_reading_comes_days_later() {
    const DAYS: i64 = 6 * 24 * 60;

    let bench = after(&[(0, "0"), (DAYS, "7369.066")]);
    bench.has(&[(DAYS, "7369.066")], &[(0, ZERO)]);
    // Nor if the zero is what comes late.
    let bench = after(&[(DAYS, "7369.066"), (0, "0")]);
    bench.has(&[(DAYS, "7369.066")], &[(0, ZERO)]);
    // A new meter may well have to wait for so long until it counts.
    let bench = after(&[(0, "0"), (DAYS, "0"), (DAYS + 15, "0.002")]);
    bench.has(&[(0, "0"), (DAYS, "0"), (DAYS + 15, "0.002")], &[]);
}

#[test]
fn a_new_meter_that_has_counted_nothing_is_believed_once_it_counts() {
    let mut bench = after(&[(0, "0"), (3, "0")]);
    bench.has(&[], &[(0, ZERO), (3, ZERO)]);
    bench.take_totals(&[(6, "0.002")]);
    bench.has(&[(0, "0"), (3, "0"), (6, "0.002")], &[]);
    assert_eq!(bench.shown.as_deref(), Some("0.002"));
}

#[test]
fn an_unused_register_may_be_zero_in_a_message_of_its_own() {
    let mut bench = after(&[(0, "5")]);
    bench.take(&reading(1, "2.8.0=0"));
    bench.take(&reading(4, "2.8.0=0"));
    assert_eq!(bench.aside(), []);
    // After a restart as well, though the last reading counts nothing.
    bench.take(&reading(7, "96.14.0=2"));
    bench.restart();
    bench.take(&reading(10, "3.8.0=0"));
    assert_eq!(bench.aside(), []);
}

#[test]
fn a_late_reading_is_kept_but_not_shown() {
    let mut bench = after(&[(0, "5"), (6, "6")]);
    bench.take_totals(&[(3, "5.5")]);
    bench.has(&[(0, "5"), (3, "5.5"), (6, "6")], &[]);
    assert_eq!(bench.shown.as_deref(), Some("6"));
    bench.take_totals(&[(4, "6.1"), (5, "5.4"), (-9, "5.1")]);
    bench.has(&[(0, "5"), (3, "5.5"), (6, "6")], &[(-9, FELL), (4, FELL), (5, FELL)]);
}

#[test]
fn a_burst_that_comes_again() {
    let queue: Vec<_> = (0..50).map(|at| (at * 5, format!("{}", 100 + at))).collect();
    let queue: Vec<_> = queue.iter().map(|(at, total)| (*at, total.as_str())).collect();
    let mut bench = Bench::new();
    for sent in 1..=queue.len() {
        bench.take_totals(&queue[..sent]);
    }
    bench.has(&queue, &[]);
}

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
fn what_is_left_and_contradicted_waits_no_longer() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=900 2.8.0=900"));
    bench.take(&reading(5, "1.8.0=5 2.8.0=5 15.8.0=5"));
    bench.take(&reading(5, "2.8.0=901"));
    bench.take_totals(&[(12, "5.1"), (20, "5.2")]);
    bench.has(&[(0, "900"), (5, "5"), (12, "5.1"), (20, "5.2")], &[(5, OTHER)]);
    assert_eq!(bench.meter.waiting, []);
}

#[test]
fn a_part_that_is_released_waits_no_longer() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=100 2.8.0=50"));
    bench.take(&reading(3, "1.8.0=90 2.8.0=40"));
    let Ok(_) = bench.meter.release(&reading(3, "1.8.0=90"), None, NOW, &bench.archive);
    let waiting = bench.meter.waiting.iter().map(|waiting| &waiting.registers);
    assert_eq!(waiting.collect::<Vec<_>>(), [&reading(3, "2.8.0=40").registers]);
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
fn a_counter_that_really_restarts() {
    let mut bench = after(&[(0, "7369"), (5, "0"), (10, "0.1"), (15, "0.2")]);
    bench.has(&[(0, "7369")], &[(5, ZERO), (10, FELL), (15, FELL)]);
    bench.restart();
    bench.take_totals(&[(20, "0.3")]);
    bench.has(&[(0, "7369"), (5, "0"), (10, "0.1"), (15, "0.2"), (20, "0.3")], &[]);
    assert_eq!(bench.shown.as_deref(), Some("0.3"));
    // From now on, it counts as any other.
    bench.take_totals(&[(25, "0.4"), (30, "7370"), (12, "0.15"), (2, "7369.1"), (3, "0.01")]);
    assert_eq!(bench.aside(), [(3, FELL), (30, ROSE)]);
}

#[test]
fn a_run_has_to_last_a_quarter_of_an_hour() {
    let mut bench = after(&[(0, "7369"), (5, "1"), (9, "1.1"), (13, "1.2"), (19, "1.3")]);
    assert_eq!(bench.aside().len(), 4);
    bench.take_totals(&[(20, "1.4")]);
    assert_eq!(bench.aside(), []);
}

#[test]
fn a_run_between_two_readings_that_agree_is_none() {
    let mut bench = after(&[(0, "100"), (60, "101")]);
    bench.take_totals(&[(10, "5"), (20, "6"), (30, "7"), (40, "8")]);
    assert_eq!(bench.totals().len(), 2);
    assert_eq!(bench.aside().len(), 4);
}

#[test]
fn a_wrong_first_reading_is_outnumbered() {
    let mut bench = after(&[(0, "900"), (5, "5"), (10, "5.1"), (15, "5.2")]);
    bench.has(&[(0, "900")], &[(5, FELL), (10, FELL), (15, FELL)]);
    bench.take_totals(&[(20, "5.3")]);
    assert_eq!(bench.totals().len(), 5, "what was accepted stays");
    assert_eq!(bench.aside(), []);
}

#[test]
fn times_that_cannot_be() {
    let mut bench = after(&[(0, "5")]);
    let boot = Reading { time: datetime!(1970-01-01 0:00:05 UTC), ..reading(0, "1.8.0=5") };
    assert_eq!(bench.take(&boot), Judgement::Untimely(Reason::TooEarly(boot.time)));
    let future = Reading { time: NOW + AHEAD + Duration::SECOND, ..reading(0, "1.8.0=5") };
    assert_eq!(bench.take(&future), Judgement::Untimely(Reason::InTheFuture(future.time)));
    // The module's clock is right again.
    bench.take_totals(&[(3, "6")]);
    bench.has(&[(0, "5"), (3, "6")], &[]);
    assert_eq!(bench.shown.as_deref(), Some("6"));
}

#[test]
fn a_reading_of_the_future_that_a_wrong_clock_of_ours_let_in_is_no_witness() {
    let mut bench = Bench::new();
    bench.now = datetime!(2000-01-01 0:00 UTC);
    bench.take_totals(&[(0, "5"), (1_000_000, "900")]);
    assert_eq!(bench.shown.as_deref(), Some("900"));
    bench.now = NOW;
    bench.restart();
    bench.take_totals(&[(3, "6"), (6, "7"), (4, "6.5")]);
    assert_eq!(bench.aside(), []);
    assert_eq!(bench.shown.as_deref(), Some("7"));
    bench.take_totals(&[(9, "6")]);
    assert_eq!(bench.aside(), [(9, FELL)]);
}

#[test]
fn the_user_knows_better() {
    let mut bench = after(&[(0, "7369"), (5, "12")]);
    assert_eq!(bench.aside(), [(5, FELL)]);
    bench.release(&reading(5, "1.8.0=12"));
    bench.has(&[(0, "7369"), (5, "12")], &[]);
    bench.take_totals(&[(10, "12.1")]);
    bench.has(&[(0, "7369"), (5, "12"), (10, "12.1")], &[]);
}

#[test]
fn the_user_puts_another_value_in_the_place_of_the_first() {
    let mut bench = after(&[(0, "100")]);
    let both = reading(5, "1.8.0=101 2.8.0=7 16.7.0=40");
    bench.take(&both);
    bench.take(&reading(5, "1.8.0=102 2.8.0=7"));
    bench.has(&[(0, "100"), (5, "101")], &[(5, OTHER)]);
    bench.release(&reading(5, "1.8.0=102 2.8.0=7"));
    bench.has(&[(0, "100"), (5, "102")], &[(5, "reading.register.replaced")]);
    let at = bench.archive.at(minute(5)).unwrap().unwrap();
    assert_eq!(at, reading(5, "1.8.0=102 2.8.0=7 16.7.0=40").registers);
    // From now on, it is what counts.
    bench.take_totals(&[(6, "101.5"), (7, "102.5")]);
    bench.has(
        &[(0, "100"), (5, "102"), (7, "102.5")],
        &[(5, "reading.register.replaced"), (6, FELL)],
    );
    // A release of what is accepted already changes nothing.
    let Bench { meter, archive, .. } = &mut bench;
    assert_eq!(meter.release(&reading(5, "1.8.0=102"), None, NOW, archive), Ok(Vec::new()));
}

#[test]
fn what_waits_is_judged_by_what_took_the_place_of_another() {
    let mut bench = after(&[(0, "100"), (10, "103"), (5, "104"), (10, "108")]);
    bench.has(&[(0, "100"), (10, "103")], &[(5, FELL), (10, OTHER)]);
    bench.release(&reading(10, "1.8.0=108"));
    bench.has(&[(0, "100"), (5, "104"), (10, "108")], &[(10, "reading.register.replaced")]);
}

#[test]
fn a_release_that_is_taken_back_leaves_nothing() {
    let mut bench = after(&[(0, "100"), (5, "102"), (10, "104"), (5, "900")]);
    bench.release(&reading(5, "1.8.0=900"));
    assert_ne!(bench.meter.eras, Eras::default());
    bench.release(&reading(5, "1.8.0=102"));
    assert_eq!(bench.meter.eras, Eras::default());
    bench.take_totals(&[(4, "104.5"), (7, "104.9")]);
    assert_eq!(bench.totals().len(), 3);
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
fn what_waits_is_bounded() {
    let mut bench = after(&[(0, "5")]);
    for at in 1..1_000 {
        bench.take(&reading(at, "1.8.0=0"));
    }
    assert_eq!(bench.meter.waiting.len(), 128);
    assert_eq!(bench.aside.len(), 999);
}

#[test]
fn nothing_is_passed_over_because_much_waits() {
    let mut bench = after(&[(0, "100"), (3, "101")]);
    for number in 0..128 {
        bench.take(&reading(100 + 3 * number, "1.8.0=0"));
    }
    // Older than all that waits, and good; the same, and bad.
    bench.take(&reading(50, "1.8.0=110"));
    bench.take(&reading(60, "1.8.0=900"));
    assert_eq!(bench.totals().len(), 3);
    assert_eq!(bench.aside.len(), 129);
    assert_eq!(bench.aside().first(), Some(&(60, ROSE)));
    assert_eq!(bench.meter.waiting.len(), 128);
}

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
fn a_zero_that_the_user_releases_is_no_witness_for_others() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=0"));
    bench.release(&reading(0, "1.8.0=0"));
    bench.take(&reading(3, "9.8.0=0"));
    assert_eq!(bench.aside(), [(3, ZERO)]);
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
