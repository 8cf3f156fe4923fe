//! Death by a power cut, and copies of any moment.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use fastrand::Rng;

use crate::support::{
    Answer, Bridge, Client, Faults, Mosquitto, ScriptedInfluxDb, lines, message, run_in,
    topic::{DATA, ENERGY},
    until,
};

const DATABASE: &str = "xt211-bridge.db";

fn set_of(minutes: impl IntoIterator<Item = i64>) -> BTreeSet<String> {
    lines(minutes).into_iter().collect()
}

fn stored(influxdb: &ScriptedInfluxDb) -> BTreeSet<String> {
    influxdb.lines().into_iter().collect()
}

#[tokio::test]
async fn the_power_fails() {
    let mut rng = Rng::new();
    let mosquitto = Mosquitto::start().await;
    let influxdb = ScriptedInfluxDb::start(Answer::Error(503, "starting up")).await;
    let configuration = mosquitto.section() + &influxdb.section();
    let faults = Faults::new();
    let mut bridge = Bridge::launch_with(&configuration, "info", &faults.shadowing());
    bridge.connected(1).await;
    let client = Client::connect(&mosquitto).await;
    for round in 0..12 {
        let speak = client.publish_all(DATA, (round * 50..(round + 1) * 50).map(message));
        let moment = Duration::from_micros(rng.u64(0..40_000));
        let fail = async {
            tokio::time::sleep(moment).await;
            bridge.kill().await;
            // All that was not synced is gone.
            restore(&faults.shadow(), bridge.folder());
            bridge.start_again().await;
        };
        tokio::join!(speak, fail);
    }
    influxdb.answer(Answer::Written);
    bridge.kill().await;
    restore(&faults.shadow(), bridge.folder());
    bridge.start_again().await;
    // What was acknowledged, the broker has not delivered again.
    let all = set_of(0..600);
    until("all written", || stored(&influxdb).len() >= all.len()).await;
    assert_eq!(stored(&influxdb), all);
}

/// Puts what was synced in the place of what was written.
fn restore(shadow: &Path, folder: &Path) {
    for name in [DATABASE, "xt211-bridge.db-wal", "xt211-bridge.db-shm"] {
        // What is not there need not be removed.
        let _ = fs::remove_file(folder.join(name));
        if shadow.join(name).exists() {
            fs::copy(shadow.join(name), folder.join(name)).unwrap();
        }
    }
}

#[tokio::test]
async fn a_copy_of_any_moment_holds_what_was_shown() {
    let mosquitto = Mosquitto::start().await;
    let mut bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    for round in 0..10 {
        let numbers = round * 40..(round + 1) * 40;
        client.publish_all(DATA, numbers.map(message)).await;
        until("a reading of this round", || !client.seen(ENERGY).is_empty()).await;
        bridge.freeze().await;
        let shown = client.seen(ENERGY).pop().unwrap();
        let copy = tempfile::tempdir().unwrap();
        for name in [DATABASE, "xt211-bridge.db-wal"] {
            fs::copy(bridge.folder().join(name), copy.path().join(name)).unwrap();
        }
        bridge.thaw();

        let exported = run_in(copy.path(), &["export"]).await;
        assert_eq!(exported.code, 0, "{exported:?}");
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        let shown = shown["1.8.0"].as_f64().unwrap() as i64 - 100;
        let exported: BTreeSet<_> = exported.stdout.lines().map(String::from).collect();
        assert!(set_of(0..=shown).is_subset(&exported), "not all that was shown is there");
    }
    assert!(bridge.is_running());
}
