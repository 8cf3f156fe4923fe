//! Our own clock, which may be wrong until the network is there.

use std::time::Duration;

use time::{Duration as Span, OffsetDateTime};

/// A clock that is set by more than this was wrong. It is only nudged by less.
const NUDGE: Span = Span::seconds(60);

/// For so long it has to stay as it is then, to be believed.
const PROBATION: Duration = Duration::from_secs(20);

/// How many steps are remembered.
const MOST_STEPS: usize = 16;

/// Notices when our clock is put ahead.
pub(super) struct Clock {
    /// What it said when we last looked, and for how long the machine had run.
    last: (OffsetDateTime, Duration),
    /// By how much it was set back, and not ahead again.
    set_back: Span,
    steps: Vec<Step>,
    /// Since when there is one that nobody has acted on.
    unsettled: Option<Duration>,
    /// Whether something seemed to be of the future.
    is_doubted: bool,
}

/// Our clock was put ahead.
#[derive(Clone, Copy, Debug)]
struct Step {
    /// What it said before, at the latest.
    before: OffsetDateTime,
    by: Span,
}

impl Clock {
    pub(super) fn new(now: OffsetDateTime, running: Duration) -> Self {
        Self {
            last: (now, running),
            set_back: Span::ZERO,
            steps: Vec::new(),
            unsettled: None,
            is_doubted: false,
        }
    }

    /// Takes note of the time, and for how long the machine has run.
    pub(super) fn look(&mut self, now: OffsetDateTime, running: Duration) {
        let (before, earlier) = std::mem::replace(&mut self.last, (now, running));
        let before = before + running.saturating_sub(earlier);
        let ahead = now - before;
        if ahead < -NUDGE {
            // What is taken back at once was no step.
            match self.unsettled.take() {
                Some(_) => drop(self.steps.pop()),
                None => self.set_back -= ahead,
            }
        } else if ahead > NUDGE {
            let recovered = ahead.min(self.set_back);
            self.set_back -= recovered;
            if ahead - recovered > NUDGE {
                self.steps.push(Step { before, by: ahead - recovered });
                self.unsettled = Some(running);
                let too_many = self.steps.len().saturating_sub(MOST_STEPS);
                self.steps.drain(..too_many);
            }
        }
    }

    /// Whether it was put ahead, and that can be believed; until it is [settled](Self::settle).
    pub(super) fn was_put_ahead(&self) -> bool {
        self.unsettled.is_some_and(|since| self.last.1.saturating_sub(since) >= PROBATION)
    }

    /// Something seems to be of the future.
    pub(super) fn doubt(&mut self) {
        self.is_doubted = true;
    }

    /// Whether it has to be looked at again and again; else only when something is dated by it.
    pub(super) fn is_doubted(&self) -> bool {
        self.is_doubted || self.unsettled.is_some()
    }

    /// When something really was that it has dated so since the start.
    pub(super) fn corrected(&self, time: OffsetDateTime) -> OffsetDateTime {
        let steps = self.steps.iter().filter(|step| time <= step.before);
        steps.fold(time, |time, step| time.saturating_add(step.by))
    }

    pub(super) fn settle(&mut self) {
        self.unsettled = None;
    }
}

/// For how long the machine has run, also while it slept.
#[cfg(target_os = "linux")]
pub(super) fn running() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let (seconds, nanoseconds) = (time.tv_sec, time.tv_nsec);
    Duration::new(seconds.unsigned_abs(), u32::try_from(nanoseconds).unwrap_or_default())
}

/// For how long the machine has run since this was first asked.
#[cfg(not(target_os = "linux"))]
pub(super) fn running() -> Duration {
    use std::{sync::OnceLock, time::Instant};

    static START: OnceLock<Instant> = OnceLock::new();

    START.get_or_init(Instant::now).elapsed()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-12-24 18:00 UTC);

    fn at(seconds: i64) -> OffsetDateTime {
        NOW + Span::seconds(seconds)
    }

    /// Looks at these seconds, when our clock is ahead of [`NOW`] by so many.
    fn looks(clock: &mut Clock, looks: &[(u64, i64)]) {
        for (seconds, ahead) in looks {
            clock.look(at(*ahead), Duration::from_secs(*seconds));
        }
    }

    fn clock(first: &[(u64, i64)]) -> Clock {
        let mut clock = Clock::new(NOW, Duration::ZERO);
        looks(&mut clock, first);
        clock
    }

    #[test]
    fn a_clock_that_goes_makes_no_step() {
        // The machine slept for an hour, and its clock went on.
        assert!(!clock(&[(5, 5), (10, 69), (3_610, 3_669), (9_999, 10_058)]).was_put_ahead());
    }

    #[test]
    fn a_step_is_believed_if_it_lasts() {
        let mut clock = clock(&[(5, 5), (10, 1_010), (20, 1_020)]);
        assert!(!clock.was_put_ahead());
        looks(&mut clock, &[(30, 1_030)]);
        assert!(clock.was_put_ahead());
        assert_eq!([at(7), at(1_011)].map(|time| clock.corrected(time)), [at(1_007), at(1_011)]);
        assert!(clock.is_doubted());
        clock.settle();
        assert!(!clock.is_doubted());
        // What was before both has gone both of them.
        looks(&mut clock, &[(40, 1_040), (45, 5_045), (99, 5_099)]);
        assert!(clock.was_put_ahead());
        assert_eq!([at(7), at(1_011)].map(|time| clock.corrected(time)), [at(5_007), at(5_011)]);
    }

    #[test]
    fn what_is_taken_back_is_no_step() {
        let there_and_back = clock(&[(5, 9_999_999), (10, 10), (100, 100)]);
        assert!(!there_and_back.was_put_ahead());
        assert_eq!(there_and_back.corrected(at(1)), at(1));
        let back_and_there = clock(&[(5, -90), (12, 12), (100, 100)]);
        assert!(!back_and_there.was_put_ahead());
        assert_eq!(back_and_there.corrected(at(1)), at(1));
    }
}
