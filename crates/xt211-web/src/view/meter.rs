//! Meters, with all that is known of them now.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use xt211_store::{MeterKey, Queries, StoreError, StoredMeter};

use super::{
    ModuleView, Moment, Readout, RegisterView, as_text,
    readout::{Group, Used},
};
use crate::chart::{newest_average, number, to_time, to_timestamp};

/// How long a module may be silent as long as its rhythm is not known; as the bridge has it.
const UNKNOWN_PATIENCE: std::time::Duration = std::time::Duration::from_secs(3 * 3600);

/// A meter, with all that is known of it now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct MeterView {
    /// Its id.
    pub(crate) id: String,
    /// What people call it.
    pub(crate) name: String,
    /// Its serial number, if it was told.
    pub(crate) serial: Option<String>,
    /// Where its messages come from.
    pub(crate) topic: Option<String>,
    /// When it was last read.
    pub(crate) read_at: Option<Moment>,
    /// When its module was last heard, to the minute.
    pub(crate) heard_at: Option<Moment>,
    /// Whether its module is silent for longer than it uses to be; never, if it is not followed any
    /// more.
    pub(crate) is_overdue: bool,
    /// When InfluxDB last took something of it.
    pub(crate) forwarded_at: Option<Moment>,
    /// How many records of it wait for InfluxDB; 0 if nothing is forwarded.
    pub(crate) waiting: u64,
    /// How much of it is set aside.
    pub(crate) set_aside: u64,
    /// What was used since the day before, in the visitor's zone (UTC, if they told none).
    pub(crate) today: Option<Used>,
    /// What the power was on average between the last two readings of totals, if its module sends no
    /// power and is not silent for longer than it uses to be.
    pub(crate) average_power: Option<AveragePower>,
    /// What its registers held when they were last read, by code.
    pub(crate) registers: Vec<RegisterView>,
    /// What its module last said of itself.
    pub(crate) module: ModuleView,
    #[serde(skip)]
    pub(crate) key: MeterKey,
    /// How long its module may be silent.
    #[serde(skip)]
    patience: std::time::Duration,
}

impl MeterView {
    /// What is its own among all meters.
    pub(crate) fn number(&self) -> i64 {
        self.key.into()
    }

    /// Its registers by themselves.
    pub(crate) fn readout(&self) -> Option<Readout> {
        let at = self.read_at?.0;
        Some(Readout { at, registers: self.registers.clone() })
    }

    /// The power at the moment, unless that is long ago.
    pub(crate) fn power<'r>(&self, readout: &'r Readout, now: &Moment) -> Option<&'r RegisterView> {
        readout.power().filter(|power| now.0 - power.time.0 <= self.patience)
    }

    /// What is not shown large, in groups.
    pub(crate) fn groups<'r>(&self, readout: &'r Readout, now: &Moment) -> Vec<Group<'r>> {
        let large = [readout.import(), readout.export(), self.power(readout, now)];
        let shown: Vec<_> = large.into_iter().flatten().map(|register| register.code).collect();
        readout.groups(&shown)
    }
}

/// What the power was on average.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct AveragePower {
    /// In W; below zero, more was fed into the grid than drawn from it.
    pub(crate) watts: f64,
    /// Since this reading.
    pub(crate) from: Moment,
    /// Up to this one.
    pub(crate) to: Moment,
}

impl AveragePower {
    /// Between the last two readings of totals.
    fn of(store: &Queries, meter: MeterKey, readout: &Readout) -> Result<Option<Self>, StoreError> {
        let codes = readout.registers.iter().map(|register| register.code).collect();
        let average = newest_average(store, meter, &codes, to_timestamp(readout.at))?;
        let time = |time| Moment(to_time(time));
        Ok(average.map(|it| Self { watts: it.watts, from: time(it.from), to: time(it.to) }))
    }

    /// For people, without the unit.
    pub(crate) fn text(&self) -> String {
        number(self.watts, 0)
    }
}

