//! The promise itself: whatever fails, at the end the database holds exactly what was sent. While a
//! module sends bursts with repeats, the bridge is killed, the broker restarted, and InfluxDB is
//! away, resets, hangs and refuses, all by chance.

use std::{
    collections::{BTreeMap, VecDeque},
    mem,
    sync::{Arc, Mutex},
    time::Duration,
};

use fastrand::Rng;
use tokio::time::sleep;

use crate::support::{
    Answer, Bridge, Client, Gate, Module, Mosquitto, ScriptedInfluxDb, Sent, Walk, exported,
    influxdb_section_at, points, seeds,
    topic::{BRIDGE, DATA},
    until,
};

const READINGS: usize = 1_200;

/// How many the module keeps in its queue, and sends each time.
const QUEUE: usize = 100;

/// How many of them InfluxDB never takes, for each of these reasons.
const POISONED: usize = 2;
const REFUSALS: [Answer; 3] = [
    Answer::Error(400, "unable to parse: this is poison"),
    Answer::Error(422, "points beyond retention policy dropped"),
    PARTIAL_WRITE,
];

/// With this one, it takes all the others.
const PARTIAL_WRITE: Answer = Answer::Error(500, "partial write: field type conflict");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_the_database_holds_what_was_sent() {
    for rng in seeds() {
        keep_the_promise(rng).await;
    }
}

async fn keep_the_promise(mut rng: Rng) {
    let readings: Vec<_> = Walk::new(rng.fork()).take(READINGS).collect();
    let poisoned = rng.choose_multiple(&readings, REFUSALS.len() * POISONED);
    let poisoned = poisoned.into_iter().map(|sent| sent.line.clone());
    let poison: Poison = poisoned.zip(REFUSALS.into_iter().cycle()).collect();
    let mut world = World::start(poison.clone(), rng.fork()).await;
    let module = Module::at(&world.mosquitto);
    let sending = tokio::spawn(send_bursts(module, readings.clone(), rng.fork()));
    let mut blows = 0;
    while !sending.is_finished() {
        blows += world.suffer(&mut rng).await;
    }
    sending.await.unwrap();
    world.calm_down().await;

    let World { influxdb, mut bridge, mosquitto, stored, .. } = world;
    let lines = || readings.iter().map(|sent| &sent.line);
    let (all, good) = (points(lines()), points(lines().filter(|line| !poison.contains_key(*line))));
    let stored = || points(stored.lock().unwrap().iter());
    until("all points to be stored", || stored().len() >= good.len()).await;
    let client = Client::connect(&mosquitto).await;
    client.state(BRIDGE, "waiting", 0).await;
    client.state(BRIDGE, "set_aside", poison.len()).await;
    let list = bridge.printed("set-aside list").await;
    for refusal in REFUSALS {
        let Answer::Error(status, words) = refusal else { unreachable!() };
        let reason = format!("InfluxDB refuses ({status}): {words}");
        assert_eq!(list.matches(&reason).count(), POISONED, "{list}");
    }
    bridge.stop().await;
    assert!(stored() == good, "what is stored is not what was sent");
    let kept = exported(bridge.folder()).await;
    assert_eq!(kept.len(), READINGS, "some are kept twice");
    assert!(points(kept) == all, "what is kept is not what was sent");
    let (requests, successes) = (influxdb.writes().len(), influxdb.count(Answer::Written));
    println!("{READINGS} readings, {blows} blows, {requests} requests, {successes} successes");
}

/// Sends readings as the module does, which wakes up, has some new ones, and sends all that it
/// remembers, and now and then loses its memory. Some are late: a gateway had them first.
async fn send_bursts(module: Module, readings: Vec<Sent>, mut rng: Rng) {
    let mut queue = VecDeque::new();
    let mut late = Vec::new();
    let mut rest = readings.into_iter().map(|sent| sent.message).peekable();
    while rest.peek().is_some() || !late.is_empty() {
        let due: Vec<String>;
        (due, late) = mem::take(&mut late).into_iter().partition(|_| rng.u8(..) < 64);
        for message in rest.by_ref().take(rng.usize(1..35)) {
            if rng.u8(..) < 10 { late.push(message) } else { queue.push_back(message) }
        }
        queue.extend(due);
        // What falls out of it was sent before: more than it holds never come at once.
        queue.drain(..queue.len().saturating_sub(QUEUE));
        module.send(DATA, queue.iter().cloned()).await;
        // Half of the time, what it has sent does not come again to make up for a loss.
        if rng.bool() {
            queue.clear();
        }
        sleep(a_while(&mut rng)).await;
    }
}

