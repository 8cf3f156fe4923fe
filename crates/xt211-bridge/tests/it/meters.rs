//! More than one meter, and what tells them apart.

use serde_json::Value;
use xt211_homeassistant::MeterId;

use crate::support::{
    Answer, Bridge, Client, Mosquitto, SERIAL, ScriptedInfluxDb, minute, nanoseconds, reading,
    reading_of, sample,
    topic::{AVAILABILITY, BIRTH, BRIDGE, DATA, DISCOVERY, STATUS},
    until,
};

fn line(meter: &str, minutes: i64, total: u32) -> String {
    format!("home_energy,meter={meter} 1_8_0={total} {}", nanoseconds(minute(minutes)))
}

#[tokio::test]
async fn two_meters_have_topics_states_and_devices_of_their_own() {
    let (mosquitto, influxdb) =
        (Mosquitto::start().await, ScriptedInfluxDb::start(Answer::Written).await);
    let meters = "
        [[meter]]
        id = \"house\"
        name = \"The house\"
        data_topic = \"house/data\"
        status_topic = \"house/status\"
        [[meter]]
        id = \"garden\"
        name = \"The garden\"
        data_topic = \"garden/data\"
        status_topic = \"garden/status\"
        battery_topic = \"garden/battery\"
    ";
    let _bridge = Bridge::start(&(mosquitto.section() + &influxdb.section() + meters)).await;
    let client = Client::connect(&mosquitto).await;
    client.publish("house/data", reading_of("1", minute(1), 100.0)).await;
    client.publish("garden/data", reading_of("2", minute(0), 200.0)).await;
    client.publish("garden/battery", sample("seed-battery")).await;
    client.publish("garden/status", "noise").await;
    client.state("xt211/house/energy", "1.8.0", 100).await;
    client.state("xt211/garden/energy", "1.8.0", 200).await;
    client.state("xt211/garden/module", "battery", 35.78).await;
    client.state("xt211/garden/bridge", "set_aside", 1).await;
    client.state("xt211/house/bridge", "set_aside", 0).await;
    let lines = influxdb.written(3).await;
    assert_eq!(lines[..2], [line("1", 1, 100), line("2", 0, 200)]);
    assert!(lines[2].starts_with("xt211_status,meter=2 battery_voltage=3.783,"), "{}", lines[2]);

    let kept = Client::retained(&mosquitto).await;
    for (id, name, serial) in [("house", "The house", "1"), ("garden", "The garden", "2")] {
        let discovery = &kept[&format!("homeassistant/device/xt211_{id}/config")];
        let discovery: Value = serde_json::from_str(discovery).unwrap();
        assert_eq!(discovery["device"]["name"], name);
        assert_eq!(discovery["device"]["serial_number"], serial);
        assert_eq!(discovery["components"]["1.8.0"]["unique_id"], format!("xt211_{id}_1.8.0"));
    }
}

