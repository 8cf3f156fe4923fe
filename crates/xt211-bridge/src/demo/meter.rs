//! The simulated meter: counts what the household uses and gives, and shows its registers.

use time::OffsetDateTime;

use super::{
    household::{Flow, Household, SLOT, Tariff},
    noise::Noise,
};

/// In the meter's registers when the demo starts: 7369.066 kWh in all, as in the first message that
/// this program was made for.
const AT_START: Energy = Energy::of_watt_hours(3_338_005, 4_031_061, 2_912_400);

/// What was counted, in watt-seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Energy {
    high: u64,
    low: u64,
    export: u64,
}

impl Energy {
    const fn of_watt_hours(high: u64, low: u64, export: u64) -> Self {
        Self { high: high * 3_600, low: low * 3_600, export: export * 3_600 }
    }

    /// As long as so little was counted, there is nothing to be taken away.
    fn less(self, other: Self) -> Self {
        Self {
            high: self.high.saturating_sub(other.high),
            low: self.low.saturating_sub(other.low),
            export: self.export.saturating_sub(other.export),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            high: self.high + other.high,
            low: self.low + other.low,
            export: self.export + other.export,
        }
    }
}

/// The meter.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    household: Household,
    /// Up to when it has counted, in seconds since 1970.
    second: i64,
    energy: Energy,
}

impl Meter {
    /// Counts from a time on.
    pub(super) fn new(from: OffsetDateTime) -> Self {
        let second = from.unix_timestamp();
        Self { household: Household::new(), second, energy: Energy::default() }
    }

    /// Lets time pass, to the second, and reads the registers. Time does not go back.
    pub(super) fn read(&mut self, time: OffsetDateTime) -> Registers {
        let to = time.unix_timestamp().max(self.second);
        while self.second < to {
            let flow = self.household.flow(self.second);
            let end = to.min((self.second.div_euclid(SLOT) + 1) * SLOT);
            let seconds = (end - self.second).unsigned_abs();
            let tariff = match flow.tariff {
                Tariff::High => &mut self.energy.high,
                Tariff::Low => &mut self.energy.low,
            };
            *tariff += flow.import() * seconds;
            self.energy.export += flow.export() * seconds;
            self.second = end;
        }
        Registers { second: to, energy: self.energy, flow: self.household.flow(to) }
    }

    /// Makes it a meter that had counted something before, so that it now shows what it should at
    /// the demo's start; and so with what was read of it.
    pub(super) fn age(&mut self, readings: &mut [Registers]) {
        let before = AT_START.less(self.energy);
        self.energy = self.energy.plus(before);
        for registers in readings {
            registers.energy = registers.energy.plus(before);
        }
    }
}

/// What the meter shows at a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Registers {
    second: i64,
    energy: Energy,
    flow: Flow,
}

impl Registers {
    pub(super) fn time(&self) -> OffsetDateTime {
        // Cannot fail: it was made of one.
        OffsetDateTime::from_unix_timestamp(self.second).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// The registers' codes and values, in their units.
    pub(super) fn values(&self) -> Vec<(&'static str, f64)> {
        // Whole watt-hours, which is what it shows.
        let [high, low, export] =
            [self.energy.high, self.energy.low, self.energy.export].map(|energy| energy / 3_600);
        let kilo = |watt_hours: u64| watt_hours as f64 / 1_000.0;
        let [power1, power2, power3] = self.flow.phases;
        let (volts1, amperes1) = self.mains(power1, 40);
        let (volts2, amperes2) = self.mains(power2, 41);
        let (volts3, amperes3) = self.mains(power3, 42);
        vec![
            ("1.8.0", kilo(high + low)),
            ("1.8.1", kilo(high)),
            ("1.8.2", kilo(low)),
            ("2.8.0", kilo(export)),
            ("16.7.0", self.flow.power() as f64),
            ("36.7.0", power1 as f64),
            ("56.7.0", power2 as f64),
            ("76.7.0", power3 as f64),
            ("32.7.0", volts1),
            ("52.7.0", volts2),
            ("72.7.0", volts3),
            ("31.7.0", amperes1),
            ("51.7.0", amperes2),
            ("71.7.0", amperes3),
            ("14.7.0", self.frequency()),
        ]
    }

    /// The register 96.14.0.
    pub(super) fn tariff(&self) -> &'static str {
        match self.flow.tariff {
            Tariff::High => "T1",
            Tariff::Low => "T2",
        }
    }

