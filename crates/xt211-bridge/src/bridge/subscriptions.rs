//! What the broker is asked for, and what it was asked for before.
//!
//! The broker goes on with what it was once asked for, over every restart of ours, and has messages
//! from there for us. So what is not wanted any more has to be ended, and what still comes is its
//! former meter's.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use rumqttc::{QoS, SubscribeFilter};
use xt211_store::{
    Session, StoreError, StoredSubscription, Subscription, SubscriptionState, Transaction,
};

use crate::config::{self, Config, TimeZone};

/// What the broker is asked for, and what it was asked for before.
pub(super) struct Subscriptions {
    session: Session,
    /// Their topics are what the broker is asked for: of several bridges, their share.
    wanted: Arc<[Subscription]>,
    /// All that is wanted.
    filters: BTreeMap<String, QoS>,
    /// Whether the broker may still give us our share of messages though it is not wanted, or all of
    /// them.
    left: Left,
    /// What several bridges ask for to hear each other.
    group: [String; 2],
    /// Topics that are not, as far as the broker was not told so.
    former: Vec<String>,
    /// Those of them that this connection was not told of yet.
    queue: VecDeque<String>,
    /// How many the broker was told of and has not answered yet.
    unanswered: usize,
    unwritten: Unwritten,
}

/// Where we were before: one of several bridges, or the only one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) group: bool,
    pub(super) alone: bool,
}

/// What the store has to know yet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unwritten {
    is_wanted: bool,
    ended: Option<Ended>,
}

/// What has become of former subscriptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// The broker knows that they are not wanted any more.
    Unsubscribed,
    /// The broker does not know us any more.
    Forgotten,
}

impl Subscriptions {
    /// Those of a configuration, and filters that are no meter's.
    pub(super) fn new(config: &Config, others: impl IntoIterator<Item = (String, QoS)>) -> Self {
        let wanted: Arc<[_]> =
            config.meters.iter().map(|meter| of_meter(meter, &config.mqtt)).collect();
        let topics = wanted.iter().flat_map(Subscription::topics);
        let filters = topics.map(|topic| (topic.to_owned(), QoS::AtLeastOnce)).chain(others);
        Self {
            session: Session {
                broker: config.mqtt.address(),
                client: config.mqtt.client_id.clone(),
            },
            filters: filters.collect(),
            wanted,
            left: Left::default(),
            group: config.topics.group(),
            former: Vec::new(),
            queue: VecDeque::new(),
            unanswered: 0,
            unwritten: Unwritten { is_wanted: true, ended: None },
        }
    }

    /// All that is wanted.
    pub(super) fn filters(&self) -> impl Iterator<Item = SubscribeFilter> {
        self.filters.clone().into_iter().map(|(filter, qos)| SubscribeFilter::new(filter, qos))
    }

    /// What was left, as far as the broker was not told so.
    pub(super) fn left(&self) -> Left {
        self.left
    }

    /// Takes up what brokers were ever asked for, the newest first. Returns the meters that had
    /// topics which they do not have any more, in the same order.
    pub(super) fn take_up(&mut self, stored: &[StoredSubscription]) -> Vec<config::Meter> {
        let wanted: BTreeMap<_, _> =
            self.wanted.iter().map(|one| (one.data_topic.as_str(), one)).collect();
        let is_former = |row: &&StoredSubscription| {
            let known = wanted.get(row.subscription.data_topic.as_str());
            row.session != self.session || known != Some(&&row.subscription)
        };
        let former: Vec<_> = stored.iter().filter(is_former).collect();
        // One of the same name at another address may be the same broker; to end there what it was
        // never asked for does no harm.
        let may_come = |row: &&&StoredSubscription| {
            row.session.client == self.session.client
                && row.state != SubscriptionState::Unsubscribed
        };
        let topics = former.iter().filter(may_come).flat_map(|row| row.subscription.topics());
        let ended: BTreeSet<_> =
            topics.filter(|topic| !self.filters.contains_key(*topic)).collect();
        self.left = Left {
            group: ended.iter().any(|filter| topic_of(filter) != *filter),
            alone: ended.iter().any(|filter| topic_of(filter) == *filter),
        };
        let group = self.group.iter().filter(|_| self.left.group).map(String::as_str);
        let group = group.filter(|filter| !self.filters.contains_key(*filter));
        self.former = ended.into_iter().chain(group).map(String::from).collect();

        let others = former.iter().filter(|row| row.session != self.session);
        let left = others.filter(|row| row.state == SubscriptionState::Wanted);
        let left: BTreeSet<_> =
            left.map(|row| (&row.session.broker, &row.session.client)).collect();
        for (broker, client) in left {
            tracing::warn!(
                "if {broker} has known us before, it keeps on collecting messages for the client \
                 {client:?}; they will come if the configuration goes back to it"
            );
        }
        former.into_iter().filter_map(|row| meter_of(&row.subscription)).collect()
    }

