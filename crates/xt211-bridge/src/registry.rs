//! All metering points, and which of them a message is from.

use std::{collections::HashMap, sync::Arc};

use time::OffsetDateTime;
use xt211_homeassistant::MeterId;
use xt211_message::{Message, MessageError};
use xt211_store::{MeterKey, StoreError, StoredMeter, Transaction};

use crate::{
    config,
    metering_point::MeteringPoint,
    routes::{Routes, name_of},
};

/// The metering points, each with a number that stays the same.
pub(crate) struct Registry {
    routes: Routes,
    /// How many sections the configuration has.
    sections: usize,
    former: Former,
    points: Vec<MeteringPoint>,
    /// By the section of the configuration, and what stands for a `+` in its topics.
    numbers: HashMap<(usize, String), usize>,
    ids: HashMap<MeterId, usize>,
    /// By the number that stands for it in the store; looked up anew where it is wrong.
    keys: HashMap<MeterKey, usize>,
    /// How often one was made.
    made: usize,
    /// Whether other bridges hear of them, too.
    is_shared: bool,
}

/// What former configurations listened to. The broker may still have messages from there.
#[derive(Default)]
struct Former {
    /// Their sections are numbered on behind those of the configuration.
    routes: Routes,
    /// By the section: the one that goes on with its `+`, having a topic in common.
    heirs: HashMap<usize, (usize, Arc<config::Meter>)>,
    /// Meters that a `+` made, as far as the store knows them.
    ids: HashMap<(usize, String), MeterId>,
    /// Those of them that were heard, and are not in the configuration.
    numbers: HashMap<MeterId, usize>,
}

/// Where a topic leads.
struct Place {
    key: (usize, String),
    meter: Arc<config::Meter>,
    /// Whether it leads to what is not in the configuration any more.
    is_former: bool,
}

