//! Our own clock, which may be wrong until the network is there.

use std::time::Duration;

use time::{Duration as Span, OffsetDateTime};
use tokio::time::Instant;

/// A clock that is put ahead by more than this was wrong. It is only nudged by less.
const NUDGE: Duration = Duration::from_secs(60);

/// For so long it has to stay as it is then, to be believed.
const PROBATION: Duration = Duration::from_secs(20);

/// Notices when our clock is put ahead.
pub(super) struct Clock {
    last: (OffsetDateTime, Instant),
    step: Option<(Step, Instant)>,
}

/// Our clock was put ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// What it said before, at the latest.
    pub(super) before: OffsetDateTime,
    /// By how much.
    pub(super) ahead: Span,
}

impl Clock {
    pub(super) fn new(now: OffsetDateTime, instant: Instant) -> Self {
        Self { last: (now, instant), step: None }
    }

    /// Takes note of the time.
    pub(super) fn look(&mut self, now: OffsetDateTime, instant: Instant) {
        let (before, earlier) = std::mem::replace(&mut self.last, (now, instant));
        let before = before + (instant - earlier);
        let ahead = now - before;
        if ahead > NUDGE {
            let first = self.step.map(|(step, _)| step);
            let first = first.unwrap_or(Step { before, ahead: Span::ZERO });
            self.step = Some((Step { ahead: first.ahead + ahead, ..first }, instant));
        } else if -ahead > NUDGE {
            self.step = None;
        }
    }

    /// The step that was made, once it can be believed; until it is [settled](Self::settle).
    pub(super) fn step(&self) -> Option<Step> {
        let (step, since) = self.step?;
        (self.last.1.saturating_duration_since(since) >= PROBATION).then_some(step)
    }

    pub(super) fn settle(&mut self) {
        self.step = None;
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-12-24 18:00 UTC);

    /// Looks at these seconds, when our clock is ahead of [`NOW`] by so many.
    fn looks(clock: &mut Clock, start: Instant, looks: &[(u64, i64)]) {
        for (seconds, ahead) in looks {
            clock.look(NOW + Span::seconds(*ahead), start + Duration::from_secs(*seconds));
        }
    }

    #[tokio::test]
    async fn a_clock_that_goes_makes_no_step() {
        let start = Instant::now();
        let mut clock = Clock::new(NOW, start);
        looks(&mut clock, start, &[(5, 5), (10, 69), (15, -86_400), (200, -86_215)]);
        assert_eq!(clock.step(), None);
    }

    #[tokio::test]
    async fn a_step_is_believed_if_it_lasts() {
        let start = Instant::now();
        let mut clock = Clock::new(NOW, start);
        looks(&mut clock, start, &[(5, 5), (10, 1010), (15, 2015), (30, 2030)]);
        assert_eq!(clock.step(), None);
        looks(&mut clock, start, &[(35, 2035)]);
        let step = Step { before: NOW + Span::seconds(10), ahead: Span::seconds(2000) };
        assert_eq!(clock.step(), Some(step));
        clock.settle();
        looks(&mut clock, start, &[(40, 2040), (200, 2200)]);
        assert_eq!(clock.step(), None);
    }

    #[tokio::test]
    async fn a_step_that_is_taken_back_is_none() {
        let start = Instant::now();
        let mut clock = Clock::new(NOW, start);
        looks(&mut clock, start, &[(5, 9_999_999), (10, 10), (100, 100)]);
        assert_eq!(clock.step(), None);
    }
}
