//! Messages that have arrived and are not yet kept.

use bytes::Bytes;
use time::OffsetDateTime;
use xt211_store::{NewContent, NewSetAside, StoreError, Transaction};

use crate::{
    metering_point::{Effect, Known, Refusal},
    mqtt::Delivery,
    registry::{Registry, Sender},
};

/// How many messages are kept at once. What arrives meanwhile waits for the next time.
const MOST_MESSAGES: usize = 1_000;

/// How many bytes of them.
const MOST_BYTES: usize = 4 << 20;

/// Messages that have arrived and are not yet kept, oldest first.
#[derive(Default)]
pub(super) struct Inbox {
    deliveries: Vec<Delivery>,
    bytes: usize,
}

/// What becomes of a message.
pub(super) enum Fate<'m> {
    /// It is of the meter with this number.
    Meters(usize, Box<Effect<'m>>),
    /// It is set aside: no meter has sent it.
    Strangers(Option<Refusal>),
    /// It is nothing to us.
    Nobodys,
}

impl Inbox {
    /// Whether another message can be taken.
    pub(super) fn has_room(&self) -> bool {
        self.deliveries.len() < MOST_MESSAGES && self.bytes < MOST_BYTES
    }

    pub(super) fn is_empty(&self) -> bool {
        self.deliveries.is_empty()
    }

    pub(super) fn push(&mut self, delivery: Delivery) {
        self.bytes += delivery.payload.len();
        self.deliveries.push(delivery);
    }

    /// Takes all of them out.
    pub(super) fn take(&mut self) -> Vec<Delivery> {
        self.bytes = 0;
        std::mem::take(&mut self.deliveries)
    }

    /// Puts them back, as they could not be kept.
    pub(super) fn put_back(&mut self, deliveries: Vec<Delivery>) {
        let arrived = self.take();
        deliveries.into_iter().chain(arrived).for_each(|delivery| self.push(delivery));
    }
}

/// Decides on a message, and writes down what comes of it.
pub(super) fn decide<'m>(
    registry: &mut Registry,
    store: &mut Transaction<'_>,
    delivery: &'m Delivery,
    now: OffsetDateTime,
) -> Result<Fate<'m>, StoreError> {
    let Delivery { topic, payload, .. } = delivery;
    match registry.sender(topic, payload) {
        Sender::Nobody => Ok(Fate::Nobodys),
        Sender::Stranger(error) => {
            let refusal = Refusal::from(&error);
            let is_new = set_aside(store, topic, payload, &refusal, now)?;
            Ok(Fate::Strangers(is_new.then_some(refusal)))
        }
        Sender::Meter(number) => {
            let taken = registry.do_with(number, |point| -> Result<_, StoreError> {
                // A `+` may bring back one that was there before.
                if std::mem::take(&mut point.is_new)
                    && let Some(stored) = store.meter(point.id().as_str())?
                {
                    point.restore(&Known::of(stored, store)?, now);
                }
                let effect = point.intake.take(store, topic, payload, now)?;
                Ok((effect, point.has_moved))
            });
            // Cannot be: it has just said so.
            let Some(taken) = taken else { return Ok(Fate::Nobodys) };
            let (effect, has_moved) = taken?;
            if has_moved && registry.has_topic(topic) {
                registry.settle(number, store, topic)?;
            }
            Ok(Fate::Meters(number, Box::new(effect)))
        }
    }
}

/// Returns whether it is new.
fn set_aside(
    store: &mut Transaction<'_>,
    topic: &str,
    payload: &Bytes,
    refusal: &Refusal,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let entry = NewSetAside {
        at: now,
        meter: None,
        topic,
        code: refusal.code,
        reason: &refusal.text,
        content: NewContent::Message(payload),
    };
    Ok(store.set_aside(&entry)?.is_new())
}