impl Place {
    /// What the user calls the meter.
    fn name(&self) -> String {
        name_of(&self.meter, &self.key.1)
    }
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
            sections: meters.len(),
            former: Former::default(),
            points: Vec::new(),
            numbers: HashMap::new(),
            ids: HashMap::new(),
            keys: HashMap::new(),
            made: 0,
            is_shared: false,
        };
        for (section, meter) in meters.iter().enumerate().filter(|(_, meter)| !meter.is_wild()) {
            let (id, name) = (meter.id.clone(), meter.name.clone());
            let meter = Arc::new(meter.clone());
            registry.add((section, String::new()), MeteringPoint::new(id, name, None, &meter));
        }
        registry
    }

    /// Other bridges hear of all of them, too.
    pub(crate) fn share(&mut self) {
        self.is_shared = true;
        self.points.iter_mut().for_each(|point| point.presence.share());
    }

    /// Takes up what former configurations listened to, the newest first. What still comes from
    /// there is for the meter that had the topic, unless another one has it now: a message does not
    /// tell when it was published.
    pub(crate) fn know_former(&mut self, meters: &[config::Meter], former: &[config::Meter]) {
        self.former.routes = Routes::new(former);
        for (section, old) in former.iter().enumerate().filter(|(_, old)| old.is_wild()) {
            let has_common = |new: &config::Meter| {
                new.is_wild() && new.topics().any(|topic| old.topics().any(|other| other == topic))
            };
            if let Some(heir) = meters.iter().position(has_common)
                && let Some(meter) = meters.get(heir)
            {
                self.former.heirs.insert(section, (heir, Arc::new(meter.clone())));
            }
        }
    }

    fn place(&self, topic: &str) -> Option<Place> {
        if let Some(route) = self.routes.find(topic) {
            let key = (route.section, route.level.unwrap_or_default().to_owned());
            return Some(Place { key, meter: route.meter, is_former: false });
        }
        let route = self.former.routes.find(topic)?;
        let level = route.level.unwrap_or_default().to_owned();
        if let Some((section, meter)) = self.former.heirs.get(&route.section) {
            let key = (*section, level);
            return Some(Place { key, meter: Arc::clone(meter), is_former: false });
        }
        let key = (self.sections + route.section, level);
        Some(Place { key, meter: route.meter, is_former: true })
    }

    /// Finds the sender of a message. A `+` may cover topics that have nothing to do with meters,
    /// so that a new meter has to make itself known by a message that can be decoded.
    pub(crate) fn sender(&mut self, topic: &str, payload: &[u8]) -> Sender {
        let Some(place) = self.place(topic) else { return Sender::Nobody };
        if let Some(number) = self.numbers.get(&place.key) {
            return Sender::Meter(*number);
        }
        if place.meter.is_wild()
            && let Err(error) = Message::decode(payload, &place.meter.timezone)
        {
            return Sender::Stranger(error);
        }
        if place.is_former {
            return Sender::Meter(self.former_sender(place, topic));
        }
        let name = place.name();
        let Place { key, meter, .. } = place;
        let level = &key.1;
        let mut id = MeterId::from_name(level);
        if self.ids.contains_key(&id) {
            // What has a `/` can be no id, and so gets one with a checksum.
            id = MeterId::from_name(&topic.replacen(level, &format!("{level}/"), 1));
            tracing::warn!(topic, %id, "another meter has the id {level:?} already");
        }
        let point = MeteringPoint::new(id, name, Some(topic.into()), &meter);
        Sender::Meter(self.add(key, point))
    }

    /// The number of the one that had a topic, which is made if it is not in the configuration.
    fn former_sender(&mut self, place: Place, topic: &str) -> usize {
        let name = place.name();
        let Place { key, meter, .. } = place;
        let is_wild = meter.is_wild();
        let id = match self.former.ids.get(&key) {
            Some(id) => id.clone(),
            None if is_wild => MeterId::from_name(&key.1),
            None => meter.id.clone(),
        };
        let known = self.ids.get(&id).or_else(|| self.former.numbers.get(&id)).copied();
        let number = known.unwrap_or_else(|| {
            let topic = is_wild.then(|| topic.to_owned());
            let mut point = MeteringPoint::new(id.clone(), name, topic, &meter);
            point.is_former = true;
            self.former.numbers.insert(id, self.points.len());
            self.push(point)
        });
        self.numbers.insert(key, number);
        number
    }

    /// Remembers a meter that was known before a restart. Returns its number, unless it is not in
    /// the configuration any more.
    pub(crate) fn restore(
        &mut self,
        stored: &StoredMeter,
        states: &[Vec<u8>],
        now: OffsetDateTime,
    ) -> Option<usize> {
        let id: MeterId = stored.id.parse().ok()?;
        let number = match self.ids.get(&id) {
            Some(number) => *number,
            None => {
                let topic = stored.topic.as_deref()?;
                let place = self.place(topic)?;
                let name = place.name();
                let Place { key, meter, is_former } = place;
                if !meter.is_wild() {
                    return None;
                }
                if is_former {
                    self.former.ids.insert(key, id);
                    return None;
                }
                let mut point = MeteringPoint::new(id, name, Some(topic.into()), &meter);
                point.has_moved = self.routes.find(topic).is_none();
                self.add(key, point)
            }
        };
        self.points.get_mut(number)?.restore(stored, states, now);
        self.keys.insert(stored.key, number);
        Some(number)
    }

    fn add(&mut self, key: (usize, String), mut point: MeteringPoint) -> usize {
        if self.is_shared {
            point.presence.share();
        }
        let id = point.id().clone();
        // One of former times that comes back is the same in the store, and so takes its place.
        let former = self.former.numbers.remove(&id);
        let number = match former.and_then(|number| Some((number, self.points.get_mut(number)?))) {
            Some((number, place)) => {
                *place = point;
                self.made += 1;
                number
            }
            None => self.push(point),
        };
        self.ids.insert(id, number);
        self.numbers.insert(key, number);
        number
    }

    fn push(&mut self, point: MeteringPoint) -> usize {
        self.made += 1;
        self.points.push(point);
        self.points.len() - 1
    }

    /// The number of the one that messages on this topic are from, if it was heard before.
    pub(crate) fn number_of_topic(&self, topic: &str) -> Option<usize> {
        self.numbers.get(&self.place(topic)?.key).copied()
    }

    /// Whether the configuration has this topic.
    pub(crate) fn has_topic(&self, topic: &str) -> bool {
        self.routes.find(topic).is_some()
    }

    /// From now on, the store is to know a meter by this topic.
    pub(crate) fn settle(
        &mut self,
        number: usize,
        store: &mut Transaction<'_>,
        topic: &str,
    ) -> Result<(), StoreError> {
        let Some(point) = self.points.get_mut(number) else { return Ok(()) };
        store.add_meter(point.id().as_str(), Some(topic))?;
        point.has_moved = false;
        Ok(())
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

    /// The number of the one that has this id.
    pub(crate) fn number_of_id(&self, id: &MeterId) -> Option<usize> {
        self.ids.get(id).copied()
    }

    /// Whether the store knows any of them.
    pub(crate) fn has_stored(&self) -> bool {
        self.points.iter().any(|point| point.key().is_some())
    }

    /// How many were ever made.
    pub(crate) fn made(&self) -> usize {
        self.made
    }

    /// The ids of all that are in the configuration.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &MeterId> + Clone {
        self.ids.keys()
    }

    pub(crate) fn get(&self, number: usize) -> Option<&MeteringPoint> {
        self.points.get(number)
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
