//! What was acknowledged to the broker is on the disk: after a power cut, which takes all that was
//! not synced, and in every copy that is made while the bridge writes.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use fastrand::Rng;
use tokio::time::sleep;

use crate::support::{
    Answer, Bridge, Client, Faults, Module, Mosquitto, ScriptedInfluxDb, exported, lines, message,
    points, seeds,
    topic::{DATA, ENERGY},
    until,
};

const PARTS: [&str; 2] = ["xt211-bridge.db", "xt211-bridge.db-wal"];

/// Sends readings, by ones, twos and so on, again and again, with pauses of any length, until it
/// is told to stop. Returns how many there were.
async fn send_on(module: Module, stop: Arc<AtomicBool>, mut rng: Rng) -> i64 {
    let (mut sent, mut size) = (0, 1);
    while !stop.load(Ordering::Relaxed) {
        module.send(DATA, (sent..sent + size).map(message)).await;
        (sent, size) = (sent + size, size % 12 + 1);
        sleep(Duration::from_millis(rng.u64(..80))).await;
    }
    sent
}

fn copy_parts(from: &Path, to: &Path) {
    for file in PARTS {
        if from.join(file).exists() {
            fs::copy(from.join(file), to.join(file)).unwrap();
        }
    }
}

/// Puts back what the disk is certain to have.
fn cut_power(shadow: &Path, folder: &Path) {
    for file in PARTS.into_iter().chain(["xt211-bridge.db-shm"]) {
        // Whether it is there or not.
        let _ = fs::remove_file(folder.join(file));
    }
    copy_parts(shadow, folder);
}

/// What the parts of a database in a folder hold, of which nothing is changed.
async fn kept_in(folder: &Path) -> Vec<String> {
    let copy = tempfile::tempdir().unwrap();
    copy_parts(folder, copy.path());
    exported(copy.path()).await
}

#[tokio::test]
async fn the_power_fails_again_and_again() {
    for rng in seeds() {
        fails_again_and_again(rng).await;
    }
}

async fn fails_again_and_again(mut rng: Rng) {
    const CUTS: usize = 16;

    let mosquitto = Mosquitto::talkative().await;
    let influxdb = ScriptedInfluxDb::start(Answer::Written).await;
    let faults = Faults::new();
    let store = "[store]\nkeep_days = 36500\n";
    let configuration = mosquitto.section() + &influxdb.section() + store;
    let mut bridge = Bridge::launch_with(&configuration, "info", &faults.shadowing());
    bridge.connected(1).await;
    let stop = Arc::<AtomicBool>::default();
    let sending = send_on(Module::at(&mosquitto), Arc::clone(&stop), rng.fork());
    let sending = tokio::spawn(sending);
    let written = || points(influxdb.lines()).len();
    for _ in 0..CUTS {
        // At any moment after some more are written, however many these turn out to be.
        let enough = written() + rng.usize(1..100);
        until("more readings", || written() >= enough).await;
        sleep(Duration::from_micros(rng.u64(..40_000))).await;
        bridge.kill().await;
        let acknowledged = mosquitto.acknowledged();
        cut_power(&faults.shadow(), bridge.folder());
        let kept = kept_in(bridge.folder()).await;
        assert!(kept.len() >= acknowledged, "{} of {acknowledged}", kept.len());
        assert_eq!(kept, lines(0..kept.len() as i64));
        bridge.start_again().await;
    }
    stop.store(true, Ordering::Relaxed);
    let sent = sending.await.unwrap();
    until("all readings", || written() >= sent as usize).await;
    bridge.stop().await;
    assert_eq!(points(influxdb.lines()), points(lines(0..sent)));
    assert_eq!(exported(bridge.folder()).await, lines(0..sent));
    println!("{CUTS} cuts, {sent} readings");
}

#[tokio::test]
async fn a_copy_of_any_moment_holds_what_was_acknowledged_and_shown() {
    for rng in seeds() {
        is_copied_again_and_again(rng).await;
    }
}

async fn is_copied_again_and_again(mut rng: Rng) {
    const COPIES: usize = 32;

    let mosquitto = Mosquitto::talkative().await;
    let influxdb = ScriptedInfluxDb::start(Answer::Written).await;
    let bridge = Bridge::start(&(mosquitto.section() + &influxdb.section())).await;
    let client = Client::connect(&mosquitto).await;
    let stop = Arc::<AtomicBool>::default();
    let sending = send_on(Module::at(&mosquitto), Arc::clone(&stop), rng.fork());
    let sending = tokio::spawn(sending);
    for _ in 0..COPIES {
        let enough = mosquitto.acknowledged() + rng.usize(1..30);
        until("more readings", || mosquitto.acknowledged() >= enough).await;
        sleep(Duration::from_micros(rng.u64(..40_000))).await;
        client.message(ENERGY).await;
        bridge.freeze().await;
        let acknowledged = mosquitto.acknowledged();
        let shown = client.seen(ENERGY).pop().unwrap();
        let kept = kept_in(bridge.folder()).await;
        bridge.thaw();

        assert!(kept.len() >= acknowledged, "{} of {acknowledged}", kept.len());
        assert_eq!(kept, lines(0..kept.len() as i64));
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        // The total of the first one is 100.
        assert!(kept.len() as f64 > shown["1.8.0"].as_f64().unwrap() - 100.0, "{shown}");
    }
    stop.store(true, Ordering::Relaxed);
    sending.await.unwrap();
}
