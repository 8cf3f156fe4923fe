//! The usual case: the next reading of a meter with which all goes on.

use time::OffsetDateTime;
use xt211_message::{Decimal, Reading, Value};
use xt211_obis::ObisCode;

use super::{Meter, Point, total::total};

impl Meter {
    /// Accepts a reading that plainly goes on from the newest one, all at once, and says whether it
    /// does. Another one may be accepted, too, but takes a closer look.
    pub(super) fn take_next(&mut self, reading: &Reading<'_>, horizon: OffsetDateTime) -> bool {
        let time = reading.time;
        let Some(newest) = self.newest.filter(|newest| *newest < time && *newest <= horizon) else {
            return false;
        };
        if !self.waiting.is_empty() || !self.eras.has_only(reading.serial(), newest) {
            return false;
        }
        let limit = self.limit;
        let (mut has_totals, mut all_zero) = (false, true);
        let goes_on = each(&mut self.totals, reading, |code, point, value| {
            (has_totals, all_zero) = (true, all_zero && value.is_zero());
            // What stands still needs no arithmetic. No point is later than the newest reading.
            point.value == value || limit.check(code, *point, Point { time, value }).is_ok()
        });
        if !goes_on || (has_totals && all_zero) {
            return false;
        }
        self.newest = Some(time);
        if has_totals {
            // One of them is not zero.
            self.counted = Some(true);
        }
        each(&mut self.totals, reading, |_, point, value| {
            *point = Point { time, value };
            true
        })
    }
}

/// Visits each total of a reading with its newest value, until a visit says no or there is a total
/// that has none. Says whether all were visited.
fn each(
    totals: &mut [(ObisCode, Option<Point>)],
    reading: &Reading<'_>,
    mut visit: impl FnMut(ObisCode, &mut Point, Decimal) -> bool,
) -> bool {
    // Both are sorted by code.
    let mut totals = totals.iter_mut().peekable();
    reading.registers.iter().all(|register| {
        while totals.next_if(|(code, _)| *code < register.code).is_some() {}
        match (totals.next_if(|(code, _)| *code == register.code), &register.value) {
            (Some((code, Some(point))), Value::Number(value)) => visit(*code, point, *value),
            (Some(_), _) => false,
            (None, _) => total(register).is_none(),
        }
    })
}