/// Shows meters as they are at a time.
pub(crate) fn show_meters(
    store: &Queries,
    meters: Vec<StoredMeter>,
    is_forwarding: bool,
    now: OffsetDateTime,
    zone: &TimeZone,
) -> Result<Vec<MeterView>, StoreError> {
    let waiting = if is_forwarding { store.waiting_counts()? } else { Vec::new() };
    let waiting: HashMap<_, _> = waiting.into_iter().collect();
    let set_aside: HashMap<_, _> = store.set_aside_counts()?.into_iter().collect();
    let midnight = Moment(now).midnight(zone);
    let show = |meter: StoredMeter| {
        let readout = Readout::of(store, meter.key, now)?;
        let today = match (&readout, midnight) {
            (Some(readout), Some(midnight)) => readout.used_since(store, meter.key, midnight)?,
            _ => None,
        };
        let module = ModuleView::of(store, &meter)?;
        let patience = meter.patience.unwrap_or(UNKNOWN_PATIENCE);
        let average_power = match &readout {
            Some(readout) if readout.power().is_none() => {
                AveragePower::of(store, meter.key, readout)?
                    .filter(|it| now - it.to.0 <= patience && it.to.0 - it.from.0 <= patience)
            }
            _ => None,
        };
        Ok(MeterView {
            name: meter.id.clone(),
            read_at: readout.as_ref().map(|readout| Moment(readout.at)),
            heard_at: meter.heard_at.map(Moment),
            is_overdue: meter.heard_at.is_some_and(|heard_at| now - heard_at > patience),
            forwarded_at: meter.forwarded_at.map(Moment),
            waiting: waiting.get(&meter.key).copied().unwrap_or(0),
            set_aside: set_aside.get(&Some(meter.key)).copied().unwrap_or(0),
            today,
            average_power,
            registers: readout.map(|readout| readout.registers).unwrap_or_default(),
            module,
            key: meter.key,
            patience,
            id: meter.id,
            serial: meter.serial.map(|serial| as_text(serial.as_bytes())),
            topic: meter.topic,
        })
    };
    meters.into_iter().map(show).collect()
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};
    use xt211_message::{Register, Registers, Value};
    use xt211_store::{EraOf, MeterNews, Store, StoredEra};

    use super::*;

    const MIDNIGHT: OffsetDateTime = datetime!(2026-02-21 23:00 UTC);

    /// The average power at 00:20 of a meter that may be silent for an hour, and was read at these
    /// minutes.
    fn average(
        readings: &[(i64, &[(&str, &str)])],
        eras: &[(EraOf, i64)],
    ) -> Option<(f64, i64, i64)> {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("a.db")).unwrap().store;
        let minute = |minutes| MIDNIGHT + Duration::minutes(minutes);
        let write = store.write(|store| {
            let meter = store.add_meter("meter", None)?;
            for (minutes, registers) in readings {
                let register = |(code, value): &(&str, &str)| Register {
                    code: code.parse().unwrap(),
                    value: Value::Number(value.parse().unwrap()),
                };
                let registers = Registers::from_vec(registers.iter().map(register).collect());
                store.append_reading(meter, minute(*minutes), &registers.unwrap(), None)?;
            }
            let era = |(what, minutes): &(EraOf, i64)| StoredEra {
                what: what.clone(),
                since: minute(*minutes),
            };
            store.set_eras(meter, &eras.iter().map(era).collect::<Vec<_>>())?;
            let patience = Some(std::time::Duration::from_secs(3_600));
            store.update_meter(meter, &MeterNews { patience, ..MeterNews::default() })
        });
        write.unwrap();
        let meters = store.meters().unwrap();
        let views = show_meters(&store, meters, false, minute(20), &TimeZone::UTC).unwrap();
        let since = |moment: Moment| (moment.0 - MIDNIGHT).whole_minutes();
        views[0].average_power.map(|it| (it.watts.round(), since(it.from), since(it.to)))
    }

    #[test]
    fn power_on_average_is_of_the_last_two_totals() {
        let totals: [(_, &[_]); 3] =
            [(-30, &[("1.8.0", "9")]), (0, &[("1.8.0", "10")]), (15, &[("1.8.0", "10.5")])];
        assert_eq!(average(&totals, &[]), Some((2_000.0, 0, 15)));
        // Other registers do not matter, and what is of one time is one reading.
        let others: [(_, &[_]); 4] = [
            (5, &[("32.7.0", "230")]),
            (15, &[("2.8.0", "1.25")]),
            (0, &[("2.8.0", "1")]),
            (18, &[]),
        ];
        assert_eq!(average(&[&totals[..], &others].concat(), &[]), Some((1_000.0, 0, 15)));
        // The last reading has not both of them.
        let last: [(_, &[_]); 1] = [(19, &[("1.8.0", "11")])];
        assert_eq!(average(&[&totals[..], &others, &last].concat(), &[]), Some((1_000.0, 0, 15)));
        let tariffs: [(_, &[_]); 2] = [
            (0, &[("1.8.1", "10"), ("1.8.2", "20"), ("2.8.0", "1")]),
            (15, &[("1.8.1", "10.125"), ("1.8.2", "20.125"), ("2.8.0", "1.5")]),
        ];
        assert_eq!(average(&tariffs, &[]), Some((-1_000.0, 0, 15)));
        assert_eq!(
            average(&[(0, &[("1.8.0", "1")]), (15, &[("1.8.0", "1")])], &[]),
            Some((0.0, 0, 15))
        );
    }

    #[test]
    fn power_on_average_is_never_made_up() {
        let two = |one: i64, other: i64| {
            average(&[(one, &[("1.8.0", "1")]), (other, &[("1.8.0", "2")])], &[])
        };
        assert_eq!(average(&[(0, &[("1.8.0", "1")])], &[]), None);
        assert_eq!(average(&[(0, &[("1.8.0", "1")]), (15, &[("2.8.0", "1")])], &[]), None);
        assert_eq!(average(&[(0, &[("1.8.0", "2")]), (15, &[("1.8.0", "1")])], &[]), None);
        // A sum that rises hides no total that falls.
        let one_falls: [(_, &[_]); 2] =
            [(0, &[("1.8.1", "5"), ("1.8.2", "5")]), (15, &[("1.8.1", "9"), ("1.8.2", "4")])];
        assert_eq!(average(&one_falls, &[]), None);
        // For longer than the module uses to be silent.
        assert_eq!((two(-45, 15), two(-46, 15)), (Some((1_000.0, -45, 15)), None));
        assert_eq!((two(-45, -40), two(-46, -41)), (Some((12_000.0, -45, -40)), None));
        // It has a register of power, even if not in the last reading.
        for code in ["16.7.0", "15.7.0", "1.7.0", "21.7.0"] {
            let readings: [(_, &[_]); 3] =
                [(-15, &[(code, "5")]), (0, &[("1.8.0", "1")]), (15, &[("1.8.0", "2")])];
            assert_eq!(average(&readings, &[]), None, "{code}");
        }
        let two: [(_, &[_]); 2] = [(0, &[("1.8.0", "1")]), (15, &[("1.8.0", "2")])];
        let total = EraOf::Register("1.8.0".parse().unwrap());
        let other = EraOf::Register("2.8.0".parse().unwrap());
        let meter = |serial: &str| EraOf::Meter(serial.into());
        let known = Some((4_000.0, 0, 15));
        assert_eq!(average(&two, &[(total.clone(), 15)]), None);
        assert_eq!(average(&two, &[(total, 0)]), known);
        assert_eq!(average(&two, &[(other, 15)]), known);
        assert_eq!(average(&two, &[(meter("1"), 0), (meter("2"), 15)]), None);
        assert_eq!(average(&two, &[(meter("1"), 15)]), known);
    }
}
