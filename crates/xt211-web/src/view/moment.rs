//! Times, for people and for programs.

use std::{borrow::Cow, fmt};

use jiff::{Timestamp, Zoned, tz::TimeZone};
use serde::{Serialize, Serializer};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type},
    },
};

/// A time. Programs are told it in UTC, people in their zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) OffsetDateTime);

impl Moment {
    /// For programs, in UTC.
    pub(crate) fn utc(self) -> String {
        // Fails for years that the store cannot hold.
        self.0.to_offset(UtcOffset::UTC).format(&Rfc3339).unwrap_or_default()
    }

    fn zoned(self, zone: &TimeZone) -> Zoned {
        // The same: the store's times are far within.
        let time = Timestamp::from_nanosecond(self.0.unix_timestamp_nanos());
        time.unwrap_or_default().to_zoned(zone.clone())
    }

    /// For people: `2026-02-21 21:27:09`.
    pub(crate) fn full(self, zone: &TimeZone) -> String {
        self.zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// For people who know that it is not long ago: `21:27`, or another day's `21 Feb 21:27`, or
    /// another year's date.
    pub(crate) fn short(self, now: Self, zone: &TimeZone) -> String {
        let (time, now) = (self.zoned(zone), now.zoned(zone));
        let format = match (time.date() == now.date(), time.year() == now.year()) {
            (true, _) => "%H:%M",
            (false, true) => "%-d %b %H:%M",
            (false, false) => "%Y-%m-%d",
        };
        time.strftime(format).to_string()
    }

    /// When the day began in which it lies.
    pub(crate) fn midnight(self, zone: &TimeZone) -> Option<OffsetDateTime> {
        let midnight = self.zoned(zone).start_of_day().ok()?;
        OffsetDateTime::from_unix_timestamp_nanos(midnight.timestamp().as_nanosecond()).ok()
    }

    /// How long ago it is.
    pub(crate) fn age(self, now: Self) -> Age {
        Age((now.0 - self.0).whole_seconds())
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.utc())
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
    }
}

impl ToSchema for Moment {
    fn name() -> Cow<'static, str> {
        "Moment".into()
    }
}

/// How long ago something was, in seconds. `page.js` says it in the same words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Age(i64);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(86_400, "day"), (3600, "hour"), (60, "minute")];
        match units.into_iter().find(|(length, _)| self.0 >= *length) {
            None => f.write_str("just now"),
            Some((length, name)) => {
                let count = self.0 / length;
                let plural = if count == 1 { "" } else { "s" };
                write!(f, "{count} {name}{plural} ago")
            }
        }
    }
}

/// What time it is, and where.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    pub(crate) now: Moment,
    pub(crate) zone: TimeZone,
}

impl Clock {
    pub(crate) fn in_zone(zone: &TimeZone) -> Self {
        Self { now: Moment(OffsetDateTime::now_utc()), zone: zone.clone() }
    }

    pub(crate) fn full(&self, moment: &Moment) -> String {
        moment.full(&self.zone)
    }

    pub(crate) fn short(&self, moment: &Moment) -> String {
        moment.short(self.now, &self.zone)
    }

    pub(crate) fn age(&self, moment: &Moment) -> Age {
        moment.age(self.now)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn times_in_a_zone() {
        let prague = TimeZone::get("Europe/Prague").unwrap();
        let time = Moment(datetime!(2026-03-28 23:30:05.5 UTC));
        assert_eq!(time.utc(), "2026-03-28T23:30:05.5Z");
        assert_eq!(time.full(&prague), "2026-03-29 00:30:05");
        let short = |now| time.short(Moment(now), &prague);
        assert_eq!(short(datetime!(2026-03-29 21:59 UTC)), "00:30");
        assert_eq!(short(datetime!(2026-03-29 22:00 UTC)), "29 Mar 00:30");
        assert_eq!(short(datetime!(2027-01-01 0:00 UTC)), "2026-03-29");
        // This day has 23 hours.
        assert_eq!(time.midnight(&prague), Some(datetime!(2026-03-28 23:00 UTC)));
        let next = Moment(datetime!(2026-03-29 22:00 UTC));
        assert_eq!(next.midnight(&prague), Some(datetime!(2026-03-29 22:00 UTC)));
    }

    #[test]
    fn ages() {
        let ages = [
            (-600, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (3599, "59 minutes ago"),
            (7200, "2 hours ago"),
            (86_400, "1 day ago"),
            (864_000, "10 days ago"),
        ];
        for (seconds, words) in ages {
            assert_eq!(Age(seconds).to_string(), words);
        }
    }
}
