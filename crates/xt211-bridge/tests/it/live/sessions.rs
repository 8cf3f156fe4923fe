//! What the broker has kept for topics that are not followed any more, and for another name.

use std::collections::BTreeSet;

use super::{UNSUBSCRIBED, kept, meter};
use crate::support::{
    Bridge, Client, Mosquitto, SERIAL, lines, message, minute, reading_of,
    topic::{AVAILABILITY, ENERGY},
};

#[tokio::test]
async fn what_was_kept_for_a_former_topic_is_its_meters_after_a_restart() {
    let mosquitto = Mosquitto::start().await;
    let at = |topic: &str| mosquitto.section() + &meter("meter", topic);
    let mut bridge = Bridge::start(&at("old")).await;
    let client = Client::connect(&mosquitto).await;
    bridge.stop().await;
    client.publish_all("old/data", (0..1_000).map(message)).await;
    bridge.configure(&at("new"));
    bridge.start_again().await;
    client.state(ENERGY, "1.8.0", 1_099).await;
    bridge.logs_times(UNSUBSCRIBED, 1).await;
    client.publish("old/data", message(1_000)).await;
    client.publish("new/data", message(1_001)).await;
    client.state(ENERGY, "1.8.0", 1_101).await;

    // It is not told again, and what it knows is not forgotten.
    bridge.stop().await;
    bridge.start_again().await;
    client.publish("new/data", message(1_002)).await;
    client.state(ENERGY, "1.8.0", 1_102).await;
    assert_eq!(bridge.logged(UNSUBSCRIBED), [""; 0]);
    bridge.stop().await;
    let expected = lines((0..1_000).chain(1_001..1_003));
    assert_eq!(kept(&bridge).await, expected.into_iter().collect());
    assert_eq!(bridge.printed("set-aside list").await.lines().count(), 1);
}

#[tokio::test]
async fn what_was_kept_for_a_meter_that_is_removed_is_kept_and_not_shown() {
    let mosquitto = Mosquitto::start().await;
    let zone = "timezone = \"Europe/Prague\"\n";
    let garden = meter("garden", "garden") + zone;
    let mut bridge =
        Bridge::start(&(mosquitto.section() + &meter("house", "house") + &garden)).await;
    let client = Client::connect(&mosquitto).await;
    client.message("xt211/garden/bridge").await;
    bridge.stop().await;
    client.says(AVAILABILITY, "offline").await;
    // In its own time zone.
    let local = r#"{"data":{"reading_datetime":"2026-02-21 21:27:09","values":{"1.8.0":1}}}"#;
    client.publish("garden/data", local).await;
    client.publish("house/data", reading_of(SERIAL, minute(0), 100.0)).await;
    bridge.configure(&(mosquitto.section() + &meter("house", "house")));
    client.forget();
    bridge.start_again().await;
    client.state("xt211/house/energy", "1.8.0", 100).await;
    bridge.logs_times(UNSUBSCRIBED, 1).await;
    bridge.stop().await;
    client.says(AVAILABILITY, "offline").await;
    assert!(kept(&bridge).await.contains("home_energy,meter=garden 1_8_0=1 1771705629000000000"));
    for topic in client.topics().iter().filter(|topic| topic.contains("garden")) {
        assert_eq!(client.seen(topic).concat(), "", "{topic}");
    }
}

#[tokio::test]
async fn a_topic_is_its_new_meters() {
    let mosquitto = Mosquitto::start().await;
    let of = |meters: &[(&str, &str)]| {
        let meters = meters.iter().map(|(id, topic)| meter(id, topic));
        mosquitto.section() + &meters.collect::<String>()
    };
    let mut bridge = Bridge::start(&of(&[("one", "a"), ("two", "b")])).await;
    let client = Client::connect(&mosquitto).await;
    let reading = |minutes| reading_of("1", minute(minutes), 100.0 + minutes as f64);
    client.publish("a/data", reading(0)).await;
    client.state("xt211/one/energy", "1.8.0", 100).await;
    bridge.apply(&of(&[("one", "c"), ("two", "a")])).await;
    bridge.logs_times(UNSUBSCRIBED, 1).await;
    client.publish("a/data", reading(1)).await;
    client.state("xt211/two/energy", "1.8.0", 101).await;
    client.publish("c/data", reading(2)).await;
    client.state("xt211/one/energy", "1.8.0", 102).await;
    bridge.stop().await;

    // Its third owner gives it back.
    client.publish("a/data", reading(3)).await;
    bridge.configure(&of(&[("one", "c"), ("two", "d")]));
    bridge.start_again().await;
    client.state("xt211/two/energy", "1.8.0", 103).await;
    client.state("xt211/one/energy", "1.8.0", 102).await;
}

