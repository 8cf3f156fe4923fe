//! Times as the file has them: nanoseconds since 1970, in 64 bits.

use time::OffsetDateTime;

use crate::failure::Failure;

/// A time as a number: from 1677-09-21 to 2262-04-11.
pub(crate) fn to_nanoseconds(time: OffsetDateTime) -> Result<i64, Failure> {
    i64::try_from(time.unix_timestamp_nanos()).map_err(|_| Failure::TimeRange(time))
}

/// The same for the end of a range: what is out of range is as far away as the file has times.
pub(crate) fn to_nearest_nanoseconds(time: OffsetDateTime) -> i64 {
    let farthest = if time.year() < 1970 { i64::MIN } else { i64::MAX };
    i64::try_from(time.unix_timestamp_nanos()).unwrap_or(farthest)
}

/// A number as a time, in UTC.
pub(crate) fn from_nanoseconds(nanoseconds: i64) -> Result<OffsetDateTime, Failure> {
    // Cannot fail: times reach further than the nanoseconds of 64 bits do.
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(nanoseconds))
        .map_err(|error| Failure::Damaged(error.to_string()))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn there_and_back() {
        let both = |time| to_nanoseconds(time).and_then(from_nanoseconds).ok();
        let times = [
            datetime!(1970-01-01 00:00:00 UTC),
            datetime!(2026-02-21 20:27:09.123456789 UTC),
            datetime!(1677-09-21 00:12:43.145224192 UTC),
            datetime!(2262-04-11 23:47:16.854775807 UTC),
        ];
        for time in times {
            assert_eq!(both(time), Some(time));
        }
    }

    #[test]
    fn out_of_range() {
        let late = datetime!(2262-04-11 23:47:16.854775808 UTC);
        assert!(matches!(to_nanoseconds(late), Err(Failure::TimeRange(time)) if time == late));
        assert!(to_nanoseconds(datetime!(1677-09-21 00:12:43.145224191 UTC)).is_err());
        assert_eq!(to_nearest_nanoseconds(late), i64::MAX);
        assert_eq!(to_nearest_nanoseconds(datetime!(0001-01-01 0:00 UTC)), i64::MIN);
    }
}
