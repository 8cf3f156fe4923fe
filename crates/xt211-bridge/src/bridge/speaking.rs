//! What the bridge says to the broker, and how it takes its leave.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::{sync::OwnedSemaphorePermit, time::timeout};
use xt211_web::Condition;

use super::{Bridge, Tally, places::Places};
use crate::{
    announcer::{Announcement, Announcer},
    keeper::Keeper,
    mqtt::{Connection, Session},
    registry::Registry,
};

/// How long its last words may take.
const GOODBYE: Duration = Duration::from_secs(5);

impl Bridge {
    pub(super) fn say_everything(&mut self) {
        let Some(announcer) = &mut self.announcer else { return };
        announcer.say_availability();
        // One that comes back is none of these.
        announcer.remove(self.gone.iter().filter(|id| !self.registry.has(id)));
        let (topics, left) = (&self.config.topics, self.subscriptions.left());
        if topics.is_in_group() && left.alone {
            announcer.leave(&topics.clone().alone(), std::iter::empty());
        } else if !topics.is_in_group() && left.group {
            let place = topics.clone().in_group(&self.config.mqtt.client_id);
            announcer.leave(&place, self.registry.ids());
        }
        if topics.is_in_group() {
            // First, what other bridges have said is to be heard.
            announcer.put_off(&mut self.registry);
        }
        for (number, point) in self.registry.iter_mut() {
            point.presence.say_everything();
            match topics.is_in_group() {
                true => self.bursts.note(number, tokio::time::Instant::now()),
                false => announcer.enqueue(number, point),
            }
        }
    }

    pub(super) fn has_something_to_say(&self) -> bool {
        self.subscriptions.has_something()
            || self.announcer.as_ref().is_some_and(Announcer::has_something)
            || self.places.has_something()
    }

    /// Says one thing.
    pub(super) fn say(&mut self, room: OwnedSemaphorePermit) {
        let Some(connection) = self.connection.clone() else { return };
        if let Some(topic) = self.subscriptions.next() {
            connection.unsubscribe(room, topic);
        } else {
            let influxdb = self.influxdb();
            let Self { announcer, registry, places, .. } = self;
            let next = next_announcement(announcer.as_mut(), registry, places, &influxdb);
            if let Some(announcement) = next {
                connection.publish(room, announcement);
            }
        }
    }

    /// Keeps what has arrived, and leaves the broker; if it is for long, not without having said what
    /// is to be said, and a goodbye. Who comes back at once says everything anew. What then still
    /// waits for InfluxDB is in the store, which it returns.
    pub(crate) async fn finish(mut self, says_goodbye: bool) -> Keeper {
        if self.has_work()
            && let Err(error) = self.keep()
        {
            tracing::error!("{error:#}");
        }
        self.save_at_last();
        let numbers = self.bursts.take_all();
        self.let_speak(numbers);
        match timeout(GOODBYE, self.last_words(says_goodbye)).await {
            Ok(true) => self.places.answered(),
            Ok(false) => {}
            Err(_) => tracing::warn!("the broker did not hear our goodbye"),
        }
        self.save_at_last();
        if !self.inbox.is_empty() {
            tracing::warn!("what could not be kept is left to the broker, which has it still");
        }
        // The last one to leave the store puts it in order.
        if let Some(forwarder) = self.forwarder.take() {
            forwarder.stop().await;
        }
        if let Some(statistician) = self.statistician.take() {
            statistician.stop().await;
        }
        let waiting: u64 =
            self.registry.iter_mut().map(|(_, point)| point.presence.counts.waiting).sum();
        let Tally { accepted, passed_over, set_aside } = self.tally;
        tracing::info!(accepted, passed_over, set_aside, waiting, "stopped");
        self.keeper
    }

    fn save_at_last(&mut self) {
        if let Err(error) = self.save() {
            tracing::error!("{error:#}");
        }
    }

    /// Says what is still to be said and that we are gone, if it is for long, and ends the session.
    /// Returns whether the broker has answered all of it.
    async fn last_words(&mut self, says_goodbye: bool) -> bool {
        let connection = self.connection.take().filter(|_| says_goodbye);
        let influxdb = self.influxdb();
        let Self { announcer, registry, places, session, .. } = self;
        let goodbye = announcer.as_ref().map(Announcer::goodbye);
        // Each is made when it is its turn: all together may be larger than everything else.
        let next = || next_announcement(announcer.as_mut(), registry, places, &influxdb);
        let words = std::iter::from_fn(next).chain(goodbye);
        // What still arrives is not acknowledged, and so comes again; but the session has to be
        // listened to, or it would not get to sending.
        let is_answered = match connection {
            Some(connection) => tokio::select! {
                is_answered = speak(&connection, words) => is_answered,
                () = listen(session) => false,
            },
            None => false,
        };
        // Without a connection, too: there may just be one that the broker knows of already.
        session.close();
        listen(session).await;
        is_answered
    }
}

fn next_announcement(
    announcer: Option<&mut Announcer>,
    registry: &mut Registry,
    places: &mut Places,
    influxdb: &Condition,
) -> Option<Announcement> {
    let now = OffsetDateTime::now_utc();
    let announcement = announcer.and_then(|announcer| announcer.next(registry, influxdb, now));
    let empty = |topic| Announcement { topic, payload: Vec::new(), retain: true };
    announcement.or_else(|| places.next().map(empty))
}

/// Says words, and waits until all is answered; `false` if that will never be.
async fn speak(connection: &Connection, words: impl Iterator<Item = Announcement>) -> bool {
    for announcement in words {
        let Some(room) = connection.room().await else { return false };
        connection.publish(room, announcement);
    }
    connection.answered().await
}

/// Takes what the session tells until it is closed.
async fn listen(session: &mut Session) {
    while session.next().await.is_some() {}
}
