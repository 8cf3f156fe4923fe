//! From a total's readings to its hours.

use time::{Duration, OffsetDateTime};
use xt211_decision::{Eras, Point};
use xt211_obis::ObisCode;
use xt211_store::StoredHour;

/// Sums are kept to a thousandth of the last digit that a meter has, which keeps them free of what
/// binary fractions add.
const DIGITS: f64 = 1e6;

/// What the statistics have of the hours before.
#[derive(Clone, Copy, Debug)]
pub(super) enum Before {
    Nothing,
    /// As we know of it.
    Known(StoredHour),
    /// As Home Assistant says: our store is not as old, and does not know what happened since.
    Told(StoredHour),
}

/// Counts the hours of one total.
pub(super) struct Hours {
    code: ObisCode,
    last: Option<StoredHour>,
    /// Whether nobody can say that what comes next is to be compared with that.
    is_only_told: bool,
    hours: Vec<StoredHour>,
}

impl Hours {
    /// After what the statistics have of earlier hours.
    pub(super) fn after(code: ObisCode, before: Before) -> Self {
        let (last, is_only_told) = match before {
            Before::Nothing => (None, false),
            Before::Known(hour) => (Some(hour), false),
            Before::Told(hour) => (Some(hour), true),
        };
        Self { code, last, is_only_told, hours: Vec::new() }
    }

    /// Takes the next reading. What was used before the first one, or between two that cannot be
    /// compared, nobody knows: it does not count.
    pub(super) fn push(&mut self, eras: &Eras, Point { time, value }: Point) {
        let value = value.to_f64();
        let is_only_told = std::mem::take(&mut self.is_only_told);
        let sum = match self.last {
            None => 0.0,
            Some(last) if is_only_told && value < last.value => last.sum,
            Some(last) if eras.part(self.code, last.time, time) => last.sum,
            Some(last) => ((last.sum + value - last.value) * DIGITS).round() / DIGITS,
        };
        let reading = StoredHour { time, value, sum };
        self.last = Some(reading);
        match self.hours.last_mut() {
            Some(last) if hour_of(last.time) == hour_of(time) => *last = reading,
            _ => self.hours.push(reading),
        }
    }

    /// The last reading of each hour that has any.
    pub(super) fn finish(self) -> Vec<StoredHour> {
        self.hours
    }
}

/// When the hour of a time begins.
pub(super) fn hour_of(time: OffsetDateTime) -> OffsetDateTime {
    let into = time.unix_timestamp().rem_euclid(Duration::HOUR.whole_seconds());
    time - Duration::seconds(into) - Duration::nanoseconds(time.nanosecond().into())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use xt211_decision::Era;

    const TOTAL: ObisCode = ObisCode::reduced(1, 8, 0);

    fn at(minutes: i64) -> OffsetDateTime {
        datetime!(2026-02-21 20:00 UTC) + Duration::minutes(minutes)
    }

    /// Counts readings, and returns the minute, value and sum of each hour's last.
    fn count(eras: &Eras, before: Before, readings: &[(i64, &str)]) -> Vec<(i64, f64, f64)> {
        let mut hours = Hours::after(TOTAL, before);
        for (minutes, value) in readings {
            hours.push(eras, Point { time: at(*minutes), value: value.parse().unwrap() });
        }
        let hours = hours.finish().into_iter();
        hours.map(|hour| ((hour.time - at(0)).whole_minutes(), hour.value, hour.sum)).collect()
    }

    #[test]
    fn each_hour_has_what_was_used_in_it() {
        let eras = Eras::default();
        let readings = [(5, "7369.066"), (50, "7369.166"), (65, "7369.266"), (200, "7370.066")];
        let hours = count(&eras, Before::Nothing, &readings);
        assert_eq!(hours, [(50, 7369.166, 0.1), (65, 7369.266, 0.2), (200, 7370.066, 1.0)]);
        // From any of them on, the same comes out.
        let before = StoredHour { time: at(50), value: 7369.166, sum: 0.1 };
        assert_eq!(count(&eras, Before::Known(before), &readings[2..]), hours[1..]);
    }

    #[test]
    fn what_only_home_assistant_knows_goes_on() {
        let told = Before::Told(StoredHour { time: at(-60), value: 900.0, sum: 4.5 });
        let count = |readings| count(&Eras::default(), told, readings);
        assert_eq!(count(&[(0, "901"), (60, "902")]), [(0, 901.0, 5.5), (60, 902.0, 6.5)]);
        // Another meter, or one that was set back. Nobody has told when.
        assert_eq!(count(&[(0, "12"), (60, "13")]), [(0, 12.0, 4.5), (60, 13.0, 5.5)]);
    }

    #[test]
    fn a_total_that_starts_anew_goes_on() {
        let start = |minutes| Era::Total { code: TOTAL, start: at(minutes) };
        let eras = [start(60)].into_iter().collect();
        let hours =
            count(&eras, Before::Nothing, &[(0, "900"), (59, "901"), (60, "0"), (61, "2.5")]);
        assert_eq!(hours, [(59, 901.0, 1.0), (61, 2.5, 3.5)]);
    }

    #[test]
    fn another_meter_goes_on() {
        let serial =
            |serial: &str, minutes| Era::Serial { serial: serial.into(), start: at(minutes) };
        let eras = [serial("a", 0), serial("b", 60)].into_iter().collect();
        let hours =
            count(&eras, Before::Nothing, &[(0, "900"), (59, "901"), (70, "12345"), (71, "12346")]);
        assert_eq!(hours, [(59, 901.0, 1.0), (71, 12346.0, 2.0)]);
    }

    #[test]
    fn hours_begin_at_full_hours() {
        assert_eq!(
            hour_of(datetime!(2026-02-21 20:59:59.999 UTC)),
            datetime!(2026-02-21 20:00 UTC)
        );
        assert_eq!(hour_of(datetime!(1969-12-31 23:00:00.5 UTC)), datetime!(1969-12-31 23:00 UTC));
    }
}
