//! What is not wanted any more: a meter that leaves the configuration.

use crate::support::{
    Bridge, Client, Mosquitto, message, minute, reading_of,
    topic::{AVAILABILITY, BIRTH},
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
