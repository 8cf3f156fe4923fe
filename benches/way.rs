//! The whole way, in memory: from bytes to a line, and with the decision and Home Assistant's state; and
//! beside it, what one would do without these crates: `serde_json::Value`, `time`'s parser and the data
//! point of `influxdb2`.
#![allow(missing_docs, clippy::expect_used)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use influxdb2::models::{DataPoint, WriteDataPoint};
use serde_json::Value as Json;
use xt211_benches::{LINE, MESSAGE, time_by_description};
use xt211_examples::conversion::{Line, State};

/// As a careful user would: numbers of known keys, the device's own time.
fn by_hand(bytes: &[u8], line: &mut Vec<u8>) -> Option<()> {
    let message: Json = serde_json::from_slice(bytes).ok()?;
    let data = message.get("data")?;
    let values = data.get("values")?.as_object()?;
    let time = time_by_description(data.get("reading_datetime")?.as_str()?)?;
    let meter = values.get("96.1.1")?.as_str()?;
    let mut point = DataPoint::builder("home_energy").tag("meter", meter);
    for (code, value) in values {
        if let Some(number) = value.as_f64() {
            point = point.field(code.replace('.', "_"), number);
        }
    }
    let nanoseconds = time.unix_timestamp_nanos().try_into().ok()?;
    point.timestamp(nanoseconds).build().ok()?.write_data_point_to(line).ok()
}

fn way(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("way");
    let mut line = Line::default();
    group.bench_function("to a line", |bencher| bencher.iter(|| line.convert(black_box(MESSAGE))));
    assert_eq!(line.text(), LINE);

    let mut text = Vec::new();
    group.bench_function("to a line, serde_json::Value and influxdb2", |bencher| {
        bencher.iter(|| {
            text.clear();
            by_hand(black_box(MESSAGE), &mut text)
        });
    });
    assert_eq!(text, LINE.as_bytes());

    let mut state = State::new().expect("the device is one");
    group.bench_function("to a line and a state", |bencher| {
        bencher.iter(|| state.convert(black_box(MESSAGE)));
    });
    assert!(state.message().contains("\"1.8.0\":443.451"), "{}", state.message());
}

criterion_group!(benches, way);
criterion_main!(benches);
