//! Another InfluxDB, and another store.

use super::{kept, meter};
use crate::support::{
    Answer, Bridge, Client, Mosquitto, ScriptedInfluxDb, lines, message, points, run_in,
    topic::{BRIDGE, DATA, ENERGY},
};

#[tokio::test]
async fn what_waits_goes_to_the_new_influxdb() {
    let mosquitto = Mosquitto::start().await;
    let old = ScriptedInfluxDb::start(Answer::Error(401, "unauthorized access")).await;
    let new = ScriptedInfluxDb::start(Answer::Written).await;
    let token = |token: &str| format!("token = \"{token}\"\n");
    let wrong = mosquitto.section() + &old.section() + &token("wrong");
    let bridge = Bridge::start(&wrong).await;
    let client = Client::connect(&mosquitto).await;
    client.publish_all(DATA, (0..500).map(message)).await;
    client.state(BRIDGE, "waiting", 500).await;
    client.state(BRIDGE, "influxdb", "Error").await;

    bridge.apply(&(mosquitto.section() + &new.section() + &token("right"))).await;
    assert_eq!(new.written(500).await, lines(0..500), "each once, in order");
    assert_eq!(new.writes()[0].headers["authorization"], "Token right");
    client.state(BRIDGE, "influxdb", "OK").await;
    client.state(BRIDGE, "waiting", 0).await;

    // Nowhere, and then there again.
    bridge.apply(&mosquitto.section()).await;
    client.state(BRIDGE, "influxdb", "Off").await;
    client.publish(DATA, message(500)).await;
    client.state(ENERGY, "1.8.0", 600).await;
    bridge.apply(&(mosquitto.section() + &new.section())).await;
    assert_eq!(new.written(501).await, lines(0..501));
}

#[tokio::test]
async fn another_store_is_opened_before_the_one_is_left() {
    let (mosquitto, influxdb) =
        (Mosquitto::start().await, ScriptedInfluxDb::start(Answer::Error(503, "away")).await);
    let at = |path: &str, topic: &str| {
        let store = format!("[store]\npath = \"{path}\"\n");
        mosquitto.section() + &influxdb.section() + &store + &meter("meter", topic)
    };
    let mut bridge = Bridge::start(&at("xt211-bridge.db", "old")).await;
    let client = Client::connect(&mosquitto).await;
    client.publish("old/data", message(0)).await;
    client.state(BRIDGE, "waiting", 1).await;

    bridge.configure(&at("missing/new.db", "new"));
    bridge.hang_up();
    bridge.logs("missing/new.db cannot be opened: its folder is not there").await;
    bridge.logs_times("the configuration is not applied", 1).await;
    client.publish("old/data", message(1)).await;
    client.state(BRIDGE, "waiting", 2).await;

    bridge.apply(&at("new.db", "new")).await;
    let warning = bridge.logs("wait for InfluxDB").await;
    assert!(warning.contains("2 records in ") && warning.contains("xt211-bridge.db"), "{warning}");
    // The new store knows what the broker was asked for.
    bridge.logs_times("former topics are not followed any more", 1).await;
    client.publish("old/data", message(2)).await;
    client.publish("new/data", message(3)).await;
    client.state(ENERGY, "1.8.0", 103).await;
    influxdb.answer(Answer::Written);
    influxdb.written(1).await;
    assert_eq!(kept(&bridge).await, lines(0..2).into_iter().collect(), "is left as it was");

    bridge.apply(&at("xt211-bridge.db", "new")).await;
    influxdb.written(3).await;
    bridge.stop().await;
    assert!(points(influxdb.lines()) == points(lines([0, 1, 3])));
    let new = ["export", "--config", "new.toml"];
    std::fs::write(bridge.folder().join("new.toml"), "[store]\npath = \"new.db\"\n").unwrap();
    assert_eq!(run_in(bridge.folder(), &new).await.stdout.lines().count(), 1);
}
