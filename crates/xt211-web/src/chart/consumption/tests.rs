//! Consumption from readings in memory.

use std::convert::Infallible;

use jiff::{civil::date, tz::TimeZone};
use proptest::{collection::vec, prelude::*};
use xt211_message::Decimal;

use super::*;
use crate::chart::{
    period::{Period, View},
    totals::Point,
};

/// Readings of totals, in the order of time.
#[derive(Debug, Default)]
struct Listed(Vec<(Timestamp, Vec<(ObisCode, Decimal)>)>);

impl Listed {
    fn new(readings: &[(&str, &[(&str, &str)])]) -> Self {
        let reading = |(time, values): &(&str, &[(&str, &str)])| {
            let value =
                |(code, value): &(&str, &str)| (code.parse().unwrap(), value.parse().unwrap());
            (time.parse().unwrap(), values.iter().map(value).collect())
        };
        Self(readings.iter().map(reading).collect())
    }

    fn totals<'r>(
        readings: impl Iterator<Item = &'r (Timestamp, Vec<(ObisCode, Decimal)>)>,
    ) -> Totals {
        let mut totals = Totals::new();
        for (time, values) in readings {
            for (code, value) in values {
                totals.entry(*code).or_insert(Point { time: *time, value: *value });
            }
        }
        totals
    }
}

impl Readings for Listed {
    type Error = Infallible;

    fn before(&self, time: Timestamp) -> Result<Totals, Infallible> {
        Ok(Self::totals(self.0.iter().rev().filter(|(at, _)| *at < time)))
    }

    fn from(&self, time: Timestamp) -> Result<Totals, Infallible> {
        Ok(Self::totals(self.0.iter().filter(|(at, _)| *at >= time)))
    }
}

fn hours_of(day: jiff::civil::Date, zone: &str) -> Vec<Span> {
    Period::of(View::Day, day, TimeZone::get(zone).unwrap()).unwrap().parts()
}

fn buckets(readings: &Listed, cuts: &Cuts) -> Vec<Bucket> {
    let Ok(buckets) = consumption(readings, cuts, &hours_of(date(2026, 11, 26), "UTC"));
    buckets
}

/// The hours that have an import, with it.
fn imports(readings: &Listed, cuts: &Cuts) -> Vec<(usize, f64)> {
    let buckets = buckets(readings, cuts);
    let known = buckets.iter().enumerate().filter_map(|(hour, it)| Some((hour, it.import?)));
    known.collect()
}

#[test]
fn an_hour_has_what_was_counted_since_the_reading_before_it() {
    let readings = Listed::new(&[
        ("2026-11-25T23:55:00Z", &[("1.8.0", "7369.066")]),
        ("2026-11-26T00:30:00Z", &[("1.8.0", "7369.166")]),
        ("2026-11-26T00:59:59.999Z", &[("1.8.0", "7369.266")]),
        // What is read on the hour is of that hour, as in the statistics of Home Assistant.
        ("2026-11-26T01:00:00Z", &[("1.8.0", "7369.366")]),
        ("2026-11-26T05:10:00Z", &[("1.8.0", "7370.366")]),
    ]);
    // Nothing is known of hours without a reading, and what was used in them is in the next.
    assert_eq!(imports(&readings, &Cuts::default()), [(0, 0.2), (1, 0.1), (5, 1.0)]);
    let buckets = buckets(&readings, &Cuts::default());
    let starts = [0, 1, 5].map(|hour| buckets[hour].odd_start().map(|time| time.to_string()));
    assert_eq!(starts, [None, None, Some("2026-11-26T01:00:00Z".into())]);
    assert!(!buckets[2].is_known());
    assert_eq!(Sums::of(&buckets).import, Some(1.3));
}

#[test]
fn the_first_hour_begins_with_the_first_reading() {
    let readings = Listed::new(&[
        ("2026-11-26T03:40:00Z", &[("1.8.0", "10")]),
        ("2026-11-26T03:50:00Z", &[("1.8.0", "10.5")]),
        ("2026-11-26T04:50:00Z", &[("1.8.0", "12")]),
    ]);
    assert_eq!(imports(&readings, &Cuts::default()), [(3, 0.5), (4, 1.5)]);
    let buckets = buckets(&readings, &Cuts::default());
    assert_eq!(buckets[3].odd_start(), Some("2026-11-26T03:40:00Z".parse().unwrap()));
    // Of one reading alone, nothing follows.
    let readings = Listed::new(&[("2026-11-26T03:40:00Z", &[("1.8.0", "10")])]);
    assert_eq!(imports(&readings, &Cuts::default()), []);
}

#[test]
fn another_meter_adds_its_own_part() {
    let readings = Listed::new(&[
        ("2026-11-25T23:59:00Z", &[("1.8.0", "900")]),
        ("2026-11-26T10:10:00Z", &[("1.8.0", "901")]),
        ("2026-11-26T10:20:00Z", &[("1.8.0", "12345")]),
        ("2026-11-26T10:50:00Z", &[("1.8.0", "12345.5")]),
        ("2026-11-26T11:50:00Z", &[("1.8.0", "12346")]),
    ]);
    let cut = |code| [(code, "2026-11-26T10:20:00Z".parse().unwrap())].into_iter().collect();
    assert_eq!(imports(&readings, &cut(None)), [(10, 1.5), (11, 0.5)]);
    assert_eq!(imports(&readings, &cut(Some(IMPORT))), [(10, 1.5), (11, 0.5)]);
    // Another register's is nothing to this one.
    assert_eq!(imports(&readings, &cut(Some(EXPORT))), [(10, 11_445.5), (11, 0.5)]);
}

