//! Knows those who may come in.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sha2::{Digest as _, Sha256};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use crate::{
    failure::Failure,
    safety::{
        Access, Password,
        brake::Brake,
        secret::{Secret, is_same},
        session::Sessions,
    },
};

/// How long somebody waits for others whose passwords are looked at before theirs.
const PATIENCE: Duration = Duration::from_secs(10);

/// Knows those who may come in.
#[derive(Debug)]
pub(crate) struct Doorkeeper {
    access: Access,
    token: Result<Secret, getrandom::Error>,
    memory: Mutex<Memory>,
    /// One password at a time is hashed: it takes 19 MiB and a processor.
    hashing: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Memory {
    sessions: Sessions,
    brake: Brake,
    /// The right password, hashed in a quick way and with a secret that never leaves the memory:
    /// Prometheus shows it every few seconds.
    right: Option<(Secret, [u8; 32])>,
}

/// What comes of a password.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Right,
    Wrong,
    /// It was not looked at: this is how long to wait before the next.
    Wait(Duration),
}

impl Doorkeeper {
    pub(crate) fn new(access: Access) -> Self {
        let hashing = Arc::new(Semaphore::new(1));
        Self { access, token: Secret::random(), memory: Mutex::default(), hashing }
    }

    pub(crate) fn access(&self) -> &Access {
        &self.access
    }

    /// What the forms of all who are not logged in have to say. One for all of them is enough: it
    /// is shown only to those who may come in, and another page cannot read ours.
    pub(crate) fn token(&self) -> Result<&Secret, Failure> {
        self.token.as_ref().map_err(no_random_numbers)
    }

    /// What the forms of somebody who is logged in have to say.
    pub(crate) fn session_token(&self, cookie: &str) -> Option<Secret> {
        self.memory().sessions.token(cookie)
    }

    /// Logs somebody in, and says what their cookie is to be.
    pub(crate) fn open_session(&self) -> Result<Secret, Failure> {
        self.memory().sessions.open().map_err(|error| no_random_numbers(&error))
    }

    pub(crate) fn close_session(&self, cookie: &str) {
        self.memory().sessions.close(cookie);
    }

    /// Looks at a password that somebody shows. Whoever leaves meanwhile is not waited for.
    pub(crate) async fn judge(
        &self,
        password: &Password,
        attempt: &str,
        from: IpAddr,
    ) -> Result<Verdict, Failure> {
        {
            let mut memory = self.memory();
            // Before all else: what is quick would otherwise be a way to guess quickly.
            if let Some(wait) = memory.brake.wait(from) {
                return Ok(Verdict::Wait(wait));
            }
            if memory.remembers(attempt) {
                memory.brake.forgive(from);
                return Ok(Verdict::Right);
            }
            memory.brake.attempt(from);
        }
        let turn = timeout(PATIENCE, Arc::clone(&self.hashing).acquire_owned());
        let Ok(Ok(turn)) = turn.await else {
            return Ok(Verdict::Wait(PATIENCE));
        };
        let (password, shown) = (password.clone(), attempt.to_owned());
        let is_right = spawn_blocking(move || {
            // It is held here, because a thread goes on when nobody waits for it any more.
            let _turn = turn;
            password.is(&shown)
        });
        let is_right = is_right.await.map_err(|error| Failure::Fault(error.to_string()))?;
        if !is_right {
            tracing::warn!("somebody at {from} has shown a wrong password to the page");
            return Ok(Verdict::Wrong);
        }
        let mut memory = self.memory();
        memory.brake.forgive(from);
        memory.remember(attempt);
        Ok(Verdict::Right)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Nothing is left half done in it, whatever panics.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn remembers(&self, attempt: &str) -> bool {
        self.right.as_ref().is_some_and(|(key, right)| is_same(&digest(key, attempt), right))
    }

    fn remember(&mut self, right: &str) {
        // Without random numbers it is not remembered, and hashed slowly each time.
        self.right = Secret::random().ok().map(|key| {
            let digest = digest(&key, right);
            (key, digest)
        });
    }
}

fn digest(key: &Secret, password: &str) -> [u8; 32] {
    Sha256::new().chain_update(key.text()).chain_update(password).finalize().into()
}

fn no_random_numbers(error: &getrandom::Error) -> Failure {
    Failure::Fault(format!("the system has no random numbers: {error}"))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use futures_util::FutureExt as _;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    async fn judge(keeper: &Doorkeeper, attempt: &str) -> Verdict {
        let password = keeper.access.password.clone().unwrap();
        keeper.judge(&password, attempt, HERE).await.unwrap()
    }

    fn keeper() -> Doorkeeper {
        let password = Some(Password::new("correct horse").unwrap());
        Doorkeeper::new(Access { password, ingress: None })
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_quick_is_under_the_brake_too() {
        let keeper = keeper();
        assert_eq!(judge(&keeper, "correct horse").await, Verdict::Right);
        assert!(keeper.memory().remembers("correct horse"));
        for _ in 0..10 {
            assert_eq!(judge(&keeper, "wrong").await, Verdict::Wrong);
        }
        let wait = Verdict::Wait(Duration::from_secs(1));
        assert_eq!(judge(&keeper, "correct horse").await, wait);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(judge(&keeper, "correct horse").await, Verdict::Right);
        // All is forgiven.
        assert_eq!(judge(&keeper, "wrong").await, Verdict::Wrong);
    }

    #[tokio::test(start_paused = true)]
    async fn many_at_once_are_no_way_around_it() {
        let keeper = keeper();
        let attempts = (0..30).map(|_| judge(&keeper, "wrong"));
        let verdicts = futures_util::future::join_all(attempts).await;
        let judged = verdicts.iter().filter(|it| **it == Verdict::Wrong).count();
        assert_eq!(judged, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_leaves_is_not_waited_for() {
        let keeper = keeper();
        let turn = Arc::clone(&keeper.hashing).acquire_owned().await.unwrap();
        let gone = timeout(Duration::from_millis(1), judge(&keeper, "correct horse")).await;
        assert!(gone.is_err());
        assert_eq!(judge(&keeper, "correct horse").await, Verdict::Wait(PATIENCE));
        drop(turn);
        assert_eq!(judge(&keeper, "correct horse").await, Verdict::Right);
    }

    /// A thread cannot be told to stop, so it keeps its turn.
    #[test]
    fn never_are_two_hashed_at_once() {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.max_blocking_threads(1).enable_time().build().unwrap();
        runtime.block_on(async {
            let keeper = keeper();
            let (go_on, wait) = std::sync::mpsc::channel::<()>();
            let busy = spawn_blocking(move || wait.recv());
            let gone = judge(&keeper, "correct horse").now_or_never();
            assert_eq!(gone, None, "there is no thread for it yet");
            assert_eq!(keeper.hashing.available_permits(), 0, "but it will come");
            go_on.send(()).unwrap();
            busy.await.unwrap().unwrap();
            assert_eq!(judge(&keeper, "correct horse").await, Verdict::Right);
            assert_eq!(keeper.hashing.available_permits(), 1);
        });
    }
}
