//! Why a reading is not believed.

use time::OffsetDateTime;
use xt211_obis::ObisCode;

use super::{Point, utc};

/// Why a reading, or a register of it, is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Its time is before this kind of module existed.
    #[error("it is of {}, before this kind of module existed: its clock is not set", utc(*.0))]
    TooEarly(OffsetDateTime),
    /// Its time is ahead of our clock.
    #[error("it is of {}, in the future: the module's clock or ours is wrong", utc(*.0))]
    InTheFuture(OffsetDateTime),
    /// The register was accepted with another value at the same time.
    #[error("{code} has another value in an earlier reading of the same time")]
    OtherValue {
        /// The register.
        code: ObisCode,
    },
    /// The user has put another value of the same time in its place.
    #[error("{code} was replaced by another value of the same time that was released")]
    Replaced {
        /// The register.
        code: ObisCode,
    },
    /// A total falls from this reading's neighbour to this reading, or from it to a neighbour.
    #[error("{code} falls from {} to {} at {}", .from.value, .to.value, utc(.to.time))]
    Fell {
        /// The total.
        code: ObisCode,
        /// The earlier value.
        from: Point,
        /// The later value.
        to: Point,
    },
    /// A total rises by more than can flow through the meter in the time between.
    #[error(
        "{code} rises from {} to {} by {}, by more than max_power_kw allows since {}",
        .from.value, .to.value, utc(.to.time), utc(.from.time)
    )]
    RoseTooFast {
        /// The total.
        code: ObisCode,
        /// The earlier value.
        from: Point,
        /// The later value.
        to: Point,
    },
    /// Every total is zero, as when the module found nothing.
    #[error("every total is 0, as when the module has found nothing")]
    AllZero,
}

impl Reason {
    /// A stable name for this reason.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooEarly(_) => "reading.time.too_early",
            Self::InTheFuture(_) => "reading.time.in_the_future",
            Self::OtherValue { .. } => "reading.register.other_value",
            Self::Replaced { .. } => "reading.register.replaced",
            Self::Fell { .. } => "reading.total.fell",
            Self::RoseTooFast { .. } => "reading.total.rose_too_fast",
            Self::AllZero => "reading.total.all_zero",
        }
    }

    /// How the codes begin of what may yet be accepted, once its neighbours are.
    pub const MAY_PASS: &str = "reading.total.";

    /// How the codes begin of what has a time that cannot be.
    pub const UNTIMELY: &str = "reading.time.";
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn what_is_told_and_what_is_kept() {
        let time = datetime!(2026-11-24 0:00 UTC);
        let code = ObisCode::reduced(1, 8, 0);
        let point = |time, value: &str| Point { time, value: value.parse().unwrap() };
        let from = point(time, "7");
        let to = point(datetime!(2026-11-24 0:03 UTC), "5.5");
        let reasons = [
            (
                Reason::TooEarly(datetime!(1970-01-01 0:00:05 UTC)),
                "reading.time.too_early",
                "it is of 1970-01-01 00:00:05 UTC, before this kind of module existed: its clock is not set",
            ),
            (
                Reason::InTheFuture(time),
                "reading.time.in_the_future",
                "it is of 2026-11-24 00:00:00 UTC, in the future: the module's clock or ours is wrong",
            ),
            (
                Reason::OtherValue { code },
                "reading.register.other_value",
                "1.8.0 has another value in an earlier reading of the same time",
            ),
            (
                Reason::Replaced { code },
                "reading.register.replaced",
                "1.8.0 was replaced by another value of the same time that was released",
            ),
            (
                Reason::Fell { code, from, to },
                "reading.total.fell",
                "1.8.0 falls from 7 to 5.5 at 2026-11-24 00:03:00 UTC",
            ),
            (
                Reason::RoseTooFast { code, from, to },
                "reading.total.rose_too_fast",
                "1.8.0 rises from 7 to 5.5 by 2026-11-24 00:03:00 UTC, by more than max_power_kw allows \
                 since 2026-11-24 00:00:00 UTC",
            ),
            (
                Reason::AllZero,
                "reading.total.all_zero",
                "every total is 0, as when the module has found nothing",
            ),
        ];
        for (reason, code, text) in reasons {
            assert_eq!((reason.code(), reason.to_string().as_str()), (code, text));
            assert_eq!(
                code.starts_with(Reason::UNTIMELY),
                matches!(reason, Reason::TooEarly(_) | Reason::InTheFuture(_))
            );
        }
    }
}
