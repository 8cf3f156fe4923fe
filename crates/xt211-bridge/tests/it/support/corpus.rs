//! What modules send.

use std::{fs, path::Path};

use time::{
    Duration, OffsetDateTime, UtcOffset,
    macros::{datetime, format_description},
};

/// The messages of every dialect, one a file.
pub(crate) const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../xt211-message/corpus");

/// The serial number of the meter in most of them.
pub(crate) const SERIAL: &str = "5100025085";

/// One of them, by the name of its file without `.json`.
pub(crate) fn sample(name: &str) -> Vec<u8> {
    fs::read(Path::new(CORPUS).join(format!("{name}.json"))).unwrap()
}

/// The names of all, sorted.
pub(crate) fn samples() -> Vec<String> {
    let files = fs::read_dir(CORPUS).unwrap().map(|entry| entry.unwrap().file_name());
    let names = files.map(|name| name.into_string().unwrap());
    let mut names: Vec<_> =
        names.filter_map(|name| name.strip_suffix(".json").map(String::from)).collect();
    names.sort();
    assert!(names.len() >= 14, "only {} messages in {CORPUS}", names.len());
    names
}

/// Meters for messages of every sample: each has one of its own, so that none is judged by another.
pub(crate) const MANY_METERS: &str = "[[meter]]\ndata_topic = \"+/data\"\n\
    status_topic = \"+/status\"\nbattery_topic = \"+/battery\"\n";

/// Where the module of its meter publishes a sample.
pub(crate) fn topic_of(sample: &str) -> String {
    let kind = match sample {
        // This firmware has a topic for it.
        "fw-2026-04-battery" => "battery",
        name if name.ends_with("-data") => "data",
        _ => "status",
    };
    format!("{sample}/{kind}")
}

/// A time that many minutes after eight in the evening, on the day of the seed messages.
pub(crate) fn minute(minutes: i64) -> OffsetDateTime {
    datetime!(2026-02-21 20:00:09 UTC) + Duration::minutes(minutes)
}

/// A time as it is at the end of a line.
pub(crate) fn nanoseconds(time: OffsetDateTime) -> i128 {
    time.unix_timestamp_nanos()
}

/// A reading of a meter whose serial number is not told.
pub(crate) fn reading(time: OffsetDateTime, values: &str) -> String {
    let format = format_description!(
        "[weekday repr:short] [year]-[month]-[day] [hour]:[minute]:[second] GMT"
    );
    let time = time.to_offset(UtcOffset::UTC).format(format).unwrap();
    format!(
        r#"{{"datetime":"{time}","data":{{"reading_datetime":"{time}","first_boot":false,"values":{{{values}}}}}}}"#
    )
}

/// A reading of a certain meter's total.
pub(crate) fn reading_of(serial: &str, time: OffsetDateTime, total: f64) -> String {
    reading(time, &format!(r#""1.8.0":{total},"96.1.1":"{serial}""#))
}

/// The reading of a minute. Its total tells the minute.
pub(crate) fn message(minutes: i64) -> String {
    reading_of(SERIAL, minute(minutes), 100.0 + minutes as f64)
}

/// Its line.
pub(crate) fn line(minutes: i64) -> String {
    let (total, time) = (100 + minutes, nanoseconds(minute(minutes)));
    format!("home_energy,meter={SERIAL} 1_8_0={total} {time}")
}

/// The lines of several, in this order.
pub(crate) fn lines(minutes: impl IntoIterator<Item = i64>) -> Vec<String> {
    minutes.into_iter().map(line).collect()
}
