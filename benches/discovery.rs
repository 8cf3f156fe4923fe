//! Telling Home Assistant: the discovery of a meter, which is said when something new is seen; and the
//! state message of a reading, beside what `serde_json` makes of the same states.
#![allow(missing_docs, clippy::expect_used)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use time::UtcOffset;
use xt211_benches::MESSAGE;
use xt211_homeassistant::{Language, MeterDevice, MeterInfo, Origin, Topics};
use xt211_message::Message;

fn device() -> MeterDevice {
    MeterDevice::new(MeterInfo {
        id: "meter".parse().expect("it is an id"),
        name: "XT211 Meter".into(),
        serial: None,
        page: None,
        expire_after: None,
    })
}

fn meter(criterion: &mut Criterion) {
    let message = Message::decode(MESSAGE, &UtcOffset::UTC).expect("it is a message");
    let mut device = device();
    assert!(device.apply_message(&message).discovery);
    let topics = Topics::new("homeassistant", "xt211");
    let origin = Origin { name: "bench".into(), sw_version: None, support_url: None };

    let discovery = || {
        let discovery = device.discovery(&topics, &origin, Language::English);
        serde_json::to_vec(&discovery).expect("it can be written")
    };
    let text = String::from_utf8(discovery()).expect("it is a text");
    assert!(text.contains("\"xt211_meter_1.8.0\""), "{text}");
    criterion.bench_function("discovery/message", |bencher| bencher.iter(discovery));

    let state = device.energy().expect("there is a state");
    let mut json = Vec::new();
    state.write_json(&mut json);
    assert_eq!(Some(json.as_slice()), serde_json::to_vec(&state).ok().as_deref());
    let mut group = criterion.benchmark_group("discovery/state");
    group.bench_function("write_json", |bencher| {
        bencher.iter(|| {
            json.clear();
            black_box(&state).write_json(&mut json);
        });
    });
    group.bench_function("serde_json", |bencher| {
        bencher.iter(|| {
            json.clear();
            serde_json::to_writer(&mut json, black_box(&state))
        });
    });
    group.finish();

    let mut other = device.clone();
    criterion.bench_function("discovery/apply", |bencher| {
        bencher.iter(|| other.apply_message(black_box(&message)));
    });
    assert_eq!(other.energy().map(|state| serde_json::to_vec(&state).ok()), Some(Some(json)));
}

criterion_group!(benches, meter);
criterion_main!(benches);
