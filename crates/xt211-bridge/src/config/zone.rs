//! Time zones by name, for times that come without one.

use jiff::{
    civil,
    tz::{self, AmbiguousOffset},
};
use time::{PrimitiveDateTime, UtcOffset};

/// A time zone of the IANA database (`Europe/Prague`), which the program brings along.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeZone(tz::TimeZone);

impl TimeZone {
    pub(crate) fn named(name: &str) -> Option<Self> {
        tz::TimeZone::get(name).ok().map(Self)
    }

    /// Its name, by which it is found again.
    pub(crate) fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}

impl Default for TimeZone {
    fn default() -> Self {
        Self(tz::TimeZone::UTC)
    }
}

impl xt211_message::Zone for TimeZone {
    /// Of the two offsets at an hour that comes twice in autumn, the first; at one that spring
    /// leaves out, the one before.
    fn offset(&self, local: PrimitiveDateTime) -> UtcOffset {
        offset(&self.0, local).unwrap_or(UtcOffset::UTC)
    }
}

/// `None` only for times outside the years -9999 to 9999, which no message can hold.
fn offset(zone: &tz::TimeZone, local: PrimitiveDateTime) -> Option<UtcOffset> {
    let day = i8::try_from(local.day()).ok()?;
    let month = i8::try_from(u8::from(local.month())).ok()?;
    let date = civil::Date::new(i16::try_from(local.year()).ok()?, month, day).ok()?;
    let (hour, minute, second) = local.as_hms();
    let time = civil::Time::new(
        i8::try_from(hour).ok()?,
        i8::try_from(minute).ok()?,
        i8::try_from(second).ok()?,
        0,
    )
    .ok()?;
    let before = match zone.to_ambiguous_timestamp(date.to_datetime(time)).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset,
        AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => before,
    };
    UtcOffset::from_whole_seconds(before.seconds()).ok()
}

#[cfg(test)]
mod tests {
    use time::macros::{datetime, offset};
    use xt211_message::Zone;

    use super::*;

    #[test]
    fn offsets() {
        let prague = TimeZone::named("Europe/Prague").unwrap();
        assert_eq!(prague.offset(datetime!(2026-02-21 20:27:33)), offset!(+1));
        assert_eq!(prague.offset(datetime!(2026-08-08 11:12:07)), offset!(+2));
        assert_eq!(prague.offset(datetime!(2026-10-25 02:30:00)), offset!(+2), "comes twice");
        assert_eq!(prague.offset(datetime!(2026-03-29 02:30:00)), offset!(+1), "does not exist");
        let utc = TimeZone::named("UTC").unwrap();
        assert_eq!(utc.offset(datetime!(1970-01-01 00:00:00)), UtcOffset::UTC);
        assert_eq!(TimeZone::named("Europe/Atlantis"), None);
    }
}
