//! The heart: what arrives from the broker is decided on and kept, and only then acknowledged; what
//! a meter has to say goes out again. One task owns all of it.

mod bursts;
mod clock;
mod group;
mod inbox;
mod keeping;
mod lookout;
mod memory;
mod outsiders;
mod places;
mod speaking;
mod subscriptions;
mod upkeep;

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use rumqttc::QoS;
use time::OffsetDateTime;
use tokio::{
    sync::OwnedSemaphorePermit,
    task::yield_now,
    time::{Instant, interval, sleep_until},
};
use xt211_homeassistant::{MeterId, Topics};
use xt211_web::{BrokerSign, Condition};

use self::{
    bursts::Bursts, clock::Clock, group::Group, inbox::Inbox, lookout::Lookout, places::Places,
    subscriptions::Subscriptions,
};
use crate::{
    announcer::Announcer,
    config::Config,
    control::{Board, set},
    influx::{Forwarder, Report, Sign},
    keeper::Keeper,
    mqtt::{self, Connection, Delivery, Event, Session},
    registry::Registry,
    statistics::{Counted, Statistician, Told},
};

/// How often history that is old enough is removed, and how soon if there is more of it.
const PRUNE: Duration = Duration::from_secs(6 * 3600);
const PRUNE_MORE: Duration = Duration::from_secs(5);

/// All meters, and the ways to the broker, to the store and to InfluxDB.
pub(crate) struct Bridge {
    config: Arc<Config>,
    board: Arc<Board>,
    session: Session,
    subscriptions: Subscriptions,
    places: Places,
    inbox: Inbox,
    keeper: Keeper,
    registry: Registry,
    /// Meters that the store knows and the configuration has not any more.
    gone: Vec<MeterId>,
    clock: Clock,
    lookout: Lookout,
    /// The last entry of what was set aside before we started.
    first_aside: i64,
    /// The last one that was judged again, while that is under way.
    judged: i64,
    announcer: Option<Announcer>,
    /// What is new of these is not said yet.
    bursts: Bursts,
    /// What other bridges have said.
    group: Group,
    connection: Option<Connection>,
    forwarder: Option<Forwarder>,
    /// What the forwarder has done and is not written down yet.
    report: Option<Report>,
    statistician: Option<Statistician>,
    /// The same of the statistician.
    counted: Option<Counted>,
    /// Whether it was possible to take up what the store knows.
    has_remembered: bool,
    /// Whether what was asked for is done, unless others have changed something since.
    has_looked: bool,
    /// Home Assistant has started, and is to be told everything.
    reborn: bool,
    tally: Tally,
}

/// What became of the messages so far.
#[derive(Default)]
struct Tally {
    accepted: u64,
    /// Messages that say nothing new, or nothing that is kept.
    passed_over: u64,
    set_aside: u64,
}

impl Bridge {
    /// Begins to connect to the broker and to forward. Has to be called within a runtime, with a
    /// store that is open.
    pub(crate) fn start(
        config: Arc<Config>,
        keeper: Keeper,
        board: Arc<Board>,
    ) -> anyhow::Result<Self> {
        let announcer = Announcer::new(&config);
        let last_will = announcer.as_ref().map(Announcer::last_will);
        let birth = announcer.is_some().then(|| (Topics::BIRTH.to_owned(), QoS::AtLeastOnce));
        let subscriptions =
            Subscriptions::new(&config, birth.into_iter().chain(group::filters(&config)));
        let options = mqtt::options(&config.mqtt, last_will)?;
        let mut bridge = Self {
            session: Session::start(options, subscriptions.filters()),
            subscriptions,
            places: Places::new(&config),
            board,
            inbox: Inbox::default(),
            keeper,
            registry: Registry::new(&config.meters),
            gone: Vec::new(),
            clock: Clock::new(OffsetDateTime::now_utc(), clock::running()),
            lookout: Lookout::new(Instant::now()),
            first_aside: 0,
            judged: 0,
            announcer,
            bursts: Bursts::default(),
            group: Group::default(),
            connection: None,
            forwarder: None,
            report: None,
            statistician: None,
            counted: None,
            has_remembered: false,
            has_looked: false,
            reborn: false,
            tally: Tally::default(),
            config: Arc::clone(&config),
        };
        if bridge.config.topics.is_in_group() {
            bridge.registry.share();
        }
        bridge.board.note(|signs| set(&mut signs.broker, BrokerSign::Connecting));
        bridge.remember()?;
        bridge.note_conditions();
        Ok(bridge)
    }

