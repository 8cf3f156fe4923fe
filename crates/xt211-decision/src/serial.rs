//! Which meter a reading is of: a metering point may have had several, and not every reading tells.

use std::ops::Bound;

use time::{Duration, OffsetDateTime};
use xt211_message::{Decimal, Registers};

use super::{
    END, History, Waiting,
    scene::Scene,
    total::{total, total_of},
};

/// How many readings are looked at for a total. Hardly any reading has none.
const LOOK_BEHIND: usize = 16;

impl<H: History> Scene<'_, H> {
    /// The serial number of the meter of a reading that waits, if it is told. Of one time, there is
    /// one meter: that of the totals which were accepted first.
    pub(super) fn serial<'s>(
        &'s self,
        waiting: &'s Waiting,
        accepted: &Registers<'_>,
    ) -> Option<&'s str> {
        let has_totals = accepted.iter().any(|register| total(register).is_some());
        let in_force = self.meter.eras.serial(waiting.time);
        in_force.filter(|_| has_totals).or(waiting.serial.as_deref())
    }

    /// Registers of a reading are accepted that told the serial number of its meter. What was accepted
    /// of other readings stays with the meter that it was compared with.
    pub(super) fn note_serial(
        &mut self,
        serial: &str,
        time: OffsetDateTime,
        registers: &Registers<'_>,
    ) -> Result<(), H::Error> {
        let eras = &self.meter.eras;
        let Some(in_force) = eras.serial(time) else {
            self.meter.note_serial(serial, time, false);
            return Ok(());
        };
        if in_force == serial {
            return Ok(());
        }
        let until =
            eras.serial_ends(time).map_or(END, |end| end.saturating_sub(Duration::NANOSECOND));
        let there = self.accepted_at(time)?;
        let others = there.iter().filter(|register| registers.get(register.code).is_none());
        if others.filter_map(total).next().is_none() {
            let follows = self.has_totals_between(time, until)?;
            self.meter.note_serial(serial, time, follows);
        }
        Ok(())
    }

    /// Whether a total was accepted after one time and not after the other.
    fn has_totals_between(
        &self,
        after: OffsetDateTime,
        until: OffsetDateTime,
    ) -> Result<bool, H::Error> {
        if after >= until || self.meter.newest.is_none_or(|newest| newest <= after) {
            return Ok(false);
        }
        let span = (Bound::Excluded(after), Bound::Included(until));
        let is_fresh = self.fresh.iter().any(|(code, values)| {
            values.range(span).any(|(_, value)| total_of(*code, value).is_some())
        });
        Ok(is_fresh || self.any_total(after, until, LOOK_BEHIND, |_| true)?.unwrap_or(true))
    }

    /// Whether a total like this was accepted before this decision, after one time and not after the
    /// other; `None` if it is none of the last so many readings there.
    pub(super) fn any_total(
        &self,
        after: OffsetDateTime,
        until: OffsetDateTime,
        readings: usize,
        is_one: impl Fn(Decimal) -> bool,
    ) -> Result<Option<bool>, H::Error> {
        let mut limit = until;
        for _ in 0..readings {
            let Some(time) = self.history.newest(limit)?.filter(|time| *time > after) else {
                return Ok(Some(false));
            };
            let there = self.history.at(time)?;
            if there.iter().flatten().filter_map(total).any(&is_one) {
                return Ok(Some(true));
            }
            limit = time.saturating_sub(Duration::NANOSECOND);
        }
        Ok(None)
    }
}
