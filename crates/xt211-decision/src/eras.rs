//! Where counting started anew: at another meter, or at a counter that was set back.

use time::{Duration, OffsetDateTime};
use xt211_obis::ObisCode;

/// How many are remembered of one meter. A meter is exchanged every few years.
const MOST: usize = 256;

/// A time from which on counting is not to be compared with what was before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Era {
    /// That of one total: it was set back.
    Total {
        /// Which.
        code: ObisCode,
        /// Its first reading.
        start: OffsetDateTime,
    },
    /// That of the meter with this serial number.
    Serial {
        /// On the meter.
        serial: Box<str>,
        /// Its first reading.
        start: OffsetDateTime,
    },
}

/// All eras of a metering point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Eras {
    /// Sorted by code and time.
    totals: Vec<(ObisCode, OffsetDateTime)>,
    /// Sorted by time.
    serials: Vec<(OffsetDateTime, Box<str>)>,
}

impl Eras {
    /// In no particular order, as for [`FromIterator`].
    pub fn iter(&self) -> impl Iterator<Item = Era> + '_ {
        let totals =
            self.totals.iter().map(|(code, start)| Era::Total { code: *code, start: *start });
        let serials = self.serials.iter();
        totals.chain(
            serials.map(|(start, serial)| Era::Serial { serial: serial.clone(), start: *start }),
        )
    }

    /// The serial number in force at a time.
    #[must_use]
    pub fn serial(&self, time: OffsetDateTime) -> Option<&str> {
        let behind = self.serials.partition_point(|(start, _)| *start <= time);
        let (_, serial) = self.serials.get(behind.checked_sub(1)?)?;
        Some(serial)
    }

    /// The last serial number.
    #[must_use]
    pub fn last_serial(&self) -> Option<&str> {
        self.serials.last().map(|(_, serial)| serial.as_ref())
    }

    /// Whether nothing has started anew until now, with a meter of this serial number, if it is told,
    /// in force since before a time.
    pub(super) fn has_only(&self, serial: Option<&str>, before: OffsetDateTime) -> bool {
        self.totals.is_empty()
            && match (self.serials.as_slice(), serial) {
                ([], None) => true,
                ([(start, only)], told) => {
                    *start <= before && told.is_none_or(|told| told == only.as_ref())
                }
                _ => false,
            }
    }

    /// Whether two readings of a total cannot be compared: it started anew between them, or they
    /// are of different meters.
    #[must_use]
    pub fn part(&self, code: ObisCode, earlier: OffsetDateTime, later: OffsetDateTime) -> bool {
        let is_other_meter = match (self.serial(earlier), self.serial(later)) {
            (Some(one), Some(other)) => one != other,
            _ => false,
        };
        is_other_meter || self.starts_between(code, earlier, later).is_some()
    }

    /// Whether a total may have started anew, or be another meter's, after a time.
    #[must_use]
    pub fn change_after(&self, code: ObisCode, time: OffsetDateTime) -> bool {
        self.totals.iter().any(|(other, start)| *other == code && *start > time)
            || self.serials.iter().any(|(start, _)| *start > time)
    }

    /// When a total started anew after one time and not after the other, last of all.
    pub(super) fn starts_between(
        &self,
        code: ObisCode,
        after: OffsetDateTime,
        until: OffsetDateTime,
    ) -> Option<OffsetDateTime> {
        let behind = self.totals.partition_point(|era| *era <= (code, until));
        let (found, start) = *self.totals.get(behind.checked_sub(1)?)?;
        (found == code && start > after).then_some(start)
    }

    /// A total started anew.
    pub(super) fn start(&mut self, code: ObisCode, start: OffsetDateTime) {
        if let Err(place) = self.totals.binary_search(&(code, start)) {
            self.totals.insert(place, (code, start));
            if self.totals.len() > MOST {
                self.forget_oldest();
            }
        }
    }

    /// Of the total that was set back most often, the oldest goes: an odd meter.
    fn forget_oldest(&mut self) {
        let totals = self.totals.chunk_by(|(one, _), (other, _)| one == other);
        let oldest = totals.max_by_key(|starts| starts.len()).and_then(|starts| starts.first());
        if let Some(&oldest) = oldest {
            self.totals.retain(|era| *era != oldest);
        }
    }

    /// A total did not start anew after one time and not after the other.
    pub(super) fn forget(&mut self, code: ObisCode, after: OffsetDateTime, until: OffsetDateTime) {
        self.totals.retain(|(other, start)| *other != code || *start <= after || *start > until);
    }

    /// A total turns out to have started anew earlier.
    pub(super) fn move_start(&mut self, code: ObisCode, from: OffsetDateTime, to: OffsetDateTime) {
        self.totals.retain(|era| *era != (code, from));
        self.start(code, to);
    }

    /// When the serial number in force at a time makes room for another one, if it does.
    pub(super) fn serial_ends(&self, time: OffsetDateTime) -> Option<OffsetDateTime> {
        let behind = self.serials.partition_point(|(start, _)| *start <= time);
        self.serials.get(behind).map(|(start, _)| *start)
    }

    /// A reading of a meter with this serial number was accepted. What is known of the time behind
    /// it stays so: the serial number that was in force goes on, if any of its meter `follows` before
    /// the next one.
    pub(super) fn note_serial(&mut self, serial: &str, time: OffsetDateTime, follows: bool) {
        let before = self.serial(time);
        if before == Some(serial) {
            return;
        }
        let before = before.map(Box::from);
        let place = self.serials.partition_point(|(start, _)| *start <= time);
        let next = self.serials.get(place);
        let is_same = next.is_some_and(|(_, next)| next.as_ref() == serial);
        let next_start = next.map(|(start, _)| *start);
        // In the middle of another's era, that goes on behind this reading.
        let before = before.filter(|_| follows || (next_start.is_some() && !is_same));
        if is_same && before.is_none() {
            self.serials.remove(place);
        }
        self.serials.insert(place, (time, serial.into()));
        let behind = time.saturating_add(Duration::NANOSECOND);
        if let Some(before) = before
            && next_start != Some(behind)
        {
            self.serials.insert(place + 1, (behind, before));
        }
        while self.serials.len() > MOST {
            self.serials.remove(0);
        }
    }
}

