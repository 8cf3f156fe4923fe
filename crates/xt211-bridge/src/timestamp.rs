//! Times as people read them.

use time::OffsetDateTime;

/// A time that came from a module, to the second, which is all that it knows.
pub(crate) fn utc(time: OffsetDateTime) -> String {
    let time = time.to_utc();
    let (date, (hour, minute, second)) = (time.date(), time.as_hms());
    format!("{date} {hour:02}:{minute:02}:{second:02} UTC")
}
