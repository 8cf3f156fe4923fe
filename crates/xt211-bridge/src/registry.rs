//! All metering points, and which of them a message is from.

use std::{collections::HashMap, sync::Arc};

use time::OffsetDateTime;
use xt211_homeassistant::MeterId;
use xt211_message::{Message, MessageError};
use xt211_store::{MeterKey, Queries, StoreError, Transaction};

use crate::{
    config,
    metering_point::{Known, MeteringPoint},
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
    /// By the number that stands for it in the store, if that knows it.
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
    pub(crate) fn restore(&mut self, known: &Known, now: OffsetDateTime) -> Option<usize> {
        let stored = &known.stored;
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
        self.points.get_mut(number)?.restore(known, now);
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

    /// Does something with a meter that the store may know afterwards. `None` if there is none of
    /// this number.
    pub(crate) fn do_with<T>(
        &mut self,
        number: usize,
        work: impl FnOnce(&mut MeteringPoint) -> T,
    ) -> Option<T> {
        let point = self.points.get_mut(number)?;
        let before = point.key();
        let done = work(point);
        if let Some(key) = point.key().filter(|key| before != Some(*key)) {
            self.keys.insert(key, number);
        }
        Some(done)
    }

    /// The number of the one that the store knows by this key.
    pub(crate) fn number_of(&self, key: MeterKey) -> Option<usize> {
        let number = *self.keys.get(&key)?;
        let is_it = |point: &MeteringPoint| point.key() == Some(key);
        self.points.get(number).is_some_and(is_it).then_some(number)
    }

    /// The one that the store knows by this key.
    pub(crate) fn find_mut(&mut self, key: MeterKey) -> Option<&mut MeteringPoint> {
        let number = self.number_of(key)?;
        self.points.get_mut(number)
    }

    /// What was written is not in the store: nobody remembers anything because of that.
    pub(crate) fn forget(&mut self) {
        self.points.iter_mut().for_each(|point| point.intake.forget());
        self.keys.clear();
    }

    /// Others have changed something in the store.
    pub(crate) fn forget_decisions(&mut self) {
        self.points.iter_mut().for_each(|point| point.intake.forget_decisions());
    }

    /// Asks the store for meters that are not known to be there.
    pub(crate) fn recall(&mut self, store: &Queries) -> Result<(), StoreError> {
        for number in 0..self.points.len() {
            self.do_with(number, |point| point.intake.recall(store)).transpose()?;
        }
        Ok(())
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
        !self.keys.is_empty()
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
pub(crate) mod tests;
