//! What Home Assistant was told and is not any more.

use std::collections::BTreeSet;

use super::{UNSUBSCRIBED, kept, meter};
use crate::support::{
    Bridge, Client, Mosquitto, minute, reading_of,
    topic::{AVAILABILITY, DATA, ENERGY},
    until,
};

/// The retained topics.
async fn retained(mosquitto: &Mosquitto) -> BTreeSet<String> {
    Client::retained(mosquitto).await.into_keys().collect()
}

/// What a broker keeps of meters, and of the bridge.
fn topics_of(discovery: &str, prefix: &str, meters: &[&str]) -> BTreeSet<String> {
    let of_meter = |id: &&str| {
        let states = ["bridge", "energy", "module"].map(|it| format!("{prefix}/{id}/{it}"));
        states.into_iter().chain([format!("{discovery}/device/xt211_{id}/config")])
    };
    let availability = format!("{prefix}/bridge/availability");
    meters.iter().flat_map(of_meter).chain([availability]).collect()
}

async fn until_retained(mosquitto: &Mosquitto, expected: BTreeSet<String>) {
    let mut last = BTreeSet::new();
    for _ in 0..100 {
        last = retained(mosquitto).await;
        if last == expected {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    assert_eq!(last, expected);
}

fn reading(id: &str, minutes: i64) -> String {
    reading_of(id, minute(minutes), 100.0 + minutes as f64)
}

#[tokio::test]
async fn meters_come_and_go() {
    let mosquitto = Mosquitto::start().await;
    let with = |meters: &[&str]| {
        let meters = meters.iter().map(|id| meter(id, id));
        mosquitto.section() + &meters.collect::<String>()
    };
    let mut bridge = Bridge::start(&with(&["house", "silent"])).await;
    let client = Client::connect(&mosquitto).await;
    client.publish("house/data", reading("house", 0)).await;
    client.state("xt211/house/energy", "1.8.0", 100).await;
    client.message("xt211/silent/bridge").await;

    bridge.apply(&with(&["house", "garden"])).await;
    bridge.connected(2).await;
    client.publish("garden/data", reading("garden", 0)).await;
    client.state("xt211/garden/energy", "1.8.0", 100).await;
    // Even one that was never heard leaves nothing.
    until_retained(&mosquitto, topics_of("homeassistant", "xt211", &["garden", "house"])).await;

    bridge.apply(&with(&["garden"])).await;
    until_retained(&mosquitto, topics_of("homeassistant", "xt211", &["garden"])).await;
    bridge.logs_times(UNSUBSCRIBED, 2).await;
    client.publish("house/data", reading("house", 1)).await;
    client.publish("garden/data", reading("garden", 1)).await;
    client.state("xt211/garden/energy", "1.8.0", 101).await;

    // It comes back, with what was known of it.
    client.forget();
    bridge.apply(&with(&["garden", "house"])).await;
    client.state("xt211/house/energy", "1.8.0", 100).await;
    assert_eq!(client.seen(AVAILABILITY).iter().find(|said| *said != "online"), None);
    bridge.stop().await;
    assert_eq!(kept(&bridge).await.len(), 3);
}

#[tokio::test]
async fn other_prefixes_leave_nothing_below_the_former_ones() {
    let mosquitto = Mosquitto::start().await;
    let with = |discovery: &str, prefix: &str| {
        let section = "[homeassistant]\n";
        let keys = format!("discovery_prefix = \"{discovery}\"\ntopic_prefix = \"{prefix}\"\n");
        mosquitto.section() + section + &keys
    };
    let mut bridge = Bridge::start(&with("homeassistant", "xt211")).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, reading("1", 0)).await;
    client.state(ENERGY, "1.8.0", 100).await;

    bridge.apply(&with("homeassistant", "house")).await;
    until_retained(&mosquitto, topics_of("homeassistant", "house", &["meter"])).await;
    // The device goes on: it was never removed, and nothing of it was unavailable.
    let discovery = client.seen("homeassistant/device/xt211_meter/config");
    assert!(!discovery.contains(&String::new()), "{discovery:?}");
    let said = [client.seen(AVAILABILITY), client.seen("house/bridge/availability")].concat();
    assert!(!said.contains(&String::from("offline")), "{said:?}");

    bridge.apply(&with("ha", "house")).await;
    until_retained(&mosquitto, topics_of("ha", "house", &["meter"])).await;

    // The same over a restart.
    bridge.stop().await;
    bridge.configure(&with("homeassistant", "xt211"));
    bridge.start_again().await;
    until_retained(&mosquitto, topics_of("homeassistant", "xt211", &["meter"])).await;
    bridge.apply(&(mosquitto.section() + "[homeassistant]\nenabled = false\n")).await;
    until_retained(&mosquitto, BTreeSet::new()).await;
    until("that to be said", || bridge.logged("nothing is left of what").len() >= 2).await;
}
