//! A stand-in for the store.

use std::{
    cell::Cell,
    collections::BTreeMap,
    convert::Infallible,
    ops::Bound::{Excluded, Unbounded},
};

use time::OffsetDateTime;
use xt211_decision::{History, Point};
use xt211_message::{Register, Registers, Value};
use xt211_obis::ObisCode;

/// Everything that was accepted, by time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Archive {
    readings: BTreeMap<OffsetDateTime, Registers<'static>>,
    /// How often it was asked.
    asked: Cell<usize>,
}

impl PartialEq for Archive {
    fn eq(&self, other: &Self) -> bool {
        self.readings == other.readings
    }
}

impl Archive {
    /// Keeps registers, none of which may be there yet.
    pub(crate) fn keep(&mut self, time: OffsetDateTime, registers: &Registers<'_>) {
        let there = self.readings.entry(time).or_default();
        for Register { code, .. } in registers {
            assert_eq!(there.get(*code), None, "{code} accepted twice at {time}");
        }
        let new = registers.iter().cloned().map(Register::into_owned);
        *there = collect(there.iter().cloned().chain(new));
    }

    /// Takes out what the user replaces, which has to be there.
    pub(crate) fn withdraw(&mut self, time: OffsetDateTime, registers: &Registers<'_>) {
        for register in registers {
            assert!(self.contains(time, register), "{register:?} was not accepted");
        }
        let there = self.readings.entry(time).or_default();
        *there = collect(there.iter().filter(|one| registers.get(one.code).is_none()).cloned());
    }

    pub(crate) fn contains(&self, time: OffsetDateTime, register: &Register<'_>) -> bool {
        let there = self.readings.get(&time).and_then(|there| there.get(register.code));
        there == Some(&register.value)
    }

    /// Whether it holds all that another does.
    pub(crate) fn holds(&self, other: &Self) -> bool {
        let mut all = other
            .readings
            .iter()
            .flat_map(|(time, there)| there.iter().map(move |one| (time, one)));
        all.all(|(time, register)| self.contains(*time, register))
    }

    /// How often it was asked since this was last asked.
    pub(crate) fn take_asked(&self) -> usize {
        self.asked.take()
    }

    /// All values of a total, in the order of their times.
    pub(crate) fn points(&self, code: ObisCode) -> impl Iterator<Item = Point> {
        self.readings.iter().filter_map(move |there| point(there, code))
    }

    fn is_asked(&self) {
        self.asked.set(self.asked.get() + 1);
    }
}

fn collect(registers: impl Iterator<Item = Register<'static>>) -> Registers<'static> {
    Registers::from_vec(registers.collect()).expect("each code once")
}

fn point((time, there): (&OffsetDateTime, &Registers<'_>), code: ObisCode) -> Option<Point> {
    match there.get(code)? {
        Value::Number(value) => Some(Point { time: *time, value: *value }),
        Value::Text(_) => None,
    }
}

impl History for Archive {
    type Error = Infallible;

    fn at(&self, time: OffsetDateTime) -> Result<Option<Registers<'static>>, Infallible> {
        self.is_asked();
        Ok(self.readings.get(&time).cloned())
    }

    fn newest(&self, limit: OffsetDateTime) -> Result<Option<OffsetDateTime>, Infallible> {
        self.is_asked();
        Ok(self.readings.range(..=limit).next_back().map(|(time, _)| *time))
    }

    fn before(&self, code: ObisCode, time: OffsetDateTime) -> Result<Option<Point>, Infallible> {
        self.is_asked();
        Ok(self.readings.range(..time).rev().find_map(|there| point(there, code)))
    }

    fn after(&self, code: ObisCode, time: OffsetDateTime) -> Result<Option<Point>, Infallible> {
        self.is_asked();
        let later = (Excluded(time), Unbounded);
        Ok(self.readings.range(later).find_map(|there| point(there, code)))
    }
}
