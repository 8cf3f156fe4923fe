//! What Home Assistant hears, and when it hears it again.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::support::{
    Answer, Bridge, Client, Mosquitto, SERIAL, ScriptedInfluxDb, VictoriaMetrics, minute, reading,
    reading_of, sample,
    topic::{AVAILABILITY, BIRTH, BRIDGE, DATA, DISCOVERY, ENERGY, LIVE, MODULE, STATUS},
};

/// A reading of now, with power and a total.
fn live_reading(total: f64) -> String {
    let now = OffsetDateTime::now_utc();
    reading(now, &format!(r#""1.8.0":{total},"16.7.0":1240,"96.1.1":"{SERIAL}""#))
}

#[tokio::test]
async fn everything_but_live_values_is_retained() {
    let mosquitto = Mosquitto::start().await;
    let _bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(STATUS, sample("fw-2026-08-status")).await;
    client.publish(DATA, live_reading(7369.066)).await;
    client.state(LIVE, "16.7.0", 1240).await;
    client.state(ENERGY, "1.8.0", 7369.066).await;
    client.state(MODULE, "wakeups", 2210).await;
    client.state(BRIDGE, "set_aside", 0).await;

    let kept = Client::retained(&mosquitto).await;
    let topics: Vec<_> = kept.keys().map(String::as_str).collect();
    assert_eq!(topics, [DISCOVERY, AVAILABILITY, BRIDGE, ENERGY, MODULE]);
    assert_eq!(kept[AVAILABILITY], "online");
    assert_eq!(kept[ENERGY], r#"{"96.1.1":"5100025085","1.8.0":7369.066}"#);
    assert_eq!(kept[BRIDGE], r#"{"influxdb":"Off","waiting":0,"set_aside":0,"overdue":false}"#);
    let discovery: Value = serde_json::from_str(&kept[DISCOVERY]).unwrap();
    assert_eq!(
        discovery["device"],
        json!({
            "identifiers": ["xt211_meter"],
            "name": "XT211 Meter",
            "manufacturer": "Sagemcom",
            "model": "XT211",
            "serial_number": SERIAL,
            "sw_version": "2026-08-06 21:40:02",
        })
    );
    let components = &discovery["components"];
    assert_eq!(components["1.8.0"]["unique_id"], "xt211_meter_1.8.0");
    assert_eq!(components["1.8.0"]["state_topic"], ENERGY);
    assert_eq!(components["1.8.0"]["expire_after"], Value::Null);
    assert_eq!(components["16.7.0"]["state_topic"], LIVE);
    assert_eq!(components["16.7.0"]["expire_after"], 3 * 3600);
    assert_eq!(components["wakeups"]["state_topic"], MODULE);
    assert_eq!(components["set_aside"]["state_topic"], BRIDGE);
    assert_eq!(discovery["availability_topic"], AVAILABILITY);
}

#[tokio::test]
async fn an_old_power_is_not_shown_as_if_it_were_of_now() {
    let mosquitto = Mosquitto::start().await;
    let _bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, sample("all-quantities-data")).await;
    client.state(ENERGY, "1.8.0", 7369.106).await;
    // It would be said before this.
    client.state(MODULE, "last_reading", "2026-02-21T20:29:09Z").await;
    assert_eq!(client.seen(LIVE), [""; 0]);
}

#[tokio::test]
async fn a_late_reading_reaches_the_database_but_is_not_shown() {
    let (mosquitto, victoria) = (Mosquitto::start().await, VictoriaMetrics::start().await);
    let _bridge = Bridge::start(&(mosquitto.section() + &victoria.section())).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, reading_of(SERIAL, minute(30), 103.0)).await;
    client.state(ENERGY, "1.8.0", 103.0).await;
    client.publish(DATA, reading_of(SERIAL, minute(10), 101.0)).await;
    client.publish(DATA, reading_of(SERIAL, minute(20), 102.0)).await;

    let point = |minutes, total| {
        let time = minute(minutes).unix_timestamp();
        format!("home_energy_1_8_0{{meter={SERIAL}}} {time} {total}")
    };
    let points = victoria.points_with(&point(20, 102)).await;
    assert_eq!(points, [point(10, 101), point(20, 102), point(30, 103)]);

    // What comes next is shown, and nothing was in between.
    client.publish(DATA, reading_of(SERIAL, minute(40), 104.0)).await;
    client.state(ENERGY, "1.8.0", 104.0).await;
    let state = |total| format!(r#"{{"96.1.1":"{SERIAL}","1.8.0":{total}}}"#);
    assert_eq!(client.seen(ENERGY), [state(103), state(104)]);
    client.state(MODULE, "last_reading", "2026-02-21T20:40:09Z").await;
}

#[tokio::test]
async fn everything_is_said_again_when_home_assistant_starts() {
    let mosquitto = Mosquitto::start().await;
    let _bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(STATUS, sample("seed-status")).await;
    client.publish(DATA, live_reading(7369.066)).await;
    client.state(ENERGY, "1.8.0", 7369.066).await;
    client.state(LIVE, "16.7.0", 1240).await;

    client.publish(BIRTH, "offline").await;
    client.forget();
    client.publish(BIRTH, "online").await;
    client.says(AVAILABILITY, "online").await;
    client.message(DISCOVERY).await;
    client.state(ENERGY, "1.8.0", 7369.066).await;
    client.state(LIVE, "16.7.0", 1240).await;
    client.state(MODULE, "wakeups", 1072).await;
    client.state(BRIDGE, "influxdb", "Off").await;
}

#[tokio::test]
async fn a_new_entity_is_discovered_before_its_value_is_said() {
    let mosquitto = Mosquitto::start().await;
    let _bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, reading_of(SERIAL, minute(0), 100.0)).await;
    client.state(ENERGY, "1.8.0", 100.0).await;
    client.forget();
    client.publish(DATA, reading(minute(1), r#""1.8.0":100,"2.8.0":7"#)).await;
    client.state(ENERGY, "2.8.0", 7).await;
    let discovery: Value = serde_json::from_str(&client.seen(DISCOVERY)[0]).unwrap();
    assert_eq!(discovery["components"]["2.8.0"]["name"], "Total Export Energy");
}

#[tokio::test]
async fn a_module_that_falls_behind_is_not_overdue_yet() {
    let mosquitto = Mosquitto::start().await;
    let _bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    let long_ago = OffsetDateTime::now_utc() - Duration::days(2);
    client.publish(DATA, reading_of(SERIAL, long_ago, 100.0)).await;
    client.state(ENERGY, "1.8.0", 100.0).await;
    client.state(BRIDGE, "overdue", false).await;
}

#[tokio::test]
async fn without_home_assistant_nothing_is_said() {
    let (mosquitto, influxdb) =
        (Mosquitto::start().await, ScriptedInfluxDb::start(Answer::Written).await);
    let off = "[homeassistant]\nenabled = false\n";
    let mut bridge = Bridge::start(&(mosquitto.section() + &influxdb.section() + off)).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, sample("seed-data")).await;
    influxdb.written(1).await;
    assert_eq!(bridge.stop().await.code(), Some(0));
    assert_eq!(client.topics(), [DATA]);
}

#[tokio::test]
async fn the_prefixes_are_the_users_choice() {
    let mosquitto = Mosquitto::start().await;
    let prefixes = "[homeassistant]\ndiscovery_prefix = \"ha\"\ntopic_prefix = \"house/power\"\n";
    let _bridge = Bridge::start(&(mosquitto.section() + prefixes)).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, sample("seed-data")).await;
    client.state("house/power/meter/energy", "1.8.0", 7369.066).await;
    client.says("house/power/bridge/availability", "online").await;
    let discovery: Value =
        serde_json::from_str(&client.message("ha/device/xt211_meter/config").await).unwrap();
    assert_eq!(discovery["components"]["1.8.0"]["state_topic"], "house/power/meter/energy");
    let ours = |topic: &String| topic.starts_with("xt211/") || topic.starts_with("homeassistant/");
    assert!(!client.topics().iter().any(ours), "{:?}", client.topics());
}

#[tokio::test]
async fn the_language_is_the_users_choice() {
    let mosquitto = Mosquitto::start().await;
    let czech = "[homeassistant]\nlanguage = \"cs\"\n";
    let _bridge = Bridge::start(&(mosquitto.section() + czech)).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, sample("seed-data")).await;
    client.state(ENERGY, "1.8.0", 7369.066).await;
    let kept = Client::retained(&mosquitto).await;
    let discovery: Value = serde_json::from_str(&kept[DISCOVERY]).unwrap();
    let total = &discovery["components"]["1.8.0"];
    assert_eq!(total["name"], "Odběr celkem");
    assert_eq!(total["default_entity_id"], "sensor.xt211_meter_total_import_energy");
}

/// Every discovery, as JSON, in the order in which they came.
fn discoveries(client: &Client) -> Vec<Value> {
    let parse = |text: &String| serde_json::from_str(text).unwrap();
    client.seen(DISCOVERY).iter().map(parse).collect()
}

#[tokio::test]
async fn what_a_version_does_not_have_any_more_is_removed_once() {
    let mosquitto = Mosquitto::start().await;
    let mut bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, sample("seed-data")).await;
    client.state(ENERGY, "1.8.0", 7369.066).await;
    bridge.stop().await;
    client.says(AVAILABILITY, "offline").await;

    // An older version had told of this.
    bridge.add_seen("sensor.retired");

    client.forget();
    bridge.start_again().await;
    client.state(ENERGY, "1.8.0", 7369.066).await;
    let [removal, discovery] = discoveries(&client).try_into().unwrap();
    assert_eq!(removal["components"], json!({ "retired": { "platform": "sensor" } }));
    assert_eq!(removal["device"], discovery["device"]);
    assert_eq!(discovery["components"]["retired"], Value::Null);
    assert_eq!(discovery["components"]["1.8.0"]["name"], "Total Import Energy");
    assert_eq!(Client::retained(&mosquitto).await[DISCOVERY], client.seen(DISCOVERY)[1]);

    // That it was said is kept with the next message.
    client.publish(DATA, reading_of(SERIAL, minute(60), 7370.0)).await;
    client.state(ENERGY, "1.8.0", 7370.0).await;
    bridge.stop().await;
    client.says(AVAILABILITY, "offline").await;
    client.forget();
    bridge.start_again().await;
    client.state(ENERGY, "1.8.0", 7370.0).await;
    let [discovery] = discoveries(&client).try_into().unwrap();
    assert_eq!(discovery["components"]["retired"], Value::Null);
}
