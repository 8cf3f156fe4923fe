//! The household whose meter it is, as a function of time: what its people, its boiler, its heat
//! pump and the solar modules on its roof do to each phase.
//!
//! Power stays the same for ten seconds, in whole watts, so that energy is its exact sum. Times are
//! in seconds since 1970.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    day::{Day, Kind},
    noise::Noise,
    weather::{sunshine, temperature},
};

const MINUTE: i64 = 60;
const DAY: i64 = 86_400;

/// For how many seconds the power stays the same. A minute has a whole number of them.
pub(super) const SLOT: i64 = 10;

/// What the solar modules give in full sun, in watts, behind the inverter.
const ROOF: f64 = 3_600.0;

/// What is always on, on each phase, in watts.
const ALWAYS: [f64; 3] = [55.0, 40.0, 30.0];

/// What the house loses for each degree that it is colder outside, in watts, and what of that the
/// heat pump takes from the grid.
const LOSS: f64 = 150.0;
const EFFORT: f64 = 0.29;

/// Below how many °C outside it is heated.
const HEATED_BELOW: f64 = 15.0;

/// The price of energy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tariff {
    /// Counted in 1.8.1.
    High,
    /// Counted in 1.8.2.
    Low,
}

/// What flows through the meter for [`SLOT`] seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flow {
    /// In watts, on each phase; negative if into the grid.
    pub(super) phases: [i64; 3],
    pub(super) tariff: Tariff,
}

impl Flow {
    /// In watts, on all phases; negative if into the grid.
    pub(super) fn power(&self) -> i64 {
        self.phases.iter().sum()
    }

    /// In watts. The meter balances its phases.
    pub(super) fn import(&self) -> u64 {
        self.power().max(0).unsigned_abs()
    }

    /// In watts.
    pub(super) fn export(&self) -> u64 {
        self.power().min(0).unsigned_abs()
    }
}

/// The household. It remembers the day and the minute that it was asked for last, as many questions
/// are of the same ones; what it says does not depend on that.
#[derive(Clone, Debug)]
pub(super) struct Household {
    zone: TimeZone,
    day: (i64, Day),
    minute: Minute,
}

impl Household {
    pub(super) fn new() -> Self {
        let zone = TimeZone::get("Europe/Prague").unwrap_or(TimeZone::UTC);
        let day = Day::new(0);
        Self { minute: Minute::new(0, 0, &day), zone, day: (0, day) }
    }

    /// What flows at a time.
    pub(super) fn flow(&mut self, second: i64) -> Flow {
        let number = second.div_euclid(MINUTE);
        if self.minute.number != number {
            let local = number * MINUTE + self.offset(number * MINUTE);
            let day = local.div_euclid(DAY);
            if self.day.0 != day {
                self.day = (day, Day::new(day));
            }
            self.minute = Minute::new(number, local.rem_euclid(DAY) / MINUTE, &self.day.1);
        }
        self.minute.flow(second.div_euclid(SLOT))
    }

    /// How far its clock is ahead of UTC, in seconds.
    fn offset(&self, second: i64) -> i64 {
        // The years -9999 to 9999.
        let Ok(time) = Timestamp::from_second(second) else { return 0 };
        self.zone.to_offset(time).seconds().into()
    }
}

/// What goes on for a minute.
#[derive(Clone, Debug)]
struct Minute {
    /// Minutes since 1970.
    number: i64,
    /// In watts, on each phase.
    loads: [f64; 3],
    /// In watts, on all three.
    sun: f64,
    tariff: Tariff,
}

impl Minute {
    fn new(number: i64, of_day: i64, day: &Day) -> Self {
        let second = number * MINUTE;
        let mut loads = ALWAYS;
        for run in day.runs.iter().filter(|run| run.minutes.contains(&of_day)) {
            loads.iter_mut().skip(run.phase).take(1).for_each(|load| *load += run.watts);
        }
        let [l1, l2, l3] = &mut loads;
        *l1 += day.activity(of_day) * 0.6;
        *l2 += day.activity(of_day) * 0.4 + fridge(number);
        let tariff = if day.is_low(of_day) { Tariff::Low } else { Tariff::High };
        *l3 += heat_pump(number, temperature(second), tariff, day.kind);
        Self { number, loads, sun: ROOF * sunshine(second), tariff }
    }

    fn flow(&self, slot: i64) -> Flow {
        let sun = self.sun / 3.0 * (1.0 + 0.01 * Noise(30).around_zero(slot));
        let phase = |load: f64, stream| {
            let load = load * (1.0 + 0.04 * Noise(stream).around_zero(slot));
            (load - sun).round() as i64
        };
        let [l1, l2, l3] = self.loads;
        Flow { phases: [phase(l1, 31), phase(l2, 32), phase(l3, 33)], tariff: self.tariff }
    }
}