impl FromIterator<Era> for Eras {
    fn from_iter<I: IntoIterator<Item = Era>>(eras: I) -> Self {
        let mut all = Self::default();
        for era in eras {
            match era {
                Era::Total { code, start } => all.totals.push((code, start)),
                Era::Serial { serial, start } => all.serials.push((start, serial)),
            }
        }
        all.totals.sort_unstable();
        // Of those of one time, the last one told stays the last.
        all.serials.sort_by_key(|(start, _)| *start);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_771_700_000 + seconds).unwrap()
    }

    const TOTAL: ObisCode = ObisCode::reduced(1, 8, 0);

    #[test]
    fn totals_start_anew() {
        let mut eras = Eras::default();
        eras.start(TOTAL, at(10));
        eras.start(TOTAL, at(20));
        eras.start(ObisCode::reduced(2, 8, 0), at(15));
        let between = |after, until| eras.starts_between(TOTAL, at(after), at(until));
        assert_eq!(between(0, 9), None);
        assert_eq!(between(0, 10), Some(at(10)));
        assert_eq!(between(10, 19), None);
        assert_eq!(between(10, 20), Some(at(20)));
        assert_eq!(between(20, 99), None);
        eras.move_start(TOTAL, at(20), at(17));
        let between = |after, until| eras.starts_between(TOTAL, at(after), at(until));
        assert_eq!([between(0, 16), between(10, 99)], [Some(at(10)), Some(at(17))]);
        assert_eq!(eras.iter().collect::<Eras>(), eras);
    }

    #[test]
    fn serial_numbers_in_any_order() {
        let mut eras = Eras::default();
        assert_eq!(eras.serial(at(0)), None);
        eras.note_serial("b", at(20), false);
        eras.note_serial("b", at(30), false);
        eras.note_serial("a", at(5), false);
        // Earlier than the first of its kind so far.
        eras.note_serial("b", at(15), false);
        let serial = |seconds| eras.serial(at(seconds));
        assert_eq!([serial(0), serial(5), serial(14)], [None, Some("a"), Some("a")]);
        assert_eq!([serial(15), serial(99)], [Some("b"), Some("b")]);
        assert_eq!(eras.serials.len(), 2);
        assert_eq!(eras.iter().collect::<Eras>(), eras);
    }

    #[test]
    fn one_reading_of_another_meter_does_not_change_what_follows_it() {
        let mut eras = Eras::default();
        eras.note_serial("a", at(0), false);
        eras.note_serial("b", at(20), false);
        eras.note_serial("c", at(10), false);
        let serials = [5, 10, 11, 20].map(|seconds| eras.serial(at(seconds)));
        assert_eq!(serials, [Some("a"), Some("c"), Some("a"), Some("b")]);
        // At the end, the next reading tells.
        eras.note_serial("d", at(30), false);
        assert_eq!(eras.last_serial(), Some("d"));
    }

    #[test]
    fn readings_that_cannot_be_compared() {
        let mut eras = Eras::default();
        assert!(!eras.part(TOTAL, at(0), at(99)));
        eras.start(TOTAL, at(10));
        assert!(eras.part(TOTAL, at(9), at(10)));
        assert!(!eras.part(TOTAL, at(10), at(11)));
        assert!(!eras.part(ObisCode::reduced(2, 8, 0), at(9), at(10)));
        // What nobody told may be any meter's.
        eras.note_serial("a", at(20), false);
        assert!(!eras.part(TOTAL, at(15), at(25)));
        eras.note_serial("b", at(30), false);
        assert!(eras.part(TOTAL, at(29), at(30)));
        assert!(!eras.part(TOTAL, at(15), at(35)));
        assert!(!eras.part(TOTAL, at(30), at(35)));
    }

    #[test]
    fn what_may_change_after_a_time() {
        let mut eras = Eras::default();
        let other = ObisCode::reduced(2, 8, 0);
        eras.start(TOTAL, at(10));
        assert!(eras.change_after(TOTAL, at(9)));
        assert!(!eras.change_after(TOTAL, at(10)));
        assert!(!eras.change_after(other, at(9)));
        eras.note_serial("a", at(20), false);
        assert!(eras.change_after(other, at(19)) && eras.change_after(TOTAL, at(19)));
        assert!(!eras.change_after(other, at(20)));
    }

    #[test]
    fn one_meter_from_the_beginning() {
        let mut eras = Eras::default();
        assert!(eras.has_only(None, at(0)));
        assert!(!eras.has_only(Some("a"), at(0)));
        eras.note_serial("a", at(10), false);
        assert!(eras.has_only(None, at(10)) && eras.has_only(Some("a"), at(11)));
        assert!(!eras.has_only(Some("a"), at(9)));
        assert!(!eras.has_only(Some("b"), at(11)));
        let mut set_back = eras.clone();
        set_back.start(TOTAL, at(11));
        assert!(!set_back.has_only(Some("a"), at(12)));
        eras.note_serial("b", at(20), false);
        assert!(!eras.has_only(None, at(30)) && !eras.has_only(Some("b"), at(30)));
    }

    #[test]
    fn a_start_that_is_taken_back() {
        let other = ObisCode::reduced(2, 8, 0);
        let mut eras = Eras::default();
        for start in [10, 20, 30] {
            eras.start(TOTAL, at(start));
        }
        eras.start(other, at(20));
        eras.forget(TOTAL, at(10), at(20));
        let starts = |code| [10, 20, 30].map(|at_| eras.starts_between(code, at(at_ - 1), at(at_)));
        assert_eq!(starts(TOTAL), [Some(at(10)), None, Some(at(30))]);
        assert_eq!(starts(other), [None, Some(at(20)), None]);
    }

    #[test]
    fn the_oldest_of_too_many_go() {
        let mut eras = Eras::default();
        let most = i64::try_from(MOST).unwrap();
        for number in 0..most {
            eras.start(TOTAL, at(number));
            eras.note_serial(if number % 2 == 0 { "a" } else { "b" }, at(number), false);
        }
        assert_eq!(eras.iter().count(), 2 * MOST);
        eras.start(TOTAL, at(most));
        eras.note_serial("a", at(most), false);
        assert_eq!(eras.iter().count(), 2 * MOST);
        assert_eq!(eras.starts_between(TOTAL, at(-1), at(0)), None);
        assert_eq!(eras.starts_between(TOTAL, at(0), at(1)), Some(at(1)));
        assert_eq!([eras.serial(at(0)), eras.serial(at(1))], [None, Some("b")]);
        assert_eq!(eras.last_serial(), Some("a"));
    }

    #[test]
    fn a_meter_goes_on_behind_another_ones_reading() {
        let mut eras = Eras::default();
        eras.note_serial("a", at(0), false);
        eras.note_serial("b", at(10), true);
        let serials = |eras: &Eras| [0, 10, 11].map(|time| eras.serial(at(time)).map(String::from));
        assert_eq!(serials(&eras), ["a", "b", "a"].map(|serial| Some(serial.to_owned())));
        // Right before what was there, too, and without a moment between them.
        let mut close = Eras::default();
        close.note_serial("a", at(0), false);
        close.note_serial("c", at(10) + Duration::NANOSECOND, false);
        close.note_serial("b", at(10), false);
        assert_eq!(serials(&close), ["a", "b", "c"].map(|serial| Some(serial.to_owned())));
        assert_eq!(close.serials.len(), 3);
    }
}
