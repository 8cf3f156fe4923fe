//! Keeping: readings on their way into the store, one and many with a write to the disk, and out of it
//! until they are forwarded. It measures the disk as well as the program.
#![allow(missing_docs, clippy::expect_used)]

use std::iter;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use time::{Duration, OffsetDateTime, UtcOffset, macros::datetime};
use xt211_benches::MESSAGE;
use xt211_message::{Message, Registers};
use xt211_store::{MeterKey, Store, StoreError};

fn keep(
    store: &mut Store,
    meter: MeterKey,
    times: impl Iterator<Item = OffsetDateTime>,
    registers: &Registers<'_>,
) -> Result<(), StoreError> {
    store.write(|store| {
        for time in times {
            store.append_reading(meter, time, registers, None)?;
        }
        Ok(())
    })
}

fn store(criterion: &mut Criterion) {
    let message = Message::decode(MESSAGE, &UtcOffset::UTC).expect("it is a message");
    let registers = message.reading.expect("it is a reading").registers;
    let folder = tempfile::tempdir().expect("there is room for files");

    let mut group = criterion.benchmark_group("store");
    group.sample_size(20);
    for burst in [1, 20, 1_000] {
        let path = folder.path().join(format!("{burst}.db"));
        let mut store = Store::open(&path).expect("it can be made").store;
        let meter = store.write(|store| store.add_meter("meter", None)).expect("it can be kept");
        let mut minutes = iter::successors(Some(datetime!(2026-01-01 0:00 UTC)), |time| {
            Some(*time + Duration::MINUTE)
        });

        group.throughput(Throughput::Elements(burst));
        let size = usize::try_from(burst).expect("it is small");
        group.bench_function(format!("keep {burst}"), |bencher| {
            bencher.iter(|| keep(&mut store, meter, minutes.by_ref().take(size), &registers));
        });
        let waiting = || store.waiting(size).expect("it can be read");
        assert_eq!(waiting().len(), size);
        group.bench_function(format!("read {burst} that wait"), |bencher| bencher.iter(waiting));
    }
}

criterion_group!(benches, store);
criterion_main!(benches);
