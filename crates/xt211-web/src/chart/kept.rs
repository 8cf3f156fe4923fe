//! The readings that the store keeps, as charts ask for them.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use jiff::Timestamp;
use time::{Duration, OffsetDateTime};
use xt211_message::{Registers, Value};
use xt211_obis::ObisCode;
use xt211_store::{EraOf, MeterKey, Queries, StoreError, StoredEra};

use super::totals::{Cuts, Point, Readings, Totals};

/// How many rows are looked at for a register that not every one of them has: a module may send a
/// power every few seconds, and totals every quarter of an hour.
const MOST_ROWS: usize = 1_000;

/// And how many that have some of the registers, but not all.
const MOST_PARTIAL_ROWS: usize = 200;

/// A meter's readings in the store.
pub(crate) struct Kept<'q> {
    queries: &'q Queries,
    meter: MeterKey,
    /// The registers to look for.
    codes: BTreeSet<ObisCode>,
}

impl<'q> Kept<'q> {
    pub(crate) fn new(
        queries: &'q Queries,
        meter: MeterKey,
        codes: impl IntoIterator<Item = ObisCode>,
    ) -> Self {
        Self { queries, meter, codes: codes.into_iter().collect() }
    }

    /// Collects the registers that are looked for until there are all.
    fn collect(
        &self,
    ) -> impl FnMut(&mut Totals, OffsetDateTime, &Registers<'_>) -> ControlFlow<()> {
        let (mut rows, mut partial_rows) = (0, 0);
        move |totals, time, registers| {
            let time = to_timestamp(time);
            let mut is_partial = false;
            for register in registers {
                let (code, Value::Number(value)) = (register.code, &register.value) else {
                    continue;
                };
                if self.codes.contains(&code) {
                    totals.entry(code).or_insert(Point { time, value: *value });
                    is_partial = true;
                }
            }
            rows += 1;
            partial_rows += usize::from(is_partial);
            let is_enough = totals.len() == self.codes.len()
                || rows >= MOST_ROWS
                || partial_rows >= MOST_PARTIAL_ROWS;
            if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
}

impl Readings for Kept<'_> {
    type Error = StoreError;

    fn before(&self, time: Timestamp) -> Result<Totals, StoreError> {
        let mut totals = Totals::new();
        let mut collect = self.collect();
        self.queries.readings_before(self.meter, to_time(time), &mut |time, registers| {
            collect(&mut totals, time, registers)
        })?;
        Ok(totals)
    }

    fn from(&self, time: Timestamp) -> Result<Totals, StoreError> {
        let mut totals = Totals::new();
        let mut collect = self.collect();
        let after = just_before(time);
        self.queries.readings_after(self.meter, after, &mut |time, registers| {
            collect(&mut totals, time, registers)
        })?;
        Ok(totals)
    }
}

/// When each register was read before a time, going back by a number of rows; the newest first.
pub(crate) fn recent(
    queries: &Queries,
    meter: MeterKey,
    before: Timestamp,
) -> Result<BTreeMap<ObisCode, Vec<Timestamp>>, StoreError> {
    let mut recent: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let mut rows = 0;
    queries.readings_before(meter, to_time(before), &mut |time, registers| {
        let time = to_timestamp(time);
        for register in registers {
            if let Value::Number(_) = register.value {
                recent.entry(register.code).or_default().push(time);
            }
        }
        rows += 1;
        if rows < MOST_ROWS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(recent)
}

/// The times of a meter's first reading and of its last.
pub(crate) fn reach(
    queries: &Queries,
    meter: MeterKey,
) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
    let mut ends = [None; 2];
    let [first, last] = &mut ends;
    let one = |found: &mut Option<Timestamp>, time| {
        *found = Some(to_timestamp(time));
        ControlFlow::Break(())
    };
    queries.readings_after(meter, OffsetDateTime::UNIX_EPOCH, &mut |time, _| one(first, time))?;
    queries.readings_before(meter, FAR, &mut |time, _| one(last, time))?;
    let [first, last] = ends;
    Ok(first.zip(last))
}

/// After all readings.
const FAR: OffsetDateTime = OffsetDateTime::UNIX_EPOCH.saturating_add(Duration::days(106_000));

/// Where a meter's totals cannot be compared.
pub(crate) fn cuts(queries: &Queries, meter: MeterKey) -> Result<Cuts, StoreError> {
    let mut serial_before: Option<String> = None;
    let eras = queries.eras(meter)?.into_iter();
    Ok(eras
        .filter_map(|StoredEra { what, since }| match what {
            EraOf::Register(code) => Some((Some(code), to_timestamp(since))),
            EraOf::Meter(serial) => {
                let before = serial_before.replace(serial.clone());
                before.is_some_and(|before| before != serial).then(|| (None, to_timestamp(since)))
            }
        })
        .collect())
}

/// Visits what a meter's registers held in a span of time: all of one time at once.
pub(crate) fn visit(
    queries: &Queries,
    meter: MeterKey,
    span: super::period::Span,
    visit: &mut dyn FnMut(Timestamp, &BTreeMap<ObisCode, f64>),
) -> Result<(), StoreError> {
    let mut held: Option<(Timestamp, BTreeMap<ObisCode, f64>)> = None;
    queries.readings_after(meter, just_before(span.start), &mut |time, registers| {
        let time = to_timestamp(time);
        if time >= span.end {
            return ControlFlow::Break(());
        }
        if let Some((before, values)) = held.take_if(|(before, _)| *before != time) {
            visit(before, &values);
        }
        let (_, values) = held.get_or_insert_with(|| (time, BTreeMap::new()));
        for register in registers {
            if let Value::Number(value) = register.value {
                values.entry(register.code).or_insert(value.to_f64());
            }
        }
        ControlFlow::Continue(())
    })?;
    if let Some((time, values)) = held {
        visit(time, &values);
    }
    Ok(())
}

fn just_before(time: Timestamp) -> OffsetDateTime {
    to_time(time).saturating_sub(Duration::NANOSECOND)
}

/// Cannot fail: both reach from the year -9999 to 9999.
pub(crate) fn to_time(time: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(time.as_nanosecond())
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Cannot fail, as above: the store's times reach from 1677 to 2262.
pub(crate) fn to_timestamp(time: OffsetDateTime) -> Timestamp {
    Timestamp::from_nanosecond(time.unix_timestamp_nanos()).unwrap_or(Timestamp::UNIX_EPOCH)
}
