//! The lines of every message in the corpus of `xt211-message`, which InfluxData's own parser
//! reads back.
#![allow(clippy::unwrap_used)]

use std::{fmt::Write, fs};

use influxdb_line_protocol::parse_lines;
use time::UtcOffset;
use xt211_line_protocol::{Measurement, encode_reading, encode_status};
use xt211_message::{Message, Reading};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../xt211-message/corpus");

fn encoded(message: &Message<'_>) -> String {
    let mut lines = String::new();
    let (status, battery) = (message.status.as_ref(), message.battery.as_ref());
    let of_reading = message.reading.as_ref().and_then(Reading::serial);
    let of_status = status.and_then(|status| status.serial.as_deref());
    let meter = of_reading.or(of_status).unwrap_or("unknown");
    if let Some(reading) = &message.reading {
        encode_reading(&mut lines, &Measurement::HOME_ENERGY, meter, reading).unwrap();
    }
    if status.is_some() || battery.is_some() {
        encode_status(&mut lines, meter, message.sent.unwrap(), status, battery).unwrap();
    }
    lines
}

#[test]
fn lines() {
    let entries = fs::read_dir(CORPUS).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|it| it == "json")).collect();
    paths.sort();
    assert!(paths.len() >= 14, "only {} messages in {CORPUS}", paths.len());

    let mut snapshot = String::new();
    for path in paths {
        let bytes = fs::read(&path).unwrap();
        let message = Message::decode(&bytes, &UtcOffset::UTC).unwrap();
        let lines = encoded(&message);
        assert_eq!(parse_lines(&lines).map(Result::unwrap).count(), lines.lines().count());
        writeln!(snapshot, "{}\n{lines}", path.file_name().unwrap().display()).unwrap();
    }
    insta::assert_snapshot!(snapshot);
}
