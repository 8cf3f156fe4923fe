//! The heart: what arrives from the broker goes to its meter, and what the meter has to say goes
//! out again. One task owns all of it.

use std::{collections::HashMap, future::Future, pin::pin, sync::Arc, time::Duration};

use time::OffsetDateTime;
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{MissedTickBehavior, interval, timeout},
};
use xt211_homeassistant::{InfluxdbStatus, MeterId, Topics};

use crate::{
    announcer::{Announcement, Announcer},
    config::{self, Config},
    influx::{Forwarder, Outbox},
    meter::{Meter, Outcome},
    mqtt::{self, Connection, Delivery, Event, Session},
    routes::{Route, Routes},
};

/// How often the bridge looks at itself: at counts, and for meters that have fallen silent.
const LOOK_AROUND: Duration = Duration::from_secs(5);

/// How long its last words may take.
const GOODBYE: Duration = Duration::from_secs(5);

/// All meters, and the ways to the broker and to InfluxDB.
pub(crate) struct Bridge {
    config: Arc<Config>,
    session: Session,
    routes: Routes,
    meters: Vec<Meter>,
    numbers: HashMap<MeterId, usize>,
    announcer: Option<Announcer>,
    connection: Option<Connection>,
    forwarding: Option<Forwarding>,
    /// Home Assistant has started, and is to be told everything.
    reborn: bool,
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
        let mut bridge = Self {
            session: Session::start(options, topics.map(String::from)),
            routes: Routes::new(&config.meters),
            meters: Vec::new(),
            numbers: HashMap::new(),
            announcer,
            connection: None,
            forwarding: forwarding.transpose()?,
            reborn: false,
            config: Arc::clone(&config),
        };
        for meter in config.meters.iter().filter(|meter| !meter.is_wild()) {
            bridge.number_of(meter.id.clone(), || meter.name.clone(), meter);
        }
        Ok(bridge)
    }

    /// Runs until asked to stop, and then finishes what was accepted.
    pub(crate) async fn run(mut self, stop: impl Future<Output = ()>) {
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
                    None => break,
                },
                () = changed(&mut trouble) => self.look_around(),
                _ = look_around.tick() => self.look_around(),
                Some(room) = room(connection), if has_something_to_say => self.say(room),
            }
        }
        self.say_goodbye().await;
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
        match self.routes.find(topic) {
            // No meter's, even if the `+` of one covers it.
            _ if self.announcer.is_some() && topic == Topics::BIRTH => {
                self.reborn |= delivery.payload == Topics::ONLINE;
            }
            Some(route) => {
                let number = self.meter_at(&route);
                self.take(number, &delivery);
            }
            None => tracing::debug!(topic, "not a topic of ours"),
        }
        delivery.acknowledge();
    }

    /// The meter that a topic leads to; made if it is a new one.
    fn meter_at(&mut self, route: &Route<'_>) -> usize {
        let config = Arc::clone(&route.meter);
        match route.level {
            Some(level) => {
                let name = || format!("{} {level}", config.name).trim_end().to_owned();
                self.number_of(MeterId::from_name(level), name, &config)
            }
            None => self.number_of(config.id.clone(), || config.name.clone(), &config),
        }
    }

    fn number_of(
        &mut self,
        id: MeterId,
        name: impl FnOnce() -> String,
        config: &config::Meter,
    ) -> usize {
        *self.numbers.entry(id).or_insert_with_key(|id| {
            self.meters.push(Meter::new(id.clone(), name(), config));
            self.meters.len() - 1
        })
    }

    fn take(&mut self, number: usize, delivery: &Delivery) {
        let Some(meter) = self.meters.get_mut(number) else { return };
        let topic = &delivery.topic;
        match meter.receive(&delivery.payload, OffsetDateTime::now_utc()) {
            Outcome::Accepted(entry) => {
                tracing::debug!(topic, "accepted");
                if let Some(way) = &self.forwarding {
                    way.outbox.push(entry);
                }
            }
            Outcome::Nothing => tracing::debug!(topic, "a debug message"),
            Outcome::SetAside(refusal) => {
                let bytes = delivery.payload.len();
                tracing::warn!(topic, bytes, "set aside: {refusal}");
            }
        }
        if let Some(announcer) = &mut self.announcer {
            announcer.enqueue(number, meter);
        }
    }

    /// Notes what has changed without a message.
    fn look_around(&mut self) {
        if std::mem::take(&mut self.reborn) {
            tracing::info!("Home Assistant has started; it is told everything again");
            self.say_everything();
        }
        let influxdb = self.influxdb();
        let Some(announcer) = &mut self.announcer else { return };
        for (number, meter) in self.meters.iter_mut().enumerate() {
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
        for (number, meter) in self.meters.iter_mut().enumerate() {
            meter.say_everything();
            announcer.enqueue(number, meter);
        }
    }

    fn has_something_to_say(&self) -> bool {
        self.announcer.as_ref().is_some_and(Announcer::has_something)
    }

    fn next_announcement(&mut self) -> Option<Announcement> {
        let influxdb = self.influxdb();
        self.announcer.as_mut()?.next(&mut self.meters, influxdb, OffsetDateTime::now_utc())
    }

    fn say(&mut self, room: OwnedSemaphorePermit) {
        if let Some(announcement) = self.next_announcement()
            && let Some(connection) = &self.connection
        {
            connection.publish(room, announcement);
        }
    }

    async fn say_goodbye(mut self) {
        if let Some(connection) = self.connection.take()
            && timeout(GOODBYE, self.last_words(&connection)).await.is_err()
        {
            tracing::warn!("the broker did not hear our goodbye");
        }
        if let Some(way) = &self.forwarding {
            let _ = timeout(GOODBYE, way.outbox.emptied()).await;
            let waiting = way.outbox.len();
            if waiting > 0 {
                tracing::error!(waiting, "stopped before InfluxDB had taken every message");
            }
        }
        tracing::info!("stopped");
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
