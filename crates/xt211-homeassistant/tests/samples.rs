//! What becomes of every message in the corpus of `xt211-message`.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use time::{UtcOffset, macros::datetime};
use xt211_homeassistant::{
    BridgeState, InfluxdbStatus, Language, MeterDevice, MeterInfo, Origin, StateTopic, Topics,
};
use xt211_message::Message;

/// Everything that is published after this one message: each topic, and below it what is said.
fn published(message: &Message<'_>) -> String {
    let mut device = MeterDevice::new(MeterInfo {
        id: "meter".parse().unwrap(),
        name: "XT211 Meter".into(),
        serial: None,
        page: Some("http://localhost:8099/".into()),
        expire_after: Some(Duration::from_secs(3600)),
    });
    let time = datetime!(2026-02-21 20:30 UTC);
    if let Some(reading) = &message.reading {
        device.apply_reading(reading);
    }
    if let Some(status) = &message.status {
        device.apply_status(status, message.sent);
    }
    if let Some(battery) = &message.battery {
        device.apply_battery(battery);
    }

    let topics = Topics::new("homeassistant", "xt211");
    let origin = Origin {
        name: "xt211-bridge".into(),
        sw_version: Some("0.1.0".into()),
        support_url: Some("https://example.org/".into()),
    };
    let bridge = BridgeState {
        influxdb: InfluxdbStatus::Ok,
        reason: None,
        last_success: Some(time),
        waiting: 0,
        set_aside: 0,
        overdue: false,
    };
    let id = &device.info().id;
    let mut text = String::new();
    let mut publish = |topic: String, message: Result<String, serde_json::Error>| {
        let message = message.unwrap();
        text.push_str(&format!("{topic}\n{message}\n\n"));
    };
    let discovery = device.discovery(&topics, &origin, Language::English);
    publish(topics.discovery(id), serde_json::to_string_pretty(&discovery));
    if let Some(energy) = device.energy() {
        publish(topics.state(id, StateTopic::Energy), serde_json::to_string(&energy));
    }
    if let Some(live) = device.live(time) {
        publish(topics.state(id, StateTopic::Live), serde_json::to_string(&live));
    }
    if let Some(module) = device.module() {
        publish(topics.state(id, StateTopic::Module), serde_json::to_string(&module));
    }
    publish(topics.state(id, StateTopic::Bridge), serde_json::to_string(&bridge));
    text
}

#[test]
fn samples() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../xt211-message/corpus");
    let mut count = 0;
    for entry in std::fs::read_dir(corpus).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let bytes = std::fs::read(&path).unwrap();
            let message = Message::decode(&bytes, &UtcOffset::UTC).unwrap();
            let name = path.file_stem().unwrap().to_str().unwrap();
            insta::assert_snapshot!(name, published(&message));
            count += 1;
        }
    }
    assert!(count >= 14, "{count} samples");
}
