//! What becomes of every message in the corpus of `xt211-message`.

use xt211_homeassistant::{Language, MeterDevice};

use crate::fixture::{for_each_sample, messages, meter, origin, topics};

/// Everything that is published of a meter: each topic, and below it what is said.
fn published(device: &MeterDevice) -> String {
    let topic = topics().discovery(&device.info().id);
    let discovery = device.discovery(&topics(), &origin(), Language::English);
    let discovery = serde_json::to_string_pretty(&discovery).unwrap();
    let all = [(topic, discovery)].into_iter().chain(messages(device));
    all.map(|(topic, message)| format!("{topic}\n{message}\n\n")).collect()
}

#[test]
fn samples() {
    for_each_sample(|name, message| {
        let mut device = meter();
        device.apply_message(message);
        insta::assert_snapshot!(name, published(&device));
    });
}
