//! The session with the broker: connect, and connect again.

use std::time::{Duration, Instant};

use rumqttc::{MqttOptions, QoS, SubscribeFilter};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{
    Connection, Delivery,
    connection::{End, serve},
};
use crate::backoff::Backoff;

/// How many messages may wait for the bridge. While they do, no more are read from the network, so
/// that a broker that sends its whole backlog at once does not fill our memory.
const MESSAGES_AHEAD: usize = 64;

/// A connection that held this long was a good one.
const STEADY: Duration = Duration::from_secs(60);

/// What happens in the session.
#[derive(Debug)]
pub(crate) enum Event {
    /// There is a connection, and it is subscribed: whatever the broker shall have must be
    /// published (anew).
    Connected(Connection),
    /// A message.
    Delivered(Delivery),
    /// The connection is gone; what was delivered on it and not acknowledged will come again.
    Lost,
}

/// A task that keeps us connected, and what it tells.
#[derive(Debug)]
pub(crate) struct Session {
    events: mpsc::Receiver<Event>,
    task: JoinHandle<()>,
}

impl Session {
    /// Begins to connect.
    pub(crate) fn start(options: MqttOptions, topics: impl Iterator<Item = String>) -> Self {
        let filter = |topic| SubscribeFilter::new(topic, QoS::AtLeastOnce);
        let filters = topics.map(filter).collect();
        let (sender, events) = mpsc::channel(MESSAGES_AHEAD);
        Self { events, task: tokio::spawn(keep_connected(options, filters, sender)) }
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
) {
    let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
    let mut last_reason = String::new();
    loop {
        let since = Instant::now();
        let Some(End { reason, was_connected }) = serve(&options, &filters, &events).await else {
            return;
        };
        if events.send(Event::Lost).await.is_err() {
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
        tokio::time::sleep(wait).await;
    }
}
