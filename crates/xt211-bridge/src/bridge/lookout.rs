//! When the bridge looks at itself: while something happens, and when something has come to its time.
//! In between nothing wakes it, so that the machine may sleep.

use std::{path::Path, time::Duration};

use tokio::time::Instant;

use super::outsiders::Outsiders;

/// How often the bridge looks at itself while something happens: at counts, for meters that have
/// fallen silent, and for what the user has asked for in the store.
const LOOK_AROUND: Duration = Duration::from_secs(5);

/// How soon it does so after a quiet time. What has happened is then mostly over.
const SOON: Duration = Duration::from_secs(1);

/// How soon it does so again if there is more to do than it does at once; messages come in between.
const MORE: Duration = Duration::from_millis(20);

/// Knows when the bridge is to look at itself.
pub(super) struct Lookout {
    last: Instant,
    /// Because something has happened, or waits.
    due: Option<Instant>,
    /// Because something will have come to its time.
    later: Option<Instant>,
    /// Only when nothing is due.
    outsiders: Option<Outsiders>,
}

/// What a look has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// There is more to do than is done at once.
    More,
    /// Something has to be looked at again.
    Unfinished,
    /// Nothing, until it is this time, if anything is to come at a time.
    Nothing(Option<Instant>),
}

impl Lookout {
    /// The first look is due.
    pub(super) fn new(now: Instant) -> Self {
        Self { last: now, due: Some(now), later: None, outsiders: None }
    }

    /// When to look.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.into_iter().chain(self.later).min()
    }

    /// Something has happened.
    pub(super) fn happened(&mut self, now: impl FnOnce() -> Instant) {
        if self.due.is_none() {
            self.due = Some((self.last + LOOK_AROUND).max(now() + SOON));
            self.outsiders = None;
        }
    }

    /// Somebody wants a look.
    pub(super) fn wanted(&mut self, now: Instant) {
        self.due = Some(now);
        self.outsiders = None;
    }

    /// It was looked.
    pub(super) fn looked(&mut self, found: Found, now: Instant) {
        self.last = now;
        let wait = match found {
            Found::More => MORE,
            Found::Nothing(later) if self.outsiders.is_some() => {
                (self.due, self.later) = (None, later);
                return;
            }
            Found::Unfinished | Found::Nothing(_) => LOOK_AROUND,
        };
        (self.due, self.later, self.outsiders) = (Some(now + wait), None, None);
    }

    /// Has to be told if another process writes to this file from now on, or it goes on to look.
    pub(super) fn listen(&mut self, file: Option<&Path>) {
        self.outsiders = file.and_then(Outsiders::of);
    }

    /// Waits until another process writes; for ever if something is due anyway.
    pub(super) async fn written(&self) {
        match &self.outsiders {
            Some(outsiders) => outsiders.written().await,
            None => std::future::pending().await,
        }
    }
}

// Elsewhere it looks again and again.
#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use std::fs;

    use futures_util::FutureExt;
    use tempfile::NamedTempFile;

    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// One that has looked at a time, and found nothing.
    fn quiet(start: Instant) -> (Lookout, NamedTempFile) {
        let (mut lookout, file) = (Lookout::new(start), NamedTempFile::new().unwrap());
        assert_eq!(lookout.due(), Some(start));
        lookout.listen(Some(file.path()));
        lookout.looked(Found::Nothing(None), start);
        (lookout, file)
    }

    #[tokio::test]
    async fn nothing_is_due_when_nothing_happens() {
        let start = Instant::now();
        let (mut lookout, file) = quiet(start);
        assert_eq!(lookout.due(), None);
        // It looks when something has happened, once.
        lookout.happened(|| start + seconds(100));
        lookout.happened(|| start + seconds(102));
        assert_eq!(lookout.due(), Some(start + seconds(101)));
        lookout.listen(Some(file.path()));
        lookout.looked(Found::Nothing(None), start + seconds(101));
        assert_eq!(lookout.due(), None);
    }

    #[tokio::test]
    async fn it_looks_every_five_seconds_at_most() {
        let start = Instant::now();
        let (mut lookout, _file) = quiet(start);
        lookout.happened(|| start + seconds(1));
        assert_eq!(lookout.due(), Some(start + seconds(5)));
        lookout.looked(Found::Unfinished, start + seconds(5));
        lookout.happened(|| start + seconds(6));
        assert_eq!(lookout.due(), Some(start + seconds(10)));
        // Unless there is more to do, or somebody wants it.
        lookout.looked(Found::More, start + seconds(10));
        assert_eq!(lookout.due(), Some(start + seconds(10) + MORE));
        lookout.looked(Found::Unfinished, start + seconds(11));
        lookout.wanted(start + seconds(12));
        assert_eq!(lookout.due(), Some(start + seconds(12)));
    }

    #[tokio::test]
    async fn what_comes_at_a_time_is_looked_for_then() {
        let start = Instant::now();
        let (mut lookout, file) = quiet(start);
        lookout.listen(Some(file.path()));
        lookout.looked(Found::Nothing(Some(start + seconds(3600))), start);
        assert_eq!(lookout.due(), Some(start + seconds(3600)));
        lookout.happened(|| start + seconds(7));
        assert_eq!(lookout.due(), Some(start + seconds(8)));
    }

    #[tokio::test]
    async fn who_writes_is_noticed() {
        let start = Instant::now();
        let (mut lookout, file) = quiet(start);
        assert_eq!(lookout.written().now_or_never(), None);
        fs::write(file.path(), "something").unwrap();
        lookout.written().await;
        // What happens anyway needs nobody to notice it.
        lookout.happened(|| start);
        assert_eq!(lookout.written().now_or_never(), None);
    }

    #[tokio::test]
    async fn without_a_way_to_notice_that_it_goes_on_to_look() {
        let start = Instant::now();
        let (mut lookout, file) = quiet(start);
        lookout.listen(Some(&file.path().join("not there")));
        lookout.looked(Found::Nothing(None), start);
        assert_eq!(lookout.due(), Some(start + seconds(5)));
    }
}