    /// Runs until something else is done, and returns that. Then it is to
    /// [finish](Self::finish).
    ///
    /// # Errors
    ///
    /// A part of the program has ended by itself, which is a fault of the program.
    pub(crate) async fn run<T>(
        &mut self,
        until_done: impl Future<Output = T>,
    ) -> anyhow::Result<T> {
        let mut prune = interval(PRUNE);
        let mut until_done = pin!(until_done);
        loop {
            let connection = self.connection.clone();
            let has_something_to_say = self.has_something_to_say();
            let (has_room, has_work) = (self.inbox.has_room(), self.has_work());
            let (due, over, look) = (self.keeper.due(), self.bursts.due(), self.lookout.due());
            let has_reported = self.report.is_some();
            tokio::select! {
                // Messages go last, as they may come without a pause; nothing else does. Of what has
                // arrived, all is taken before it is kept at once.
                biased;
                done = &mut until_done => return Ok(done),
                () = until(over), if over.is_some() => {
                    let numbers = self.bursts.take_over(Instant::now());
                    self.let_speak(numbers);
                }
                sign = sign(&mut self.forwarder, !has_reported) => match sign {
                    Sign::Report(report) => self.report = Some(report),
                    Sign::Damaged(error) => self.begin_anew(&error)?,
                    Sign::Condition => self.look_around(),
                },
                told = told(&mut self.statistician, self.counted.is_none()) => match told {
                    Told::Counted(counted) => self.counted = Some(counted),
                    Told::Condition => self.note_conditions(),
                },
                () = self.board.look.notified() => self.lookout.wanted(Instant::now()),
                () = self.lookout.written() => self.lookout.wanted(Instant::now()),
                () = until(look), if look.is_some() => {
                    self.look()?;
                    continue;
                }
                _ = prune.tick() => if self.prune()? {
                    prune.reset_after(PRUNE_MORE);
                },
                Some(room) = room(connection), if has_something_to_say => self.say(room),
                event = self.session.next(), if has_room => match event {
                    Some(event) => self.happened(event),
                    None => anyhow::bail!("the session with the broker has ended by itself"),
                },
                () = until(due), if has_work => {
                    self.keep()?;
                    // Whoever is waited for together with us has to get a turn, too.
                    yield_now().await;
                }
            }
            self.lookout.happened(Instant::now);
        }
    }

    fn happened(&mut self, event: Event) {
        match event {
            Event::Connected { connection, is_new_session } => {
                tracing::info!("connected to {}", self.config.mqtt.address());
                self.connection = Some(connection);
                self.subscriptions.connected(is_new_session);
                let told = self.registry.ids();
                self.places.connected(told.chain(&self.gone), self.registry.ids());
                self.say_everything();
                let broker = BrokerSign::Connected(OffsetDateTime::now_utc());
                self.board.note(|signs| set(&mut signs.broker, broker));
            }
            Event::Delivered(deliveries) => {
                deliveries.into_iter().for_each(|delivery| self.delivered(delivery));
            }
            Event::Unsubscribed => self.subscriptions.answered(),
            Event::Lost(reason) => {
                self.connection = None;
                self.places.lost();
                let broker = BrokerSign::Trouble(reason.into());
                self.board.note(|signs| set(&mut signs.broker, broker));
            }
        }
    }

    fn delivered(&mut self, delivery: Delivery) {
        if self.announcer.is_some() && delivery.topic == Topics::BIRTH {
            // No meter's, even if the `+` of one covers it.
            self.reborn |= delivery.payload == Topics::ONLINE;
            Delivery::acknowledge(vec![delivery]);
        } else if self.config.topics.is_state(&delivery.topic) {
            self.hear_of_group(&delivery);
            // Nor is what we say ourselves: to set it aside would make us say something new.
            Delivery::acknowledge(vec![delivery]);
        } else {
            self.inbox.push(delivery);
        }
    }

    /// Notes what has changed without a message.
    fn look_around(&mut self) {
        if std::mem::take(&mut self.reborn) {
            tracing::info!("Home Assistant has started; it is told everything again");
            self.say_everything();
        }
        self.note_conditions();
        if self.connection.as_ref().is_some_and(Connection::is_answered) {
            self.places.answered();
        }
        let influxdb = self.influxdb();
        let Some(announcer) = &mut self.announcer else { return };
        for (number, point) in self.registry.iter_mut() {
            if point.presence.has_news(&influxdb) && !self.bursts.has(number) {
                announcer.enqueue(number, point);
            }
        }
    }

    /// Lets meters speak whose modules are done.
    fn let_speak(&mut self, numbers: Vec<usize>) {
        let Some(announcer) = &mut self.announcer else { return };
        for number in numbers {
            if let Some(point) = self.registry.get_mut(number) {
                announcer.enqueue(number, point);
            }
        }
    }

    fn influxdb(&self) -> Condition {
        self.forwarder.as_ref().map_or(Condition::Off, Forwarder::condition)
    }

    /// Posts what works and what does not, and whether any meter was ever heard of.
    fn note_conditions(&self) {
        let (influxdb, store) = (self.influxdb(), self.keeper.condition());
        let statistics = self.statistician.as_ref();
        let statistics = statistics.map_or(Condition::Off, Statistician::condition);
        let has_meters = !self.gone.is_empty() || self.registry.has_stored();
        self.board.note(|signs| {
            let news = [
                set(&mut signs.influxdb, influxdb),
                set(&mut signs.store, store),
                set(&mut signs.statistics, statistics),
                set(&mut signs.has_meters, has_meters),
            ];
            news.contains(&true)
        });
    }

    /// Posts that something has changed in the store.
    fn note_revision(&self) {
        self.board.note(|signs| {
            signs.revision += 1;
            true
        });
    }
}

/// Waits for a sign of the forwarder; for ever without one.
async fn sign(forwarder: &mut Option<Forwarder>, with_reports: bool) -> Sign {
    match forwarder {
        Some(forwarder) => forwarder.sign(with_reports).await,
        None => std::future::pending().await,
    }
}

/// Waits for what the statistician has to tell; for ever without one.
async fn told(statistician: &mut Option<Statistician>, with_reports: bool) -> Told {
    match statistician {
        Some(statistician) => statistician.told(with_reports).await,
        None => std::future::pending().await,
    }
}

/// Waits until a time; not at all without one.
async fn until(time: Option<Instant>) {
    if let Some(time) = time {
        sleep_until(time).await;
    }
}

/// Waits for room for one publish; for ever without a connection.
async fn room(connection: Option<Connection>) -> Option<OwnedSemaphorePermit> {
    match connection {
        Some(connection) => connection.room().await,
        None => std::future::pending().await,
    }
}
