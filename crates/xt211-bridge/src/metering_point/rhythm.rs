//! How often a module is heard, and so how long it may be silent.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// A module sends its whole queue in one burst, a message every 100 ms, and sleeps for minutes. What
/// is silence for longer than this is a pause between two bursts.
const PAUSE: Duration = Duration::from_secs(60);

/// How many pauses are looked at, the last ones.
const MOST_PAUSES: usize = 8;

/// How many have to be known before anything follows from them.
const LEAST_PAUSES: usize = 4;

/// The least patience, and the most. What lies between is twice the one before.
const LEAST: Duration = Duration::from_secs(15 * 60);
const MOST: Duration = Duration::from_secs(24 * 3600);

/// Learns how long a module may be silent.
///
/// It may miss two connections: three times the usual pause is not too long yet. The usual pause is
/// the second longest of the last ones, so that a single one that is out of the ordinary changes
/// nothing. The patience goes up or down in large steps only, and goes down only when there is room
/// for a fourth pause.
#[derive(Debug)]
pub(crate) struct Rhythm {
    patience: Duration,
    heard: Option<Instant>,
    pauses: VecDeque<Duration>,
}

impl Rhythm {
    /// The patience with a module that nothing is known of.
    pub(crate) const UNKNOWN: Duration = Duration::from_secs(3 * 3600);

    /// Begins with what was learnt before, or with [`UNKNOWN`](Self::UNKNOWN).
    pub(crate) fn new(patience: Duration) -> Self {
        let patience = patience.max(LEAST).min(MOST);
        Self { patience, heard: None, pauses: VecDeque::new() }
    }

    /// How long the module may be silent: from 15 minutes to 24 hours.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// The module is heard. Returns whether the patience with it has changed.
    pub(crate) fn hear(&mut self, now: Instant) -> bool {
        let Some(before) = self.heard.replace(now) else { return false };
        let pause = now.saturating_duration_since(before);
        if pause < PAUSE {
            return false;
        }
        if self.pauses.len() == MOST_PAUSES {
            self.pauses.pop_front();
        }
        self.pauses.push_back(pause);
        let Some(usual) = self.usual_pause() else { return false };
        let (least, most) = (step(usual.saturating_mul(3)), step(usual.saturating_mul(4)));
        let patience = self.patience.max(least).min(most);
        std::mem::replace(&mut self.patience, patience) != patience
    }

    fn usual_pause(&self) -> Option<Duration> {
        let mut pauses: Vec<_> = self.pauses.iter().copied().collect();
        pauses.sort_unstable();
        (pauses.len() >= LEAST_PAUSES).then(|| pauses.into_iter().nth_back(1))?
    }
}

/// The first step that is long enough, or the last one.
fn step(enough: Duration) -> Duration {
    let mut step = LEAST;
    while step < enough && step < MOST {
        step = step.saturating_mul(2);
    }
    step.min(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(count: u64) -> Duration {
        Duration::from_secs(count * 60)
    }

    /// A module, and what is learnt of it.
    struct Module {
        rhythm: Rhythm,
        now: Instant,
    }

    impl Module {
        fn new() -> Self {
            Self { rhythm: Rhythm::new(Rhythm::UNKNOWN), now: Instant::now() }
        }

        /// Is heard after each of these pauses, in minutes, with a burst of three messages. Returns
        /// the patience after each, in minutes.
        fn hear(&mut self, pauses: &[u64]) -> Vec<u64> {
            let patience = pauses.iter().map(|pause| {
                self.now += minutes(*pause);
                let before = self.rhythm.patience();
                let has_changed = self.rhythm.hear(self.now);
                assert_eq!(has_changed, self.rhythm.patience() != before);
                for _ in 0..2 {
                    self.now += Duration::from_millis(100);
                    assert!(!self.rhythm.hear(self.now), "within a burst");
                }
                self.rhythm.patience().as_secs() / 60
            });
            patience.collect()
        }
    }

    #[test]
    fn steps() {
        let step = |count| step(minutes(count)).as_secs() / 60;
        let steps = [0, 15, 16, 30, 31, 100, 121, 241, 481, 961, 1440, 9999].map(step);
        assert_eq!(steps, [15, 15, 30, 30, 60, 120, 240, 480, 960, 1440, 1440, 1440]);
    }

    #[test]
    fn nothing_follows_from_little() {
        assert_eq!(Module::new().hear(&[0, 30, 30, 30]), [180; 4]);
        assert_eq!(Module::new().hear(&[0]), [180]);
        let mut silent = Module::new();
        silent.hear(&[0]);
        // One that never pauses for long.
        for _ in 0..100 {
            silent.now += Duration::from_secs(4);
            assert!(!silent.rhythm.hear(silent.now));
        }
    }

    #[test]
    fn the_rhythm_of_a_module_is_learnt() {
        for (pause, patience) in [(1, 15), (3, 15), (5, 30), (15, 60), (30, 120), (75, 240)] {
            assert_eq!(Module::new().hear(&[pause; 5]).last(), Some(&patience), "{pause}");
        }
        assert_eq!(Module::new().hear(&[600; 5]).last(), Some(&1440));
        assert_eq!(Module::new().hear(&[5000; 5]).last(), Some(&1440));
    }

    #[test]
    fn one_pause_out_of_the_ordinary_changes_nothing() {
        let mut module = Module::new();
        assert_eq!(module.hear(&[20; 8])[5..], [120, 120, 120][..]);
        assert_eq!(module.hear(&[700, 20, 20, 1, 20, 20, 20, 20, 20, 900]), [120; 10]);
    }

    #[test]
    fn another_rhythm_is_noticed() {
        let mut module = Module::new();
        module.hear(&[10; 8]);
        // Upwards at the second pause: nobody is to be called overdue who is not.
        assert_eq!(module.hear(&[60, 60]), [60, 240]);
        // Downwards once it is rather certain.
        assert_eq!(module.hear(&[10; 8]), [240, 240, 240, 240, 240, 240, 60, 60]);
    }

    #[test]
    fn a_rhythm_between_two_steps_does_not_change_anything() {
        let mut module = Module::new();
        let first = module.hear(&[19, 21, 20, 19, 21]).pop().unwrap();
        let pauses = [18, 22, 19, 20, 21, 17, 19, 22, 20, 18, 18, 18, 18, 18, 18, 18, 18, 18];
        assert_eq!(module.hear(&pauses), [first; 18]);
    }

    #[test]
    fn what_was_learnt_before_holds_until_more_is_known() {
        let mut module = Module::new();
        module.rhythm = Rhythm::new(minutes(30));
        assert_eq!(module.hear(&[0, 60, 60, 60, 60]), [30, 30, 30, 30, 240]);
        assert_eq!(Rhythm::new(Duration::ZERO).patience(), LEAST);
        assert_eq!(Rhythm::new(Duration::MAX).patience(), MOST);
    }
}
