//! What to make of a reading: believe it or not, show it or not. Pure: the time is an argument.

use time::{Duration, OffsetDateTime, macros::datetime};

use crate::timestamp::utc;

/// No XT211 was read by this module before. Modules whose clock is not set yet say 1970.
const EARLIEST: OffsetDateTime = datetime!(2020-01-01 0:00 UTC);

/// How far a module's clock may be ahead of ours.
const AHEAD: Duration = Duration::minutes(10);

/// This program is not older than this. A clock of ours that says so (on a board without a battery
/// clock, before the network is there) is wrong, and nothing is judged by it.
const RELEASED: OffsetDateTime = datetime!(2026-11-01 0:00 UTC);

/// What a reading that is believed is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The newest.
    Current,
    /// One that comes again, or late: to be kept, not to be shown.
    Late,
}

/// Why a reading is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Reason {
    #[error("the reading is of {}, before this kind of module existed: its clock is not set", utc(*.0))]
    TooEarly(OffsetDateTime),
    #[error("the reading is of {}, in the future: the module's clock or ours is wrong", utc(*.0))]
    TooLate(OffsetDateTime),
}

impl Reason {
    /// A stable name for this reason.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::TooEarly(_) => "reading.time.too_early",
            Self::TooLate(_) => "reading.time.in_the_future",
        }
    }
}

/// Judges a reading of this time, given the newest one before it and our clock.
pub(crate) fn judge(
    time: OffsetDateTime,
    newest: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Result<Verdict, Reason> {
    if time < EARLIEST {
        Err(Reason::TooEarly(time))
    } else if now >= RELEASED && time - now > AHEAD {
        Err(Reason::TooLate(time))
    } else if newest.is_none_or(|newest| time > newest) {
        Ok(Verdict::Current)
    } else {
        Ok(Verdict::Late)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-12-24 18:00 UTC);

    #[test]
    fn newer_is_current_and_the_rest_late() {
        let reading = datetime!(2026-12-24 17:57 UTC);
        let minute = Duration::MINUTE;
        assert_eq!(judge(reading, None, NOW), Ok(Verdict::Current));
        assert_eq!(judge(reading, Some(reading - minute), NOW), Ok(Verdict::Current));
        assert_eq!(judge(reading, Some(reading), NOW), Ok(Verdict::Late));
        assert_eq!(judge(reading, Some(reading + minute), NOW), Ok(Verdict::Late));
    }

    #[test]
    fn times_that_cannot_be() {
        let boot = datetime!(1970-01-01 0:00:05 UTC);
        assert_eq!(judge(boot, None, NOW), Err(Reason::TooEarly(boot)));
        assert_eq!(judge(EARLIEST, None, NOW), Ok(Verdict::Current));
        assert_eq!(judge(NOW + AHEAD, None, NOW), Ok(Verdict::Current));
        let ahead = NOW + AHEAD + Duration::SECOND;
        assert_eq!(judge(ahead, None, NOW), Err(Reason::TooLate(ahead)));
    }

    #[test]
    fn a_clock_of_ours_that_is_wrong_judges_nothing() {
        let ours = datetime!(2024-01-01 0:00 UTC);
        assert_eq!(judge(NOW, None, ours), Ok(Verdict::Current));
    }
}
