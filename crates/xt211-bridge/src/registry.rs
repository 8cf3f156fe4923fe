//! All metering points, and which of them a message is from.

use std::{collections::HashMap, sync::Arc};

use time::OffsetDateTime;
use xt211_homeassistant::MeterId;
use xt211_message::{Message, MessageError};
use xt211_store::{MeterKey, StoredMeter};

use crate::{
    config,
    metering_point::MeteringPoint,
    routes::{Route, Routes},
};

/// The metering points, each with a number that stays the same.
pub(crate) struct Registry {
    routes: Routes,
    points: Vec<MeteringPoint>,
    /// By the section of the configuration, and what stands for a `+` in its topics.
    numbers: HashMap<(usize, String), usize>,
    ids: HashMap<MeterId, usize>,
    /// By the number that stands for it in the store; looked up anew where it is wrong.
    keys: HashMap<MeterKey, usize>,
}

/// Whose a message is.
pub(crate) enum Sender {
    /// A meter's.
    Meter(usize),
    /// That of something that only shares a topic with meters: what it sends is no module's.
    Stranger(MessageError),
    /// Nobody's.
    Nobody,
}

impl Registry {
    /// Makes the meters that the configuration names; others follow when they are heard.
    pub(crate) fn new(meters: &[config::Meter]) -> Self {
        let mut registry = Self {
            routes: Routes::new(meters),
            points: Vec::new(),
            numbers: HashMap::new(),
            ids: HashMap::new(),
            keys: HashMap::new(),
        };
        for (section, meter) in meters.iter().enumerate().filter(|(_, meter)| !meter.is_wild()) {
            let (id, name) = (meter.id.clone(), meter.name.clone());
            let meter = Arc::new(meter.clone());
            registry.add((section, String::new()), MeteringPoint::new(id, name, None, &meter));
        }
        registry
    }

    /// Finds the sender of a message. A `+` may cover topics that have nothing to do with meters,
    /// so that a new meter has to make itself known by a message that can be decoded.
    pub(crate) fn sender(&mut self, topic: &str, payload: &[u8]) -> Sender {
        let Some(route) = self.routes.find(topic) else { return Sender::Nobody };
        let name = route.name();
        let Route { section, meter, level } = route;
        let level = level.unwrap_or_default();
        let key = (section, level.to_owned());
        if let Some(number) = self.numbers.get(&key) {
            return Sender::Meter(*number);
        }
        if let Err(error) = Message::decode(payload, &meter.timezone) {
            return Sender::Stranger(error);
        }
        let mut id = MeterId::from_name(level);
        if self.ids.contains_key(&id) {
            // What has a `/` can be no id, and so gets one with a checksum.
            id = MeterId::from_name(&topic.replacen(level, &format!("{level}/"), 1));
            tracing::warn!(topic, %id, "another meter has the id {level:?} already");
        }
        let point = MeteringPoint::new(id, name, Some(topic.into()), &meter);
        Sender::Meter(self.add(key, point))
    }

    /// Remembers a meter that was known before a restart. Returns its number, unless it is not in
    /// the configuration any more.
    pub(crate) fn restore(
        &mut self,
        stored: &StoredMeter,
        states: &[Vec<u8>],
        now: OffsetDateTime,
    ) -> Option<usize> {
        let id = stored.id.parse().ok()?;
        let number = match self.ids.get(&id) {
            Some(number) => *number,
            None => {
                let topic = stored.topic.as_deref()?;
                let route = self.routes.find(topic)?;
                let name = route.name();
                let Route { section, meter, level } = route;
                let level = level?;
                let point = MeteringPoint::new(id, name, Some(topic.into()), &meter);
                self.add((section, level.to_owned()), point)
            }
        };
        self.points.get_mut(number)?.restore(stored, states, now);
        self.keys.insert(stored.key, number);
        Some(number)
    }

    fn add(&mut self, key: (usize, String), point: MeteringPoint) -> usize {
        let number = self.points.len();
        self.ids.insert(point.id().clone(), number);
        self.points.push(point);
        self.numbers.insert(key, number);
        number
    }