    /// There is a connection.
    pub(super) fn connected(&mut self, is_new_session: bool) {
        (self.queue, self.unanswered) = (VecDeque::new(), 0);
        if is_new_session {
            self.former.clear();
            self.unwritten.ended = Some(Ended::Forgotten);
        } else {
            self.queue.extend(self.former.iter().cloned());
        }
    }

    /// Whether the broker is to be told something.
    pub(super) fn has_something(&self) -> bool {
        !self.queue.is_empty()
    }

    /// A topic that the broker is to send no more.
    pub(super) fn next(&mut self) -> Option<String> {
        let topic = self.queue.pop_front()?;
        self.unanswered += 1;
        Some(topic)
    }

    /// The broker sends one topic less.
    pub(super) fn answered(&mut self) {
        self.unanswered = self.unanswered.saturating_sub(1);
        if self.unanswered == 0 && self.queue.is_empty() {
            tracing::info!("{} former topics are not followed any more", self.former.len());
            self.former.clear();
            self.unwritten.ended = Some(Ended::Unsubscribed);
        }
    }

    /// The store is a new one.
    pub(super) fn begin_anew(&mut self) {
        self.unwritten.is_wanted = true;
    }

    pub(super) fn has_unwritten(&self) -> bool {
        self.unwritten.is_wanted || self.unwritten.ended.is_some()
    }

    /// Writes down what the store does not know. Once that is committed, it is to be
    /// [told](Self::written) so.
    pub(super) fn write(&self, store: &mut Transaction<'_>) -> Result<(), StoreError> {
        if self.unwritten.is_wanted {
            store.subscribe(&self.session, &self.wanted)?;
        }
        match self.unwritten.ended {
            Some(Ended::Unsubscribed) => store.unsubscribed(&self.session),
            Some(Ended::Forgotten) => store.forget_subscriptions(&self.session),
            None => Ok(()),
        }
    }

    pub(super) fn written(&mut self) {
        self.unwritten = Unwritten::default();
    }
}

fn of_meter(meter: &config::Meter, mqtt: &config::Mqtt) -> Subscription {
    Subscription {
        meter: meter.id.to_string(),
        data_topic: mqtt.filter(&meter.data_topic),
        status_topic: mqtt.filter(&meter.status_topic),
        battery_topic: meter.battery_topic.as_deref().map(|topic| mqtt.filter(topic)),
        timezone: meter.timezone.name().to_owned(),
        max_power_kw: meter.max_power_kw,
    }
}

/// What messages come from that the broker was asked for. No topic of a meter begins with a `$`.
fn topic_of(filter: &str) -> &str {
    let share = filter.strip_prefix("$share/").and_then(|it| it.split_once('/'));
    share.map_or(filter, |(_, topic)| topic)
}

/// `None` if this version has no such id or zone.
fn meter_of(subscription: &Subscription) -> Option<config::Meter> {
    Some(config::Meter {
        id: subscription.meter.parse().ok()?,
        // Nobody is told of it.
        name: subscription.meter.clone(),
        data_topic: topic_of(&subscription.data_topic).to_owned(),
        status_topic: topic_of(&subscription.status_topic).to_owned(),
        battery_topic: subscription.battery_topic.as_deref().map(topic_of).map(String::from),
        serial: None,
        timezone: TimeZone::named(&subscription.timezone)?,
        max_power_kw: subscription.max_power_kw,
    })
}
