//! The session with the broker: connect, and connect again.

use std::time::{Duration, Instant};

use rumqttc::{MqttOptions, SubscribeFilter};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

use super::{
    Connection, Delivery,
    connection::{End, serve},
};
use crate::backoff::Backoff;

/// How many events may wait for the bridge, each with no more messages than the client reads at once.
/// While they do, no more are read from the network, so that a broker that sends its whole backlog at
/// once does not fill our memory.
const EVENTS_AHEAD: usize = 16;

/// A connection that held this long was a good one.
const STEADY: Duration = Duration::from_secs(60);

/// What happens in the session.
#[derive(Debug)]
pub(crate) enum Event {
    /// There is a connection, and it is subscribed: whatever the broker shall have must be
    /// published (anew).
    Connected {
        connection: Connection,
        /// Whether the broker knew nothing of us, and so has nothing of what was asked for before.
        is_new_session: bool,
    },
    /// Messages that have arrived together.
    Delivered(Vec<Delivery>),
    /// The broker sends one topic less.
    Unsubscribed,
    /// The connection is gone, or there was none, for this reason; what was delivered on it and not
    /// acknowledged will come again.
    Lost(String),
}

/// A task that keeps us connected, and what it tells.
#[derive(Debug)]
pub(crate) struct Session {
    events: mpsc::Receiver<Event>,
    closing: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Session {
    /// Begins to connect.
    pub(crate) fn start(
        options: MqttOptions,
        filters: impl Iterator<Item = SubscribeFilter>,
    ) -> Self {
        let filters = filters.collect();
        let (sender, events) = mpsc::channel(EVENTS_AHEAD);
        let (closing, is_closing) = watch::channel(false);
        let task = tokio::spawn(keep_connected(options, filters, sender, is_closing));
        Self { events, closing, task }
    }

    /// Has it end once everything is said, with a goodbye to the broker, so that this does not say
    /// our last will. What it tells has to be taken until then.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }

    /// The next event; `None` once the session was closed.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn keep_connected(
    options: MqttOptions,
    filters: Vec<SubscribeFilter>,
    events: mpsc::Sender<Event>,
    mut closing: watch::Receiver<bool>,
) {
    let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
    let mut last_reason = String::new();
    loop {
        let since = Instant::now();
        let end = serve(&options, &filters, &events, &closing).await;
        let Some(End { reason, was_connected }) = end else { return };
        if events.send(Event::Lost(reason.clone())).await.is_err() {
            return;
        }
        if since.elapsed() >= STEADY {
            backoff.reset();
            last_reason.clear();
        }
        let wait = backoff.wait();
        if reason == last_reason && !was_connected {
            tracing::debug!(next_try = ?wait, "{reason}");
        } else {
            tracing::warn!("{reason}; trying again until it works");
            last_reason = reason;
        }
        // There is nothing to say goodbye to.
        if timeout(wait, closing.wait_for(|is_closing| *is_closing)).await.is_ok() {
            return;
        }
    }
}
