//! Deciding: the next reading of a meter, as nearly all are; one that comes late, between two others,
//! for which the history is asked; and one that falls, which is set aside.
#![allow(missing_docs, clippy::expect_used)]

use std::{convert::Infallible, hint::black_box};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use time::{Duration, OffsetDateTime, UtcOffset};
use xt211_benches::MESSAGE;
use xt211_decision::{Eras, History, Judgement, Limit, Meter, Point};
use xt211_message::{Message, Reading, Registers, Value};
use xt211_obis::ObisCode;

/// A history of which only two readings matter: the ones next to those that are judged.
struct Neighbours {
    before: Reading<'static>,
    after: Reading<'static>,
}

impl Neighbours {
    fn point(reading: &Reading<'_>, code: ObisCode) -> Option<Point> {
        match reading.registers.get(code)? {
            Value::Number(value) => Some(Point { time: reading.time, value: *value }),
            Value::Text(_) => None,
        }
    }
}

impl History for Neighbours {
    type Error = Infallible;

    fn at(&self, time: OffsetDateTime) -> Result<Option<Registers<'static>>, Infallible> {
        let found = [&self.before, &self.after].into_iter().find(|reading| reading.time == time);
        Ok(found.map(|reading| reading.registers.clone()))
    }

    fn newest(&self, _: OffsetDateTime) -> Result<Option<OffsetDateTime>, Infallible> {
        Ok(Some(self.after.time))
    }

    fn before(&self, code: ObisCode, time: OffsetDateTime) -> Result<Option<Point>, Infallible> {
        let earlier = [&self.after, &self.before].into_iter().find(|it| it.time < time);
        Ok(earlier.and_then(|reading| Self::point(reading, code)))
    }

    fn after(&self, code: ObisCode, time: OffsetDateTime) -> Result<Option<Point>, Infallible> {
        let later = [&self.before, &self.after].into_iter().find(|it| it.time > time);
        Ok(later.and_then(|reading| Self::point(reading, code)))
    }
}

fn judge(criterion: &mut Criterion) {
    let message = Message::decode(MESSAGE, &UtcOffset::UTC).expect("it is a message");
    let first = message.reading.expect("it is a reading");
    let at = |minutes| {
        let registers = first.registers.clone().into_owned();
        Reading::new(first.time + Duration::minutes(minutes), registers)
    };
    let history = Neighbours { before: at(0), after: at(10) };
    let new = || {
        let limit = Limit { max_power: 100.0 };
        Meter::new(limit, Eras::default(), Some(history.after.time), Vec::new())
    };
    let now = first.time + Duration::DAY;

    let mut meter = new();
    let mut next = at(11);
    let first = meter.judge(&next, now, &history);
    assert_eq!(first, Ok(Judgement::Accepted));
    let mut group = criterion.benchmark_group("decision");
    group.bench_function("next", |bencher| {
        bencher.iter(|| {
            next.time += Duration::SECOND;
            let judgement = meter.judge(black_box(&next), next.time, &history);
            assert_eq!(judgement, Ok(Judgement::Accepted));
        });
    });

    let late = at(5);
    group.bench_function("late", |bencher| {
        let judge = |mut meter: Meter| meter.judge(black_box(&late), now, &history);
        assert!(matches!(judge(new()), Ok(Judgement::Mixed { contradiction: None, .. })));
        bencher.iter_batched(new, judge, BatchSize::SmallInput);
    });

    let zero = Message::decode(
        br#"{"data":{"reading_datetime":"2026-04-26 17:00:00 GMT","values":{"1.8.0":0}}}"#,
        &UtcOffset::UTC,
    );
    let zero = zero.expect("it is a message").reading.expect("it is a reading");
    group.bench_function("refused", |bencher| {
        let judge = |mut meter: Meter| meter.judge(black_box(&zero), now, &history);
        assert!(matches!(judge(new()), Ok(Judgement::Mixed { .. })));
        bencher.iter_batched(new, judge, BatchSize::SmallInput);
    });
}

criterion_group!(benches, judge);
criterion_main!(benches);
