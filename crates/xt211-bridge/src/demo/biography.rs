//! The life of the simulated module: its battery was nearly empty once, and charged.

use time::{Duration, OffsetDateTime};

use super::noise::Noise;

/// How often it wakes, and reads the meter. The real module does so every 3 to 15 minutes.
pub(super) const SLEEP: Duration = Duration::minutes(15);

/// The battery's charge in %, at the beginning, before it was charged, behind that, and now.
const CHARGE: [f64; 4] = [91.0, 6.0, 100.0, 63.0];

/// When what happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Biography {
    /// Its first reading.
    pub(super) began: OffsetDateTime,
    /// When its battery was charged, which starts it anew.
    pub(super) charged: OffsetDateTime,
    /// When the demo starts, from which on it is in a hurry.
    pub(super) now: OffsetDateTime,
}

/// What the module knows of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct State {
    pub(super) time: OffsetDateTime,
    pub(super) booted: OffsetDateTime,
    pub(super) resets: i64,
    /// Since it was started.
    pub(super) wakeups: i64,
    /// In dBm.
    pub(super) signal: i64,
    /// Of the battery, in V.
    pub(super) voltage: f64,
    /// Of the battery, in %.
    pub(super) charge: f64,
}

impl Biography {
    /// One that is some days long and ends now, to the second.
    pub(super) fn new(days: u16, now: OffsetDateTime) -> Self {
        let now = now.replace_nanosecond(0).unwrap_or(now);
        let length = Duration::days(days.into());
        // Somewhere behind the middle, and between two readings.
        let charged = now - length * 3 / 8 - SLEEP / 2;
        Self { began: now - length, charged, now }
    }

    /// How the module does at a time, after `hurried` wake-ups in the demo.
    pub(super) fn state(&self, time: OffsetDateTime, hurried: i64) -> State {
        let is_charged = time >= self.charged;
        let [full, empty, fuller, left] = CHARGE;
        let (from, to, first, last) = if is_charged {
            (self.charged, self.now, fuller, left)
        } else {
            (self.began, self.charged, full, empty)
        };
        let way = (time - from).as_seconds_f64() / (to - from).as_seconds_f64();
        let charge = (first + (last - first) * way).clamp(0.0, 100.0);
        let slept = (time.min(self.now) - from).whole_seconds() / SLEEP.whole_seconds();
        let noise = Noise(70).smooth(time.unix_timestamp(), 7_200);
        State {
            time,
            booted: from,
            resets: i64::from(is_charged),
            wakeups: slept + hurried + 1,
            signal: -66 - (noise * 12.0) as i64,
            voltage: ((3.45 + charge * 0.0073) * 1_000.0).round() / 1_000.0,
            charge: (charge * 100.0).round() / 100.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-26 19:00 UTC);

    #[test]
    fn the_battery_drains_and_was_charged_once() {
        let biography = Biography::new(400, NOW);
        let days = (0..400).map(|day| biography.began + Duration::days(day));
        let charges: Vec<_> = days.map(|time| biography.state(time, 0).charge).collect();
        assert!(charges.iter().all(|charge| (5.0..=100.0).contains(charge)), "{charges:?}");
        let rises = charges.windows(2).filter(|pair| pair[0] < pair[1]).count();
        assert_eq!(rises, 1, "{charges:?}");
        assert_eq!(biography.state(NOW, 0).charge, 63.0);
    }

    #[test]
    fn wake_ups_are_counted_since_the_start_and_go_on_in_the_demo() {
        let biography = Biography::new(400, NOW);
        assert_eq!(biography.state(biography.began, 0).wakeups, 1);
        assert_eq!(biography.state(biography.charged, 0).wakeups, 1);
        let before = biography.state(NOW - SLEEP, 0);
        let after = biography.state(NOW + Duration::SECOND, 3);
        assert_eq!(after.wakeups, before.wakeups + 1 + 3);
        assert_eq!((before.resets, after.booted), (1, biography.charged));
    }
}
