//! Modules that are sending. What is new of their meters is said once they are done, and so once.
//!
//! All of it waits, whether it is old or of now: a rule for what is fresh would need a clock that is
//! right, here and in the module, and would win half a second for a value that comes every few
//! minutes.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, hash_map::Entry},
    time::Duration,
};

use tokio::time::Instant;

/// A module that was silent for so long is done; within a burst it sends a message every 100 ms.
const QUIET: Duration = Duration::from_millis(500);

/// How long a burst may be. That of a full queue takes ten seconds.
const LONGEST: Duration = Duration::from_secs(15);

/// The modules that are sending, by the numbers of their meters.
///
/// A message costs one look-up, and the end of a burst some looks at that burst, however many others
/// there are.
#[derive(Debug, Default)]
pub(super) struct Bursts {
    bursts: HashMap<usize, Burst>,
    /// When to look at each of them, the next one first; not later than it ends.
    looks: BinaryHeap<Reverse<(Instant, usize)>>,
    /// How often one was looked at.
    #[cfg(test)]
    looked: usize,
}

#[derive(Debug)]
struct Burst {
    first: Instant,
    last: Instant,
}

impl Burst {
    fn end(&self) -> Instant {
        (self.last + QUIET).min(self.first + LONGEST)
    }
}

impl Bursts {
    /// The module of a meter has sent something.
    pub(super) fn note(&mut self, number: usize, now: Instant) {
        match self.bursts.entry(number) {
            // It is looked at when it would have been over.
            Entry::Occupied(mut entry) => entry.get_mut().last = now,
            Entry::Vacant(entry) => {
                let burst = entry.insert(Burst { first: now, last: now });
                self.looks.push(Reverse((burst.end(), number)));
            }
        }
    }

    /// Whether the module of a meter is sending.
    pub(super) fn has(&self, number: usize) -> bool {
        self.bursts.contains_key(&number)
    }

    /// When to ask for those that are over.
    pub(super) fn due(&self) -> Option<Instant> {
        self.looks.peek().map(|Reverse((due, _))| *due)
    }

    /// Forgets those that are over, and returns whose they were.
    pub(super) fn take_over(&mut self, now: Instant) -> Vec<usize> {
        let mut over = Vec::new();
        while self.due().is_some_and(|due| due <= now)
            && let Some(Reverse((_, number))) = self.looks.pop()
        {
            #[cfg(test)]
            {
                self.looked += 1;
            }
            match self.bursts.get(&number).map(Burst::end) {
                Some(end) if end > now => self.looks.push(Reverse((end, number))),
                _ => {
                    self.bursts.remove(&number);
                    over.push(number);
                }
            }
        }
        over
    }

    /// Forgets all of them, and returns whose they were.
    pub(super) fn take_all(&mut self) -> Vec<usize> {
        self.looks.clear();
        self.bursts.drain().map(|(number, _)| number).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is over when it is looked for as it should be, with the time in milliseconds; until
    /// there is nothing to look for.
    fn over(bursts: &mut Bursts, start: Instant) -> Vec<(u128, Vec<usize>)> {
        let mut all = Vec::new();
        while let Some(due) = bursts.due() {
            let mut over = bursts.take_over(due);
            over.sort_unstable();
            if !over.is_empty() {
                all.push(((due - start).as_millis(), over));
            }
        }
        all
    }

    #[test]
    fn a_burst_is_over_when_the_module_is_quiet() {
        let (mut bursts, start) = (Bursts::default(), Instant::now());
        assert_eq!(bursts.due(), None);
        for number in 0..100 {
            bursts.note(7, start + Duration::from_millis(number * 100));
            assert!(bursts.has(7) && !bursts.has(8));
        }
        assert_eq!(over(&mut bursts, start), [(10_400, vec![7])]);
        assert!(!bursts.has(7));
        // The next one is another one.
        bursts.note(7, start + Duration::from_secs(20));
        assert_eq!(over(&mut bursts, start), [(20_500, vec![7])]);
    }

    #[test]
    fn each_meter_has_bursts_of_its_own() {
        let (mut bursts, start) = (Bursts::default(), Instant::now());
        for (number, time) in [(1, 0), (2, 100), (3, 100), (1, 400)] {
            bursts.note(number, start + Duration::from_millis(time));
        }
        assert_eq!(over(&mut bursts, start), [(600, vec![2, 3]), (900, vec![1])]);
    }

    #[test]
    fn one_that_never_ends_is_cut() {
        let (mut bursts, start) = (Bursts::default(), Instant::now());
        let mut cuts = Vec::new();
        for time in (0..40_000).step_by(100) {
            let now = start + Duration::from_millis(time);
            if bursts.due().is_some_and(|due| due <= now) && !bursts.take_over(now).is_empty() {
                cuts.push(time);
            }
            bursts.note(1, now);
        }
        assert_eq!(cuts, [15_000, 30_000]);
        assert_eq!(bursts.take_all(), [1]);
        assert_eq!((bursts.due(), bursts.take_all()), (None, vec![]));
    }

    #[test]
    fn the_bursts_of_others_cost_nothing() {
        // Each meter sends two messages, and the next one begins a millisecond later.
        let looked = |meters: u32| {
            let (mut bursts, start) = (Bursts::default(), Instant::now());
            let mut ended = 0;
            for time in 0..meters + 1_000 {
                let now = start + Duration::from_millis(time.into());
                ended += bursts.take_over(now).len();
                for number in [Some(time), time.checked_sub(100)].into_iter().flatten() {
                    if number < meters {
                        bursts.note(number as usize, now);
                    }
                }
            }
            assert_eq!(ended, meters as usize);
            bursts.looked
        };
        assert_eq!([looked(1), looked(100), looked(10_000)], [2, 200, 20_000]);
    }
}