#[tokio::test]
async fn a_plus_in_the_topics_makes_a_meter_of_each_level() {
    let (mosquitto, influxdb) =
        (Mosquitto::start().await, ScriptedInfluxDb::start(Answer::Written).await);
    let meter = "
        [[meter]]
        name = \"Meter\"
        data_topic = \"meters/+/data\"
        status_topic = \"meters/+/status\"
    ";
    let _bridge = Bridge::start(&(mosquitto.section() + &influxdb.section() + meter)).await;
    let client = Client::connect(&mosquitto).await;
    for (total, level) in (1_u32..).zip(["garden-2", "bridge", "d\u{16f}m 1", ""]) {
        // What can be an id is one, and the rest becomes one.
        let id = &MeterId::from_name(level).to_string();
        assert_eq!(id == level, level == "garden-2", "{id}");
        let values = format!(r#""1.8.0":{total}"#);
        client.publish(&format!("meters/{level}/status"), sample("seed-status")).await;
        client.publish(&format!("meters/{level}/data"), reading(minute(0), &values)).await;
        client.state(&format!("xt211/{id}/energy"), "1.8.0", total).await;
        client.state(&format!("xt211/{id}/module"), "wakeups", 1072).await;
        let discovery = client.message(&format!("homeassistant/device/xt211_{id}/config")).await;
        let discovery: Value = serde_json::from_str(&discovery).unwrap();
        assert_eq!(discovery["device"]["name"], format!("Meter {level}").trim_end());
        // No serial number was told, so that the id is the tag.
        let lines = influxdb.written(2 * total as usize).await;
        assert_eq!(lines.last(), Some(&line(id, 0, total)));
    }
    // Neither is a level of its own.
    client.publish("meters/a/b/data", reading(minute(0), r#""1.8.0":1"#)).await;
    client.publish("meters/garden-2/data", reading(minute(1), r#""1.8.0":2"#)).await;
    assert_eq!(influxdb.written(9).await.last(), Some(&line("garden-2", 1, 2)));
    client.says(AVAILABILITY, "online").await;
}

#[tokio::test]
async fn the_tag_is_the_serial_number_of_the_configuration_first() {
    let (mosquitto, influxdb) =
        (Mosquitto::start().await, ScriptedInfluxDb::start(Answer::Written).await);
    let serial = "[[meter]]\nserial = \"a, b=c\"\n";
    let _bridge = Bridge::start(&(mosquitto.section() + &influxdb.section() + serial)).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, reading_of(SERIAL, minute(0), 100.0)).await;
    assert_eq!(influxdb.written(1).await, [line(r"a\,\ b\=c", 0, 100)]);
    let discovery = client.message(DISCOVERY).await;
    let discovery: Value = serde_json::from_str(&discovery).unwrap();
    assert_eq!(discovery["device"]["serial_number"], "a, b=c");
}

#[tokio::test]
async fn the_tag_is_then_the_messages_own_serial_number_then_the_last_one_then_the_id() {
    let (mosquitto, influxdb) =
        (Mosquitto::start().await, ScriptedInfluxDb::start(Answer::Written).await);
    let id = "[[meter]]\nid = \"cellar\"\n";
    let _bridge = Bridge::start(&(mosquitto.section() + &influxdb.section() + id)).await;
    let client = Client::connect(&mosquitto).await;
    let total = |total: u32| format!(r#""1.8.0":{total}"#);

    client.publish(DATA, reading(minute(0), &total(1))).await;
    assert_eq!(influxdb.written(1).await[0], line("cellar", 0, 1));
    // What the module says when it does not know it yet.
    let boot = r#"{"datetime":"Sat Feb 21 20:00:30 2026","Status":{"SerialNo":"0"}}"#;
    client.publish(STATUS, boot).await;
    client.publish(DATA, reading(minute(1), &total(2))).await;
    assert_eq!(influxdb.written(2).await[1], line("cellar", 1, 2));
    // A status tells it.
    client.publish(STATUS, sample("lora-status")).await;
    client.publish(DATA, reading(minute(2), &total(3))).await;
    assert_eq!(influxdb.written(4).await[3], line("5100025085", 2, 3));
    // A new meter in the old one's place.
    client.publish(DATA, reading_of("777", minute(3), 4.0)).await;
    client.publish(DATA, reading(minute(4), &total(5))).await;
    assert_eq!(influxdb.written(6).await[4..], [line("777", 3, 4), line("777", 4, 5)]);
}

#[tokio::test]
async fn the_tag_is_the_serial_number_known_when_the_line_is_made() {
    let mosquitto = Mosquitto::start().await;
    let influxdb = ScriptedInfluxDb::start(Answer::Error(503, "starting")).await;
    let _bridge = Bridge::start(&(mosquitto.section() + &influxdb.section())).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, reading(minute(0), r#""1.8.0":1"#)).await;
    client.publish(DATA, reading_of("777", minute(1), 2.0)).await;
    client.state(BRIDGE, "waiting", 2).await;
    influxdb.answer(Answer::Written);
    assert_eq!(influxdb.written(2).await, [line("777", 0, 1), line("777", 1, 2)]);
}

#[tokio::test]
async fn a_plus_that_covers_home_assistants_own_topic_does_not_make_it_a_meter() {
    let mosquitto = Mosquitto::start().await;
    let meter = "[[meter]]\ndata_topic = \"+/data\"\nstatus_topic = \"+/status\"\n";
    let bridge = Bridge::start(&(mosquitto.section() + meter)).await;
    let client = Client::connect(&mosquitto).await;
    client.publish("garden/data", reading_of("1", minute(0), 100.0)).await;
    client.state("xt211/garden/energy", "1.8.0", 100).await;
    client.forget();
    client.publish(BIRTH, "offline").await;
    client.publish(BIRTH, "online").await;
    client.state("xt211/garden/energy", "1.8.0", 100).await;
    assert_eq!(bridge.logged("set aside"), [""; 0]);
    let is_meter = |topic: &String| topic.starts_with("xt211/homeassistant/");
    assert!(!client.topics().iter().any(is_meter), "{:?}", client.topics());
}

#[tokio::test]
async fn a_topic_that_is_named_goes_before_one_that_a_plus_covers() {
    let (mosquitto, influxdb) =
        (Mosquitto::start().await, ScriptedInfluxDb::start(Answer::Written).await);
    let meters = "
        [[meter]]
        data_topic = \"meters/+/data\"
        status_topic = \"meters/+/status\"
        [[meter]]
        id = \"mine\"
        data_topic = \"meters/house/data\"
        status_topic = \"meters/house/status\"
    ";
    let _bridge = Bridge::start(&(mosquitto.section() + &influxdb.section() + meters)).await;
    let client = Client::connect(&mosquitto).await;
    client.publish("meters/house/data", reading(minute(0), r#""1.8.0":1"#)).await;
    client.publish("meters/other/data", reading(minute(1), r#""1.8.0":2"#)).await;
    client.state("xt211/mine/energy", "1.8.0", 1).await;
    client.state("xt211/other/energy", "1.8.0", 2).await;
    // The broker may deliver it once for each of the two subscriptions.
    until("both lines", || influxdb.lines().contains(&line("other", 1, 2))).await;
    assert!(
        influxdb.lines().iter().all(|it| *it == line("mine", 0, 1) || *it == line("other", 1, 2))
    );
}

/// Else each of its states would be set aside, and so make for another one, for ever.
#[tokio::test]
async fn what_the_bridge_says_itself_is_no_meters() {
    let mosquitto = Mosquitto::start().await;
    let meters = "
        [[meter]]
        id = \"xt211\"
        data_topic = \"own/data\"
        status_topic = \"own/status\"
        [[meter]]
        data_topic = \"+/xt211/bridge\"
        status_topic = \"+/xt211/status\"
    ";
    let bridge = Bridge::start(&(mosquitto.section() + meters)).await;
    let client = Client::connect(&mosquitto).await;
    client.publish("own/data", reading(minute(0), r#""1.8.0":1"#)).await;
    client.state("xt211/xt211/bridge", "set_aside", 0).await;
    // Comes behind it.
    client.publish("house/xt211/bridge", reading(minute(1), r#""1.8.0":1"#)).await;
    client.state("xt211/house/bridge", "set_aside", 0).await;
    assert_eq!(bridge.logged("set aside"), [""; 0]);
}
