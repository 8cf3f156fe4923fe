//! The rules, one by one and over random histories.

mod meters;
mod properties;
mod rules;
mod usual;

use std::{collections::BTreeMap, convert::Infallible};

use time::{Duration, OffsetDateTime, macros::datetime};
use xt211_message::{Reading, Register, Registers, Value};
use xt211_obis::ObisCode;

use super::{
    Accepted, Change, Eras, History, Judgement, Limit, Meter, Point, Refused, candidate::collect,
    horizon, scene::Scene,
};

const START: OffsetDateTime = datetime!(2026-11-24 0:00 UTC);

/// The bridge's clock in most tests: a week later.
const NOW: OffsetDateTime = datetime!(2026-12-01 0:00 UTC);

/// In kW: a minute is worth 1 kWh.
const MAX_POWER: f64 = 60.0;

const TOTAL: ObisCode = ObisCode::reduced(1, 8, 0);

const FELL: &str = "reading.total.fell";
const ROSE: &str = "reading.total.rose_too_fast";
const ZERO: &str = "reading.total.all_zero";
const OTHER: &str = "reading.register.other_value";

fn minute(minutes: i64) -> OffsetDateTime {
    START + Duration::minutes(minutes)
}

/// Everything that was accepted, by time; a stand-in for the store.
#[derive(Clone, Debug, Default, PartialEq)]
struct Archive(BTreeMap<OffsetDateTime, Vec<Register<'static>>>);

impl Archive {
    fn keep<'r>(
        &mut self,
        time: OffsetDateTime,
        registers: impl IntoIterator<Item = &'r Register<'r>>,
    ) {
        let there = self.0.entry(time).or_default();
        for register in registers {
            let is_twice = there.iter().any(|other| other.code == register.code);
            assert!(!is_twice, "{} accepted twice at {time}", register.code);
            there.push(register.clone().into_owned());
        }
        there.sort_by_key(|register| register.code);
    }

    fn point(
        (time, there): (&OffsetDateTime, &Vec<Register<'_>>),
        code: ObisCode,
    ) -> Option<Point> {
        let register = there.iter().find(|register| register.code == code)?;
        match register.value {
            Value::Number(value) => Some(Point { time: *time, value }),
            Value::Text(_) => None,
        }
    }
}

impl History for Archive {
    type Error = Infallible;

    fn at(&self, time: OffsetDateTime) -> Result<Option<Registers<'static>>, Infallible> {
        Ok(self.0.get(&time).cloned().map(collect))
    }

    fn newest(&self, limit: OffsetDateTime) -> Result<Option<OffsetDateTime>, Infallible> {
        Ok(self.0.range(..=limit).next_back().map(|(time, _)| *time))
    }

    fn before(&self, code: ObisCode, time: OffsetDateTime) -> Result<Option<Point>, Infallible> {
        Ok(self.0.range(..time).rev().find_map(|there| Self::point(there, code)))
    }

    fn after(&self, code: ObisCode, time: OffsetDateTime) -> Result<Option<Point>, Infallible> {
        let later = (std::ops::Bound::Excluded(time), std::ops::Bound::Unbounded);
        Ok(self.0.range(later).find_map(|there| Self::point(there, code)))
    }
}

/// A meter with a store around it.
struct Bench {
    meter: Meter,
    archive: Archive,
    /// What is set aside, by its number, with the codes of the reasons.
    aside: BTreeMap<i64, (Refused, Vec<&'static str>)>,
    next_entry: i64,
    /// The total that is shown.
    shown: Option<String>,
    now: OffsetDateTime,
}

impl Bench {
    fn new() -> Self {
        Self {
            meter: Meter::new(Limit { max_power: MAX_POWER }, Eras::default(), None, Vec::new()),
            archive: Archive::default(),
            aside: BTreeMap::new(),
            next_entry: 0,
            shown: None,
            now: NOW,
        }
    }

    /// What is accepted at once is accepted at a closer look, too, and remembered in the same way.
    fn check_next(&self, reading: &Reading<'_>) {
        let (mut quick, mut slow) = (self.meter.clone(), self.meter.clone());
        if quick.take_next(reading, horizon(self.now)) {
            let Ok(mut scene) = Scene::new(&mut slow, &self.archive, self.now);
            assert_eq!(scene.is_plainly_next(reading), Ok(true));
            slow.note_accepted(reading);
            assert_eq!(format!("{quick:?}"), format!("{slow:?}"));
        }
    }

