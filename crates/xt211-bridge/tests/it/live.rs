//! Another configuration while the bridge runs: no message is lost, none becomes another meter's,
//! and Home Assistant sees no more of it than what has changed.

mod chance;
mod elsewhere;
mod home_assistant;
mod sessions;

use std::{cell::Cell, collections::BTreeSet};

use crate::support::{
    Answer, Bridge, Client, Mosquitto, ScriptedInfluxDb, exported, line, lines, message, points,
    topic::{AVAILABILITY, BRIDGE, DATA, ENERGY},
    until,
};

/// Says in the log that the broker was told which topics are not wanted any more.
const UNSUBSCRIBED: &str = "former topics are not followed any more";

/// A meter of this id, with topics below this one.
fn meter(id: &str, topic: &str) -> String {
    format!(
        "[[meter]]\nid = \"{id}\"\ndata_topic = \"{topic}/data\"\nstatus_topic = \"{topic}/status\"\n"
    )
}

/// The lines that a store holds, in any order, each once.
async fn kept(bridge: &Bridge) -> BTreeSet<String> {
    let lines = exported(bridge.folder()).await;
    let count = lines.len();
    let lines: BTreeSet<_> = lines.into_iter().collect();
    assert_eq!(lines.len(), count, "some are kept twice");
    lines
}

#[tokio::test]
async fn the_topic_changes_while_messages_flow() {
    let (mosquitto, influxdb) =
        (Mosquitto::start().await, ScriptedInfluxDb::start(Answer::Written).await);
    let at = |topic: &str| mosquitto.section() + &influxdb.section() + &meter("meter", topic);
    let mut bridge = Bridge::start(&at("old")).await;
    let client = Client::connect(&mosquitto).await;
    client.says(AVAILABILITY, "online").await;
    // As by one who moves the module: whatever is listened to, there it is. And it never pauses.
    let (count, is_done) = (Cell::new(0), Cell::new(false));
    let publish = async {
        while !is_done.get() {
            client.publish("old/data", message(count.get())).await;
            client.publish("new/data", message(count.get())).await;
            count.set(count.get() + 1);
        }
    };
    let change = async {
        for topic in ["new", "old", "new", "old", "new"] {
            let before = bridge.logged("connected to").len();
            bridge.apply(&at(topic)).await;
            bridge.connected(before + 1).await;
            let sent = count.get();
            until("some more readings", || count.get() > sent + 100).await;
        }
        is_done.set(true);
    };
    tokio::join!(publish, change);
    let readings = count.get();
    client.state(ENERGY, "1.8.0", 100 + readings - 1).await;
    client.state(BRIDGE, "waiting", 0).await;
    let last = || bridge.log().rfind(UNSUBSCRIBED) > bridge.log().rfind("is applied");
    until("the former topic to be left", last).await;
    assert_eq!(bridge.logged("WARN"), [""; 0]);

    // Nobody listens there any more.
    client.publish("old/data", message(readings)).await;
    client.publish("new/data", message(readings + 1)).await;
    client.state(ENERGY, "1.8.0", 100 + readings + 1).await;
    client.state(BRIDGE, "waiting", 0).await;
    assert!(client.seen(AVAILABILITY).iter().all(|said| said == "online"));
    bridge.stop().await;
    let expected: BTreeSet<_> = lines((0..readings).chain([readings + 1])).into_iter().collect();
    assert_eq!(kept(&bridge).await, expected);
    assert!(points(influxdb.lines()) == points(&expected));
}

#[tokio::test]
async fn changes_in_quick_succession_are_all_applied_and_nobody_is_unavailable() {
    let mosquitto = Mosquitto::start().await;
    let named = |name: &str| {
        let name = format!("name = \"{name}\"\n");
        mosquitto.section() + &meter("meter", "elektromer") + &name
    };
    let mut bridge = Bridge::start(&named("first")).await;
    let client = Client::connect(&mosquitto).await;
    client.says(AVAILABILITY, "online").await;
    for number in 0..40 {
        // The next one may come while this one connects.
        bridge.apply(&named(&format!("number {number}"))).await;
        client.publish(DATA, message(number)).await;
    }
    client.state(ENERGY, "1.8.0", 139).await;
    let discovery: serde_json::Value =
        serde_json::from_str(&client.message(crate::support::topic::DISCOVERY).await).unwrap();
    assert_eq!(discovery["device"]["name"], "number 39");
    assert_eq!(client.seen(AVAILABILITY).iter().find(|said| *said != "online"), None);
    bridge.stop().await;
    client.says(AVAILABILITY, "offline").await;
    assert_eq!(kept(&bridge).await, lines(0..40).into_iter().collect());
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_and_the_one_before_goes_on() {
    let (mosquitto, influxdb) =
        (Mosquitto::start().await, ScriptedInfluxDb::start(Answer::Written).await);
    let right = mosquitto.section() + &influxdb.section();
    let bridge = Bridge::start(&right).await;
    let client = Client::connect(&mosquitto).await;
    bridge.configure(&(right.clone() + "colour = 1\n[mqtt2]\n[store]\nkeep_days = 0\n"));
    bridge.hang_up();
    bridge.logs_times("the configuration is not applied", 1).await;
    let errors = bridge.logged("ERROR");
    for (error, key) in errors.iter().zip(["colour", "mqtt2", "keep_days"]) {
        assert!(error.contains("bridge.toml, line ") && error.contains(key), "{error}");
    }
    assert_eq!(errors.len(), 4);
    client.publish(DATA, message(0)).await;
    assert_eq!(influxdb.written(1).await, [line(0)]);

    // What is right as such may not be possible.
    let ca_file = "ca_file = \"missing.pem\"\n";
    let tls = right.replace("http://", "https://") + ca_file;
    bridge.configure(&tls);
    bridge.hang_up();
    bridge.logs_times("the configuration is not applied", 2).await;
    bridge.logs("missing.pem").await;
    client.publish(DATA, message(1)).await;
    assert_eq!(influxdb.written(2).await, lines(0..2));
    assert_eq!(bridge.logged("connected to").len(), 1, "it was not even disturbed");
    bridge.apply(&right).await;
}
