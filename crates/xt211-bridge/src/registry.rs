//! All meters, and which of them a message is from.

use std::collections::{HashMap, HashSet};

use xt211_homeassistant::MeterId;
use xt211_message::{Message, MessageError};

use crate::{
    config,
    meter::Meter,
    routes::{Route, Routes},
};

/// The meters, each with a number that stays the same.
pub(crate) struct Registry {
    routes: Routes,
    meters: Vec<Meter>,
    /// By the section of the configuration, and what stands for a `+` in its topics.
    numbers: HashMap<(usize, String), usize>,
    ids: HashSet<MeterId>,
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
            meters: Vec::new(),
            numbers: HashMap::new(),
            ids: HashSet::new(),
        };
        for (section, meter) in meters.iter().enumerate().filter(|(_, meter)| !meter.is_wild()) {
            registry.add((section, String::new()), meter.id.clone(), meter.name.clone(), meter);
        }
        registry
    }

    /// Finds the sender of a message. A `+` may cover topics that have nothing to do with meters,
    /// so that a new meter has to make itself known by a message that can be decoded.
    pub(crate) fn sender(&mut self, topic: &str, payload: &[u8]) -> Sender {
        let Some(Route { section, meter, level }) = self.routes.find(topic) else {
            return Sender::Nobody;
        };
        let level = level.unwrap_or_default();
        let key = (section, level.to_owned());
        if let Some(number) = self.numbers.get(&key) {
            return Sender::Meter(*number);
        }
        if let Err(error) = Message::decode(payload, &meter.timezone) {
            return Sender::Stranger(error);
        }
        let name = format!("{} {level}", meter.name).trim_end().to_owned();
        let mut id = MeterId::from_name(level);
        if self.ids.contains(&id) {
            // What has a `/` can be no id, and so gets one with a checksum.
            id = MeterId::from_name(&topic.replacen(level, &format!("{level}/"), 1));
            tracing::warn!(topic, %id, "another meter has the id {level:?} already");
        }
        Sender::Meter(self.add(key, id, name, &meter))
    }

    fn add(
        &mut self,
        key: (usize, String),
        id: MeterId,
        name: String,
        config: &config::Meter,
    ) -> usize {
        let number = self.meters.len();
        self.ids.insert(id.clone());
        self.meters.push(Meter::new(id, name, config));
        self.numbers.insert(key, number);
        number
    }

    pub(crate) fn get_mut(&mut self, number: usize) -> Option<&mut Meter> {
        self.meters.get_mut(number)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (usize, &mut Meter)> {
        self.meters.iter_mut().enumerate()
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
