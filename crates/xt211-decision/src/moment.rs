//! Times as people read them.

use time::OffsetDateTime;

/// A time that came from a module, to the second, which is all that it knows.
#[must_use]
pub fn utc(time: OffsetDateTime) -> String {
    let time = time.to_utc();
    let (date, (hour, minute, second)) = (time.date(), time.as_hms());
    format!("{date} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn to_the_second_and_in_utc() {
        assert_eq!(utc(datetime!(2026-02-21 21:27:09.5 +01:00)), "2026-02-21 20:27:09 UTC");
    }
}
