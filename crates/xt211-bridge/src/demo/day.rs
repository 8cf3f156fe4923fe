//! What people do on a day, and what that switches on.

use std::ops::Range;

use time::{Date, Duration, Month, Weekday};

use super::noise::Noise;

/// A minute of the day, on the clock of those who live there.
type Minute = i64;

/// When the supplier switches to the low tariff, on working days and on others: eight hours, as in
/// the Czech tariff D25d.
const LOW_TARIFF: [[Range<Minute>; 3]; 2] = [
    [clock(0, 30)..clock(4, 30), clock(13, 0)..clock(15, 0), clock(21, 0)..clock(23, 0)],
    [clock(0, 30)..clock(4, 30), clock(14, 0)..clock(16, 0), clock(21, 0)..clock(23, 0)],
];

/// When nobody is at home: skiing, and at the sea. From a day and month up to another.
const AWAY: [[(u8, u8); 2]; 2] = [[(2, 8), (2, 14)], [(7, 20), (8, 2)]];

/// Czech public holidays that have a date.
const HOLIDAYS: [(u8, u8); 11] = [
    (1, 1),
    (5, 1),
    (5, 8),
    (7, 5),
    (7, 6),
    (9, 28),
    (10, 28),
    (11, 17),
    (12, 24),
    (12, 25),
    (12, 26),
];

const fn clock(hour: i64, minute: i64) -> Minute {
    hour * 60 + minute
}

/// What kind of day it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// At work and at school.
    Working,
    /// At home.
    Free,
    /// Not there.
    Away,
}

impl Kind {
    fn of(date: Date) -> Self {
        let day = (u8::from(date.month()), date.day());
        if AWAY.iter().any(|[first, last]| (*first..=*last).contains(&day)) {
            Self::Away
        } else if HOLIDAYS.contains(&day)
            || matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
        {
            Self::Free
        } else {
            Self::Working
        }
    }
}

/// An appliance that is on for some time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Run {
    pub(super) minutes: Range<Minute>,
    pub(super) watts: f64,
    /// The phase that it is connected to: 0, 1 or 2.
    pub(super) phase: usize,
}

/// A day.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Day {
    pub(super) kind: Kind,
    /// What is switched on, and off before midnight.
    pub(super) runs: Vec<Run>,
    has_weekend_tariff: bool,
}

impl Day {
    /// That many days after 1970-01-01.
    pub(super) fn new(number: i64) -> Self {
        // A date that does not exist is not asked for.
        let epoch = Date::from_calendar_date(1970, Month::January, 1).unwrap_or(Date::MIN);
        let date = epoch.saturating_add(Duration::days(number));
        let kind = Kind::of(date);
        let has_weekend_tariff = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        let mut day = Self { kind, runs: Vec::new(), has_weekend_tariff };
        day.heat_water(number);
        match kind {
            Kind::Working => {
                day.run(clock(6, 5), 25, 4, 2_000.0, 1, Noise(10).at(number));
                day.run(clock(6, 30), 20, 9, 1_100.0, 1, Noise(11).at(number));
                day.run(clock(17, 40), 70, 40, 1_500.0, 1, Noise(12).at(number));
            }
            Kind::Free => {
                day.run(clock(8, 10), 60, 4, 2_000.0, 1, Noise(10).at(number));
                day.run(clock(11, 0), 50, 65, 1_700.0, 1, Noise(11).at(number));
                day.run(clock(18, 20), 60, 20, 1_200.0, 1, Noise(12).at(number));
            }
            Kind::Away => return day,
        }
        day.run(clock(19, 30), 100, 4, 2_000.0, 1, Noise(13).at(number));
        if Noise(14).at(number) < 0.35 {
            let start = if kind == Kind::Free { clock(9, 30) } else { clock(16, 10) };
            day.run(start, 90, 25, 2_000.0, 2, Noise(15).at(number));
            day.run(start + 25, 90, 70, 240.0, 2, Noise(15).at(number));
        }
        if Noise(16).at(number) < 0.6 {
            day.run(clock(20, 0), 60, 18, 1_900.0, 0, Noise(17).at(number));
            day.run(clock(20, 18), 60, 35, 60.0, 0, Noise(17).at(number));
            day.run(clock(20, 53), 60, 14, 1_900.0, 0, Noise(17).at(number));
        }
        day
    }

