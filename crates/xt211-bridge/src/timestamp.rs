//! Times as people read them.

use jiff::{Timestamp, civil, tz::TimeZone};
use time::OffsetDateTime;

pub(crate) use xt211_decision::utc;

/// Reads a time as people write it: RFC 3339, or a date for its first moment in UTC.
pub(crate) fn parse_instant(text: &str) -> Result<OffsetDateTime, String> {
    let date = || civil::Date::strptime("%Y-%m-%d", text).ok()?.to_zoned(TimeZone::UTC).ok();
    let timestamp = text.parse::<Timestamp>().ok();
    timestamp
        .or_else(|| Some(date()?.timestamp()))
        .and_then(|time| OffsetDateTime::from_unix_timestamp_nanos(time.as_nanosecond()).ok())
        .ok_or_else(|| {
            "expected a time such as 2026-02-21T20:27:09Z, or a date such as 2026-02-21".into()
        })
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn times() {
        let parse = |text| parse_instant(text).ok();
        assert_eq!(parse("2026-02-21"), Some(datetime!(2026-02-21 0:00 UTC)));
        assert_eq!(parse("2026-02-21T20:27:09Z"), Some(datetime!(2026-02-21 20:27:09 UTC)));
        assert_eq!(parse("2026-02-21T20:27:09+01:00"), Some(datetime!(2026-02-21 19:27:09 UTC)));
        for wrong in ["", "yesterday", "2026-02-30", "21.2.2026", "2026-02-21 20:27", "20:27"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
