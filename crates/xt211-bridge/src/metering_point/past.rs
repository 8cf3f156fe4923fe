//! What the store knows of a meter's past, for the decision.

use std::ops::ControlFlow;

use time::OffsetDateTime;
use xt211_decision::{History, Point};
use xt211_message::{Registers, Value};
use xt211_obis::ObisCode;
use xt211_store::{MeterKey, StoreError, Transaction};

/// How many readings are looked at for the neighbour of a register that hardly any of them has.
const LOOK_THROUGH: usize = 10_000;

/// The past of one meter, as a transaction sees it.
pub(super) struct Past<'p, 't> {
    pub(super) store: &'p Transaction<'t>,
    pub(super) meter: MeterKey,
}

impl History for Past<'_, '_> {
    type Error = StoreError;

    fn at(&self, time: OffsetDateTime) -> Result<Option<Registers<'static>>, StoreError> {
        self.store.reading_at(self.meter, time)
    }

    fn newest(&self, limit: OffsetDateTime) -> Result<Option<OffsetDateTime>, StoreError> {
        Ok(self.store.newest_reading(self.meter, limit)?.map(|(time, _)| time))
    }

    fn before(&self, code: ObisCode, time: OffsetDateTime) -> Result<Option<Point>, StoreError> {
        find(code, |visit| self.store.readings_before(self.meter, time, visit))
    }

    fn after(&self, code: ObisCode, time: OffsetDateTime) -> Result<Option<Point>, StoreError> {
        find(code, |visit| self.store.readings_after(self.meter, time, visit))
    }
}

/// Takes a reading, and says whether another one is wanted.
type Visit<'v> = dyn FnMut(OffsetDateTime, &Registers<'static>) -> ControlFlow<()> + 'v;

/// The first reading that has a number in a register.
fn find(
    code: ObisCode,
    readings: impl FnOnce(&mut Visit<'_>) -> Result<(), StoreError>,
) -> Result<Option<Point>, StoreError> {
    let (mut found, mut seen) = (None, 0);
    readings(&mut |time, registers| {
        seen += 1;
        if let Some(Value::Number(value)) = registers.get(code) {
            found = Some(Point { time, value: *value });
        }
        if found.is_some() || seen == LOOK_THROUGH {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    Ok(found)
}
