//! What a restart takes up again, so that nothing is unknown that was known.

use crate::support::{
    Answer, Bridge, Client, Mosquitto, ScriptedInfluxDb, message, minute, reading, sample,
    topic::{AVAILABILITY, DATA, DISCOVERY, ENERGY, MODULE, STATUS},
};

async fn restart(bridge: &mut Bridge, client: &Client) {
    bridge.stop().await;
    client.says(AVAILABILITY, "offline").await;
    client.forget();
    bridge.start_again().await;
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

/// A status of that time of the evening.
fn status(time: &str, wakeups: u32) -> String {
    format!(r#"{{"datetime":"Sat Feb 21 {time} 2026","Status":{{"Wakeups":{wakeups}}}}}"#)
}

#[tokio::test]
async fn an_entity_of_the_last_message_stays() {
    let mosquitto = Mosquitto::start().await;
    let mut bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, reading(minute(0), r#""1.8.0":100,"2.8.0":7"#)).await;
    client.state(ENERGY, "2.8.0", 7).await;
    for total in [101, 102] {
        restart(&mut bridge, &client).await;
        let values = format!(r#""1.8.0":{total}"#);
        client.publish(DATA, reading(minute(total), &values)).await;
        client.state(ENERGY, "1.8.0", total).await;
    }
    restart(&mut bridge, &client).await;
    client.state(ENERGY, "2.8.0", 7).await;
    let discovery = json(&client.message(DISCOVERY).await);
    assert!(discovery["components"]["2.8.0"].is_object(), "{discovery}");
}

#[tokio::test]
async fn what_an_earlier_status_said_stays_true() {
    let mosquitto = Mosquitto::start().await;
    let mut bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(STATUS, sample("seed-status")).await;
    client.publish(STATUS, status("20:40:00", 1073)).await;
    let before = client.state(MODULE, "wakeups", 1073).await;
    assert!(before["signal"].is_number(), "{before}");
    restart(&mut bridge, &client).await;
    assert_eq!(client.state(MODULE, "wakeups", 1073).await, before);
    // An older one is still no current one.
    client.publish(STATUS, status("20:10:00", 5)).await;
    client.publish(DATA, message(0)).await;
    client.state(ENERGY, "1.8.0", 100).await;
    assert_eq!(json(&client.message(MODULE).await)["wakeups"], 1073);
}

#[tokio::test]
async fn a_meter_that_a_plus_brings_back_is_as_it_was() {
    let mosquitto = Mosquitto::start().await;
    let influxdb = ScriptedInfluxDb::start(Answer::Error(503, "away")).await;
    let base = mosquitto.section() + &influxdb.section();
    let topics = |name| format!("data_topic = \"{name}/data\"\nstatus_topic = \"{name}/status\"\n");
    let named = format!("[[meter]]\nid = \"house\"\n{}", topics("house"));
    let mut bridge = Bridge::start(&(base.clone() + &named)).await;
    let client = Client::connect(&mosquitto).await;
    client.publish("house/data", message(0)).await;
    client.publish("house/data", "noise").await;
    client.publish("house/status", sample("seed-status")).await;
    client.state("xt211/house/bridge", "waiting", 2).await;
    bridge.configure(&format!("{base}[[meter]]\n{}", topics("+")));
    restart(&mut bridge, &client).await;
    client.says("xt211/house/bridge", "").await;
    client.forget();
    client.publish("house/data", message(1)).await;
    client.state("xt211/house/energy", "1.8.0", 101).await;
    client.state("xt211/house/module", "wakeups", 1072).await;
    let state = client.state("xt211/house/bridge", "waiting", 3).await;
    assert_eq!(state["set_aside"], 1);
}