/// Some milliseconds as a rule, and a third of a second at the most.
fn a_while(rng: &mut Rng) -> Duration {
    Duration::from_millis(rng.u64(0..8).pow(3))
}

/// What befalls the bridge.
#[derive(Clone, Copy)]
enum Blow {
    Killed,
    /// The second time, before it has got anywhere.
    KilledTwice,
    BrokerRestarted,
    InfluxDbAway,
    /// Each connection, in the middle of one of its requests.
    RequestsReset,
}

/// How often in one round, in any order.
const ROUND: [(Blow, usize); 5] = [
    (Blow::Killed, 5),
    (Blow::KilledTwice, 2),
    (Blow::BrokerRestarted, 2),
    (Blow::InfluxDbAway, 3),
    (Blow::RequestsReset, 3),
];

struct World {
    mosquitto: Mosquitto,
    influxdb: ScriptedInfluxDb,
    stored: Stored,
    poison: Poison,
    gate: Gate,
    bridge: Bridge,
}

impl World {
    async fn start(poison: Poison, rng: Rng) -> Self {
        let mosquitto = Mosquitto::persistent().await;
        let influxdb = ScriptedInfluxDb::start(Answer::Written).await;
        let stored = Stored::default();
        influxdb.answer_by(moody(Arc::clone(&stored), poison.clone(), rng));
        let gate = Gate::to(influxdb.port()).await;
        let store = "[store]\nkeep_days = 36500\n";
        let configuration = mosquitto.section() + &influxdb_section_at(gate.port) + store;
        let bridge = Bridge::start(&configuration).await;
        Self { mosquitto, influxdb, stored, poison, gate, bridge }
    }

    /// A round of blows; returns how many they were.
    async fn suffer(&mut self, rng: &mut Rng) -> usize {
        let blows = ROUND.into_iter().flat_map(|(blow, times)| [blow].repeat(times));
        let mut blows: Vec<_> = blows.collect();
        rng.shuffle(&mut blows);
        for blow in &blows {
            let a_while = a_while(rng);
            match blow {
                Blow::Killed => {
                    self.bridge.kill().await;
                    self.bridge.start_again().await;
                }
                Blow::KilledTwice => {
                    self.bridge.kill().await;
                    self.bridge.launch_again();
                    sleep(a_while / 10).await;
                    self.bridge.kill().await;
                    self.bridge.start_again().await;
                }
                Blow::BrokerRestarted => {
                    self.mosquitto.stop().await;
                    sleep(a_while).await;
                    self.mosquitto.start_again().await;
                }
                Blow::InfluxDbAway => {
                    self.gate.close().await;
                    sleep(a_while).await;
                    self.gate.open(u64::MAX).await;
                }
                Blow::RequestsReset => {
                    self.gate.open(rng.u64(0..4_000)).await;
                    sleep(a_while).await;
                    self.gate.open(u64::MAX).await;
                }
            }
            sleep(a_while).await;
        }
        blows.len()
    }

    /// From now on, all is well. The bridge is started once more, as it may have decided to wait
    /// for minutes.
    async fn calm_down(&mut self) {
        let (stored, poison) = (Arc::clone(&self.stored), self.poison.clone());
        self.influxdb.answer_by(move |lines| take(&stored, &poison, lines));
        self.bridge.kill().await;
        self.bridge.start_again().await;
    }
}

/// Everything that InfluxDB has stored, whatever it has answered.
type Stored = Arc<Mutex<Vec<String>>>;

/// Lines that it never stores, and how it refuses them.
type Poison = BTreeMap<String, Answer>;

/// What an InfluxDB answers that fails in every way.
fn moody(stored: Stored, poison: Poison, mut rng: Rng) -> impl FnMut(&str) -> Answer + Send {
    move |lines| match rng.u8(0..20) {
        0 => Answer::Nothing,
        1..=2 => Answer::Error(429, "slow down"),
        3..=4 => Answer::Error(500, "internal error"),
        5..=6 => Answer::Error(503, "starting up"),
        // It has stored them all the same.
        7..=8 => match take(&stored, &poison, lines) {
            Answer::Written => Answer::Error(502, "bad gateway"),
            refusal => refusal,
        },
        _ => take(&stored, &poison, lines),
    }
}

/// Stores lines, unless one of them is poison.
fn take(stored: &Stored, poison: &Poison, lines: &str) -> Answer {
    let refusal = lines.lines().find_map(|line| poison.get(line).copied());
    if refusal.is_none_or(|refusal| refusal == PARTIAL_WRITE) {
        let good = lines.lines().filter(|line| !poison.contains_key(*line));
        stored.lock().unwrap().extend(good.map(String::from));
    }
    refusal.unwrap_or(Answer::Written)
}