#[test]
fn a_counter_that_was_set_back_goes_on() {
    let readings = Listed::new(&[
        ("2026-11-26T10:10:00Z", &[("1.8.0", "901")]),
        ("2026-11-26T10:30:00Z", &[("1.8.0", "902")]),
        ("2026-11-26T11:20:00Z", &[("1.8.0", "0")]),
        ("2026-11-26T12:20:00Z", &[("1.8.0", "0.25")]),
    ]);
    let cuts: Cuts =
        [(Some(IMPORT), "2026-11-26T11:20:00Z".parse().unwrap())].into_iter().collect();
    // Of the hour of 11, nobody knows.
    assert_eq!(imports(&readings, &cuts), [(10, 1.0), (12, 0.25)]);
    // If nobody has noticed, it is not taken for something below zero.
    assert_eq!(imports(&readings, &Cuts::default()), [(10, 1.0), (12, 0.25)]);
}

#[test]
fn tariffs_are_told_where_they_add_up() {
    let readings = Listed::new(&[
        ("2026-11-26T00:10:00Z", &[("1.8.0", "10"), ("1.8.1", "4"), ("1.8.2", "6.001")]),
        ("2026-11-26T00:50:00Z", &[("1.8.0", "11.5"), ("1.8.1", "5"), ("1.8.2", "6.5")]),
        // The second tariff is missing for a while.
        ("2026-11-26T01:50:00Z", &[("1.8.0", "13"), ("1.8.1", "5.5")]),
        ("2026-11-26T02:50:00Z", &[("1.8.0", "14"), ("1.8.1", "6.5"), ("1.8.2", "7.5")]),
        ("2026-11-26T03:50:00Z", &[("1.8.1", "7"), ("1.8.2", "8"), ("2.8.0", "1")]),
        ("2026-11-26T04:50:00Z", &[("1.8.1", "7.5"), ("1.8.2", "8"), ("2.8.0", "1.5")]),
    ]);
    let buckets = buckets(&readings, &Cuts::default());
    let known: Vec<_> = buckets
        .iter()
        .take(5)
        .map(|it| (it.import, it.of_tariff(1), it.of_tariff(2), it.export))
        .collect();
    assert_eq!(known[0], (Some(1.5), Some(1.0), Some(0.499), None));
    assert_eq!(known[1], (Some(1.5), None, None, None));
    assert_eq!(known[2], (Some(1.0), None, None, None));
    assert_eq!(known[3], (Some(1.0), Some(0.5), Some(0.5), None));
    assert_eq!(known[4], (Some(0.5), Some(0.5), Some(0.0), Some(0.5)));
    let sums = Sums::of(&buckets);
    assert_eq!((sums.import, sums.without_tariff, sums.export), (Some(5.5), Some(2.5), Some(0.5)));
    let tariffs: Vec<_> = sums.tariffs.iter().map(|it| (it.tariff, it.import)).collect();
    assert_eq!(tariffs, [(1, 2.0), (2, 0.999)]);
}

#[test]
fn hours_that_come_twice_have_a_bar_each() {
    let readings = Listed::new(&[
        ("2026-10-24T23:50:00Z", &[("1.8.0", "1")]),
        // 02:30 in summer, 02:30 in winter.
        ("2026-10-25T00:30:00Z", &[("1.8.0", "2")]),
        ("2026-10-25T01:30:00Z", &[("1.8.0", "4")]),
    ]);
    let parts = hours_of(date(2026, 10, 25), "Europe/Prague");
    let Ok(buckets) = consumption(&readings, &Cuts::default(), &parts);
    assert_eq!(buckets.len(), 25);
    let imports = |bucket: &Bucket| bucket.import;
    assert_eq!(
        buckets.iter().skip(1).take(3).map(imports).collect::<Vec<_>>(),
        [None, Some(1.0), Some(2.0)]
    );
}

const ZONES: [&str; 4] = ["UTC", "Europe/Prague", "Australia/Lord_Howe", "America/Sao_Paulo"];

proptest! {
    /// Whatever the gaps and the clocks: the bars add up to what the meter has counted.
    #[test]
    fn the_sum_of_all_is_the_last_less_the_first(
        steps in vec((1..200_000i64, 0..50_000i64), 2..60),
        zone in prop::sample::select(&ZONES[..]),
        view in prop::sample::select(&View::ALL[..]),
        begin in 1_500_000_000..1_790_000_000i64,
    ) {
        let (mut time, mut value) = (begin, 1_000_000);
        let mut readings = Listed::default();
        for (step, used) in steps {
            (time, value) = (time + step, value + used);
            let reading = (IMPORT, Decimal::from_parts(value, 3).unwrap());
            readings.0.push((Timestamp::from_second(time).unwrap(), vec![reading]));
        }
        let (first, last) = (readings.0[0].clone(), readings.0.last().unwrap().clone());
        let zone = TimeZone::get(zone).unwrap();
        let mut period = Period::of(view, zone.to_datetime(first.0).date(), zone).unwrap();
        let mut sum = 0.0;
        while period.span().start <= last.0 {
            let Ok(buckets) = consumption(&readings, &Cuts::default(), &period.parts());
            for bucket in &buckets {
                let is_in = |(at, _): &&(Timestamp, _)| bucket.span.start <= *at && *at < bucket.span.end;
                let count = readings.0.iter().filter(is_in).count();
                let is_first = bucket.span.start <= first.0 && first.0 < bucket.span.end;
                prop_assert_eq!(bucket.import.is_some(), count > usize::from(is_first));
                prop_assert!(bucket.import.is_none_or(|import| import >= 0.0));
            }
            sum += Sums::of(&buckets).import.unwrap_or(0.0);
            period = period.next().unwrap();
        }
        let counted = last.1[0].1.to_f64() - first.1[0].1.to_f64();
        prop_assert!((sum - counted).abs() < 1e-3, "{sum} and not {counted}");
    }
}
