//! What Home Assistant is told, one message after the other.

use std::collections::VecDeque;

use serde::Serialize;
use time::OffsetDateTime;
use xt211_homeassistant::{Language, MeterId, Origin, StateMessage, StateTopic, Topics};
use xt211_web::Condition;

use crate::{
    config::Config,
    metering_point::{MeteringPoint, Part},
    mqtt::LastWill,
    registry::Registry,
};

/// A message to be published.
#[derive(Debug)]
pub(crate) struct Announcement {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) retain: bool,
}

/// Knows whose turn it is to speak, and what is said where.
pub(crate) struct Announcer {
    topics: Topics,
    /// Whether Home Assistant is told anything, and not only the other bridges.
    tells_home_assistant: bool,
    origin: Origin,
    language: Language,
    availability_unsaid: bool,
    /// The topics of meters that are not there any more. The broker is to keep nothing there.
    gone: VecDeque<String>,
    /// The numbers of meters that have something to say, each once.
    queue: VecDeque<usize>,
}

impl Announcer {
    /// `None` if nothing is to be said.
    pub(crate) fn new(config: &Config) -> Option<Self> {
        let homeassistant = config.homeassistant.as_ref();
        if homeassistant.is_none() && !config.topics.is_in_group() {
            return None;
        }
        Some(Self {
            topics: config.topics.clone(),
            tells_home_assistant: homeassistant.is_some(),
            origin: origin(),
            language: homeassistant.map_or(Language::English, |it| it.language),
            availability_unsaid: true,
            gone: VecDeque::new(),
            queue: VecDeque::new(),
        })
    }

    /// What the broker says for us if we are gone without a goodbye.
    pub(crate) fn last_will(&self) -> LastWill {
        LastWill { topic: self.topics.availability(), payload: Topics::OFFLINE }
    }

    pub(crate) fn say_availability(&mut self) {
        self.availability_unsaid = true;
    }

    /// Has these meters removed, and no others any more.
    pub(crate) fn remove<'i>(&mut self, meters: impl Iterator<Item = &'i MeterId>) {
        let topics = &self.topics;
        self.gone = meters
            .flat_map(|id| {
                let told = self.tells_home_assistant.then(|| topics.retained(id));
                told.into_iter().flatten().chain(topics.shared(id))
            })
            .collect();
    }

    /// Has nothing kept any more of what was said elsewhere of meters, besides their states: as one of
    /// several bridges, or as the only one.
    pub(crate) fn leave<'i>(&mut self, place: &Topics, meters: impl Iterator<Item = &'i MeterId>) {
        self.gone.push_back(place.availability());
        self.gone.extend(meters.filter_map(|id| place.shared(id)));
    }

    /// Another bridge of the group is there now, or not any more; then nothing is to be kept of what it
    /// told of these meters. Returns whether that is new.
    pub(crate) fn note_bridge<'i>(
        &mut self,
        bridge: &MeterId,
        is_there: bool,
        meters: impl Iterator<Item = &'i MeterId>,
    ) -> bool {
        let is_new = self.topics.note_bridge(bridge, is_there);
        if is_new && !is_there {
            self.gone.extend(meters.map(|id| self.topics.shared_of(bridge, id)));
        }
        is_new
    }

    /// Lets a meter speak when its turn comes; one of former times never.
    pub(crate) fn enqueue(&mut self, number: usize, point: &mut MeteringPoint) {
        if !point.is_former && !std::mem::replace(&mut point.is_queued, true) {
            self.queue.push_back(number);
        }
    }

    /// Whoever waits for a turn to speak is to wait for another one.
    pub(crate) fn put_off(&mut self, registry: &mut Registry) {
        for number in self.queue.drain(..) {
            if let Some(point) = registry.get_mut(number) {
                point.is_queued = false;
            }
        }
    }

    pub(crate) fn has_something(&self) -> bool {
        self.availability_unsaid || !self.gone.is_empty() || !self.queue.is_empty()
    }

    /// The next message; one meter finishes before the next begins.
    pub(crate) fn next(
        &mut self,
        registry: &mut Registry,
        influxdb: &Condition,
        now: OffsetDateTime,
    ) -> Option<Announcement> {
        if std::mem::take(&mut self.availability_unsaid) {
            return Some(self.availability(Topics::ONLINE));
        }
        if let Some(topic) = self.gone.pop_front() {
            return Some(Announcement { topic, payload: Vec::new(), retain: true });
        }
        while let Some(number) = self.queue.front() {
            if let Some(point) = registry.get_mut(*number) {
                while let Some(part) = point.presence.next_part(influxdb) {
                    if let Some(announcement) = self.announce(point, part, influxdb, now) {
                        return Some(announcement);
                    }
                }
                point.is_queued = false;
            }
            self.queue.pop_front();
        }
        None
    }

    /// That we are gone.
    pub(crate) fn goodbye(&self) -> Announcement {
        self.availability(Topics::OFFLINE)
    }

    fn availability(&self, payload: &str) -> Announcement {
        let topic = self.topics.availability();
        Announcement { topic, payload: payload.into(), retain: true }
    }

    /// `None` if there is nothing to say of this part yet.
    fn announce(
        &self,
        point: &mut MeteringPoint,
        part: Part,
        influxdb: &Condition,
        now: OffsetDateTime,
    ) -> Option<Announcement> {
        let device = &point.presence.device;
        let (topic, payload) = match part {
            Part::Shared => {
                let payload = json(&point.presence.letter(influxdb)?)?;
                let topic = self.topics.shared(point.id())?;
                return Some(Announcement { topic, payload, retain: true });
            }
            _ if !self.tells_home_assistant => return None,
            Part::Removal => {
                let payload = json(&point.take_removal(&self.topics, &self.origin)?)?;
                let topic = self.topics.discovery(point.id());
                return Some(Announcement { topic, payload, retain: false });
            }
            Part::Discovery => {
                let discovery = device.discovery(&self.topics, &self.origin, self.language);
                let payload = json(&discovery)?;
                let topic = self.topics.discovery(point.id());
                return Some(Announcement { topic, payload, retain: true });
            }
            Part::Energy => (StateTopic::Energy, states(&device.energy()?)),
            Part::Live => (StateTopic::Live, states(&device.live(now)?)),
            Part::Module => (StateTopic::Module, states(&device.module()?)),
            Part::Bridge => (StateTopic::Bridge, json(&point.presence.bridge()?)?),
        };
        let retain = topic.is_retained();
        Some(Announcement { topic: self.topics.state(point.id(), topic), payload, retain })
    }
}

/// Who says all this.
pub(crate) fn origin() -> Origin {
    Origin {
        name: "xt211-bridge".into(),
        sw_version: Some(env!("CARGO_PKG_VERSION").into()),
        support_url: None,
    }
}

fn states(message: &StateMessage<'_>) -> Vec<u8> {
    let mut payload = Vec::new();
    message.write_json(&mut payload);
    payload
}

/// `None` cannot happen: all of these have text keys and none refuses to be written.
fn json(value: &impl Serialize) -> Option<Vec<u8>> {
    serde_json::to_vec(value)
        .inspect_err(|error| {
            tracing::error!("a message for Home Assistant cannot be written: {error}")
        })
        .ok()
}
