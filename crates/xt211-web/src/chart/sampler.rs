//! Many values in a few.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// What a quantity was, at a moment or over a while.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Sample {
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) from: Timestamp,
    /// When it ends: the same for a moment.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) to: Timestamp,
    /// The lowest.
    pub(crate) low: f64,
    /// On average.
    pub(crate) mean: f64,
    /// The highest.
    pub(crate) high: f64,
}

/// Makes a sample of all that falls into a slot of time, and a new run of samples behind each gap.
/// Holds the samples in memory, not what they are made of.
#[derive(Debug)]
pub(crate) struct Sampler {
    start: Timestamp,
    slot: SignedDuration,
    gap: SignedDuration,
    runs: Vec<Vec<Sample>>,
    open: Option<Open>,
}

/// A sample that more may come to.
#[derive(Debug)]
struct Open {
    slot: i128,
    sample: Sample,
    sum: f64,
    weight: f64,
}

impl Sampler {
    /// From a time on. There is one sample at most of each slot, and one more: a gap is never
    /// shorter than a slot.
    pub(crate) fn new(start: Timestamp, slot: SignedDuration, gap: SignedDuration) -> Self {
        let slot = slot.max(SignedDuration::from_secs(1));
        Self { start, slot, gap: gap.max(slot), runs: Vec::new(), open: None }
    }

    /// What was measured at a moment. They come in the order of time.
    pub(crate) fn measured(&mut self, time: Timestamp, value: f64) {
        self.take(time, time, value, 1.0);
    }

    /// What was the mean from one moment to another, unless that is too long.
    pub(crate) fn averaged(&mut self, from: Timestamp, to: Timestamp, value: f64) {
        let duration = to.duration_since(from);
        if duration <= self.gap {
            self.take(from, to, value, duration.as_secs_f64());
        }
    }

    fn take(&mut self, from: Timestamp, to: Timestamp, value: f64, weight: f64) {
        let slot = from.duration_since(self.start).as_nanos().div_euclid(self.slot.as_nanos());
        let is_apart = |last: Timestamp| from.duration_since(last) > self.gap;
        match &mut self.open {
            Some(open) if open.slot == slot => {
                let Sample { to: until, low, high, .. } = &mut open.sample;
                (*until, *low, *high) = (to, low.min(value), high.max(value));
                open.sum += value * weight;
                open.weight += weight;
            }
            open => {
                let last = open.take().map(Open::close);
                let begins_run = last.is_none_or(|last| is_apart(last.to));
                self.keep(last);
                if begins_run {
                    self.runs.push(Vec::new());
                }
                let sample = Sample { from, to, low: value, mean: value, high: value };
                self.open = Some(Open { slot, sample, sum: value * weight, weight });
            }
        }
    }

    fn keep(&mut self, sample: Option<Sample>) {
        if let (Some(run), Some(sample)) = (self.runs.last_mut(), sample) {
            run.push(sample);
        }
    }

    /// All runs; none of them is empty.
    pub(crate) fn finish(mut self) -> Vec<Vec<Sample>> {
        let last = self.open.take().map(Open::close);
        self.keep(last);
        self.runs
    }
}

impl Open {
    fn close(self) -> Sample {
        // Never divided by zero: there is one value at least, and none lasts for no time.
        let mean = if self.weight > 0.0 { self.sum / self.weight } else { self.sample.high };
        Sample { mean, ..self.sample }
    }
}

/// The usual distance between times: of all distances, the middle one.
pub(crate) fn usual_distance(times: &[Timestamp]) -> Option<SignedDuration> {
    let pairs = times.iter().zip(times.iter().skip(1));
    let mut distances: Vec<_> =
        pairs.map(|(one, other)| other.duration_since(*one).abs()).collect();
    distances.sort_unstable();
    distances.get(distances.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_771_700_000 + seconds).unwrap()
    }

    fn sampler(slot: i64, gap: i64) -> Sampler {
        Sampler::new(at(0), SignedDuration::from_secs(slot), SignedDuration::from_secs(gap))
    }

    fn sample(from: i64, to: i64, low: f64, mean: f64, high: f64) -> Sample {
        Sample { from: at(from), to: at(to), low, mean, high }
    }

    #[test]
    fn a_slot_has_one_sample() {
        let mut sampler = sampler(100, 300);
        for (time, value) in [(0, 1.0), (99, 3.0), (100, -5.0), (500, 8.0), (801, 9.0)] {
            sampler.measured(at(time), value);
        }
        let first = vec![sample(0, 99, 1.0, 2.0, 3.0), sample(100, 100, -5.0, -5.0, -5.0)];
        let second = vec![sample(500, 500, 8.0, 8.0, 8.0)];
        assert_eq!(sampler.finish(), [first, second, vec![sample(801, 801, 9.0, 9.0, 9.0)]]);
    }

    #[test]
    fn means_count_by_their_length() {
        let mut sampler = sampler(100, 300);
        sampler.averaged(at(0), at(30), 100.0);
        sampler.averaged(at(30), at(120), 200.0);
        sampler.averaged(at(120), at(420), 5.0);
        // Longer than a gap.
        sampler.averaged(at(420), at(721), 6.0);
        sampler.averaged(at(721), at(730), 7.0);
        let first = vec![sample(0, 120, 100.0, 175.0, 200.0), sample(120, 420, 5.0, 5.0, 5.0)];
        assert_eq!(sampler.finish(), [first, vec![sample(721, 730, 7.0, 7.0, 7.0)]]);
        assert_eq!(
            Sampler::new(at(0), SignedDuration::ZERO, SignedDuration::ZERO).finish(),
            [[]; 0]
        );
    }

    #[test]
    fn distances() {
        let usual = |times: &[i64]| {
            let times: Vec<_> = times.iter().map(|time| at(*time)).collect();
            usual_distance(&times).map(|distance| distance.as_secs())
        };
        assert_eq!(usual(&[]), None);
        assert_eq!(usual(&[5]), None);
        assert_eq!(usual(&[0, 180, 361, 9_000]), Some(181));
        assert_eq!(usual(&[9_000, 361, 180, 0]), Some(181));
    }

    proptest! {
        #[test]
        fn few_samples_that_hold_all_values(
            steps in vec((1..400i64, -1e4..1e4), 1..600), slot in 1..2_000i64, gap in 1..9_000i64,
        ) {
            let mut sampler = sampler(slot, gap);
            let mut time = 0;
            for (step, value) in &steps {
                time += step;
                sampler.measured(at(time), *value);
            }
            let runs = sampler.finish();
            prop_assert!(runs.iter().all(|run| !run.is_empty()));
            let samples: Vec<_> = runs.concat();
            prop_assert!(samples.len() as i64 <= time / slot + 1);
            let least = steps.iter().map(|(_, value)| *value).fold(f64::INFINITY, f64::min);
            let low = samples.iter().map(|sample| sample.low).fold(f64::INFINITY, f64::min);
            prop_assert_eq!(least, low);
            for pair in samples.windows(2) {
                prop_assert!(pair[0].to < pair[1].from);
            }
            let is_between = |it: &Sample| it.low <= it.mean + 1e-9 && it.mean <= it.high + 1e-9;
            prop_assert!(samples.iter().all(is_between));
        }
    }
}
