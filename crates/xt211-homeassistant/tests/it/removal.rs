//! What is not told of any more, as Home Assistant hears it.

use serde_json::json;
use xt211_homeassistant::{Language, MeterDevice};

use crate::fixture::{discovery, json, meter, meter_of_all_samples, origin, topics};

/// One that was told of all this before a restart.
fn restarted(told: impl IntoIterator<Item = impl AsRef<str>>) -> MeterDevice {
    let mut device = meter();
    let told: Vec<_> = told.into_iter().collect();
    device.restore(told.iter().map(AsRef::as_ref));
    device
}

#[test]
fn it_is_sent_once_with_its_platform_only() {
    let mut device = restarted(["sensor.1.8.0", "sensor.retired", "sensor.overdue"]);
    let removal = device.take_removal(&topics(), &origin()).unwrap();
    let discovered = discovery(&device, Language::English);
    assert_eq!(
        json(&removal),
        json!({
            "device": discovered["device"],
            "origin": discovered["origin"],
            "availability_topic": "xt211/bridge/availability",
            "qos": 1,
            "components": {
                "retired": { "platform": "sensor" },
                "overdue": { "platform": "sensor" },
            },
        })
    );
    let components = &discovered["components"];
    assert!(components.get("retired").is_none());
    assert_eq!(components["overdue"]["platform"], "binary_sensor");
    assert_eq!(components["1.8.0"]["unique_id"], "xt211_meter_1.8.0");

    assert_eq!(device.take_removal(&topics(), &origin()), None);
    let mut again = restarted(device.told());
    assert_eq!(again.take_removal(&topics(), &origin()), None);
    assert_eq!(discovery(&again, Language::English), discovered);
}

#[test]
fn it_is_remembered_until_it_was_sent() {
    let once = restarted(["sensor.retired"]);
    let mut twice = restarted(once.told());
    let removal = json(&twice.take_removal(&topics(), &origin()).unwrap());
    assert_eq!(removal["components"], json!({ "retired": { "platform": "sensor" } }));
}

#[test]
fn what_is_still_there_is_not_removed() {
    let device = meter_of_all_samples();
    let mut again = restarted(device.told());
    assert_eq!(again.take_removal(&topics(), &origin()), None);
    let components =
        |device: &MeterDevice| discovery(device, Language::English)["components"].clone();
    assert_eq!(components(&again), components(&device));

    // Each component is told of, with its platform.
    let mut told: Vec<_> = device.told().collect();
    told.sort_unstable();
    let components = components(&device);
    let components = components.as_object().unwrap().iter();
    let mut expected: Vec<_> = components
        .map(|(key, component)| format!("{}.{key}", component["platform"].as_str().unwrap()))
        .collect();
    expected.sort_unstable();
    assert_eq!(told, expected);
}