    /// Takes a reading, and does with it what the bridge does.
    fn take(&mut self, reading: &Reading<'_>) -> Judgement {
        self.check_next(reading);
        let Ok(judgement) = self.meter.judge(reading, self.now, &self.archive);
        match &judgement {
            Judgement::Repeated | Judgement::Untimely(_) => {}
            Judgement::Accepted => {
                self.archive.keep(reading.time, &reading.registers);
                self.show(&reading.registers);
            }
            Judgement::Mixed { contradiction, changes } => {
                if let Some(refused) = contradiction {
                    self.set_aside(refused);
                }
                self.carry_out(changes);
            }
        }
        judgement
    }

    fn carry_out(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Accepted(Accepted { time, registers, is_current, entry, .. }) => {
                    if let Some(entry) = entry {
                        self.aside.remove(entry).expect("set aside before");
                    }
                    self.archive.keep(*time, registers);
                    if *is_current {
                        self.show(registers);
                    }
                }
                Change::Withdrawn(refused) => {
                    let there = self.archive.0.get_mut(&refused.time).unwrap();
                    there.retain(|register| refused.registers.get(register.code).is_none());
                    self.set_aside(refused);
                }
                Change::Refused(refused) => {
                    let entry = self.set_aside(refused);
                    self.meter.file(refused, entry);
                }
            }
        }
        for waiting in &self.meter.waiting {
            let (refused, _) = &self.aside[&waiting.entry.expect("filed")];
            assert_eq!((waiting.time, &waiting.registers), (refused.time, &refused.registers));
        }
    }

    fn set_aside(&mut self, refused: &Refused) -> i64 {
        assert!(!refused.reasons.is_empty() && !refused.registers.is_empty());
        self.next_entry += 1;
        let codes = refused.reasons.iter().map(|reason| reason.code()).collect();
        self.aside.insert(self.next_entry, (refused.clone(), codes));
        self.next_entry
    }

    fn show(&mut self, registers: &Registers<'_>) {
        if let Some(Value::Number(total)) = registers.get(TOTAL) {
            self.shown = Some(total.to_string());
        }
    }

    /// The bridge is started again.
    fn restart(&mut self) {
        let eras = std::mem::take(&mut self.meter.eras);
        let newest = self.archive.newest(minute(1_000_000)).unwrap();
        let waiting = std::mem::take(&mut self.meter.waiting);
        self.meter = Meter::new(self.meter.limit, eras, newest, waiting);
        let registers = newest.and_then(|newest| self.archive.0.get(&newest).cloned());
        registers.into_iter().for_each(|registers| self.meter.take_up(&collect(registers)));
    }

    /// The total at each minute at which one was accepted.
    fn totals(&self) -> Vec<(i64, String)> {
        let totals = self.archive.0.iter().filter_map(|there| Archive::point(there, TOTAL));
        totals
            .map(|point| ((point.time - START).whole_minutes(), point.value.to_string()))
            .collect()
    }

    /// The minutes of what is set aside, and why.
    fn aside(&self) -> Vec<(i64, &'static str)> {
        let mut aside: Vec<_> = self
            .aside
            .values()
            .flat_map(|(refused, codes)| codes.iter().map(|code| (refused.time, *code)))
            .map(|(time, code)| ((time - START).whole_minutes(), code))
            .collect();
        aside.sort_unstable();
        aside
    }
}

/// A reading of registers, as `1.8.0=5 96.1.1="7"`.
fn reading(minutes: i64, text: &str) -> Reading<'static> {
    let registers = text.split_whitespace().map(|pair| {
        let (code, value) = pair.split_once('=').unwrap();
        let value = match value.strip_prefix('"') {
            Some(text) => Value::Text(text.trim_end_matches('"').to_owned().into()),
            None => Value::Number(value.parse().unwrap()),
        };
        Register { code: code.parse().unwrap(), value }
    });
    Reading::new(minute(minutes), Registers::from_vec(registers.collect()).unwrap())
}

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
