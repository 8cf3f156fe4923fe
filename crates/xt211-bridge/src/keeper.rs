//! The store as the bridge has it: tried again when it fails, begun anew when it is damaged.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{task::block_in_place, time::Instant};
use xt211_store::{Opened, Store, StoreError, StoreErrorKind, Transaction};
use xt211_web::Condition;

use crate::backoff::Backoff;

/// Has the store, and knows when to try it again.
pub(crate) struct Keeper {
    path: PathBuf,
    /// `None` while it cannot be opened.
    store: Option<Store>,
    backoff: Backoff,
    /// Why the last try failed, if it did, and when the next one is due.
    trouble: Option<(String, Instant)>,
}

/// Why something is not in the store.
#[derive(Debug)]
pub(crate) enum NotKept {
    /// It is to be tried again when it is [due](Keeper::due).
    ForNow,
    /// The same, and the store is a new one, in which there is nothing.
    Anew,
}

impl Keeper {
    /// Opens the store, or will try again to.
    ///
    /// # Errors
    ///
    /// Another bridge has it.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let mut keeper = Self::new(path);
        match block_in_place(|| Store::open(path)) {
            Err(error) if error.kind() == StoreErrorKind::InUse => Err(error),
            opened => {
                keeper.opened(opened);
                Ok(keeper)
            }
        }
    }

    /// Opens the store at once.
    ///
    /// # Errors
    ///
    /// It cannot be opened.
    pub(crate) fn open_now(path: &Path) -> Result<Self, StoreError> {
        let mut keeper = Self::new(path);
        let opened = block_in_place(|| Store::open(path))?;
        keeper.opened(Ok(opened));
        Ok(keeper)
    }

    fn new(path: &Path) -> Self {
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
        Self { path: path.to_owned(), store: None, backoff, trouble: None }
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file that everybody writes to who changes something in the store.
    pub(crate) fn log(&self) -> Option<PathBuf> {
        self.store.as_ref().map(Store::log)
    }

    /// Whether something can be kept.
    pub(crate) fn condition(&self) -> Condition {
        match &self.trouble {
            Some((reason, _)) => Condition::Trouble(reason.as_str().into()),
            None => Condition::Good,
        }
    }

    /// Waits until the store is open.
    pub(crate) async fn opened_in_time(&mut self) {
        while self.store.is_none() {
            tokio::time::sleep_until(self.due().unwrap_or_else(Instant::now)).await;
            self.try_to_open();
        }
    }

    /// When the next try is due, if the last one failed.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.trouble.as_ref().map(|(_, due)| *due)
    }

    /// Does something in one transaction. Either all of it is in the store afterwards, whatever
    /// happens to the machine, or nothing is.
    pub(crate) fn write<T>(
        &mut self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, NotKept> {
        let done = self.with_store(|store| store.write(work))?;
        self.succeeded();
        Ok(done)
    }

    /// Does something with the store. That it can be read does not mean that it can be written.
    pub(crate) fn with_store<T>(
        &mut self,
        work: impl FnOnce(&mut Store) -> Result<T, StoreError>,
    ) -> Result<T, NotKept> {
        let Some(store) = &mut self.store else {
            self.try_to_open();
            return Err(if self.store.is_some() { NotKept::Anew } else { NotKept::ForNow });
        };
        match block_in_place(|| work(store)) {
            Ok(done) => Ok(done),
            Err(error) if error.kind() == StoreErrorKind::Damaged => Err(self.begin_anew(&error)),
            Err(error) => {
                self.failed(&error);
                Err(NotKept::ForNow)
            }
        }
    }

    /// Moves the store aside, which is damaged, and begins a new one.
    pub(crate) fn begin_anew(&mut self, error: &StoreError) -> NotKept {
        tracing::error!("{error}");
        if let Some(store) = self.store.take() {
            let opened = block_in_place(|| store.begin_anew());
            self.opened(opened);
        }
        NotKept::Anew
    }

    fn try_to_open(&mut self) {
        let opened = block_in_place(|| Store::open(&self.path));
        self.opened(opened);
    }

    fn opened(&mut self, opened: Result<Opened, StoreError>) {
        match opened {
            Ok(Opened { store, damaged }) => {
                if let Some(moved) = damaged {
                    tracing::error!(
                        "{} is damaged: it was moved to {}, and a new one is begun. What waited in \
                         it for InfluxDB may be recovered from there by sqlite3's .recover",
                        self.path.display(),
                        moved.display()
                    );
                }
                self.store = Some(store);
                self.succeeded();
            }
            Err(error) => self.failed(&error),
        }
    }

    fn succeeded(&mut self) {
        self.backoff.reset();
        if self.trouble.take().is_some() {
            tracing::info!("readings can be kept again");
        }
    }

    fn failed(&mut self, error: &StoreError) {
        let reason = error.to_string();
        if self.trouble.as_ref().is_none_or(|(known, _)| *known != reason) {
            tracing::error!("{reason} ({}); trying again until it works", error.code());
        }
        self.trouble = Some((reason, Instant::now() + self.backoff.wait()));
    }
}
