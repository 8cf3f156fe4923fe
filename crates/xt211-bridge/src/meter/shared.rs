//! What the bridge and the forwarder both know of a meter.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use time::OffsetDateTime;
use xt211_homeassistant::MeterId;
use xt211_message::Message;

use crate::config::TimeZone;

/// A meter's identity in InfluxDB, and its counts.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) id: MeterId,
    pub(crate) zone: TimeZone,
    /// Messages that wait to be forwarded.
    pub(crate) waiting: Count,
    /// Messages that were not believed or not taken.
    pub(crate) set_aside: Count,
    /// When one of them last was, in seconds since 1970; 0 for never.
    last_success: AtomicI64,
    /// From the configuration.
    serial: Option<String>,
    /// From the messages so far.
    known_serial: RwLock<Option<Arc<str>>>,
}

impl Shared {
    pub(crate) fn new(id: MeterId, serial: Option<String>, zone: TimeZone) -> Self {
        Self {
            id,
            zone,
            waiting: Count::default(),
            set_aside: Count::default(),
            last_success: AtomicI64::new(0),
            serial,
            known_serial: RwLock::default(),
        }
    }

    pub(crate) fn learn_serial(&self, serial: &str) {
        // A panic elsewhere cannot have left the text half written.
        let mut known = self.known_serial.write().unwrap_or_else(PoisonError::into_inner);
        if known.as_deref() != Some(serial) {
            *known = Some(serial.into());
        }
    }

    /// A message was forwarded.
    pub(crate) fn succeeded(&self, now: OffsetDateTime) {
        self.last_success.store(now.unix_timestamp(), Ordering::Relaxed);
    }

    /// When a message was last forwarded.
    pub(crate) fn last_success(&self) -> Option<OffsetDateTime> {
        match self.last_success.load(Ordering::Relaxed) {
            0 => None,
            // Cannot fail: it was one.
            seconds => OffsetDateTime::from_unix_timestamp(seconds).ok(),
        }
    }

    /// The `meter` tag of a message's lines: the serial number of the configuration, else of the
    /// message, else of the messages before, else the meter's id.
    pub(crate) fn tag(&self, message: &Message<'_>) -> Arc<str> {
        if let Some(serial) = self.serial.as_deref().or_else(|| serial_of(message)) {
            return serial.into();
        }
        let known = self.known_serial.read().unwrap_or_else(PoisonError::into_inner);
        known.clone().unwrap_or_else(|| self.id.as_str().into())
    }
}

/// The serial number that a message tells.
pub(crate) fn serial_of<'m>(message: &'m Message<'_>) -> Option<&'m str> {
    let reading = message.reading.as_ref().and_then(|reading| reading.serial());
    reading.or_else(|| message.status.as_ref()?.serial.as_deref())
}

/// A number that several tasks change.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn subtract(&self, fewer: u64) {
        self.0.fetch_sub(fewer, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
