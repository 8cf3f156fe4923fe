//! The bridge dies at every step of its work on the disk: before, within or after each write, sync,
//! cut and deletion, while it makes a database, commits, and puts all in order at its end. Nothing
//! is lost, and nothing made up.

use std::fs;

use crate::support::{
    Answer, Bridge, Faults, Module, Mosquitto, ScriptedInfluxDb, exported, line, lines, message,
    points, topic::DATA, until,
};

/// When it dies, and at what.
type Death = (&'static str, &'static str);

const AT_WRITES: [Death; 3] = [("before", "write"), ("within", "write"), ("after", "write")];
const AT_SYNCS: [Death; 2] = [("before", "sync"), ("after", "sync")];
const AT_CUTS: [Death; 2] = [("before", "cut"), ("after", "cut")];
const AT_DELETIONS: [Death; 2] = [("before", "deletion"), ("after", "deletion")];

/// There are some thirty steps of a kind in a life.
const ENDLESS: u32 = 300;

/// A broker, an InfluxDB, and a bridge that is not running.
struct Setup {
    module: Module,
    influxdb: ScriptedInfluxDb,
    bridge: Bridge,
    faults: Faults,
    _mosquitto: Mosquitto,
    /// How many minutes were sent.
    sent: i64,
}

impl Setup {
    async fn new() -> Self {
        let mosquitto = Mosquitto::start().await;
        let influxdb = ScriptedInfluxDb::start(Answer::Written).await;
        let store = "[store]\nkeep_days = 36500\n";
        // The broker is to know it, so that it keeps what is sent while it is away.
        let mut bridge = Bridge::start(&(mosquitto.section() + &influxdb.section() + store)).await;
        bridge.stop().await;
        let module = Module::at(&mosquitto);
        Self { module, influxdb, bridge, faults: Faults::new(), _mosquitto: mosquitto, sent: 0 }
    }

    async fn send(&mut self, count: i64) {
        let minutes = self.sent..self.sent + count;
        self.module.send(DATA, minutes.map(message)).await;
        self.sent += count;
    }

    /// Launches it so that it dies at a step, the one of this number out of those of its kind.
    fn launch_to_die(&mut self, (how, kind): Death, step: u32) {
        self.bridge.set_environment(&self.faults.killing(how, kind, step));
        self.bridge.launch_again();
    }

    /// Sends so many readings, and waits until all are forwarded or the bridge is dead.
    async fn send_and_forward(&mut self, count: i64) {
        self.send(count).await;
        let last = line(self.sent - 1);
        until("the last reading to be forwarded, or death", || {
            !self.bridge.is_running() || self.influxdb.lines().contains(&last)
        })
        .await;
    }

    /// Stops it, unless it is dead; returns whether it was, or has died of that.
    async fn is_dead_in_the_end(&mut self) -> bool {
        if self.bridge.is_running() {
            self.bridge.stop().await;
        } else {
            self.bridge.end().await;
        }
        let is_dead = !self.bridge.logged("faults: killed").is_empty();
        assert!(is_dead || !self.bridge.logged(" stopped").is_empty(), "it has ended by itself");
        is_dead
    }

    /// A whole life without a fault; after it, everything since that reading is in the database,
    /// and everything ever sent in InfluxDB.
    async fn has_lost_nothing_since(&mut self, first: i64) {
        self.bridge.set_environment(&[]);
        self.bridge.launch_again();
        self.send_and_forward(1).await;
        assert!(!self.is_dead_in_the_end().await);
        let kept = exported(self.bridge.folder()).await;
        assert!(kept == lines(first..self.sent), "what is kept is not what was sent");
        let written = points(self.influxdb.lines());
        assert!(written == points(lines(0..self.sent)), "what is written is not what was sent");
    }
}

/// Lives again and again on one database, and dies a step later each time, until it has survived
/// all steps of a life: of commits of what has come and of what was forwarded, and of the end.
async fn dies_at_every_step(deaths: &[Death]) {
    let mut setup = Setup::new().await;
    for death in deaths {
        let mut step = 0;
        let mut is_dead = true;
        while is_dead {
            step += 1;
            assert!(step < ENDLESS, "it never survives {death:?}");
            setup.launch_to_die(*death, step);
            setup.send_and_forward(1).await;
            setup.send_and_forward(10).await;
            is_dead = setup.is_dead_in_the_end().await;
        }
        assert!(step > 1, "it never dies {death:?}");
    }
    setup.has_lost_nothing_since(0).await;
}

#[tokio::test]
async fn it_dies_at_every_write() {
    dies_at_every_step(&AT_WRITES).await;
}

#[tokio::test]
async fn it_dies_at_every_sync() {
    dies_at_every_step(&AT_SYNCS).await;
}

#[tokio::test]
async fn it_dies_at_every_cut_and_deletion() {
    dies_at_every_step(&[AT_CUTS, AT_DELETIONS].concat()).await;
}

/// Makes a database anew each time, and dies a step later each time, until it has made one.
async fn dies_making_a_database(death: Death) {
    let mut setup = Setup::new().await;
    let mut step = 0;
    let mut is_dead = true;
    while is_dead {
        step += 1;
        assert!(step < ENDLESS, "it never survives {death:?}");
        fs::remove_file(setup.bridge.folder().join("xt211-bridge.db")).unwrap();
        let first = setup.sent;
        setup.launch_to_die(death, step);
        until("connected, or dead", || {
            !setup.bridge.is_running() || !setup.bridge.logged("connected to").is_empty()
        })
        .await;
        is_dead = !setup.bridge.is_running();
        setup.is_dead_in_the_end().await;
        setup.has_lost_nothing_since(first).await;
    }
    assert!(step > 1, "it never dies {death:?}");
}

#[tokio::test]
async fn it_dies_while_it_makes_a_database() {
    for death in [&AT_WRITES[..], &AT_SYNCS].concat() {
        dies_making_a_database(death).await;
    }
}
