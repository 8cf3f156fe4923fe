//! What is fresh, who is overdue, and in how few words a burst is told.

use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;

use crate::support::{
    Answer, Bridge, Client, Mosquitto, SERIAL, ScriptedInfluxDb, message, reading, reading_of,
    topic::{AVAILABILITY, BIRTH, BRIDGE, DATA, DISCOVERY, ENERGY, LIVE, MODULE},
};

fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

fn ago(count: u64) -> OffsetDateTime {
    OffsetDateTime::now_utc() - minutes(count)
}

fn discovery(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn live_values_are_said_again_while_they_are_fresh() {
    let mosquitto = Mosquitto::start().await;
    let mut bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, reading(ago(40), r#""1.8.0":100,"16.7.0":1240"#)).await;
    client.publish(DATA, reading(ago(20), r#""1.8.0":101,"32.7.0":230.5"#)).await;
    client.state(LIVE, "32.7.0", 230.5).await;
    bridge.stop().await;
    client.says(AVAILABILITY, "offline").await;

    // From the store: of each register the newest value.
    client.forget();
    bridge.start_again().await;
    let live = client.state(LIVE, "32.7.0", 230.5).await;
    assert_eq!(live["16.7.0"], 1240);
    bridge.stop().await;
    client.says(AVAILABILITY, "offline").await;

    // It counts when they were read. Of two registers, one is fresh yet.
    bridge.edit_meter(|meter| meter.patience = Some(minutes(30)));
    client.forget();
    bridge.start_again().await;
    client.state(BRIDGE, "overdue", false).await;
    assert_eq!(client.seen(LIVE)[0], r#"{"32.7.0":230.5}"#);
    assert_eq!(discovery(&client.seen(DISCOVERY)[0])["components"]["16.7.0"]["expire_after"], 1800);
    bridge.stop().await;
    client.says(AVAILABILITY, "offline").await;

    bridge.edit_meter(|meter| meter.patience = Some(minutes(15)));
    client.forget();
    bridge.start_again().await;
    // It would be said before this.
    client.state(BRIDGE, "overdue", false).await;
    assert_eq!(client.seen(LIVE), [""; 0]);
    client.state(ENERGY, "1.8.0", 101).await;

    client.forget();
    client.publish(BIRTH, "online").await;
    client.state(BRIDGE, "overdue", false).await;
    assert_eq!(client.seen(LIVE), [""; 0]);
    client.publish(DATA, reading(ago(0), r#""16.7.0":7"#)).await;
    client.state(LIVE, "16.7.0", 7).await;
    client.forget();
    client.publish(BIRTH, "online").await;
    client.state(LIVE, "16.7.0", 7).await;
}

#[tokio::test]
async fn a_module_is_overdue_by_its_own_rhythm_over_a_restart_too() {
    let mosquitto = Mosquitto::start().await;
    let mut bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, message(0)).await;
    client.state(ENERGY, "1.8.0", 100).await;
    client.state(BRIDGE, "overdue", false).await;
    for (patience, is_overdue) in [(30, true), (60, false)] {
        bridge.stop().await;
        client.says(AVAILABILITY, "offline").await;
        bridge.edit_meter(|meter| {
            assert!(meter.heard_at.unwrap() > ago(5), "{:?}", meter.heard_at);
            meter.heard_at = Some(ago(40));
            meter.patience = Some(minutes(patience));
        });
        client.forget();
        bridge.start_again().await;
        let first = client.message(BRIDGE).await;
        assert_eq!(discovery(&first)["overdue"], is_overdue, "{patience}");
        // Even by what says nothing new.
        client.publish(DATA, message(0)).await;
        client.state(BRIDGE, "overdue", false).await;
    }
}

#[tokio::test]
async fn a_burst_is_told_in_one_message_on_each_topic() {
    let mosquitto = Mosquitto::start().await;
    let _bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    client.message(BRIDGE).await;
    client.forget();
    for number in 0..100 {
        let values = format!(r#""1.8.0":{},"16.7.0":{number}"#, 100 + number);
        client.publish(DATA, reading(ago(99 - number), &values)).await;
        // As the module does, though it takes more time.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    client.message(MODULE).await;
    assert_eq!(client.seen(ENERGY), [r#"{"1.8.0":199}"#]);
    assert_eq!(client.seen(LIVE), [r#"{"16.7.0":99}"#]);
    assert_eq!(client.seen(DISCOVERY).len(), 1);
    assert_eq!(client.seen(MODULE).len(), 1);
}

#[tokio::test]
async fn what_is_not_said_yet_is_said_before_the_goodbye() {
    let mosquitto = Mosquitto::start().await;
    let influxdb = ScriptedInfluxDb::start(Answer::Written).await;
    let mut bridge = Bridge::start(&(mosquitto.section() + &influxdb.section())).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, reading_of(SERIAL, ago(0), 100.0)).await;
    influxdb.written(1).await;
    bridge.stop().await;
    client.says(AVAILABILITY, "offline").await;
    client.state(ENERGY, "1.8.0", 100).await;
}

#[tokio::test]
async fn a_total_that_the_newest_reading_lacks_is_known_after_a_restart() {
    let mosquitto = Mosquitto::start().await;
    let mut bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, reading(ago(3000), r#""1.8.0":100,"2.8.0":7"#)).await;
    client.publish(DATA, reading(ago(2000), r#""1.8.0":101"#)).await;
    client.publish(DATA, reading(ago(20), r#""1.8.0":102"#)).await;
    client.state(ENERGY, "1.8.0", 102).await;
    bridge.stop().await;
    client.says(AVAILABILITY, "offline").await;
    client.forget();
    bridge.start_again().await;
    let energy = client.state(ENERGY, "2.8.0", 7).await;
    assert_eq!(energy["1.8.0"], 102);
}
