//! Changes at any moment, by chance: while a module sends, while InfluxDB is away, while the bridge
//! or the broker is ended in the middle of one.

use std::{collections::BTreeSet, time::Duration};

use fastrand::Rng;
use tokio::time::sleep;

use super::{kept, meter};
use crate::support::{
    Answer, Bridge, Client, Gate, Module, Mosquitto, ScriptedInfluxDb, Sent, Walk,
    influxdb_section_at, points, seeds, topic::BRIDGE, until,
};

const READINGS: usize = 600;

/// Where the module may be listened to. What it sends, it sends to all of them.
const TOPICS: [&str; 3] = ["one", "two", "three"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_whenever_the_configuration_changes() {
    for rng in seeds() {
        change_at_any_moment(rng).await;
    }
}

async fn change_at_any_moment(mut rng: Rng) {
    let readings: Vec<_> = Walk::new(rng.fork()).take(READINGS).collect();
    let mut world = World::start().await;
    let module = Module::at(&world.mosquitto);
    let sending = tokio::spawn(send(module, readings.clone(), rng.fork()));
    let mut changes = 0;
    while !sending.is_finished() {
        world.change(&mut rng).await;
        changes += 1;
        sleep(a_while(&mut rng)).await;
    }
    sending.await.unwrap();
    world.gate.open(u64::MAX).await;
    world.bridge.kill().await;
    world.bridge.start_again().await;

    let World { mosquitto, influxdbs, mut bridge, .. } = world;
    let expected: BTreeSet<_> = readings.into_iter().map(|sent| sent.line).collect();
    let stored = || points(influxdbs.iter().flat_map(ScriptedInfluxDb::lines));
    let all = points(&expected);
    until("all points to be stored", || stored().len() >= all.len()).await;
    let client = Client::connect(&mosquitto).await;
    client.state(BRIDGE, "waiting", 0).await;
    client.state(BRIDGE, "set_aside", 0).await;
    bridge.stop().await;
    assert!(stored() == all, "what is stored is not what was sent");
    assert!(kept(&bridge).await == expected, "what is kept is not what was sent");
    println!("{READINGS} readings, {changes} changes");
}

async fn send(module: Module, readings: Vec<Sent>, mut rng: Rng) {
    let mut rest = readings.as_slice();
    while !rest.is_empty() {
        let burst;
        (burst, rest) = rest.split_at(rng.usize(1..20).min(rest.len()));
        // The same order each time, as it would be one module.
        for topic in TOPICS {
            let topic = format!("{topic}/data");
            module.send(&topic, burst.iter().map(|sent| sent.message.clone())).await;
        }
        sleep(a_while(&mut rng)).await;
    }
}

/// Some milliseconds as a rule, and a third of a second at the most.
fn a_while(rng: &mut Rng) -> Duration {
    Duration::from_millis(rng.u64(0..8).pow(3))
}

struct World {
    mosquitto: Mosquitto,
    influxdbs: [ScriptedInfluxDb; 2],
    gate: Gate,
    bridge: Bridge,
}

impl World {
    async fn start() -> Self {
        let mosquitto = Mosquitto::persistent().await;
        let [one, other] =
            [ScriptedInfluxDb::start(Answer::Written), ScriptedInfluxDb::start(Answer::Written)];
        let influxdbs = [one.await, other.await];
        let gate = Gate::to(influxdbs[0].port()).await;
        let first = mosquitto.section() + &influxdb_section_at(gate.port) + &meter("meter", "one");
        let bridge = Bridge::start(&first).await;
        Self { mosquitto, influxdbs, gate, bridge }
    }

    /// Any configuration with any of the topics.
    fn configuration(&self, rng: &mut Rng) -> String {
        let port = if rng.bool() { self.gate.port } else { self.influxdbs[1].port() };
        let language = if rng.bool() { "cs" } else { "en" };
        let topic = TOPICS[rng.usize(..TOPICS.len())];
        self.mosquitto.section()
            + &influxdb_section_at(port)
            + &format!("[homeassistant]\nlanguage = \"{language}\"\n")
            + &meter("meter", topic)
    }

    async fn change(&mut self, rng: &mut Rng) {
        let configuration = self.configuration(rng);
        match rng.u8(0..10) {
            // In the middle of it.
            0 => {
                self.bridge.configure(&configuration);
                self.bridge.hang_up();
                sleep(a_while(rng) / 20).await;
                self.bridge.kill().await;
                self.bridge.start_again().await;
            }
            1 => {
                self.bridge.configure(&configuration);
                self.bridge.hang_up();
                sleep(a_while(rng) / 20).await;
                self.mosquitto.stop().await;
                self.mosquitto.start_again().await;
            }
            2 => {
                self.bridge.stop().await;
                self.bridge.configure(&configuration);
                self.bridge.start_again().await;
            }
            3 => self.gate.close().await,
            4 => self.gate.open(u64::MAX).await,
            _ => self.bridge.apply(&configuration).await,
        }
    }
}
