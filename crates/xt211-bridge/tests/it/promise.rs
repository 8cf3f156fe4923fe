//! The promise itself: whatever fails, at the end the database holds exactly what was sent.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    sync::{Arc, Mutex},
    time::Duration,
};

use fastrand::Rng;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::support::{
    Answer, Bridge, Client, Mosquitto, SERIAL, ScriptedInfluxDb, eventually, free_port,
    influxdb_section_at, minute, nanoseconds, reading, run_in, topic::DATA, until,
};

/// How many readings are sent, most of them again and again.
const READINGS: i64 = 1_200;

/// How many the module keeps in its queue, and sends each time.
const QUEUE: i64 = 100;

/// InfluxDB never takes every so many of them.
const POISON: i64 = 250;

/// A reading of the total, in thousandths.
fn message(number: i64) -> String {
    let (whole, thousandths) = total(number);
    reading(minute(number), &format!(r#""1.8.0":{whole}.{thousandths:03},"96.1.1":"{SERIAL}""#))
}

fn total(number: i64) -> (i64, i64) {
    let thousandths = 7_369_066 + number * 7;
    (thousandths / 1_000, thousandths % 1_000)
}

fn line(number: i64) -> String {
    let (whole, thousandths) = total(number);
    let total = format!("{whole}.{thousandths:03}");
    let total = total.trim_end_matches('0').trim_end_matches('.');
    format!("home_energy,meter={SERIAL} 1_8_0={total} {}", nanoseconds(minute(number)))
}

fn is_poison(line: &str) -> bool {
    (0..READINGS).step_by(POISON as usize).any(|number| self::line(number + 7) == line)
}

/// Everything that was stored, whatever was answered.
type Stored = Arc<Mutex<Vec<String>>>;

/// An InfluxDB that fails in every way.
struct Chaos {
    port: u16,
    stored: Stored,
    rng: Rng,
    server: Option<ScriptedInfluxDb>,
    resetting: Option<JoinHandle<()>>,
}

impl Chaos {
    fn new(rng: Rng) -> Self {
        let stored = Stored::default();
        Self { port: free_port(), stored, rng, server: None, resetting: None }
    }

    /// Fails in another way from now on, or not at all.
    async fn change(&mut self) {
        self.server = None;
        if let Some(task) = self.resetting.take() {
            task.abort();
        }
        match self.rng.u8(0..6) {
            // Nothing listens.
            0 => {}
            1 => {
                let listener = self.listener().await;
                self.resetting = Some(tokio::spawn(async move {
                    while let Ok((stream, _)) = listener.accept().await {
                        let _ = stream.set_zero_linger();
                    }
                }));
            }
            _ => {
                let (server, mut rng) = (self.serve().await, self.rng.fork());
                let stored = Arc::clone(&self.stored);
                server.answer_by(move |lines| match rng.u8(0..12) {
                    0 => Answer::Error(429, "slow down"),
                    1 => Answer::Error(503, "starting up"),
                    2 => Answer::Error(500, "out of luck"),
                    // It has stored them all the same.
                    3 => match take(&stored, lines) {
                        Answer::Written => Answer::Error(502, "bad gateway"),
                        refused => refused,
                    },
                    4 => Answer::Nothing,
                    _ => take(&stored, lines),
                });
                self.server = Some(server);
            }
        }
    }

    /// Is well from now on.
    async fn recover(&mut self) {
        self.server = None;
        if let Some(task) = self.resetting.take() {
            task.abort();
        }
        let (server, stored) = (self.serve().await, Arc::clone(&self.stored));
        server.answer_by(move |lines| take(&stored, lines));
        self.server = Some(server);
    }

    /// The port may be taken for a moment by what was there before.
    async fn listener(&self) -> TcpListener {
        let bind = async || TcpListener::bind(("127.0.0.1", self.port)).await.ok();
        eventually("the port of InfluxDB", bind).await
    }

    async fn serve(&self) -> ScriptedInfluxDb {
        drop(self.listener().await);
        ScriptedInfluxDb::start_at(self.port, Answer::Error(503, "starting up")).await
    }

    fn stored(&self) -> Vec<String> {
        self.stored.lock().unwrap().clone()
    }
}

/// Stores lines, unless one of them is poison.
fn take(stored: &Stored, lines: &str) -> Answer {
    if lines.lines().any(is_poison) {
        return Answer::Error(400, "points beyond retention policy dropped");
    }
    stored.lock().unwrap().extend(lines.lines().map(String::from));
    Answer::Written
}

/// The readings in the order in which they get into the queue: some are late.
fn order(rng: &mut Rng) -> Vec<i64> {
    let mut order: Vec<_> = (0..READINGS).collect();
    for _ in 0..READINGS / 20 {
        let (from, by) = (rng.usize(..order.len() - 50), rng.usize(1..50));
        let late = order.remove(from);
        order.insert(from + by, late);
    }
    order
}

async fn keep_the_promise(seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let mut mosquitto = Mosquitto::persistent().await;
    let mut influxdb = Chaos::new(rng.fork());
    influxdb.change().await;
    let configuration = mosquitto.section() + &influxdb_section_at(influxdb.port);
    let mut bridge = Bridge::start(&configuration).await;
    let module = Client::connect(&mosquitto).await;

    let order = order(&mut rng);
    let (mut sent, mut kills, mut restarts) = (0, 0, 0);
    while sent < order.len() {
        sent = (sent + rng.usize(10..60)).min(order.len());
        let queue = order[sent.saturating_sub(QUEUE as usize)..sent].iter().copied().map(message);
        let speak = module.publish_all(DATA, queue);
        match rng.u8(0..5) {
            0 | 1 => {
                let moment = Duration::from_micros(rng.u64(0..60_000));
                let die = async {
                    tokio::time::sleep(moment).await;
                    bridge.kill().await;
                    bridge.launch_again();
                };
                tokio::join!(speak, die);
                kills += 1;
            }
            2 => {
                speak.await;
                mosquitto.stop().await;
                mosquitto.start_again().await;
                module.subscribed(restarts + 2).await;
                restarts += 1;
            }
            _ => speak.await,
        }
        if rng.u8(0..3) == 0 {
            influxdb.change().await;
        }
    }

    influxdb.recover().await;
    // Whatever it still waits for, after so many failures: it begins anew.
    bridge.kill().await;
    bridge.start_again().await;
    let expected: BTreeSet<_> = (0..READINGS).map(line).collect();
    let poison: BTreeSet<_> = expected.iter().filter(|line| is_poison(line)).cloned().collect();
    let good: BTreeSet<_> = expected.difference(&poison).cloned().collect();
    until("all that is sent to be stored", || {
        good.is_subset(&influxdb.stored().into_iter().collect())
    })
    .await;

    let stored = influxdb.stored();
    let points: BTreeSet<_> = stored.iter().cloned().collect();
    assert_eq!(points, good, "seed {seed}: what is stored is not what was sent");
    let mut values = BTreeMap::new();
    for line in &stored {
        let (value, time) = line.rsplit_once(' ').unwrap();
        assert_eq!(values.entry(time).or_insert(value), &value, "seed {seed}: two values");
    }
    let command = async |arguments: &str| {
        let arguments: Vec<_> =
            arguments.split_whitespace().chain(["--config", "bridge.toml"]).collect();
        run_in(bridge.folder(), &arguments).await.stdout
    };
    let is_all_aside = async || {
        let list = command("set-aside list").await;
        list.contains(&format!("\n{} set aside\n", poison.len())).then_some(list)
    };
    let list = eventually("the poison to be set aside", is_all_aside).await;
    let words = "InfluxDB refuses (400): points beyond retention policy dropped";
    assert_eq!(list.matches(words).count(), poison.len(), "seed {seed}: {list}");
    let exported = command("export").await;
    let exported: Vec<_> = exported.lines().map(String::from).collect();
    assert_eq!(exported.len(), expected.len(), "seed {seed}: twice in the store");
    assert_eq!(exported.into_iter().collect::<BTreeSet<_>>(), expected, "seed {seed}");
    println!(
        "seed {seed}: {READINGS} readings, {kills} kills, {restarts} restarts of the broker, \
         {} lines written, {} set aside",
        stored.len(),
        poison.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_the_database_holds_what_was_sent() {
    let number = |name| env::var(name).ok().map(|text| text.parse::<u64>().expect(name));
    let first = number("XT211_TEST_SEED").unwrap_or_else(|| fastrand::u64(..1 << 32));
    for seed in first..first + number("XT211_TEST_SEEDS").unwrap_or(1) {
        println!("XT211_TEST_SEED={seed}");
        keep_the_promise(seed).await;
    }
}
