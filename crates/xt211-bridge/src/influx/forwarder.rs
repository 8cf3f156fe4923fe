//! The task that empties the outbox.

use std::{sync::Arc, time::Duration};

use time::OffsetDateTime;
use tokio::{sync::watch, task::JoinHandle};
use xt211_message::Message;

use super::{Encoder, Entry, Failure, InfluxClient, Outbox};
use crate::{backoff::Backoff, config};

/// How many messages are written at once.
const BATCH: usize = 1_000;

/// Forwards what is in the outbox, oldest first, until it is dropped.
pub(crate) struct Forwarder {
    trouble: watch::Receiver<Option<String>>,
    task: JoinHandle<()>,
}

impl Forwarder {
    pub(crate) fn start(influxdb: &config::InfluxDb, outbox: Arc<Outbox>) -> anyhow::Result<Self> {
        let (sender, trouble) = watch::channel(None);
        let work = Work {
            client: InfluxClient::new(influxdb)?,
            encoder: Encoder::new(influxdb),
            outbox,
            trouble: sender,
            batch: BATCH,
            backoff: Backoff::new(Duration::from_secs(1), Duration::from_secs(300)),
        };
        Ok(Self { trouble, task: tokio::spawn(work.run()) })
    }

    /// Why the last write failed, if it did; and a way to wait for a change of that.
    pub(crate) fn trouble(&self) -> watch::Receiver<Option<String>> {
        self.trouble.clone()
    }

    pub(crate) fn is_in_trouble(&self) -> bool {
        self.trouble.borrow().is_some()
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Work {
    client: InfluxClient,
    encoder: Encoder,
    outbox: Arc<Outbox>,
    trouble: watch::Sender<Option<String>>,
    /// How many messages to write at once: fewer while one of them is refused.
    batch: usize,
    backoff: Backoff,
}

impl Work {
    async fn run(mut self) {
        loop {
            let entries = self.outbox.oldest(self.batch).await;
            let lines = self.lines(&entries);
            let answer =
                if lines.is_empty() { Ok(()) } else { self.client.write(lines.clone()).await };
            match answer {
                Ok(()) => self.succeeded(entries.len()),
                // One of them is bad; find it by halving.
                Err(Failure::Refused(_) | Failure::TooLarge) if entries.len() > 1 => {
                    self.batch = entries.len() / 2;
                }
                Err(Failure::Refused(reason)) => self.set_aside(&lines, &reason),
                Err(Failure::TooLarge) => self.set_aside(&lines, "InfluxDB finds it too large"),
                Err(Failure::Denied(reason) | Failure::Passing(reason)) => self.wait(reason).await,
            }
        }
    }

    fn lines(&self, entries: &[Entry]) -> String {
        let mut lines = String::new();
        for Entry { meter, message, with_state } in entries {
            match Message::decode(message, &meter.zone) {
                Ok(message) => {
                    let tag = meter.tag(&message);
                    self.encoder.append_reading(&mut lines, &tag, &message);
                    if *with_state {
                        self.encoder.append_state(&mut lines, &tag, &message);
                    }
                }
                // Cannot happen: it was decoded when it was accepted.
                Err(error) => tracing::error!("an accepted message cannot be decoded: {error}"),
            }
        }
        lines
    }

    fn succeeded(&mut self, count: usize) {
        let now = OffsetDateTime::now_utc();
        self.outbox.remove(count, |meter| meter.succeeded(now));
        self.batch = BATCH.min(self.batch.saturating_mul(2));
        self.answered();
    }

    /// The server is there, whatever it says of a line.
    fn answered(&mut self) {
        self.backoff.reset();
        self.trouble.send_if_modified(|trouble| {
            let over = trouble.take().is_some();
            if over {
                tracing::info!("InfluxDB takes readings again");
            }
            over
        });
    }

    /// Gives up the oldest message, of which these are the lines.
    fn set_aside(&mut self, lines: &str, reason: &str) {
        self.answered();
        tracing::error!(lines = lines.trim_end(), "set aside: {reason}");
        self.outbox.remove(1, |meter| meter.set_aside.add(1));
    }

    async fn wait(&mut self, reason: String) {
        self.trouble.send_if_modified(|trouble| {
            let news = trouble.as_ref() != Some(&reason);
            if news {
                tracing::warn!("{reason}; trying again until it works");
                *trouble = Some(reason);
            }
            news
        });
        tokio::time::sleep(self.backoff.wait()).await;
    }
}
