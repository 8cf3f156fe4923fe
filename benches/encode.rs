//! Encoding: [`encode_reading`] on a reading; and beside it, what one would do without it,
//! by hand: InfluxData's builder, and the data point of the client crate `influxdb2`.
#![allow(missing_docs, clippy::expect_used)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use influxdb_line_protocol::LineProtocolBuilder;
use influxdb2::models::{DataPoint, WriteDataPoint};
use time::UtcOffset;
use xt211_benches::{LINE, MESSAGE};
use xt211_line_protocol::{Measurement, encode_reading};
use xt211_message::{Decimal, Message, Reading, Value};

const METER: &str = "5100025085";

/// The numbers of a reading, as fields.
fn fields(reading: &Reading<'_>) -> impl Iterator<Item = (String, f64)> {
    reading.registers.iter().filter_map(|register| match register.value {
        Value::Number(number) => {
            Some((register.code.to_string().replace('.', "_"), Decimal::to_f64(number)))
        }
        Value::Text(_) => None,
    })
}

fn nanoseconds(reading: &Reading<'_>) -> Option<i64> {
    reading.time.unix_timestamp_nanos().try_into().ok()
}

fn by_builder(buffer: Vec<u8>, reading: &Reading<'_>) -> Option<Vec<u8>> {
    let line = LineProtocolBuilder::new_with(buffer).measurement("home_energy").tag("meter", METER);
    let mut fields = fields(reading);
    let (key, number) = fields.next()?;
    let line = line.field(&key, number);
    let line = fields.fold(line, |line, (key, number)| line.field(&key, number));
    Some(line.timestamp(nanoseconds(reading)?).close_line().build())
}

fn by_data_point(buffer: &mut Vec<u8>, reading: &Reading<'_>) -> Option<()> {
    let point = DataPoint::builder("home_energy").tag("meter", METER);
    let point = fields(reading).fold(point, |point, (key, number)| point.field(key, number));
    let point = point.timestamp(nanoseconds(reading)?).build().ok()?;
    point.write_data_point_to(buffer).ok()
}

fn reading(criterion: &mut Criterion) {
    let message = Message::decode(MESSAGE, &UtcOffset::UTC).expect("it is a message");
    let reading = message.reading.expect("it is a reading");

    let mut group = criterion.benchmark_group("encode/reading");
    let mut line = String::new();
    group.bench_function("encode_reading", |bencher| {
        bencher.iter(|| {
            line.clear();
            encode_reading(&mut line, &Measurement::HOME_ENERGY, METER, black_box(&reading))
        });
    });
    assert_eq!(line, LINE);

    let mut buffer = Vec::new();
    group.bench_function("influxdb-line-protocol", |bencher| {
        bencher.iter(|| {
            let mut empty = std::mem::take(&mut buffer);
            empty.clear();
            buffer = by_builder(empty, black_box(&reading)).unwrap_or_default();
        });
    });
    assert_eq!(buffer, LINE.as_bytes());

    group.bench_function("influxdb2", |bencher| {
        bencher.iter(|| {
            buffer.clear();
            by_data_point(&mut buffer, black_box(&reading))
        });
    });
    assert_eq!(buffer, LINE.as_bytes());
}

criterion_group!(benches, reading);
criterion_main!(benches);
