//! Where the bridge posts what others may see.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use xt211_web::VitalSigns;

use super::message_log::MessageLog;
use crate::config::Config;

/// Where the bridge posts what others may see. It outlives the bridge of each configuration.
pub(crate) struct Board {
    config: Mutex<Arc<Config>>,
    pub(super) vital_signs: watch::Sender<VitalSigns>,
    messages: Mutex<MessageLog>,
    /// Somebody wants the bridge to look into the store.
    pub(crate) look: Notify,
}

impl Board {
    pub(crate) fn new(config: Arc<Config>) -> Self {
        Self {
            config: Mutex::new(config),
            vital_signs: watch::Sender::new(VitalSigns::default()),
            messages: Mutex::default(),
            look: Notify::new(),
        }
    }

    pub(crate) fn config(&self) -> Arc<Config> {
        Arc::clone(&open(&self.config))
    }

    pub(crate) fn set_config(&self, config: Arc<Config>) {
        *open(&self.config) = config;
    }

    pub(crate) fn messages(&self) -> MutexGuard<'_, MessageLog> {
        open(&self.messages)
    }

    /// Changes the vital signs, and wakes who waits for that if it did.
    pub(crate) fn note(&self, change: impl FnOnce(&mut VitalSigns) -> bool) {
        self.vital_signs.send_if_modified(change);
    }
}

/// Sets one of the vital signs. Returns whether it was another one.
pub(crate) fn set<T: PartialEq>(sign: &mut T, now: T) -> bool {
    let is_news = *sign != now;
    *sign = now;
    is_news
}

/// None of these is ever left half-changed, so that a panic elsewhere does not matter.
fn open<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
