//! The heart: what arrives from the broker is decided on and kept, and only then acknowledged; what
//! a meter has to say goes out again. One task owns all of it.

mod bursts;
mod clock;
mod inbox;
mod keeping;
mod memory;
mod upkeep;

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use time::OffsetDateTime;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};
use xt211_homeassistant::{MeterId, Topics};

use self::{bursts::Bursts, clock::Clock, inbox::Inbox};
use crate::{
    announcer::{Announcement, Announcer},
    config::{self, Config},
    influx::{Condition, Forwarder, Report, Sign},
    keeper::Keeper,
    mqtt::{self, Connection, Delivery, Event, Session},
    registry::Registry,
    statistics::{Counted, Statistician},
};

/// How often the bridge looks at itself: at counts, for meters that have fallen silent, and for
/// what the user has asked for in the store.
const LOOK_AROUND: Duration = Duration::from_secs(5);

/// How often history that is old enough is removed.
const PRUNE: Duration = Duration::from_secs(6 * 3600);

/// How long its last words may take.
const GOODBYE: Duration = Duration::from_secs(5);

/// All meters, and the ways to the broker, to the store and to InfluxDB.
pub(crate) struct Bridge {
    config: Arc<Config>,
    session: Session,
    inbox: Inbox,
    keeper: Keeper,
    registry: Registry,
    /// Meters that the store knows and the configuration has not any more.
    gone: Vec<MeterId>,
    clock: Clock,
    /// The last entry of what was set aside before we started.
    first_aside: i64,
    /// The last one that was judged again, while that is under way.
    judged: i64,
    announcer: Option<Announcer>,
    /// What is new of these is not said yet.
    bursts: Bursts,
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
    pub(crate) fn start(config: Arc<Config>, keeper: Keeper) -> anyhow::Result<Self> {
        let announcer = Announcer::new(&config);
        let last_will = announcer.as_ref().map(Announcer::last_will);
        let birth = announcer.is_some().then_some(Topics::BIRTH);
        let topics = config.meters.iter().flat_map(config::Meter::topics).chain(birth);
        let options = mqtt::options(&config.mqtt, last_will)?;
        let mut bridge = Self {
            session: Session::start(options, topics.map(String::from)),
            inbox: Inbox::default(),
            keeper,
            registry: Registry::new(&config.meters),
            gone: Vec::new(),
            clock: Clock::new(OffsetDateTime::now_utc(), clock::running()),
            first_aside: 0,
            judged: 0,
            announcer,
            bursts: Bursts::default(),
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
        bridge.remember()?;
        Ok(bridge)
    }

    /// Runs until asked to stop, and then finishes what was accepted.
    ///
    /// # Errors
    ///
    /// A part of the program has ended by itself, which is a fault of the program.
    pub(crate) async fn run(mut self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let mut look_around = interval(LOOK_AROUND);
        look_around.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut prune = interval(PRUNE);
        let mut stop = pin!(stop);
        loop {
            let connection = self.connection.clone();
            let has_something_to_say = self.has_something_to_say();
            let (has_room, has_work) = (self.inbox.has_room(), self.has_work());
            let (due, over) = (self.keeper.due(), self.bursts.due());
            let has_reported = self.report.is_some();
            tokio::select! {
                // What arrives goes first: it is then kept at once.
                biased;
                () = &mut stop => break,
                event = self.session.next(), if has_room => match event {
                    Some(event) => self.happened(event),
                    None => anyhow::bail!("the session with the broker has ended by itself"),
                },
                () = until(due), if has_work => self.keep()?,
                () = until(over), if over.is_some() => {
                    let numbers = self.bursts.take_over(Instant::now());
                    self.let_speak(numbers);
                }
                sign = sign(&mut self.forwarder, !has_reported) => match sign {
                    Sign::Report(report) => self.report = Some(report),
                    Sign::Damaged(error) => self.begin_anew(&error)?,
                    Sign::Condition => self.look_around(),
                },
                counted = counted(&mut self.statistician), if self.counted.is_none() => {
                    self.counted = Some(counted);
                }
                _ = look_around.tick() => {
                    self.clock.look(OffsetDateTime::now_utc(), clock::running());
                    let is_more = self.judge_again()?;
                    self.save()?;
                    if self.look_into_store()? || is_more {
                        look_around.reset_immediately();
                    }
                    self.look_around();
                }
                _ = prune.tick() => if self.prune()? {
                    prune.reset_after(LOOK_AROUND);
                },
                Some(room) = room(connection), if has_something_to_say => self.say(room),
            }
        }
        self.say_goodbye().await;
        Ok(())
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
        if self.announcer.is_some() && delivery.topic == Topics::BIRTH {
            // No meter's, even if the `+` of one covers it.
            self.reborn |= delivery.payload == Topics::ONLINE;
            delivery.acknowledge();
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

    fn say_everything(&mut self) {
        let Some(announcer) = &mut self.announcer else { return };
        announcer.say_availability();
        // One that comes back is none of these.
        announcer.remove(self.gone.iter().filter(|id| !self.registry.has(id)));
        for (number, point) in self.registry.iter_mut() {
            point.presence.say_everything();
            announcer.enqueue(number, point);
        }
    }

    fn has_something_to_say(&self) -> bool {
        self.announcer.as_ref().is_some_and(Announcer::has_something)
    }

    fn next_announcement(&mut self) -> Option<Announcement> {
        let influxdb = self.influxdb();
        self.announcer.as_mut()?.next(&mut self.registry, &influxdb, OffsetDateTime::now_utc())
    }

    fn say(&mut self, room: OwnedSemaphorePermit) {
        if let Some(announcement) = self.next_announcement()
            && let Some(connection) = &self.connection
        {
            connection.publish(room, announcement);
        }
    }

    /// Keeps what has arrived, and says what is to be said. What then still waits for InfluxDB is
    /// in the store.
    async fn say_goodbye(mut self) {
        if self.has_work()
            && let Err(error) = self.keep()
        {
            tracing::error!("{error:#}");
        }
        if let Err(error) = self.save() {
            tracing::error!("{error:#}");
        }
        if !self.inbox.is_empty() {
            tracing::warn!("what could not be kept is left to the broker, which has it still");
        }
        let numbers = self.bursts.take_all();
        self.let_speak(numbers);
        if let Some(connection) = self.connection.take()
            && timeout(GOODBYE, self.last_words(&connection)).await.is_err()
        {
            tracing::warn!("the broker did not hear our goodbye");
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

/// Waits for a sign of the forwarder; for ever without one.
async fn sign(forwarder: &mut Option<Forwarder>, with_reports: bool) -> Sign {
    match forwarder {
        Some(forwarder) => forwarder.sign(with_reports).await,
        None => std::future::pending().await,
    }
}

/// Waits for a report of the statistician; for ever without one.
async fn counted(statistician: &mut Option<Statistician>) -> Counted {
    match statistician {
        Some(statistician) => statistician.report().await,
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
