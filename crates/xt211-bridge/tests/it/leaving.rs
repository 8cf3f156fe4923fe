//! What is not wanted any more: a meter that leaves the configuration, and all of it.

use std::collections::BTreeMap;

use serde_json::json;

use crate::support::{
    Bridge, Client, Mosquitto, SERIAL, message, minute, reading_of, sample,
    topic::{AVAILABILITY, BIRTH, BRIDGE, DATA, DISCOVERY, ENERGY, MODULE, STATUS},
};

fn meter(id: &str) -> String {
    format!(
        "[[meter]]\nid = \"{id}\"\ndata_topic = \"{id}/data\"\nstatus_topic = \"{id}/status\"\n"
    )
}

fn discovery_of(meter: &str) -> String {
    format!("homeassistant/device/xt211_{meter}/config")
}

/// The retained topics of these meters, and where the bridge says whether it runs.
fn topics_of(meters: &[&str]) -> Vec<String> {
    let states = |id: &&str| ["bridge", "energy", "module"].map(|it| format!("xt211/{id}/{it}"));
    let mut topics: Vec<_> = meters.iter().map(|id| discovery_of(id)).collect();
    topics.extend(meters.iter().flat_map(states).chain([AVAILABILITY.to_owned()]));
    topics.sort();
    topics
}

async fn kept(mosquitto: &Mosquitto) -> Vec<String> {
    Client::retained(mosquitto).await.into_keys().collect()
}

#[tokio::test]
async fn a_meter_that_leaves_the_configuration_takes_its_device_along() {
    let mosquitto = Mosquitto::start().await;
    let plus = "[[meter]]\ndata_topic = \"flats/+/data\"\nstatus_topic = \"flats/+/status\"\n";
    let all = mosquitto.section() + &meter("house") + &meter("garden") + plus;
    let mut bridge = Bridge::start(&all).await;
    let client = Client::connect(&mosquitto).await;
    for (total, (id, topic)) in
        (1..).zip([("house", "house/data"), ("garden", "garden/data"), ("7", "flats/7/data")])
    {
        client.publish(topic, reading_of(id, minute(0), f64::from(total))).await;
        client.state(&format!("xt211/{id}/module"), "last_reading", "2026-02-21T20:00:09Z").await;
    }
    assert_eq!(kept(&mosquitto).await, topics_of(&["7", "garden", "house"]));
    bridge.stop().await;

    bridge.configure(&(mosquitto.section() + &meter("house")));
    bridge.start_again().await;
    bridge.logs_times("not in the configuration any more", 2).await;
    client.says(&discovery_of("garden"), "").await;
    client.says("xt211/7/bridge", "").await;
    client.state("xt211/house/energy", "1.8.0", 1).await;
    assert_eq!(kept(&mosquitto).await, topics_of(&["house"]));
    bridge.stop().await;
    client.says(AVAILABILITY, "offline").await;

    // They come back, with what was known of them.
    bridge.configure(&all);
    client.forget();
    bridge.start_again().await;
    client.state("xt211/garden/energy", "1.8.0", 2).await;
    client.state("xt211/7/energy", "1.8.0", 3).await;
    for id in ["7", "garden", "house"] {
        client.message(&format!("xt211/{id}/bridge")).await;
    }
    assert_eq!(kept(&mosquitto).await, topics_of(&["7", "garden", "house"]));
}

#[tokio::test]
async fn one_of_the_same_id_that_a_plus_makes_is_announced() {
    let mosquitto = Mosquitto::start().await;
    let mut bridge = Bridge::start(&(mosquitto.section() + &meter("house"))).await;
    let client = Client::connect(&mosquitto).await;
    client.publish("house/data", message(0)).await;
    client.state("xt211/house/energy", "1.8.0", 100).await;
    bridge.stop().await;
    client.says(AVAILABILITY, "offline").await;
    let plus = "[[meter]]\ndata_topic = \"+/data\"\nstatus_topic = \"+/status\"\n";
    bridge.configure(&(mosquitto.section() + plus));
    client.forget();
    bridge.start_again().await;
    client.says("xt211/house/bridge", "").await;
    client.forget();
    client.publish("house/data", message(1)).await;
    client.state("xt211/house/energy", "1.8.0", 101).await;
    // Home Assistant has started, and is told everything again.
    client.forget();
    client.publish(BIRTH, "online").await;
    bridge.logs("is told everything again").await;
    client.state("xt211/house/energy", "1.8.0", 101).await;
    assert!(!client.seen(&discovery_of("house")).contains(&String::new()));
}

