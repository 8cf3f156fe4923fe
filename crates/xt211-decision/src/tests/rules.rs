//! The rules, one by one.

use super::*;
use crate::{AHEAD, Era, Reason};

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
fn what_is_left_and_not_contradicted_waits_on() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=900 2.8.0=900 3.8.0=900"));
    bench.take(&reading(5, "1.8.0=5 2.8.0=5 3.8.0=5"));
    bench.take(&reading(5, "2.8.0=901"));
    bench.take_totals(&[(12, "5.1"), (20, "5.2")]);
    bench.has(&[(0, "900"), (5, "5"), (12, "5.1"), (20, "5.2")], &[(5, OTHER), (5, FELL)]);
    let left: Vec<_> = bench.meter.waiting.iter().map(|waiting| &waiting.registers).collect();
    assert_eq!(left, [&reading(5, "3.8.0=5").registers]);
}

#[test]
fn a_zero_that_is_contradicted_meanwhile_waits_as_a_whole() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=0 96.1.1=\"2\""));
    bench.take(&reading(20, "1.8.0=1 96.1.1=\"1\""));
    bench.take_totals(&[(6, "3"), (16, "2")]);
    bench.take(&reading(6, "1.8.0=0 96.1.1=\"2\""));
    bench.has(&[(0, "0"), (6, "3"), (16, "2"), (20, "1")], &[(6, ZERO)]);
    assert_eq!(bench.meter.waiting.first().map(|waiting| waiting.registers.len()), Some(2));
}

#[test]
fn what_is_released_waits_no_longer_but_others_of_its_time_do() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=100 2.8.0=50"));
    bench.take(&reading(3, "1.8.0=90 2.8.0=40"));
    bench.take(&reading(3, "1.8.0=80 2.8.0=40"));
    let waiting = |meter: &Meter| {
        meter.waiting.iter().map(|waiting| waiting.registers.clone()).collect::<Vec<_>>()
    };
    let [first, second] = ["1.8.0=90 2.8.0=40", "1.8.0=80"].map(|text| reading(3, text).registers);
    assert_eq!(waiting(&bench.meter), [first.clone(), second.clone()]);
    let Ok(_) = bench.meter.release(&reading(3, "1.8.0=80"), None, NOW, &bench.archive);
    assert_eq!(waiting(&bench.meter), [first]);
    let Ok(_) = bench.meter.release(&reading(3, "1.8.0=90 2.8.0=40"), None, NOW, &bench.archive);
    assert_eq!(waiting(&bench.meter), []);
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
fn what_is_not_of_a_run_is_not_accepted_for_it() {
    // What lies between its zeros, and what has the time of its first reading.
    let bench = after(&[(0, "100"), (10, "0"), (12, "900"), (20, "0"), (30, "0.2")]);
    bench.has(&[(0, "100"), (10, "0"), (20, "0"), (30, "0.2")], &[(12, ROSE)]);
    let bench = after(&[(0, "100"), (10, "900"), (10, "5"), (20, "6"), (30, "7")]);
    bench.has(&[(0, "100"), (10, "5"), (20, "6"), (30, "7")], &[(10, ROSE)]);
}

#[test]
fn a_run_between_two_counters_is_a_third() {
    let bench = after(&[
        (0, "100"),
        (100, "5"),
        (110, "6"),
        (120, "7"),
        (30, "50"),
        (45, "51"),
        (60, "52"),
    ]);
    assert_eq!(bench.totals().len(), 7);
    assert_eq!(bench.aside(), []);
}

#[test]
fn what_is_contradicted_at_its_own_time_makes_no_run() {
    let mut bench = Bench::new();
    let texts = [
        (0, "1.8.0=100 2.8.0=50"),
        (10, "1.8.0=100 2.8.0=0"),
        (10, "2.8.0=\"?\""),
        // The zeros alone are no evidence.
        (20, "1.8.0=0 2.8.0=0"),
        (30, "1.8.0=0 2.8.0=0"),
    ];
    for (minutes, text) in texts {
        bench.take(&reading(minutes, text));
    }
    bench.has(&[(0, "100"), (10, "100")], &[(10, FELL), (20, ZERO), (30, ZERO)]);
    assert_eq!(bench.meter.eras, Eras::default());
}

#[test]
fn readings_of_the_future_make_no_run() {
    let mut bench = after(&[(0, "100"), (8_640, "200"), (8_700, "5"), (8_710, "6")]);
    bench.now = minute(60);
    bench.take_totals(&[(30, "3")]);
    bench.has(&[(0, "100"), (8_640, "200")], &[(30, FELL), (8_700, FELL), (8_710, FELL)]);
}

#[test]
fn a_counter_restarts_beside_one_that_was_set_back_too_often() {
    let mut bench = Bench::new();
    let start =
        |number: i64| Era::Total { code: ObisCode::reduced(2, 8, 0), start: minute(-number) };
    bench.meter.eras = (1..=256).map(start).collect();
    bench.take_totals(&[(0, "100"), (10, "5"), (20, "6"), (30, "7")]);
    bench.has(&[(0, "100"), (10, "5"), (20, "6"), (30, "7")], &[]);
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
fn what_makes_room_for_what_is_released_is_no_witness() {
    let mut bench = after(&[(0, "100"), (10, "110")]);
    bench.release(&reading(10, "1.8.0=105"));
    assert_eq!(bench.meter.eras, Eras::default());

    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=100 96.1.1=\"1\""));
    bench.take(&reading(10, "1.8.0=110 96.1.1=\"1\""));
    bench.take(&reading(20, "96.14.0=\"T1\""));
    bench.release(&reading(10, "1.8.0=5 96.1.1=\"2\""));
    let serials = [9, 10, 11].map(|at| bench.meter.eras.serial(minute(at)));
    assert_eq!(serials, [Some("1"), Some("2"), Some("2")]);
}

#[test]
fn a_text_that_took_a_totals_place_is_no_witness() {
    let mut bench = after(&[(0, "100"), (10, "110")]);
    bench.release(&reading(10, "1.8.0=\"?\""));
    bench.take_totals(&[(20, "105")]);
    bench.has(&[(0, "100"), (20, "105")], &[(10, "reading.register.replaced")]);
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
fn a_zero_that_the_user_releases_is_no_witness_for_others() {
    let mut bench = Bench::new();
    bench.take(&reading(0, "1.8.0=0"));
    bench.release(&reading(0, "1.8.0=0"));
    bench.take(&reading(3, "9.8.0=0"));
    assert_eq!(bench.aside(), [(3, ZERO)]);
}

#[test]
fn what_has_counted_once_has() {
    let mut bench = Bench::new();
    // Asked when nothing had.
    bench.take(&reading(0, "2.8.0=0"));
    bench.take(&reading(3, "1.8.0=5"));
    bench.take(&reading(6, "1.8.0=0"));
    bench.release(&reading(6, "1.8.0=0"));
    bench.take(&reading(9, "9.8.0=0"));
    assert_eq!(bench.aside(), []);
}
