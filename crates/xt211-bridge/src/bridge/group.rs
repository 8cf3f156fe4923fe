//! The other bridges, if messages are spread over several: what they say of meters, and to whom it
//! is to be said that we know more.
//!
//! A meter's messages come to whichever bridge the broker chooses. So whoever has something new of a
//! meter tells the others, before Home Assistant; and whoever hears that another one did not know it
//! yet, or has spoken at the same time, says it (again). Each value has its own time, by which all of
//! them agree which is the newest, so that this ends.

use std::{
    collections::{BTreeMap, HashMap},
    time::Instant,
};

use bytes::Bytes;
use rumqttc::QoS;
use time::OffsetDateTime;
use xt211_homeassistant::MeterId;
use xt211_store::{StoreError, Transaction};

use super::Bridge;
use crate::{
    config::Config,
    metering_point::{Effect, Letter, Told},
    mqtt::Delivery,
    registry::Registry,
};

/// What other bridges have said.
#[derive(Default)]
pub(super) struct Group {
    /// The letters about meters that we have not heard yet, by the bridge that wrote them.
    unheard: HashMap<MeterId, BTreeMap<MeterId, Bytes>>,
    /// Serial numbers that the store has to know, by the number of the meter.
    serials: Vec<(usize, String, OffsetDateTime)>,
}

/// What to ask the broker for, to hear the others. It need not keep anything of it for one that is
/// away: the last of it is retained.
pub(super) fn filters(config: &Config) -> impl Iterator<Item = (String, QoS)> {
    let filters = config.topics.is_in_group().then(|| config.topics.group());
    filters.into_iter().flatten().map(|filter| (filter, QoS::AtMostOnce))
}

impl Group {
    /// Whether there is something to be written down.
    pub(super) fn has_work(&self) -> bool {
        !self.serials.is_empty()
    }

    /// Writes down serial numbers, and returns what came of it, by the number of the meter.
    pub(super) fn write(
        &self,
        registry: &mut Registry,
        store: &mut Transaction<'_>,
        now: OffsetDateTime,
    ) -> Result<Vec<(usize, Effect<'static>)>, StoreError> {
        let mut effects = Vec::new();
        for (number, serial, told) in &self.serials {
            let learnt = registry
                .do_with(*number, |point| point.intake.learn_serial(store, serial, *told, now));
            if let Some(effect) = learnt.transpose()? {
                effects.push((*number, effect));
            }
        }
        Ok(effects)
    }

    /// They are written down.
    pub(super) fn written(&mut self) {
        self.serials.clear();
    }
}

impl Bridge {
    /// Hears what a bridge says to the others, if this is that.
    pub(super) fn hear_of_group(&mut self, delivery: &Delivery) {
        let topics = &self.config.topics;
        if !topics.is_in_group() {
            return;
        }
        let Delivery { topic, payload, .. } = delivery;
        if let Some(bridge) = topics.available(topic) {
            self.note_bridge(&bridge, !payload.is_empty());
        } else if let Some((bridge, meter)) = topics.shared_by(topic) {
            // What we have said since our start is known.
            if topics.is_ours(&bridge) && !delivery.is_retained() {
                return;
            }
            match self.registry.number_of_id(&meter) {
                Some(number) => self.hear_of(number, &bridge, payload, delivery.is_retained()),
                None => {
                    _ = self.group.unheard.entry(meter).or_default().insert(bridge, payload.clone())
                }
            }
        }
    }

    /// Takes up what others have said of meters that are new to us.
    pub(super) fn hear_of_unheard(&mut self) {
        let registry = &self.registry;
        let heard = self.group.unheard.extract_if(|id, _| registry.has(id)).collect::<Vec<_>>();
        for (id, letters) in heard {
            let Some(number) = self.registry.number_of_id(&id) else { continue };
            for (bridge, letter) in letters {
                self.hear_of(number, &bridge, &letter, true);
            }
        }
    }

    fn hear_of(&mut self, number: usize, bridge: &MeterId, payload: &[u8], is_retained: bool) {
        let influxdb = &self.influxdb();
        let Some(point) = self.registry.get_mut(number) else { return };
        if payload.is_empty() {
            point.presence.forget_bridge(bridge);
            return;
        }
        let letter: Letter = match serde_json::from_slice(payload) {
            Ok(letter) => letter,
            Err(error) => {
                tracing::warn!(id = %point.id(), %bridge, "what another bridge says: {error}");
                return;
            }
        };
        let is_ours = self.config.topics.is_ours(bridge);
        let told = Told { bridge, letter: &letter, is_new: !is_retained, is_ours, influxdb };
        let (serial, has_news) = point.hear_of(told, Instant::now());
        if let Some((serial, told)) = serial {
            self.group.serials.push((number, serial, told));
        }
        if has_news {
            self.bursts.note(number, tokio::time::Instant::now());
        }
    }

    /// Another bridge is there, or not any more.
    fn note_bridge(&mut self, bridge: &MeterId, is_there: bool) {
        let Some(announcer) = &mut self.announcer else { return };
        if !announcer.note_bridge(bridge, is_there, self.registry.ids()) {
            return;
        }
        let what =
            if is_there { "shares messages with us" } else { "is not of our group any more" };
        tracing::info!(%bridge, "{what}");
        let now = tokio::time::Instant::now();
        for (number, point) in self.registry.iter_mut() {
            if !is_there {
                point.presence.forget_bridge(bridge);
            }
            point.presence.say_discovery();
            self.bursts.note(number, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use xt211_store::Store;

    use super::*;

    #[test]
    fn a_meter_that_others_tell_of_first_is_known_by_its_number_in_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("a.db")).unwrap().store;
        let mut registry = Registry::new(&Config::parse("").unwrap().meters);
        let told = datetime!(2026-11-01 00:00 UTC);
        let group = Group { serials: vec![(0, "5100025085".into(), told)], ..Group::default() };
        store.write(|store| group.write(&mut registry, store, told)).unwrap();
        let key = registry.get(0).and_then(|point| point.key()).unwrap();
        assert_eq!(registry.number_of(key), Some(0));
        assert_eq!(store.meter_of(key).unwrap().unwrap().serial.as_deref(), Some("5100025085"));
    }
}
