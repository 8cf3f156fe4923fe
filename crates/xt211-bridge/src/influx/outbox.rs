//! What waits to be forwarded.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::meter::Shared;

/// How many messages can wait, and how many bytes of them. Beyond it, the broker keeps them for us.
const MOST_MESSAGES: usize = 100_000;
const MOST_BYTES: usize = 64 << 20;

/// A message that was accepted, as it came. Its lines are made when they are forwarded, so that
/// they carry the serial number known by then.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) meter: Arc<Shared>,
    pub(crate) message: Bytes,
    /// Whether the state of module and battery in it, if any, is to be forwarded.
    pub(crate) with_state: bool,
}

#[derive(Debug, Default)]
struct Entries {
    queue: VecDeque<Entry>,
    /// The sum of the messages' lengths.
    bytes: usize,
}

/// A queue between the bridge, which never waits for it, and the forwarder.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    entries: Mutex<Entries>,
    arrived: Notify,
    emptied: Notify,
}

impl Outbox {
    /// Whether there is room for another.
    pub(crate) fn has_room(&self) -> bool {
        let entries = self.entries();
        entries.queue.len() < MOST_MESSAGES && entries.bytes < MOST_BYTES
    }

    pub(crate) fn push(&self, entry: Entry) {
        entry.meter.waiting.add(1);
        let mut entries = self.entries();
        entries.bytes += entry.message.len();
        entries.queue.push_back(entry);
        drop(entries);
        self.arrived.notify_one();
    }

    /// Waits for entries and returns copies of the oldest, up to a number of them.
    pub(crate) async fn oldest(&self, limit: usize) -> Vec<Entry> {
        loop {
            let entries: Vec<_> = self.entries().queue.iter().take(limit).cloned().collect();
            if !entries.is_empty() {
                return entries;
            }
            self.arrived.notified().await;
        }
    }

    /// Removes the oldest, which are done, and says of each so.
    pub(crate) fn remove(&self, count: usize, mut done: impl FnMut(&Shared)) {
        let mut entries = self.entries();
        let Entries { queue, bytes } = &mut *entries;
        for entry in queue.drain(..count.min(queue.len())) {
            *bytes = bytes.saturating_sub(entry.message.len());
            entry.meter.waiting.subtract(1);
            done(&entry.meter);
        }
        if entries.queue.is_empty() {
            self.emptied.notify_waiters();
        }
    }

    /// Waits until nothing waits.
    pub(crate) async fn emptied(&self) {
        let emptied = self.emptied.notified();
        if self.len() > 0 {
            emptied.await;
        }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.entries().queue.len()
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // A panic elsewhere cannot have left the queue half changed.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
