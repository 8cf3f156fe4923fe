//! A broker that goes away and comes back, and a bridge that does.

use serde_json::Value;

use crate::support::{
    Answer, Bridge, Client, Mosquitto, SERIAL, ScriptedInfluxDb, minute, reading_of, sample,
    topic::{AVAILABILITY, BRIDGE, DATA, DISCOVERY, ENERGY, MODULE, STATUS},
};

/// What has to be so after the broker was away.
async fn everything_works_again(bridge: &mut Bridge, client: &Client, mosquitto: &Mosquitto) {
    // Published by others before or after the bridge is there again.
    client.subscribed(2).await;
    client.publish(DATA, reading_of(SERIAL, minute(1), 101.0)).await;
    client.state(ENERGY, "1.8.0", 101.0).await;
    bridge.connected(2).await;
    client.says(AVAILABILITY, "online").await;
    client.publish(DATA, reading_of(SERIAL, minute(2), 102.0)).await;
    client.state(ENERGY, "1.8.0", 102.0).await;

    let kept = Client::retained(mosquitto).await;
    let topics: Vec<_> = kept.keys().map(String::as_str).collect();
    assert_eq!(topics, [DISCOVERY, AVAILABILITY, BRIDGE, ENERGY, MODULE]);
    // That the connection was closed, and perhaps that nothing listened for a while.
    assert!(bridge.logged("WARN").len() <= 2, "{:?}", bridge.logged("WARN"));
    assert!(bridge.is_running());
}

#[tokio::test]
async fn a_broker_that_comes_back_without_its_memory_is_told_everything() {
    let mut mosquitto = Mosquitto::start().await;
    let mut bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(STATUS, sample("seed-status")).await;
    client.publish(DATA, reading_of(SERIAL, minute(0), 100.0)).await;
    client.state(ENERGY, "1.8.0", 100.0).await;
    mosquitto.kill().await;
    bridge.logs("trying again").await;
    mosquitto.start_again().await;
    // Without its session, the bridge gets only what is published once it is connected.
    bridge.connected(2).await;
    everything_works_again(&mut bridge, &client, &mosquitto).await;
    let discovery: Value = serde_json::from_str(&client.message(DISCOVERY).await).unwrap();
    assert_eq!(discovery["components"]["wakeups"]["name"], "Wake-ups");
}

#[tokio::test]
async fn a_broker_that_comes_back_with_its_memory_delivers_what_it_kept() {
    let mut mosquitto = Mosquitto::persistent().await;
    let mut bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, reading_of(SERIAL, minute(0), 100.0)).await;
    client.state(ENERGY, "1.8.0", 100.0).await;
    mosquitto.stop().await;
    bridge.logs("trying again").await;
    client.forget();
    mosquitto.start_again().await;
    everything_works_again(&mut bridge, &client, &mosquitto).await;
}

#[tokio::test]
async fn a_broker_that_is_not_there_yet_is_waited_for() {
    let mut mosquitto = Mosquitto::start().await;
    mosquitto.stop().await;
    let bridge = Bridge::launch(&mosquitto.section(), "info");
    let line = bridge.logs("nothing listens").await;
    let start = format!("WARN nothing listens at 127.0.0.1:{}: ", mosquitto.port);
    let end = "check mqtt.url, and that the broker runs; trying again until it works";
    assert_eq!(line, start + end);
    mosquitto.start_again().await;
    bridge.connected(1).await;
    bridge.logs_times("WARN", 1).await;
}

#[tokio::test]
async fn a_bridge_that_is_killed_is_offline_by_its_last_will() {
    let mosquitto = Mosquitto::start().await;
    let mut bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    client.says(AVAILABILITY, "online").await;
    bridge.kill().await;
    client.says(AVAILABILITY, "offline").await;
    assert_eq!(Client::retained(&mosquitto).await[AVAILABILITY], "offline");
    bridge.start_again().await;
    client.says(AVAILABILITY, "online").await;
}

#[tokio::test]
async fn a_bridge_that_is_stopped_says_goodbye() {
    let (mosquitto, influxdb) =
        (Mosquitto::start().await, ScriptedInfluxDb::start(Answer::Written).await);
    let mut bridge = Bridge::start(&(mosquitto.section() + &influxdb.section())).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, reading_of(SERIAL, minute(0), 100.0)).await;
    client.state(ENERGY, "1.8.0", 100.0).await;
    assert_eq!(bridge.stop().await.code(), Some(0));
    client.says(AVAILABILITY, "offline").await;
    assert_eq!(Client::retained(&mosquitto).await[AVAILABILITY], "offline");
    assert_eq!(influxdb.lines().len(), 1, "what was accepted is forwarded");
    // Not by its last will.
    mosquitto.logs("Client xt211-bridge disconnected.").await;
    assert_eq!(bridge.logged("WARN"), [""; 0]);
    assert_eq!(
        bridge.logs("stopped").await,
        "INFO stopped accepted=1 passed_over=0 set_aside=0 waiting=0"
    );
}

#[tokio::test]
async fn ctrl_c_is_a_goodbye_too() {
    let mosquitto = Mosquitto::start().await;
    let mut bridge = Bridge::start(&mosquitto.section()).await;
    assert_eq!(bridge.interrupt().await.code(), Some(0));
    assert_eq!(Client::retained(&mosquitto).await[AVAILABILITY], "offline");
    mosquitto.logs("Client xt211-bridge disconnected.").await;
}

#[tokio::test]
async fn a_bridge_without_a_broker_can_be_stopped() {
    let mut mosquitto = Mosquitto::start().await;
    let mut bridge = Bridge::start(&mosquitto.section()).await;
    mosquitto.kill().await;
    bridge.logs("trying again").await;
    assert_eq!(bridge.stop().await.code(), Some(0));
    // The goodbye of one that never had a broker.
    let mut bridge = Bridge::launch(&mosquitto.section(), "info");
    bridge.logs("trying again").await;
    assert_eq!(bridge.stop().await.code(), Some(0));
}

#[tokio::test]
async fn two_bridges_of_one_name_are_told_so() {
    let mosquitto = Mosquitto::start().await;
    let bridge = Bridge::start(&mosquitto.section()).await;
    let _other = Bridge::launch(&mosquitto.section(), "info");
    let line = bridge.logs("closed the connection").await;
    let remedy = "another client may be using mqtt.client_id \"xt211-bridge\"";
    assert!(line.contains(remedy), "{line}");
}
