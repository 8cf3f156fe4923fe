//! A meter, and what is said of it.

use std::{fs, time::Duration};

use serde::Serialize;
use serde_json::Value as Json;
use time::{OffsetDateTime, UtcOffset, macros::datetime};
use xt211_homeassistant::{
    BridgeState, InfluxdbStatus, Language, MeterDevice, MeterInfo, Origin, StateTopic, Topics,
};
use xt211_message::{Message, Reading, Register, Registers, Value};
use xt211_obis::ObisCode;

/// When things are shown.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-02-21 20:30 UTC);

pub(crate) fn topics() -> Topics {
    Topics::new("homeassistant", "xt211")
}

pub(crate) fn origin() -> Origin {
    Origin {
        name: "xt211-bridge".into(),
        sw_version: Some("0.1.0".into()),
        support_url: Some("https://example.org/".into()),
    }
}

pub(crate) fn meter() -> MeterDevice {
    MeterDevice::new(MeterInfo {
        id: "meter".parse().unwrap(),
        name: "XT211 Meter".into(),
        serial: None,
        page: Some("http://localhost:8099/".into()),
        expire_after: Some(Duration::from_secs(3600)),
    })
}

pub(crate) fn discovery(device: &MeterDevice, language: Language) -> Json {
    json(&device.discovery(&topics(), &origin(), language))
}

/// The state messages that there are, by topic, as they are sent.
pub(crate) fn messages(device: &MeterDevice) -> Vec<(String, String)> {
    let bridge = BridgeState {
        influxdb: InfluxdbStatus::Ok,
        reason: None,
        last_success: Some(NOW),
        waiting: 0,
        set_aside: 0,
        overdue: false,
    };
    let topic = |topic| topics().state(&device.info().id, topic);
    [
        (StateTopic::Energy, device.energy().map(|message| text(&message))),
        (StateTopic::Live, device.live(NOW).map(|message| text(&message))),
        (StateTopic::Module, device.module().map(|message| text(&message))),
        (StateTopic::Bridge, Some(text(&bridge))),
    ]
    .into_iter()
    .filter_map(|(state, message)| Some((topic(state), message?)))
    .collect()
}

/// The same, parsed.
pub(crate) fn states(device: &MeterDevice) -> Vec<(String, Json)> {
    let parsed = |(topic, message): (_, String)| (topic, serde_json::from_str(&message).unwrap());
    messages(device).into_iter().map(parsed).collect()
}

fn text(message: &impl Serialize) -> String {
    serde_json::to_string(message).unwrap()
}

pub(crate) fn json(message: &impl Serialize) -> Json {
    serde_json::to_value(message).unwrap()
}

/// A reading of these codes.
pub(crate) fn reading(
    values: impl IntoIterator<Item = (ObisCode, Value<'static>)>,
) -> Reading<'static> {
    let registers = values.into_iter().map(|(code, value)| Register { code, value });
    Reading::new(NOW, Registers::from_vec(registers.collect()).unwrap())
}

/// Does something with every message in the corpus of `xt211-message`, by name.
pub(crate) fn for_each_sample(mut test: impl FnMut(&str, &Message<'_>)) {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../xt211-message/corpus");
    let mut count = 0;
    for entry in fs::read_dir(corpus).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let bytes = fs::read(&path).unwrap();
            let message = Message::decode(&bytes, &UtcOffset::UTC).unwrap();
            test(path.file_stem().unwrap().to_str().unwrap(), &message);
            count += 1;
        }
    }
    assert!(count >= 14, "{count} samples");
}

/// A meter of which every sample was seen.
pub(crate) fn meter_of_all_samples() -> MeterDevice {
    let mut device = meter();
    for_each_sample(|_, message| {
        device.apply_message(message);
    });
    device
}