#[tokio::test]
async fn the_topics_of_many_change() {
    let mosquitto = Mosquitto::start().await;
    let at = |data: &str, status: &str| {
        let topics = format!("data_topic = \"{data}\"\nstatus_topic = \"{status}\"\n");
        mosquitto.section() + "[[meter]]\n" + &topics
    };
    let mut bridge = Bridge::start(&at("flats/+/data", "flats/+/status")).await;
    let client = Client::connect(&mosquitto).await;
    let reading = |flat: &str, minutes| reading_of(flat, minute(minutes), 100.0 + minutes as f64);
    client.publish("flats/7/data", reading("7", 0)).await;
    client.state("xt211/7/energy", "1.8.0", 100).await;
    bridge.stop().await;
    client.says(AVAILABILITY, "offline").await;
    client.publish("flats/7/data", reading("7", 1)).await;
    client.publish("flats/8/data", reading("8", 1)).await;
    client.forget();
    bridge.configure(&at("flats/+/reading", "flats/+/status"));
    bridge.start_again().await;
    // They have the same place, and so go on.
    client.state("xt211/7/energy", "1.8.0", 101).await;
    client.state("xt211/8/energy", "1.8.0", 101).await;
    client.publish("flats/7/reading", reading("7", 2)).await;
    client.state("xt211/7/energy", "1.8.0", 102).await;
    assert!(!client.seen("homeassistant/device/xt211_7/config").contains(&String::new()));
    bridge.stop().await;
    client.says(AVAILABILITY, "offline").await;

    // All of it elsewhere: nobody knows yet who is there. What comes from before is kept.
    client.publish("flats/7/reading", reading("7", 3)).await;
    client.publish("flats/9/reading", reading("9", 3)).await;
    client.forget();
    bridge.configure(&at("house/+/data", "house/+/status"));
    bridge.start_again().await;
    client.says("homeassistant/device/xt211_7/config", "").await;
    client.says("xt211/7/bridge", "").await;
    client.forget();
    client.publish("house/7/data", reading("7", 4)).await;
    client.state("xt211/7/energy", "1.8.0", 104).await;
    bridge.logs_times(UNSUBSCRIBED, 1).await;
    bridge.stop().await;
    let kept = kept(&bridge).await;
    let of = |flat: &str| kept.iter().filter(|line| line.contains(&format!("={flat} "))).count();
    assert_eq!((of("7"), of("8"), of("9")), (5, 1, 1), "{kept:#?}");
}

#[tokio::test]
async fn the_broker_is_away_during_a_change() {
    let mut mosquitto = Mosquitto::persistent().await;
    let at = |topic: &str| mosquitto.section() + &meter("meter", topic);
    let (old, new) = (at("old"), at("new"));
    let mut bridge = Bridge::start(&old).await;
    let client = Client::connect(&mosquitto).await;
    client.publish("old/data", message(0)).await;
    client.state(ENERGY, "1.8.0", 100).await;
    // What it sees last is nothing that it could acknowledge.
    bridge.freeze().await;
    client.publish_all("old/data", (1..50).map(message)).await;
    mosquitto.stop().await;
    bridge.thaw();
    bridge.logs("trying again").await;
    bridge.apply(&new).await;
    mosquitto.start_again().await;
    client.subscribed(2).await;
    client.state(ENERGY, "1.8.0", 149).await;
    bridge.logs_times(UNSUBSCRIBED, 1).await;
    client.publish("new/data", message(50)).await;
    client.state(ENERGY, "1.8.0", 150).await;
    bridge.stop().await;
    assert_eq!(kept(&bridge).await, lines(0..51).into_iter().collect::<BTreeSet<_>>());
}

#[tokio::test]
async fn another_name_and_back() {
    let mosquitto = Mosquitto::start().await;
    let named = |name: &str, topic: &str| {
        mosquitto.section() + &format!("client_id = \"{name}\"\n") + &meter("meter", topic)
    };
    let mut bridge = Bridge::start(&named("first", "old")).await;
    let client = Client::connect(&mosquitto).await;
    client.publish("old/data", message(0)).await;
    client.state(ENERGY, "1.8.0", 100).await;
    bridge.apply(&named("second", "new")).await;
    bridge.connected(2).await;
    bridge.logs_times("keeps on collecting messages for the client \"first\"", 1).await;
    client.publish("new/data", message(1)).await;
    client.publish("old/data", message(2)).await;
    client.state(ENERGY, "1.8.0", 101).await;
    bridge.stop().await;
    bridge.start_again().await;
    client.state(ENERGY, "1.8.0", 101).await;
    assert_eq!(bridge.logged("keeps on collecting"), [""; 0], "is said once");

    // What the broker has collected meanwhile is the meter's that had the topic.
    bridge.apply(&named("first", "new")).await;
    client.state(ENERGY, "1.8.0", 102).await;
    bridge.logs_times(UNSUBSCRIBED, 1).await;
    bridge.stop().await;
    assert_eq!(kept(&bridge).await, lines(0..3).into_iter().collect());
}
