//! Where Home Assistant is told something, and where it was told something before.

use std::collections::{BTreeSet, VecDeque};

use xt211_homeassistant::{MeterId, Topics};
use xt211_store::{Announced, StoreError, Transaction};

use crate::config::Config;

/// Where Home Assistant is told something, and where it was told something before: the broker is to
/// keep nothing there.
pub(super) struct Places {
    broker: String,
    /// Our name and where we tell the others something, if we are one of several bridges.
    group: Option<(String, Topics)>,
    /// `None` if it is told nothing.
    here: Option<Announced>,
    former: Vec<Announced>,
    /// Topics that are to be emptied on this connection; `None` if nobody has looked for them yet.
    queue: Option<VecDeque<String>>,
    is_here_unwritten: bool,
    /// Where nothing is any more, and the store does not know it.
    empty: Vec<Announced>,
}

impl Places {
    pub(super) fn new(config: &Config) -> Self {
        let broker = config.mqtt.address();
        let place = || Announced {
            broker: broker.clone(),
            discovery_prefix: config.topics.discovery_prefix().to_owned(),
            topic_prefix: config.topics.topic_prefix().to_owned(),
        };
        let here = config.homeassistant.is_some().then(place);
        let is_here_unwritten = here.is_some();
        let topics = &config.topics;
        let group = topics.is_in_group().then(|| (config.mqtt.client_id.clone(), topics.clone()));
        let (former, queue, empty) = (Vec::new(), None, Vec::new());
        Self { broker, group, here, former, queue, is_here_unwritten, empty }
    }

    /// Takes up where Home Assistant was told something. Of another broker, that stays.
    pub(super) fn take_up(&mut self, stored: Vec<Announced>) {
        let is_former =
            |place: &Announced| place.broker == self.broker && Some(place) != self.here.as_ref();
        self.former = stored.into_iter().filter(is_former).collect();
    }

    /// There is a connection. These meters were ever told of, and those of them that are told of
    /// now.
    pub(super) fn connected<'i>(
        &mut self,
        ever: impl Iterator<Item = &'i MeterId> + Clone,
        now: impl Iterator<Item = &'i MeterId> + Clone,
    ) {
        if self.former.is_empty() {
            return;
        }
        let here = self.here.as_ref().map(topics_of);
        let group = self.group.as_ref().map(|(_, topics)| topics);
        let used = here.iter().flat_map(|topics| kept(topics, now.clone()));
        let used: BTreeSet<_> =
            used.chain(group.into_iter().flat_map(|topics| told(topics, now.clone()))).collect();
        let all = self.former.iter().map(topics_of).flat_map(|topics| {
            let mut all = kept(&topics, ever.clone());
            if let Some((client, _)) = &self.group {
                all.extend(told(&topics.in_group(client), ever.clone()));
            }
            all
        });
        self.queue = Some(all.filter(|topic| !used.contains(topic)).collect());
    }

    /// The connection is gone, and it has to be begun anew.
    pub(super) fn lost(&mut self) {
        self.queue = None;
    }

    pub(super) fn has_something(&self) -> bool {
        self.queue.as_ref().is_some_and(|queue| !queue.is_empty())
    }

    /// The next topic that is to be emptied. Once what is told now is told, so that nothing vanishes
    /// in between.
    pub(super) fn next(&mut self) -> Option<String> {
        self.queue.as_mut()?.pop_front()
    }

    /// Whether the broker is to keep nothing somewhere, and has not answered that yet.
    pub(super) fn are_being_emptied(&self) -> bool {
        self.queue.is_some()
    }

    /// Everything that was said is answered.
    pub(super) fn answered(&mut self) {
        if self.queue.as_ref().is_some_and(VecDeque::is_empty) {
            self.queue = None;
            for Announced { discovery_prefix, topic_prefix, .. } in &self.former {
                tracing::info!(
                    "nothing is left of what Home Assistant was told below {discovery_prefix}/ and \
                     {topic_prefix}/ before"
                );
            }
            self.empty.append(&mut self.former);
        }
    }

    /// The store is a new one.
    pub(super) fn begin_anew(&mut self) {
        self.is_here_unwritten = self.here.is_some();
    }

    pub(super) fn has_unwritten(&self) -> bool {
        self.is_here_unwritten || !self.empty.is_empty()
    }

    /// Writes down what the store does not know. Once that is committed, it is to be
    /// [told](Self::written) so.
    pub(super) fn write(&self, store: &mut Transaction<'_>) -> Result<(), StoreError> {
        if let Some(here) = self.here.as_ref().filter(|_| self.is_here_unwritten) {
            store.add_announced(here)?;
        }
        self.empty.iter().try_for_each(|place| store.forget_announced(place))
    }

    pub(super) fn written(&mut self) {
        self.is_here_unwritten = false;
        self.empty.clear();
    }
}

/// Where the broker keeps what Home Assistant is told of these meters, and of us.
fn kept<'i>(topics: &Topics, meters: impl Iterator<Item = &'i MeterId>) -> Vec<String> {
    meters.flat_map(|id| topics.retained(id)).chain([topics.availability()]).collect()
}

/// Where it keeps what other bridges are told of them, and of us.
fn told<'i>(topics: &Topics, meters: impl Iterator<Item = &'i MeterId>) -> Vec<String> {
    meters.filter_map(|id| topics.shared(id)).chain([topics.availability()]).collect()
}

fn topics_of(place: &Announced) -> Topics {
    Topics::new(&place.discovery_prefix, &place.topic_prefix)
}