    /// In V and A: what is used pulls the voltage down, what is given lifts it.
    fn mains(&self, watts: i64, stream: u64) -> (f64, f64) {
        let grid = 233.0
            + 3.0 * (Noise(stream).smooth(self.second, 5_400) - 0.5)
            + 1.5 * (Noise(stream + 10).smooth(self.second, 20) - 0.5);
        let volts = round(grid - watts as f64 * 0.0011, 10.0);
        // Motors and power supplies draw a little more than they use.
        let volt_amperes = watts.unsigned_abs() as f64 * 1.03 + 12.0;
        (volts, round(volt_amperes / volts, 100.0))
    }

    /// In Hz.
    fn frequency(&self) -> f64 {
        let slow = Noise(60).smooth(self.second, 300) - 0.5;
        let fast = Noise(61).smooth(self.second, 12) - 0.5;
        round(50.0 + 0.05 * slow + 0.02 * fast, 1_000.0)
    }
}

/// Rounds to a part of the unit.
fn round(value: f64, part: f64) -> f64 {
    (value * part).round() / part
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use time::{Duration, macros::datetime};

    use super::*;

    fn values(registers: &Registers) -> BTreeMap<&'static str, f64> {
        registers.values().into_iter().collect()
    }

    /// In Wh.
    fn watt_hours(values: &BTreeMap<&str, f64>, code: &str) -> i64 {
        (values[code] * 1_000.0).round() as i64
    }

    #[test]
    fn totals_rise_and_the_tariffs_add_up() {
        let start = datetime!(2026-03-01 0:00:07 UTC);
        let mut meter = Meter::new(start);
        let mut readings: Vec<_> =
            (1..2_000).map(|number| meter.read(start + Duration::seconds(number * 613))).collect();
        meter.age(&mut readings);
        let all: Vec<_> = readings.iter().map(values).collect();
        for pair in all.windows(2) {
            for code in ["1.8.0", "1.8.1", "1.8.2", "2.8.0"] {
                assert!(pair[0][code] <= pair[1][code], "{code}");
            }
        }
        for values in &all {
            let tariffs = watt_hours(values, "1.8.1") + watt_hours(values, "1.8.2");
            assert_eq!(watt_hours(values, "1.8.0"), tariffs);
            let phases = values["36.7.0"] + values["56.7.0"] + values["76.7.0"];
            assert_eq!(values["16.7.0"], phases);
            for code in ["32.7.0", "52.7.0", "72.7.0"] {
                assert!((216.0..246.0).contains(&values[code]), "{code} {}", values[code]);
            }
            assert!((49.9..50.1).contains(&values["14.7.0"]));
        }
        assert_eq!(watt_hours(all.last().unwrap(), "1.8.0"), 7_369_066);
    }

    #[test]
    fn energy_is_the_sum_of_power_however_often_it_is_read() {
        let start = datetime!(2026-06-21 0:00:03 UTC);
        let end = start + Duration::DAY;
        let (mut often, mut once, mut household) =
            (Meter::new(start), Meter::new(start), Household::new());
        for seconds in (0..86_400).step_by(7) {
            often.read(start + Duration::seconds(seconds));
        }
        let energy = once.read(end).energy;
        assert_eq!(often.read(end).energy, energy);
        let flows = (start.unix_timestamp()..end.unix_timestamp()).map(|at| household.flow(at));
        let sum =
            flows.fold([0, 0], |[used, given], flow| [used + flow.import(), given + flow.export()]);
        assert_eq!([energy.high + energy.low, energy.export], sum);
    }

    #[test]
    fn a_clock_that_is_set_back_changes_nothing() {
        let start = datetime!(2026-06-21 0:00 UTC);
        let mut meter = Meter::new(start);
        let energy = meter.read(start + Duration::HOUR).energy;
        let registers = meter.read(start);
        assert_eq!((registers.energy, registers.time()), (energy, start + Duration::HOUR));
    }

    #[test]
    fn it_shows_the_same_at_the_start_even_behind_most_of_two_winters() {
        let start = datetime!(2027-02-20 5:00 UTC);
        let used = Meter::new(start - Duration::days(400)).read(start).energy;
        assert_eq!(AT_START.less(used).plus(used), AT_START, "{used:?}");
    }
}
