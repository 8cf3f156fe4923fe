//! A metering point: the place where a meter is. The meter may be exchanged; its topics, its id and
//! its device in Home Assistant stay.

mod effect;
mod era;
mod intake;
mod past;
mod presence;
mod rhythm;
mod sharing;
mod work;

use std::{sync::Arc, time::Instant};

use time::OffsetDateTime;
use xt211_homeassistant::{Discovery, Merged, MeterId, Origin, Topics};
use xt211_store::{MeterKey, Queries, StoreError, StoredMeter, Transaction};

use self::intake::Intake;
pub(crate) use self::{
    effect::{Effect, Refusal},
    era::restored_era,
    presence::{Part, Presence, Told},
    sharing::Letter,
};
use crate::config;

/// How many states of a module are shown again: a later one may lack what an earlier one has.
const MOST_STATES: usize = 20;

/// What the store knows of a metering point, apart from its readings.
pub(crate) struct Known {
    pub(crate) stored: StoredMeter,
    /// What Home Assistant was told of.
    seen: Vec<String>,
    /// What its module last said of itself, the oldest first.
    states: Vec<Vec<u8>>,
}

impl Known {
    pub(crate) fn of(stored: StoredMeter, store: &Queries) -> Result<Self, StoreError> {
        let (seen, states) = (store.seen(stored.key)?, store.last_states(stored.key, MOST_STATES)?);
        Ok(Self { stored, seen, states })
    }
}

/// One metering point.
pub(crate) struct MeteringPoint {
    /// What becomes of its messages.
    pub(crate) intake: Intake,
    /// What the world is told of it.
    pub(crate) presence: Presence,
    /// Whether its turn to speak will come.
    pub(crate) is_queued: bool,
    /// Whether the store was not asked for it yet.
    pub(crate) is_new: bool,
    /// Whether it is not in the configuration any more, and only what the broker had still kept is
    /// taken. Home Assistant is told nothing of it.
    pub(crate) is_former: bool,
    /// Whether the store knows it by a topic that it does not have any more.
    pub(crate) has_moved: bool,
}

impl MeteringPoint {
    /// One that has this id and name, because of this section of the configuration and, if that has
    /// a `+`, this topic.
    pub(crate) fn new(
        id: MeterId,
        name: String,
        topic: Option<String>,
        config: &Arc<config::Meter>,
    ) -> Self {
        Self {
            presence: Presence::new(id.clone(), name, config.serial.clone()),
            intake: Intake::new(id, topic, Arc::clone(config)),
            is_queued: false,
            is_new: true,
            is_former: false,
            has_moved: false,
        }
    }

    pub(crate) fn id(&self) -> &MeterId {
        self.presence.id()
    }

    pub(crate) fn key(&self) -> Option<MeterKey> {
        self.intake.key()
    }

    /// Remembers what was known of it before a restart.
    pub(crate) fn restore(&mut self, known: &Known, now: OffsetDateTime) {
        let Known { stored, seen, states } = known;
        self.presence.restore(stored, seen, now);
        for state in states.iter().chain(&stored.status).chain(&stored.battery) {
            self.presence.restore_state(state, self.intake.zone());
        }
        self.intake.restore(stored);
        self.is_new = false;
    }

    /// Takes note that its module was heard.
    pub(crate) fn heard(&mut self, now: Instant) {
        if let Some(patience) = self.presence.heard(now) {
            let (id, minutes) = (self.id(), patience.as_secs() / 60);
            tracing::debug!(%id, minutes, "how long its module may be silent");
            self.intake.note_patience(patience);
        }
    }

    /// Takes what a bridge of the group has told. Returns the serial number if that is news, and
    /// whether there is something to be said.
    pub(crate) fn hear_of(
        &mut self,
        told: Told<'_>,
        now: Instant,
    ) -> (Option<(String, OffsetDateTime)>, bool) {
        let heard = self.presence.hear_of(told, now);
        if let Some(patience) = heard.patience {
            self.intake.note_patience(patience);
        }
        let Merged { changed, serial, .. } = heard.merged;
        if changed.discovery {
            self.intake.note_seen();
        }
        let is_news = |(serial, _): &(String, _)| self.intake.serial() != Some(serial);
        (serial.filter(is_news), heard.has_news)
    }

    /// Shows what became of a message, once it is kept.
    pub(crate) fn show(&mut self, effect: &Effect<'_>) {
        let is_new = self.presence.show(effect);
        if is_new {
            self.intake.note_seen();
        }
    }

    /// Whether the store knows less.
    pub(crate) fn is_unsaved(&self) -> bool {
        self.intake.is_unsaved()
    }

    /// Writes down what the store does not know.
    pub(crate) fn save(&mut self, store: &mut Transaction<'_>) -> Result<(), StoreError> {
        self.intake.save(store, self.presence.seen())
    }

    /// What Home Assistant is to forget, if anything. It is said once, and not remembered any more.
    pub(crate) fn take_removal(&mut self, topics: &Topics, origin: &Origin) -> Option<Discovery> {
        let removal = self.presence.device.take_removal(topics, origin)?;
        self.intake.note_seen();
        Some(removal)
    }
}
