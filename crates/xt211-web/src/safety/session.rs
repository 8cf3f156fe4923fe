//! Those who are logged in.

use std::time::Duration;

use tokio::time::Instant;

use crate::safety::secret::{Secret, is_same};

/// How long somebody who never looks is remembered.
const IDLE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How many are remembered. Whoever has not looked for longest gives way to the next.
const MOST: usize = 64;

/// Those who are logged in.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Vec<Session>);

#[derive(Debug)]
struct Session {
    /// What their cookie says.
    id: Secret,
    /// What their forms have to say.
    token: Secret,
    seen: Instant,
}

impl Sessions {
    /// Remembers one more, and says what their cookie is to be.
    pub(crate) fn open(&mut self) -> Result<Secret, getrandom::Error> {
        let (id, token) = (Secret::random()?, Secret::random()?);
        self.forget();
        if self.0.len() >= MOST {
            let oldest = self.0.iter().enumerate().min_by_key(|(_, session)| session.seen);
            let oldest = oldest.map(|(index, _)| index);
            oldest.map(|index| self.0.swap_remove(index));
        }
        self.0.push(Session { id: id.clone(), token, seen: Instant::now() });
        Ok(id)
    }

    /// The token of whoever has this cookie.
    pub(crate) fn token(&mut self, cookie: &str) -> Option<Secret> {
        self.forget();
        let session = self.0.iter_mut().find(|session| session.has(cookie))?;
        session.seen = Instant::now();
        Some(session.token.clone())
    }

    pub(crate) fn close(&mut self, cookie: &str) {
        self.0.retain(|session| !session.has(cookie));
    }

    fn forget(&mut self) {
        self.0.retain(|session| session.seen.elapsed() < IDLE);
    }
}

impl Session {
    fn has(&self, cookie: &str) -> bool {
        is_same(self.id.text().as_bytes(), cookie.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_looks_stays() {
        let mut sessions = Sessions::default();
        let [busy, idle] = [(); 2].map(|()| sessions.open().unwrap());
        let token = sessions.token(busy.text()).unwrap();
        assert_ne!(token.text(), sessions.token(idle.text()).unwrap().text());
        for _ in 0..2 {
            tokio::time::advance(IDLE * 2 / 3).await;
            assert_eq!(sessions.token(busy.text()).unwrap().text(), token.text());
        }
        assert!(sessions.token(idle.text()).is_none());
        assert!(sessions.token("").is_none());
        sessions.close(busy.text());
        assert!(sessions.token(busy.text()).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn there_are_never_too_many() {
        let mut sessions = Sessions::default();
        let mut ids = Vec::new();
        for _ in 0..=MOST {
            ids.push(sessions.open().unwrap());
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(sessions.0.len(), MOST);
        assert!(sessions.token(ids[0].text()).is_none());
        assert!(ids[1..].iter().all(|id| sessions.token(id.text()).is_some()));
    }
}