    /// The boiler is on when energy is cheap, until the water is hot.
    fn heat_water(&mut self, number: i64) {
        let cold = if self.kind == Kind::Away { 0.2 } else { 1.0 };
        let [night, noon, evening] = self.low_tariff().clone();
        for (window, minutes, stream) in [(night, 60.0, 20), (noon, 20.0, 21), (evening, 25.0, 22)]
        {
            let minutes = minutes * cold * (0.8 + 0.4 * Noise(stream).at(number));
            self.run(window.start, 0, minutes as Minute, 2_000.0, 0, 0.0);
        }
    }

    /// Switches something on, from a minute on or up to `spread` later as chance will have it.
    fn run(
        &mut self,
        from: Minute,
        spread: Minute,
        length: Minute,
        watts: f64,
        phase: usize,
        chance: f64,
    ) {
        let from = from + (spread as f64 * chance) as Minute;
        self.runs.push(Run { minutes: from..from + length, watts, phase });
    }

    fn low_tariff(&self) -> &'static [Range<Minute>; 3] {
        let [working, weekend] = &LOW_TARIFF;
        if self.has_weekend_tariff { weekend } else { working }
    }

    /// Whether the low tariff is in force.
    pub(super) fn is_low(&self, minute: Minute) -> bool {
        self.low_tariff().iter().any(|window| window.contains(&minute))
    }

    /// In watts: lights, screens, and what else people have on, when they are up and at home.
    pub(super) fn activity(&self, minute: Minute) -> f64 {
        let around = |hour: f64, width: f64| {
            let distance = (minute as f64 / 60.0 - hour) / width;
            (-distance * distance).exp()
        };
        match self.kind {
            Kind::Working => 190.0 * around(6.8, 0.8) + 420.0 * around(20.0, 2.2),
            Kind::Free => {
                200.0 * around(9.0, 1.5) + 150.0 * around(14.0, 3.0) + 430.0 * around(20.0, 2.5)
            }
            Kind::Away => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn kinds_of_days() {
        let kinds = [
            (date!(2026 - 11 - 26), Kind::Working),
            (date!(2026 - 11 - 28), Kind::Free),
            (date!(2026 - 11 - 17), Kind::Free),
            (date!(2026 - 12 - 24), Kind::Free),
            (date!(2026 - 07 - 25), Kind::Away),
            (date!(2026 - 08 - 03), Kind::Working),
        ];
        for (date, kind) in kinds {
            let number = (date - date!(1970 - 01 - 01)).whole_days();
            assert_eq!(Day::new(number).kind, kind, "{date}");
        }
    }

    #[test]
    fn the_low_tariff_is_in_force_for_eight_hours() {
        for number in 20_000..20_007 {
            let day = Day::new(number);
            assert_eq!((0..1_440).filter(|minute| day.is_low(*minute)).count(), 8 * 60);
        }
        assert!(Day::new(20_783).is_low(clock(13, 30)), "a Thursday");
        assert!(!Day::new(20_785).is_low(clock(13, 30)), "a Saturday");
    }

    #[test]
    fn everything_is_off_by_midnight_and_the_boiler_only_on_when_that_is_cheap() {
        for number in 20_000..20_400 {
            let day = Day::new(number);
            for Run { minutes, watts, phase } in &day.runs {
                assert!(0 <= minutes.start && minutes.end <= 1_440, "{number}: {minutes:?}");
                assert!(*watts > 0.0 && *phase < 3);
            }
            for Run { minutes, .. } in day.runs.iter().take(3) {
                assert!(minutes.clone().all(|minute| day.is_low(minute)), "{number}: {minutes:?}");
            }
        }
    }
}
