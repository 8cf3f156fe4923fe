//! Whatever is done to an outbox in whatever order, it holds what a simple list would hold.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*};
use xt211_store::{Range, Refusal};

use crate::fixture::{Fixture, START, minute, total};

#[derive(Clone, Debug)]
enum Step {
    /// Appends so many.
    Append(u8),
    /// Of the first ones that wait, takes those whose bit is set.
    Forward(u16),
    /// Of the first ones that wait, refuses this one.
    Refuse(u8),
    Again(u8),
    /// From this minute on, for so many minutes.
    Range(u8, u8),
    /// What is from before this minute.
    Prune(u8),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1..5u8).prop_map(Step::Append),
        any::<u16>().prop_map(Step::Forward),
        (0..4u8).prop_map(Step::Refuse),
        (0..30u8).prop_map(Step::Again),
        (0..30u8, 0..10u8).prop_map(|(from, length)| Step::Range(from, length)),
        (0..30u8).prop_map(Step::Prune),
        Just(Step::Reopen),
    ]
}

/// What should be true of the database. Record n is of minute n.
#[derive(Debug, Default)]
struct Model {
    last: i64,
    kept: BTreeSet<i64>,
    waiting: BTreeSet<i64>,
    refused: BTreeSet<i64>,
}

impl Model {
    fn apply(&mut self, step: &Step, mut fixture: Fixture) -> Fixture {
        let meter = fixture.meter;
        match *step {
            Step::Append(count) => fixture.write(|transaction| {
                for _ in 0..count {
                    self.last += 1;
                    self.kept.insert(self.last);
                    self.waiting.insert(self.last);
                    transaction.append_reading(meter, minute(self.last), &total(1), None)?;
                }
                Ok(())
            }),
            Step::Forward(bits) => {
                let first = fixture.waiting().into_iter().take(16).enumerate();
                let taken: Vec<_> =
                    first.filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, n)| n).collect();
                self.waiting.retain(|number| !taken.contains(number));
                fixture.forward(&taken);
            }
            Step::Refuse(index) => {
                let waiting = fixture.waiting();
                let Some(number) = waiting.get(usize::from(index)) else { return fixture };
                let ticket = fixture.tickets(&[*number])[0];
                let line = number.to_string();
                let refusal =
                    Refusal { at: START, topic: "t", code: "c", reason: "r", line: &line };
                self.waiting.remove(number);
                self.refused.insert(*number);
                assert!(fixture.write(|transaction| transaction.refuse(ticket, &refusal)));
            }
            Step::Again(number) => {
                let number = i64::from(number);
                let is_there = self.kept.contains(&number);
                if is_there {
                    self.waiting.insert(number);
                }
                let found = fixture.write(|transaction| transaction.forward_again(number.into()));
                assert_eq!(found, is_there);
            }
            Step::Range(from, length) => {
                let (from, to) = (i64::from(from), i64::from(from) + i64::from(length));
                let asked = self.kept.range(from..to).filter(|n| !self.refused.contains(n));
                let new: BTreeSet<_> =
                    asked.filter(|number| !self.waiting.contains(number)).copied().collect();
                let range = Range { meter: None, from: Some(minute(from)), to: Some(minute(to)) };
                let count = fixture.write(|transaction| transaction.forward_range(&range));
                assert_eq!(count, new.len() as u64);
                self.waiting.extend(new);
            }
            Step::Prune(before) => {
                let before = i64::from(before);
                let stays = |number: &i64| {
                    *number >= before
                        || *number == self.last
                        || self.waiting.contains(number)
                        || self.refused.contains(number)
                };
                let count = self.kept.len();
                self.kept.retain(stays);
                let pruned =
                    fixture.write(|transaction| transaction.prune(minute(before), true, 9_999));
                assert_eq!(pruned, (count - self.kept.len()) as u64);
            }
            Step::Reopen => return fixture.reopen(),
        }
        fixture
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_outbox_is_what_a_list_would_be(steps in vec(step(), 1..30)) {
        let mut model = Model::default();
        let mut fixture = Fixture::new();
        for step in &steps {
            fixture = model.apply(step, fixture);
            let mut waiting = fixture.waiting();
            waiting.sort_unstable();
            prop_assert_eq!(&waiting, &model.waiting.iter().copied().collect::<Vec<_>>());
            let counts = fixture.store.waiting_counts().unwrap();
            let count: u64 = counts.iter().map(|(_, count)| count).sum();
            prop_assert_eq!(count, waiting.len() as u64);
        }
        let mut kept = Vec::new();
        fixture.store.records(&Range::default(), &mut crate::fixture::into(&mut kept)).unwrap();
        let kept: BTreeSet<_> = crate::fixture::sequences(&kept).into_iter().collect();
        prop_assert_eq!(kept, model.kept);
    }
}
