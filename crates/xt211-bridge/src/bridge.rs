//! The heart: what arrives from the broker goes to its meter, and what the meter has to say goes
//! out again. One task owns all of it.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use time::OffsetDateTime;
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{MissedTickBehavior, interval, timeout},
};
use xt211_homeassistant::{InfluxdbStatus, Topics};

use crate::{
    announcer::{Announcement, Announcer},
    config::{self, Config},
    influx::{Forwarder, Outbox},
    meter::{Outcome, Refusal},
    mqtt::{self, Connection, Delivery, Event, Session},
    registry::{Registry, Sender},
};

/// How often the bridge looks at itself: at counts, and for meters that have fallen silent.
const LOOK_AROUND: Duration = Duration::from_secs(5);

/// How long its last words may take.
const GOODBYE: Duration = Duration::from_secs(5);

/// All meters, and the ways to the broker and to InfluxDB.
pub(crate) struct Bridge {
    config: Arc<Config>,
    session: Session,
    registry: Registry,
    announcer: Option<Announcer>,
    connection: Option<Connection>,
    forwarding: Option<Forwarding>,
    /// Home Assistant has started, and is to be told everything.
    reborn: bool,
    /// Whether it was said that the outbox is full.
    was_full: bool,
    tally: Tally,
}

/// What became of the messages so far.
#[derive(Default)]
struct Tally {
    accepted: u64,
    /// Messages for the firmware's developers, and states of an unknown time.
    passed_over: u64,
    set_aside: u64,
}

/// The way to InfluxDB.
struct Forwarding {
    outbox: Arc<Outbox>,
    forwarder: Forwarder,
}

impl Bridge {
    /// Begins to connect to the broker and to forward. Has to be called within a runtime.
    pub(crate) fn start(config: Arc<Config>) -> anyhow::Result<Self> {
        let announcer = config.homeassistant.as_ref().map(Announcer::new);
        let last_will = announcer.as_ref().map(Announcer::last_will);
        let birth = announcer.is_some().then_some(Topics::BIRTH);
        let topics = config.meters.iter().flat_map(config::Meter::topics).chain(birth);
        let options = mqtt::options(&config.mqtt, last_will)?;
        let forwarding = config.influxdb.as_ref().map(|influxdb| {
            let outbox = Arc::<Outbox>::default();
            let forwarder = Forwarder::start(influxdb, Arc::clone(&outbox))?;
            anyhow::Ok(Forwarding { outbox, forwarder })
        });
        Ok(Self {
            session: Session::start(options, topics.map(String::from)),
            registry: Registry::new(&config.meters),
            tally: Tally::default(),
            was_full: false,
            announcer,
            connection: None,
            forwarding: forwarding.transpose()?,
            reborn: false,
            config: Arc::clone(&config),
        })
    }

    /// Runs until asked to stop, and then finishes what was accepted.
    ///
    /// # Errors
    ///
    /// InfluxDB did not take everything in time; or a part of the program has ended by itself, which
    /// is a fault of the program.
    pub(crate) async fn run(mut self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let mut trouble = self.forwarding.as_ref().map(|way| way.forwarder.trouble());
        let mut look_around = interval(LOOK_AROUND);
        look_around.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stop = pin!(stop);
        loop {
            let connection = self.connection.clone();
            let (room_for_more, has_something_to_say) =
                (self.has_room(), self.has_something_to_say());
            tokio::select! {
                // What arrives goes first: what is said after a burst is then said once.
                biased;
                () = &mut stop => break,
                event = self.session.next(), if room_for_more => match event {
                    Some(event) => self.happened(event),
                    None => anyhow::bail!("the session with the broker has ended by itself"),
                },
                () = changed(&mut trouble) => self.look_around(),
                _ = look_around.tick() => self.look_around(),
                Some(room) = room(connection), if has_something_to_say => self.say(room),
            }
        }
        match self.say_goodbye().await {
            0 => Ok(()),
            lost => anyhow::bail!("{lost} messages were lost that InfluxDB had not taken in time"),
        }
    }

    /// Whether another message can be taken. If not, the broker keeps it for us.
    fn has_room(&self) -> bool {
        self.forwarding.as_ref().is_none_or(|way| way.outbox.has_room())
    }

    fn happened(&mut self, event: Event) {
        match event {
            Event::Connected(connection) => {
                tracing::info!("connected to {}", self.config.mqtt.address());
                self.connection = Some(connection);
                self.say_everything();
            }
            Event::Delivered(delivery) => self.delivered(delivery),
            Event::Lost => self.connection = None,
        }
    }

    fn delivered(&mut self, delivery: Delivery) {
        let topic = &delivery.topic;
        if self.announcer.is_some() && topic == Topics::BIRTH {
            // No meter's, even if the `+` of one covers it.
            self.reborn |= delivery.payload == Topics::ONLINE;
        } else {
            match self.registry.sender(topic, &delivery.payload) {
                Sender::Meter(number) => self.take(number, &delivery),
                Sender::Stranger(error) => self.set_aside(&delivery, &error.into()),
                Sender::Nobody => tracing::debug!(topic, "not a topic of ours"),
            }
        }
        delivery.acknowledge();
    }

