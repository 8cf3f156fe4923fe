//! Readings that wait, set aside, and may yet be accepted.

use time::OffsetDateTime;
use xt211_message::{Reading, Register, Registers};
use xt211_obis::ObisCode;

use super::{
    Point, Refused,
    total::{total, total_of},
};

/// What was set aside of a reading, and may yet be accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// When it was read.
    pub time: OffsetDateTime,
    /// The serial number that it told.
    pub serial: Option<Box<str>>,
    /// Whether every total of the reading is zero. Then it waits as a whole.
    pub is_zero: bool,
    /// The registers that are not accepted, at least one.
    pub registers: Registers<'static>,
    /// The number under which it was set aside.
    pub entry: Option<i64>,
}

impl Waiting {
    /// Of a reading, the registers that `is_new` picks; `None` if it picks none.
    pub(super) fn of(
        reading: &Reading<'_>,
        mut is_new: impl FnMut(&Register<'_>) -> bool,
    ) -> Option<Self> {
        let new = reading.registers.iter().filter(|register| is_new(register)).cloned();
        let registers: Vec<_> = new.map(Register::into_owned).collect();
        let has_totals = registers.iter().any(|register| total(register).is_some());
        let mut totals = reading.registers.iter().filter_map(total);
        let is_zero = has_totals && totals.all(|total| total.is_zero());
        let waiting = Self {
            time: reading.time,
            serial: reading.serial().map(Box::from),
            is_zero,
            registers: collect(registers),
            entry: None,
        };
        (!waiting.registers.is_empty()).then_some(waiting)
    }

    /// Whether this is what was refused just now, and is not filed yet.
    pub(super) fn is_new(&self, refused: &Refused) -> bool {
        self.entry.is_none() && self.time == refused.time && self.registers == refused.registers
    }

    /// Whether this is one of the registers that wait.
    pub(super) fn holds(&self, register: &Register<'_>) -> bool {
        self.registers.get(register.code) == Some(&register.value)
    }

    /// The value of a total.
    pub(super) fn point(&self, code: ObisCode) -> Option<Point> {
        let value = total_of(code, self.registers.get(code)?)?;
        Some(Point { time: self.time, value })
    }

    /// Parts the registers in those of these codes, which are sorted, and the others.
    pub(super) fn part(&self, codes: &[ObisCode]) -> (Registers<'static>, Registers<'static>) {
        let is_one = |register: &Register<'_>| codes.binary_search(&register.code).is_ok();
        let (these, others) = self.registers.iter().cloned().partition(is_one);
        (collect(these), collect(others))
    }
}

/// Cannot fail: these are some of the registers of a reading, which has each code once.
pub(super) fn collect(registers: Vec<Register<'static>>) -> Registers<'static> {
    Registers::from_vec(registers).unwrap_or_default()
}
