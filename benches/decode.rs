//! Decoding: [`Message::decode`] and [`Decoder`] on a reading; and beside them, what one would do
//! without them: `serde_json::Value` and `simd-json`, which know neither codes nor times. And
//! [`parse_time`] beside `time`'s own parser.
#![allow(missing_docs, clippy::expect_used)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::Value as Json;
use simd_json::prelude::{ValueAsScalar as _, ValueObjectAccess as _};
use time::{OffsetDateTime, UtcOffset};
use xt211_benches::{MESSAGE, corpus, time_by_description};
use xt211_message::{Decoder, Message, Value, parse_time};
use xt211_obis::ObisCode;

const TOTAL: ObisCode = ObisCode::reduced(1, 8, 0);

fn total(message: &Message<'_>) -> Option<f64> {
    match message.reading.as_ref()?.registers.get(TOTAL)? {
        Value::Number(number) => Some(number.to_f64()),
        Value::Text(_) => None,
    }
}

fn total_by_message(bytes: &[u8]) -> Option<f64> {
    total(&Message::decode(bytes, &UtcOffset::UTC).ok()?)
}

fn total_by_decoder(decoder: &mut Decoder, bytes: &[u8]) -> Option<f64> {
    let message = decoder.decode(bytes, &UtcOffset::UTC).ok()?;
    let total = total(&message);
    decoder.reclaim(message);
    total
}

fn total_by_serde_json(bytes: &[u8]) -> Option<f64> {
    let message: Json = serde_json::from_slice(bytes).ok()?;
    message.get("data")?.get("values")?.get("1.8.0")?.as_f64()
}

/// It changes the bytes, which are copied for it.
fn total_by_simd_json(copy: &mut Vec<u8>, bytes: &[u8]) -> Option<f64> {
    copy.clear();
    copy.extend_from_slice(bytes);
    let message = simd_json::to_borrowed_value(copy).ok()?;
    message.get("data")?.get("values")?.get("1.8.0")?.as_f64()
}

fn reading(criterion: &mut Criterion) {
    let (mut decoder, mut copy) = (Decoder::default(), Vec::new());
    for total in [
        total_by_message(MESSAGE),
        total_by_decoder(&mut decoder, MESSAGE),
        total_by_serde_json(MESSAGE),
        total_by_simd_json(&mut copy, MESSAGE),
    ] {
        assert_eq!(total, Some(443.451));
    }
    let mut group = criterion.benchmark_group("decode/reading");
    group.bench_function("Decoder", |bencher| {
        bencher.iter(|| total_by_decoder(&mut decoder, black_box(MESSAGE)));
    });
    group.bench_function("Message::decode", |bencher| {
        bencher.iter(|| total_by_message(black_box(MESSAGE)));
    });
    group.bench_function("serde_json::Value", |bencher| {
        bencher.iter(|| total_by_serde_json(black_box(MESSAGE)));
    });
    group.bench_function("simd-json", |bencher| {
        bencher.iter(|| total_by_simd_json(&mut copy, black_box(MESSAGE)));
    });
}

fn every_message(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode/corpus");
    for (name, bytes) in corpus().expect("the corpus can be read") {
        assert!(Message::decode(&bytes, &UtcOffset::UTC).is_ok(), "{name}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| Message::decode(black_box(&bytes), &UtcOffset::UTC).is_ok());
        });
    }
}

fn time(criterion: &mut Criterion) {
    const TEXT: &str = "Sun 2026-04-26 16:40:22 GMT";

    let time = parse_time(TEXT, &UtcOffset::UTC).ok();
    assert_eq!(time, time_by_description(TEXT));
    assert_eq!(time.map(OffsetDateTime::unix_timestamp), Some(1_777_221_622));
    let mut group = criterion.benchmark_group("decode/time");
    group.bench_function("parse_time", |bencher| {
        bencher.iter(|| parse_time(black_box(TEXT), &UtcOffset::UTC));
    });
    group.bench_function("time", |bencher| {
        bencher.iter(|| time_by_description(black_box(TEXT)));
    });
}

criterion_group!(benches, reading, every_message, time);
criterion_main!(benches);