/// Its compressor runs for 9 minutes of 25.
fn fridge(minute: i64) -> f64 {
    if minute.rem_euclid(25) < 9 { 90.0 } else { 0.0 }
}

/// Stores heat while energy is cheap.
fn heat_pump(minute: i64, outside: f64, tariff: Tariff, kind: Kind) -> f64 {
    let missing = (HEATED_BELOW - outside).max(0.0);
    let eagerness = match tariff {
        Tariff::Low => 1.5,
        Tariff::High => 0.75,
    };
    let comfort = if kind == Kind::Away { 0.5 } else { 1.0 };
    let watts = missing * LOSS * EFFORT * eagerness * comfort;
    // Instead of with less than this, it runs for a part of each 40 minutes only.
    let least = 700.0;
    let is_on = minute.rem_euclid(40) as f64 / 40.0 < watts / least;
    if is_on { watts.max(least) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const YEAR: i64 = 365 * DAY;

    /// What is used, what of that is cheap, and what is given, in kWh.
    fn energy(from: i64, seconds: i64) -> [f64; 3] {
        let mut household = Household::new();
        let mut sums = [0; 3];
        // One slot of each minute is enough to tell.
        for second in (from..from + seconds).step_by(MINUTE as usize) {
            let flow = household.flow(second);
            let low = if flow.tariff == Tariff::Low { flow.import() } else { 0 };
            for (sum, watts) in sums.iter_mut().zip([flow.import(), low, flow.export()]) {
                *sum += watts;
            }
        }
        sums.map(|sum| sum as f64 * MINUTE as f64 / 3_600_000.0)
    }

    fn start(month: u8) -> i64 {
        let start = datetime!(2026-01-01 0:00 UTC).unix_timestamp();
        start + i64::from(month - 1) * 30 * DAY
    }

    #[test]
    fn what_flows_depends_on_the_time_alone() {
        let seconds = [start(1) + 7, start(3) + 7 * 3_600, start(1) + 12 * 3_600, start(1) + 8];
        let mut household = Household::new();
        let flows = seconds.map(|second| household.flow(second));
        assert_eq!(seconds.map(|second| Household::new().flow(second)), flows);
        assert_eq!(household.flow(start(1)), household.flow(start(1) + SLOT - 1));
    }

    #[test]
    fn a_year_is_that_of_a_family() {
        let [import, low, export] = energy(start(1), YEAR);
        assert!((4_000.0..9_000.0).contains(&import), "{import}");
        assert!((0.45..0.75).contains(&(low / import)), "{low} of {import}");
        assert!((1_500.0..4_000.0).contains(&export), "{export}");
    }

    #[test]
    fn summer_and_winter_differ() {
        let [january, _, given_in_january] = energy(start(1), 31 * DAY);
        let [july, _, given_in_july] = energy(start(6), 31 * DAY);
        assert!(january > 2.0 * july, "{january} {july}");
        assert!(given_in_july > 3.0 * given_in_january, "{given_in_july} {given_in_january}");
    }

    #[test]
    fn it_uses_or_gives_and_never_both() {
        let mut household = Household::new();
        for second in (start(5)..start(6)).step_by(70) {
            let flow = household.flow(second);
            assert!(flow.import() == 0 || flow.export() == 0, "{flow:?}");
            assert_eq!(flow.power(), flow.import() as i64 - flow.export() as i64);
            let [used, given] = [flow.import(), flow.export()];
            assert!(used < 12_000 && given < 4_000, "{flow:?}");
        }
    }

    #[test]
    fn evenings_need_more_than_nights() {
        let mean = |hour: i64| {
            let hours = (0..90).map(|day| energy(start(6) + day * DAY + hour * 3_600, 3_600)[0]);
            hours.sum::<f64>() / 90.0
        };
        // 23:00 and 20:00 in Prague; the boiler and the sun are off at both.
        let (night, evening) = (mean(21), mean(18));
        assert!(evening > 2.0 * night, "{evening} {night}");
    }

    #[test]
    fn the_tariff_follows_the_clock_on_the_wall() {
        let mut household = Household::new();
        let mut tariff = |time: time::OffsetDateTime| household.flow(time.unix_timestamp()).tariff;
        // 13:30 of a Thursday, in winter and in summer.
        assert_eq!(tariff(datetime!(2026-11-26 12:30 UTC)), Tariff::Low);
        assert_eq!(tariff(datetime!(2026-06-25 11:30 UTC)), Tariff::Low);
        assert_eq!(tariff(datetime!(2026-06-25 12:30 UTC)), Tariff::Low);
        assert_eq!(tariff(datetime!(2026-06-25 13:30 UTC)), Tariff::High);
        assert_eq!(tariff(datetime!(2026-11-26 11:30 UTC)), Tariff::High);
    }
}