    /// The number of the one that messages on this topic are from, if it was heard before.
    pub(crate) fn number_of_topic(&self, topic: &str) -> Option<usize> {
        let Route { section, level, .. } = self.routes.find(topic)?;
        self.numbers.get(&(section, level.unwrap_or_default().to_owned())).copied()
    }

    /// The number of the one that the store knows by this key.
    pub(crate) fn number_of(&mut self, key: MeterKey) -> Option<usize> {
        let is_it = |point: &MeteringPoint| point.key() == Some(key);
        let known = self.keys.get(&key).copied();
        let known = known.filter(|number| self.points.get(*number).is_some_and(is_it));
        let number = known.or_else(|| self.points.iter().position(is_it))?;
        self.keys.insert(key, number);
        Some(number)
    }

    /// The one that the store knows by this key.
    pub(crate) fn find_mut(&mut self, key: MeterKey) -> Option<&mut MeteringPoint> {
        let number = self.number_of(key)?;
        self.points.get_mut(number)
    }

    /// What was written is not in the store: nobody remembers anything because of that.
    pub(crate) fn forget(&mut self) {
        self.points.iter_mut().for_each(|point| point.intake.forget());
    }

    /// Others have changed something in the store, where these meters are now.
    pub(crate) fn recall(&mut self, meters: &[StoredMeter]) {
        self.points.iter_mut().for_each(|point| point.intake.forget_decisions());
        for stored in meters {
            let number = stored.id.parse().ok().and_then(|id| self.ids.get::<MeterId>(&id));
            if let Some(point) = number.and_then(|number| self.points.get_mut(*number)) {
                point.intake.recall(stored);
            }
        }
    }

    /// Whether there is a meter of this id.
    pub(crate) fn has(&self, id: &MeterId) -> bool {
        self.ids.contains_key(id)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.points.len()
    }

    pub(crate) fn get_mut(&mut self, number: usize) -> Option<&mut MeteringPoint> {
        self.points.get_mut(number)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (usize, &mut MeteringPoint)> {
        self.points.iter_mut().enumerate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const BATTERY: &[u8] = br#"{"battery":{"SOC":50}}"#;

    fn registry(text: &str) -> Registry {
        Registry::new(&Config::parse(text).unwrap().meters)
    }

    fn id(registry: &mut Registry, topic: &str) -> Option<String> {
        match registry.sender(topic, BATTERY) {
            Sender::Meter(number) => registry.get_mut(number).map(|meter| meter.id().to_string()),
            Sender::Stranger(_) | Sender::Nobody => None,
        }
    }

    const WILD: &str = "[[meter]]\nid = \"kitchen\"\ndata_topic = \"a/d\"\nstatus_topic = \"a/s\"\n\
        [[meter]]\ndata_topic = \"+/data\"\nstatus_topic = \"+/status\"\n\
        [[meter]]\ndata_topic = \"z/+/data\"\nstatus_topic = \"z/+/status\"\n";

    #[test]
    fn each_has_an_id_of_its_own() {
        let mut registry = registry(WILD);
        assert_eq!(id(&mut registry, "a/d").as_deref(), Some("kitchen"));
        assert_eq!(id(&mut registry, "garden/data").as_deref(), Some("garden"));
        assert_eq!(id(&mut registry, "garden/status").as_deref(), Some("garden"));
        let other = id(&mut registry, "z/kitchen/data").unwrap();
        assert!(other.starts_with("z_kitchen__data_"), "{other}");
        assert_eq!(id(&mut registry, "z/kitchen/data"), Some(other));
        assert_eq!(id(&mut registry, "elsewhere"), None);
    }

    #[test]
    fn what_is_no_modules_makes_no_meter() {
        let mut registry = registry(WILD);
        assert!(matches!(registry.sender("tele/status", b"on"), Sender::Stranger(_)));
        assert_eq!(registry.iter_mut().count(), 1);
        // The meter that is named is there in any case.
        assert!(matches!(registry.sender("a/d", b"on"), Sender::Meter(0)));
    }
}
