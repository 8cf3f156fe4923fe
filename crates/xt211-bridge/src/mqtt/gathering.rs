//! Messages that come one by one, a few milliseconds apart, are kept together.
//!
//! Each time that something is kept costs a write to the disk and an answer to the broker, whatever it
//! is. So in a steady stream of single messages each waits a moment for others before it is kept, and
//! so before it is acknowledged.
//!
//! Mosquitto leaves TCP's delay of small packets on (Nagle's algorithm; its `set_tcp_nodelay`): it
//! sends the next message only when our system has confirmed the one before, and that does so with our
//! acknowledgement, or after 40 ms. So a moment is longer than that.

use std::time::Duration;

use tokio::time::Instant;

/// How long messages wait for others.
pub(super) const MOMENT: Duration = Duration::from_millis(60);

/// What comes so soon after what was before comes as fast as it can: the broker has more, or has waited
/// for our answer. To let it wait would only make it slow.
const AT_ONCE: Duration = Duration::from_millis(1);

/// Of so many the broker may hold back others until it has our answer: Mosquitto sends 20 ahead of it.
const MANY: usize = 16;

/// So many have to come one by one to be a stream.
const STREAM: u32 = 4;

/// How often messages wait until it is seen anew how they come.
const WAITS: u32 = 50;

/// After a wait in vain, nothing waits for so many times: whoever sends a message only when the one
/// before is acknowledged is not to be slowed down.
const REST: u32 = 100;

/// Knows whether messages are to wait for others.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    /// When messages have last arrived, or were acknowledged.
    last: Option<Instant>,
    /// How many have come one by one.
    singles: u32,
    /// How often messages are to wait.
    waits: u32,
    /// The last one has waited, and no other has come meanwhile.
    was_alone: bool,
    /// How often they are not to wait.
    rest: u32,
}

impl Gathering {
    /// So many messages have arrived together. Returns whether they are to wait for others.
    pub(super) fn arrived(&mut self, count: usize, now: Instant) -> bool {
        let gap = self.last.replace(now).map(|last| now.saturating_duration_since(last));
        let was_alone = std::mem::take(&mut self.was_alone);
        self.rest = self.rest.saturating_sub(1);
        let Some(gap) = gap.filter(|gap| *gap < MOMENT) else {
            (self.singles, self.waits) = (0, 0);
            return false;
        };
        let is_single = count == 1 && gap >= AT_ONCE;
        if was_alone && is_single {
            (self.singles, self.waits, self.rest) = (0, 0, REST);
        } else if self.waits == 0 {
            self.singles = if is_single { self.singles.saturating_add(1) } else { 0 };
            if self.singles >= STREAM && self.rest == 0 {
                (self.singles, self.waits) = (0, WAITS);
            }
        }
        let is_to_wait = self.waits > 0;
        self.waits = self.waits.saturating_sub(1);
        is_to_wait
    }

    /// They have waited, and now are so many, so many of which have come meanwhile.
    pub(super) fn waited(&mut self, count: usize, others: usize, now: Instant) {
        self.last = Some(now);
        self.was_alone = count == 1 && others == 0;
        if others == 0 || count >= MANY {
            self.waits = 0;
        }
    }

    /// Messages are acknowledged.
    pub(super) fn acknowledged(&mut self, now: Instant) {
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_micros(300);

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// A broker, and how many messages are kept together of those that it sends.
    struct Stream {
        gathering: Gathering,
        now: Instant,
    }

    impl Stream {
        fn new() -> Self {
            Self { gathering: Gathering::default(), now: Instant::now() }
        }

        /// So many have come after a while, and others come while they wait. Returns whether they do.
        fn come(&mut self, count: usize, after: Duration, others: usize) -> bool {
            self.now += after;
            let waits = self.gathering.arrived(count, self.now);
            if waits {
                self.now += MOMENT;
                self.gathering.waited(count + others, others, self.now);
            }
            self.now += SHORT;
            self.gathering.acknowledged(self.now);
            waits
        }

        /// How often such messages wait.
        fn waits(&mut self, times: u32, count: usize, after: Duration, others: usize) -> u32 {
            (0..times).map(|_| u32::from(self.come(count, after, others))).sum()
        }
    }

    #[test]
    fn a_burst_of_a_module_does_not_wait() {
        assert_eq!(Stream::new().waits(1_000, 1, millis(100), 0), 0);
    }

    #[test]
    fn what_comes_as_fast_as_it_can_does_not_wait() {
        assert_eq!(Stream::new().waits(1_000, 1, SHORT, 0), 0);
        assert_eq!(Stream::new().waits(1_000, 5, SHORT, 0), 0);
        // Even if the broker pauses now and then.
        let mut stream = Stream::new();
        for _ in 0..100 {
            assert_eq!(stream.waits(3, 1, millis(5), 0), 0);
            assert_eq!(stream.waits(3, 9, SHORT, 0), 0);
        }
    }

    #[test]
    fn a_steady_stream_waits_and_is_watched() {
        // The first is after a quiet time, the fourth of those behind it waits.
        let mut stream = Stream::new();
        let waits = (0..5).map(|_| stream.come(1, millis(5), 3));
        assert_eq!(waits.collect::<Vec<_>>(), [false, false, false, false, true]);
        assert_eq!(stream.waits(52, 1, millis(5), 3), 49);
        assert!(stream.come(1, millis(5), 3));
        // One after a quiet time does not.
        assert!(!stream.come(1, MOMENT, 0));
        assert!(!stream.come(1, millis(5), 0));
    }

    #[test]
    fn what_the_broker_has_held_back_waits_in_its_turn() {
        let steady = || {
            let mut stream = Stream::new();
            stream.waits(4, 1, millis(5), 0);
            assert!(stream.come(1, millis(5), 3));
            stream
        };
        assert_eq!(steady().waits(49, 4, SHORT, 3), 49);
        // Once, if these are many, or nothing comes behind them.
        assert_eq!(steady().waits(49, 9, SHORT, 9), 1);
        assert_eq!(steady().waits(49, 9, SHORT, 0), 1);
    }

    #[test]
    fn who_waits_for_our_answer_is_hardly_slowed_down() {
        // One at a time, over a slow network.
        assert_eq!(Stream::new().waits(1_000, 1, millis(10), 0), 10);
    }
}
