//! Random histories.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*, sample::Index};

use super::*;

/// A reading of the total, or what pretends to be one.
#[derive(Clone, Debug, PartialEq)]
struct Sent {
    /// In seconds since the start.
    at: i64,
    /// In Wh.
    total: i64,
    serial: Option<&'static str>,
    is_true: bool,
}

impl Sent {
    fn reading(&self) -> Reading<'static> {
        let total = format!("{}.{:03}", self.total / 1_000, self.total % 1_000);
        let serial = self.serial.map_or_else(String::new, |serial| format!(" 96.1.1=\"{serial}\""));
        let time = START + Duration::seconds(self.at);
        Reading { time, ..reading(0, &format!("1.8.0={total}{serial}")) }
    }
}

/// What one meter says from some time on: counting, and now and then nonsense.
///
/// In each step: how many seconds later, how much of what can flow in that time does, and what the
/// module makes of it.
fn counting(
    steps: Vec<(i64, f64, Nonsense)>,
    start: i64,
    first: i64,
    serial: Option<&'static str>,
) -> Vec<Sent> {
    let (mut at, mut total) = (start, first);
    let mut sent = vec![Sent { at, total, serial, is_true: true }];
    // So far off, and falling, that it agrees with nothing.
    let mut far_off = 900_000_000 - first;
    for (seconds, share, nonsense) in steps {
        at += seconds;
        // 60 kW are 50 Wh in three seconds.
        total += (share * seconds as f64 * 50.0 / 3.0) as i64;
        let truth = Sent { at, total, serial, is_true: true };
        match nonsense {
            Nonsense::None => sent.push(truth),
            Nonsense::Zero => sent.push(Sent { total: 0, is_true: false, ..truth }),
            Nonsense::FarOff => {
                far_off -= 10_000_000;
                // The first reading of a new meter is believed, so nonsense is not to be it.
                sent.push(Sent { total: far_off, serial: None, is_true: false, ..truth });
            }
            Nonsense::Twice => sent.extend([truth.clone(), truth]),
        }
    }
    // The end of each is long enough to be believed in any case.
    for _ in 0..4 {
        (at, total) = (at + 400, total + 1);
        sent.push(Sent { at, total, serial, is_true: true });
    }
    sent
}

#[derive(Clone, Copy, Debug)]
enum Nonsense {
    None,
    Zero,
    FarOff,
    Twice,
}

fn nonsense() -> impl Strategy<Value = Nonsense> {
    prop_oneof![
        6 => Just(Nonsense::None),
        1 => Just(Nonsense::Zero),
        1 => Just(Nonsense::FarOff),
        1 => Just(Nonsense::Twice),
    ]
}

fn steps() -> impl Strategy<Value = Vec<(i64, f64, Nonsense)>> {
    vec((1..2_000_i64, 0.0..1.0, nonsense()), 0..12)
}

/// A counter that counts, is set back, and counts again; or another meter in its place.
fn history() -> impl Strategy<Value = Vec<Sent>> {
    let serials = prop_oneof![Just((None, None)), Just((Some("1"), Some("2")))];
    (steps(), steps(), any::<bool>(), serials).prop_map(|(one, other, is_exchanged, serials)| {
        let mut sent = counting(one, 0, 5_000_000, serials.0);
        if is_exchanged {
            let end = sent.last().map_or(0, |last| last.at);
            sent.extend(counting(other, end + 60, 1_000_000, serials.1));
        }
        sent
    })
}

/// What the bench ends with: accepted, and set aside.
type Outcome = (Archive, BTreeSet<(OffsetDateTime, String)>);

fn outcome(history: &[Sent], restarts: &[Index]) -> Outcome {
    let mut bench = Bench::new();
    let restarts: Vec<_> = restarts.iter().map(|index| index.index(history.len())).collect();
    for (number, sent) in history.iter().enumerate() {
        let before = bench.archive.clone();
        bench.take(&sent.reading());
        for (time, registers) in &before.0 {
            let now = bench.archive.0.get(time);
            assert!(
                now.is_some_and(|now| registers.iter().all(|one| now.contains(one))),
                "dropped"
            );
        }
        if restarts.contains(&number) {
            bench.restart();
        }
    }
    let aside = bench.aside.values();
    let aside =
        aside.map(|(refused, _)| (refused.time, format!("{:?}", refused.registers))).collect();
    (bench.archive, aside)
}

/// The true readings, as they should be kept.
fn truth(history: &[Sent]) -> Archive {
    let mut truth = Archive::default();
    for sent in history.iter().filter(|sent| sent.is_true) {
        let Reading { time, registers, .. } = sent.reading();
        if !truth.0.contains_key(&time) {
            truth.keep(time, &registers);
        }
    }
    truth
}

/// Serial numbers say nothing by themselves, and are accepted from any reading.
fn totals(archive: &Archive) -> Vec<Point> {
    archive.0.iter().filter_map(|there| Archive::point(there, TOTAL)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn all_that_is_true_is_accepted_and_nothing_else(history in history()) {
        prop_assert_eq!(totals(&outcome(&history, &[]).0), totals(&truth(&history)));
    }

    #[test]
    fn the_order_of_arrival_does_not_matter(
        (history, order) in history().prop_flat_map(|history| {
            // The first is known before: of what comes before everything, nobody can know whether
            // it is nonsense.
            let rest: Vec<_> = (1..history.len()).collect();
            (Just(history), Just(rest).prop_shuffle())
        }),
        restarts in vec(any::<Index>(), 0..4),
    ) {
        let first = history.first().cloned();
        let rest = order.iter().map(|index| history[*index].clone());
        let shuffled: Vec<_> = first.into_iter().chain(rest).collect();
        prop_assert_eq!(outcome(&shuffled, &restarts), outcome(&history, &[]));
    }

    #[test]
    fn everything_is_either_accepted_or_set_aside(
        sent in vec((0..40_i64, prop_oneof![Just(0), 0..5_000_i64, 0..5_000_000_i64], 0..3_usize), 1..60),
    ) {
        let serials = [None, Some("1"), Some("2")];
        let chaos: Vec<_> = sent
            .iter()
            .map(|(at, total, serial)| Sent {
                at: at * 200,
                total: *total,
                serial: serials[*serial],
                is_true: false,
            })
            .collect();
        let (archive, aside) = outcome(&chaos, &[]);
        for sent in &chaos {
            let Reading { time, registers, .. } = sent.reading();
            for register in &registers {
                let accepted = archive.0.get(&time).is_some_and(|all| all.contains(register));
                let text = format!("{register:?}");
                let refused = aside.iter().any(|(at, all)| *at == time && all.contains(&text));
                prop_assert!(accepted || refused, "{text} at {time}");
            }
        }
    }
}