    fn set_aside(&mut self, delivery: &Delivery, refusal: &Refusal) {
        self.tally.set_aside += 1;
        let (topic, bytes) = (&delivery.topic, delivery.payload.len());
        tracing::warn!(topic, bytes, "set aside: {refusal}");
    }

    fn take(&mut self, number: usize, delivery: &Delivery) {
        let Some(meter) = self.registry.get_mut(number) else { return };
        let outcome = meter.receive(&delivery.payload, OffsetDateTime::now_utc());
        if let Some(announcer) = &mut self.announcer {
            announcer.enqueue(number, meter);
        }
        let topic = &delivery.topic;
        match outcome {
            Outcome::Accepted(entry) => {
                tracing::debug!(topic, "accepted");
                self.tally.accepted += 1;
                if let Some(way) = &self.forwarding {
                    way.outbox.push(entry);
                    self.warn_when_full();
                }
            }
            Outcome::Nothing => {
                tracing::debug!(topic, "says nothing that is kept");
                self.tally.passed_over += 1;
            }
            Outcome::SetAside(refusal) => self.set_aside(delivery, &refusal),
        }
    }

    /// Says once that nothing more is taken until InfluxDB is back.
    fn warn_when_full(&mut self) {
        let is_full = !self.has_room();
        if is_full && !self.was_full {
            tracing::error!(
                "as many messages wait for InfluxDB as there is room for: until it takes them, no \
                 more are read, and the broker may end the connection"
            );
        }
        self.was_full = is_full;
    }

    /// Notes what has changed without a message.
    fn look_around(&mut self) {
        if std::mem::take(&mut self.reborn) {
            tracing::info!("Home Assistant has started; it is told everything again");
            self.say_everything();
        }
        let influxdb = self.influxdb();
        let Some(announcer) = &mut self.announcer else { return };
        for (number, meter) in self.registry.iter_mut() {
            if meter.has_news(influxdb) {
                announcer.enqueue(number, meter);
            }
        }
    }

    fn influxdb(&self) -> InfluxdbStatus {
        match &self.forwarding {
            None => InfluxdbStatus::Off,
            Some(way) if way.forwarder.is_in_trouble() => InfluxdbStatus::Error,
            Some(_) => InfluxdbStatus::Ok,
        }
    }

    fn say_everything(&mut self) {
        let Some(announcer) = &mut self.announcer else { return };
        announcer.say_availability();
        for (number, meter) in self.registry.iter_mut() {
            meter.say_everything();
            announcer.enqueue(number, meter);
        }
    }

    fn has_something_to_say(&self) -> bool {
        self.announcer.as_ref().is_some_and(Announcer::has_something)
    }

    fn next_announcement(&mut self) -> Option<Announcement> {
        let influxdb = self.influxdb();
        self.announcer.as_mut()?.next(&mut self.registry, influxdb, OffsetDateTime::now_utc())
    }

    fn say(&mut self, room: OwnedSemaphorePermit) {
        if let Some(announcement) = self.next_announcement()
            && let Some(connection) = &self.connection
        {
            connection.publish(room, announcement);
        }
    }

    /// Returns how many messages InfluxDB did not take.
    async fn say_goodbye(mut self) -> usize {
        if let Some(connection) = self.connection.take()
            && timeout(GOODBYE, self.last_words(&connection)).await.is_err()
        {
            tracing::warn!("the broker did not hear our goodbye");
        }
        let mut waiting = 0;
        if let Some(way) = &self.forwarding {
            let _ = timeout(GOODBYE, way.outbox.emptied()).await;
            waiting = way.outbox.len();
        }
        let Tally { accepted, passed_over, set_aside } = self.tally;
        tracing::info!(accepted, passed_over, set_aside, waiting, "stopped");
        waiting
    }

    /// Says what is still to be said, and that we are gone.
    async fn last_words(&mut self, connection: &Connection) {
        let mut words: Vec<_> = std::iter::from_fn(|| self.next_announcement()).collect();
        words.extend(self.announcer.as_ref().map(Announcer::goodbye));
        let speak = async {
            for announcement in words {
                let Some(room) = connection.room().await else { return };
                connection.publish(room, announcement);
            }
            connection.close().await;
        };
        // What still arrives is not acknowledged, and so comes again; but the session has to be
        // listened to, or it would not get to sending.
        let silence = async { while self.session.next().await.is_some() {} };
        tokio::join!(speak, silence);
    }
}

/// Waits until InfluxDB begins or ceases to be in trouble; for ever without one.
async fn changed(trouble: &mut Option<watch::Receiver<Option<String>>>) {
    if let Some(trouble) = trouble
        && trouble.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

/// Waits for room for one publish; for ever without a connection.
async fn room(connection: Option<Connection>) -> Option<OwnedSemaphorePermit> {
    match connection {
        Some(connection) => connection.room().await,
        None => std::future::pending().await,
    }
}
