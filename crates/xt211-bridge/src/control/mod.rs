//! What others in this process can ask of the bridge, and see of it, while it runs: a page, above all.

mod board;
mod message_log;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use xt211_web::{LogEntry, VitalSigns};

pub(crate) use self::{
    board::{Board, set},
    message_log::{Fate, Logged, MessageLog},
};
use crate::config::Config;

/// A handle to the bridge. Clones are handles to the same one.
#[derive(Clone)]
pub(crate) struct Control {
    changes: mpsc::Sender<Change>,
    board: Arc<Board>,
}

/// Another configuration is to be applied.
pub(crate) struct Change {
    pub(crate) config: Config,
    pub(crate) answer: oneshot::Sender<Result<(), String>>,
}

impl Control {
    /// One for a bridge that looks at the board, and where it takes the changes from.
    pub(crate) fn new(board: Arc<Board>) -> (Self, mpsc::Receiver<Change>) {
        let (changes, asked) = mpsc::channel(1);
        (Self { changes, board }, asked)
    }

    /// Has the bridge go on with another configuration. What has arrived is kept before; what comes
    /// meanwhile is kept by the broker.
    ///
    /// It does not wait for the broker or InfluxDB, which may be away: see
    /// [`vital_signs`](Self::vital_signs).
    ///
    /// # Errors
    ///
    /// Why it cannot be applied, for people. The bridge then goes on as before.
    pub(crate) async fn apply(&self, config: Config) -> Result<(), String> {
        let (answer, answered) = oneshot::channel();
        let stopped = || String::from("the bridge is stopping");
        self.changes.send(Change { config, answer }).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }

    /// Has the bridge look into the store now, and not within five seconds: something was asked for
    /// there, such as a release.
    pub(crate) fn look(&self) {
        self.board.look.notify_one();
    }

    /// The configuration that it runs with.
    pub(crate) fn config(&self) -> Arc<Config> {
        self.board.config()
    }

    /// How it does, now and whenever that changes.
    pub(crate) fn vital_signs(&self) -> watch::Receiver<VitalSigns> {
        self.board.vital_signs.subscribe()
    }

    /// The last messages and what became of them, newest first; not more than 200.
    pub(crate) fn log(&self) -> Vec<LogEntry> {
        self.board.messages().newest_first()
    }
}
