//! Times that cannot be.

use time::{Duration, OffsetDateTime, macros::datetime};

use super::Reason;

/// No XT211 was read by this module before. Modules whose clock is not set yet say 1970.
pub const EARLIEST: OffsetDateTime = datetime!(2020-01-01 0:00 UTC);

/// How far a module's clock may be ahead of ours.
pub const AHEAD: Duration = Duration::minutes(10);

/// This program is not older than this. A clock of ours that says so (on a board without a battery
/// clock, before the network is there) is wrong, and nothing is judged by it.
pub const RELEASED: OffsetDateTime = datetime!(2026-11-01 0:00 UTC);

/// No database that we forward to can hold what comes after this, and no meter lasts so long.
const LATEST: OffsetDateTime = datetime!(2200-01-01 0:00 UTC);

/// Judges the time of a reading or of a state by our clock.
///
/// # Errors
///
/// It is before [`EARLIEST`], or more than [`AHEAD`] of our clock.
pub fn judge_time(time: OffsetDateTime, now: OffsetDateTime) -> Result<(), Reason> {
    judge_time_by(time, horizon(now))
}

pub(super) fn judge_time_by(time: OffsetDateTime, horizon: OffsetDateTime) -> Result<(), Reason> {
    if time < EARLIEST {
        Err(Reason::TooEarly(time))
    } else if time > horizon {
        Err(Reason::InTheFuture(time))
    } else {
        Ok(())
    }
}

/// The latest time that a reading can have.
#[must_use]
pub fn horizon(now: OffsetDateTime) -> OffsetDateTime {
    if now < RELEASED { LATEST } else { now.saturating_add(AHEAD).min(LATEST) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-12-24 18:00 UTC);

    #[test]
    fn times_that_cannot_be() {
        let boot = datetime!(1970-01-01 0:00:05 UTC);
        assert_eq!(judge_time(boot, NOW), Err(Reason::TooEarly(boot)));
        assert_eq!(judge_time(EARLIEST, NOW), Ok(()));
        assert_eq!(judge_time(NOW + AHEAD, NOW), Ok(()));
        let ahead = NOW + AHEAD + Duration::SECOND;
        assert_eq!(judge_time(ahead, NOW), Err(Reason::InTheFuture(ahead)));
    }

    #[test]
    fn from_its_release_on_our_clock_is_believed() {
        assert_eq!(horizon(RELEASED), RELEASED + AHEAD);
        assert_eq!(horizon(RELEASED - Duration::NANOSECOND), LATEST);
        assert_eq!(horizon(datetime!(2500-01-01 0:00 UTC)), LATEST);
    }

    #[test]
    fn a_clock_of_ours_that_is_wrong_judges_nothing_but_the_absurd() {
        let ours = datetime!(2024-01-01 0:00 UTC);
        assert_eq!(judge_time(NOW, ours), Ok(()));
        let absurd = datetime!(9999-12-31 23:59:59 UTC);
        assert_eq!(judge_time(absurd, ours), Err(Reason::InTheFuture(absurd)));
    }
}
