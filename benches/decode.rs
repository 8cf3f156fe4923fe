//! Decoding: [`Message::decode`] on every message of the corpus; and for the seed, beside it, what
//! one would do without it: `serde_json::Value`, which knows neither codes nor times.
#![allow(missing_docs, clippy::expect_used)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::Value as Json;
use time::UtcOffset;
use xt211_benches::{SEED, corpus};
use xt211_message::{Message, Value};

fn total(bytes: &[u8]) -> Option<f64> {
    let reading = Message::decode(bytes, &UtcOffset::UTC).ok()?.reading?;
    match reading.registers.get(xt211_obis::ObisCode::reduced(1, 8, 0))? {
        Value::Number(number) => Some(number.to_f64()),
        Value::Text(_) => None,
    }
}

fn total_by_serde_json(bytes: &[u8]) -> Option<f64> {
    let message: Json = serde_json::from_slice(bytes).ok()?;
    message.get("data")?.get("values")?.get("1.8.0")?.as_f64()
}

fn seed(criterion: &mut Criterion) {
    assert_eq!(total(SEED), Some(7369.066));
    assert_eq!(total_by_serde_json(SEED), Some(7369.066));
    criterion.bench_function("decode/seed", |bencher| bencher.iter(|| total(black_box(SEED))));
    criterion.bench_function("decode/seed, serde_json::Value", |bencher| {
        bencher.iter(|| total_by_serde_json(black_box(SEED)));
    });
}

fn every_message(criterion: &mut Criterion) {
    for (name, bytes) in corpus().expect("the corpus can be read") {
        assert!(Message::decode(&bytes, &UtcOffset::UTC).is_ok(), "{name}");
        criterion.bench_function(&format!("decode/{name}"), |bencher| {
            bencher.iter(|| Message::decode(black_box(&bytes), &UtcOffset::UTC).is_ok());
        });
    }
}

criterion_group!(benches, seed, every_message);
criterion_main!(benches);
