//! Our own clock, which may be wrong until the network is there.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

/// A clock that is put ahead by more than this was wrong. It is only nudged by less.
const NUDGE: Duration = Duration::from_secs(60);

/// Notices when our clock is put ahead.
pub(super) struct Clock {
    /// What it said when the bridge started.
    started: OffsetDateTime,
    last: (OffsetDateTime, Instant),
    was_put_ahead: bool,
}

impl Clock {
    pub(super) fn new(now: OffsetDateTime, instant: Instant) -> Self {
        Self { started: now, last: (now, instant), was_put_ahead: false }
    }

    /// Takes note of the time.
    pub(super) fn look(&mut self, now: OffsetDateTime, instant: Instant) {
        let (before, earlier) = std::mem::replace(&mut self.last, (now, instant));
        let expected = before + (instant - earlier) + NUDGE;
        self.was_put_ahead |= now > expected;
    }

    /// Since when (by itself) it may have been wrong, if it was put ahead since this was
    /// [settled](Self::settle).
    pub(super) fn wrong_since(&self) -> Option<OffsetDateTime> {
        self.was_put_ahead.then_some(self.started)
    }

    pub(super) fn settle(&mut self) {
        self.was_put_ahead = false;
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-12-24 18:00 UTC);

    #[tokio::test]
    async fn only_a_step_ahead_counts() {
        let instant = Instant::now();
        let seconds = Duration::from_secs;
        let mut clock = Clock::new(NOW, instant);
        clock.look(NOW + seconds(5), instant + seconds(5));
        clock.look(NOW - seconds(86_400), instant + seconds(10));
        clock.look(NOW - seconds(86_400) + seconds(65), instant + seconds(15));
        assert_eq!(clock.wrong_since(), None);
        clock.look(NOW, instant + seconds(20));
        assert_eq!(clock.wrong_since(), Some(NOW));
        clock.settle();
        clock.look(NOW + seconds(5), instant + seconds(25));
        assert_eq!(clock.wrong_since(), None);
    }
}