/// The broker's address in a text, which differs from run to run.
fn without_address(text: &str, mosquitto: &Mosquitto) -> String {
    text.replace(&mosquitto.url(), "BROKER")
}

#[tokio::test]
async fn purge_removes_all_of_ours_and_nothing_else() {
    let mosquitto = Mosquitto::start().await;
    let mut bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(STATUS, sample("seed-status")).await;
    client.publish(DATA, reading_of(SERIAL, minute(0), 100.0)).await;
    client.state(ENERGY, "1.8.0", 100).await;
    client.state(MODULE, "last_reading", "2026-02-21T20:00:09Z").await;

    let device = |origin: &str, prefix: &str| {
        let availability = format!("{prefix}/bridge/availability");
        json!({ "origin": { "name": origin }, "availability_topic": availability }).to_string()
    };
    let others = [
        ("homeassistant/device/lamp/config", device("lamps", "xt211")),
        ("homeassistant/device/noise/config", "noise".into()),
        ("homeassistant/device/xt211_there/config", device("xt211-bridge", "xt211/there")),
        ("homeassistant/sensor/lamp/config", device("xt211-bridge", "xt211")),
        ("other/meter/energy", "1".into()),
        ("xt211/meter/note", "1".into()),
        ("xt211/there/bridge/availability", "online".into()),
        ("xt211/there/meter/energy", "1".into()),
    ];
    client.publish_retained(others.clone()).await;
    // Of a meter that nobody remembers.
    let old = [(discovery_of("old"), device("xt211-bridge", "xt211"))];
    client.publish_retained(old.into_iter().chain([("xt211/old/energy".into(), "1".into())])).await;

    let before = Client::retained(&mosquitto).await;
    let refusal = bridge.complaint("purge").await;
    assert_eq!(
        without_address(&refusal, &mosquitto),
        "error: a bridge is online at BROKER and would say all of it again: stop it first (if none \
         runs, start one and stop it)\n"
    );
    assert_eq!(Client::retained(&mosquitto).await, before);

    bridge.stop().await;
    // Even if Home Assistant is not to be told anything any more.
    bridge.configure(&(mosquitto.section() + "[homeassistant]\nenabled = false\n"));
    let removed = bridge.printed("purge").await;
    let expected =
        [DISCOVERY, &discovery_of("old"), AVAILABILITY, BRIDGE, ENERGY, MODULE, "xt211/old/energy"];
    let mut lines: Vec<_> = expected.map(|topic| format!("removed {topic}")).into();
    lines.push("7 retained messages were removed from BROKER".into());
    assert_eq!(without_address(&removed, &mosquitto).lines().collect::<Vec<_>>(), lines);
    let others: BTreeMap<_, _> =
        others.into_iter().map(|(topic, payload)| (topic.to_owned(), payload)).collect();
    assert_eq!(Client::retained(&mosquitto).await, others);
    let again = bridge.printed("purge").await;
    assert_eq!(without_address(&again, &mosquitto), "BROKER keeps nothing of ours\n");
}

#[tokio::test]
async fn purge_removes_many() {
    let mut mosquitto = Mosquitto::start().await;
    let mut bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    bridge.stop().await;
    let prefix = "[homeassistant]\ntopic_prefix = \"many/meters\"\n";
    bridge.configure(&(mosquitto.section() + prefix));
    let topics = (0..300).map(|number| format!("many/meters/{number}/energy"));
    client.publish_retained(topics.map(|topic| (topic, "1"))).await;
    let removed = bridge.printed("purge").await;
    assert_eq!(removed.lines().count(), 301);
    assert!(removed.contains("\n300 retained messages were removed from "), "{removed}");
    // What the bridge has kept under the usual prefix is another's.
    assert_eq!(kept(&mosquitto).await, [DISCOVERY, AVAILABILITY, BRIDGE]);

    mosquitto.stop().await;
    let nobody = bridge.complaint("purge").await;
    assert!(nobody.starts_with("error: nothing listens at 127.0.0.1:"), "{nobody}");
}
