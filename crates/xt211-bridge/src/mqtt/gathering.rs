//! Messages that come one by one, a few milliseconds apart, are kept together.
//!
//! Each time that something is kept costs a write to the disk and an answer to the broker, whatever it
//! is. So a message that comes alone waits a moment for others, if those before it suggest that others
//! will come. It is not acknowledged meanwhile.

use std::time::Duration;

use tokio::time::Instant;

/// How long a message waits for others.
pub(super) const MOMENT: Duration = Duration::from_millis(20);

/// What comes so soon after what was before comes as fast as it can: the broker has more, or has waited
/// for our answer. To let it wait would only make it slow.
const AT_ONCE: Duration = Duration::from_millis(1);

/// After a wait in vain, none of so many messages waits: whoever sends one only when the one before is
/// acknowledged is not to be slowed down.
const REST: u32 = 50;

/// Knows whether a message is to wait for others.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    /// When a message has last arrived, or was acknowledged.
    last: Option<Instant>,
    /// How many messages do not wait.
    rest: u32,
}

impl Gathering {
    /// So many messages have arrived together. Returns whether they are to wait for others.
    pub(super) fn arrived(&mut self, count: usize, now: Instant) -> bool {
        let gap = self.last.replace(now).map(|last| now.saturating_duration_since(last));
        let is_steady = gap.is_some_and(|gap| (AT_ONCE..MOMENT).contains(&gap));
        if count > 1 || !is_steady {
            return false;
        }
        let is_resting = self.rest > 0;
        self.rest = self.rest.saturating_sub(1);
        !is_resting
    }

    /// One has waited, and so many others have come.
    pub(super) fn waited(&mut self, others: usize, now: Instant) {
        self.last = Some(now);
        self.rest = if others == 0 { REST } else { 0 };
    }

    /// Messages are acknowledged.
    pub(super) fn acknowledged(&mut self, now: Instant) {
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn one_after_a_quiet_time_does_not_wait() {
        let (mut gathering, start) = (Gathering::default(), Instant::now());
        // A module sends one every 100 ms.
        for number in 0..10 {
            assert!(!gathering.arrived(1, start + millis(100 * number)));
            gathering.acknowledged(start + millis(100 * number + 3));
        }
        assert!(!gathering.arrived(1, start + millis(923)));
        assert!(gathering.arrived(1, start + millis(942)));
    }

    #[test]
    fn what_comes_as_fast_as_it_can_does_not_wait() {
        let (mut gathering, start) = (Gathering::default(), Instant::now());
        assert!(!gathering.arrived(1, start));
        assert!(!gathering.arrived(1, start + Duration::from_micros(999)));
        assert!(!gathering.arrived(2, start + millis(5)));
        // The broker has waited for our answer.
        gathering.acknowledged(start + millis(10));
        assert!(!gathering.arrived(1, start + Duration::from_micros(10_999)));
        assert!(gathering.arrived(1, start + millis(12)));
    }

    #[test]
    fn a_wait_in_vain_is_not_repeated_at_once() {
        let (mut gathering, start) = (Gathering::default(), Instant::now());
        let mut waits = Vec::new();
        for number in 0..200 {
            let now = start + millis(10 * number);
            if gathering.arrived(1, now) {
                waits.push(number);
                gathering.waited(0, now);
            }
        }
        assert_eq!(waits, [1, 52, 103, 154]);
        // One that was not in vain is.
        gathering.waited(3, start);
        assert!(gathering.arrived(1, start + millis(5)));
    }
}
