//! What Home Assistant relies on, for anything that a meter may send.

use proptest::prelude::*;
use serde_json::Value as Json;
use xt211_homeassistant::{Language, MeterDevice};
use xt211_message::{Battery, Decimal, ModuleStatus, Reading, Register, Registers, Value};
use xt211_obis::ObisCode;

use crate::{
    fixture::{NOW, discovery, for_each_sample, meter, origin, states, topics},
    home_assistant,
};

/// Checks the discovery of a device against itself and the state messages.
fn check(device: &MeterDevice) {
    for language in Language::ALL {
        check_in(device, *language);
    }
}

fn check_in(device: &MeterDevice, language: Language) {
    let (discovery, states) = (discovery(device, language), states(device));
    home_assistant::check(&discovery, &states);
    let keys = |object: &Json| object.as_object().unwrap().keys().cloned().collect::<Vec<_>>();

    let components = discovery["components"].as_object().unwrap();
    for (key, component) in components {
        let text = |name: &str| component[name].as_str().unwrap();
        assert_eq!(text("unique_id"), format!("xt211_{}_{key}", device.info().id));
        let prefix = format!("{}.xt211_meter_", text("platform"));
        assert!(text("default_entity_id").starts_with(&prefix));
        assert!(!text("name").contains(&device.info().name));
        assert!(text("value_template").contains(&format!("value_json.get('{key}')")));

        let topic = text("state_topic");
        let message = states.iter().find(|(other, _)| other == topic);
        let (_, message) = message.expect("a message on the topic");
        assert!(message.get(key).is_some(), "{key} in {message}");
        assert_eq!(component.get("expire_after").is_some(), topic.ends_with("/live"));
        if let Some(attributes) = component.get("json_attributes_topic") {
            assert_eq!(attributes, topic);
            assert!(component.get("json_attributes_template").is_some());
        }
    }

    // And every state has an entity, but for the attributes of another.
    let attributes = ["status_text", "planned_start", "real_start", "sent"];
    for (topic, message) in &states {
        for key in keys(message) {
            match components.get(&key) {
                Some(component) => assert_eq!(component["state_topic"], *topic),
                None => assert!(attributes.contains(&key.as_str()), "{key}"),
            }
        }
    }
}

#[test]
fn every_sample() {
    for_each_sample(|_, message| {
        let mut device = meter();
        device.apply_message(message);
        check(&device);
    });
}

fn code() -> impl Strategy<Value = ObisCode> {
    let known = (0..=255u8, 6..=8u8, 0..4u8).prop_map(|(c, d, e)| ObisCode::reduced(c, d, e));
    let other = prop::array::uniform6(any::<u8>())
        .prop_map(|[a, b, c, d, e, f]| ObisCode::new(a, b, c, d, e, f));
    let listed = prop::sample::select(vec![
        ObisCode::reduced(17, 0, 0),
        ObisCode::reduced(42, 0, 0),
        ObisCode::reduced(96, 1, 0),
        ObisCode::reduced(96, 1, 1),
        ObisCode::reduced(96, 3, 10),
        ObisCode::reduced(96, 13, 0),
        ObisCode::reduced(96, 14, 0),
        ObisCode::new(0, 3, 96, 3, 10, 255),
    ]);
    prop_oneof![known, other, listed]
}

fn value() -> impl Strategy<Value = Value<'static>> {
    let number = any::<u32>().prop_map(|number| Value::Number(Decimal::from(number)));
    let text = ".{0,300}".prop_map(|text| Value::Text(text.into()));
    prop_oneof![number, text]
}

fn reading() -> impl Strategy<Value = Reading<'static>> {
    let registers = prop::collection::btree_map(code(), value(), 1..8);
    (registers, -3000..0i64).prop_map(|(registers, time)| {
        let register = |(code, value)| Register { code, value };
        Reading {
            time: NOW + time::Duration::seconds(time),
            first_boot: false,
            wait_time: None,
            registers: Registers::from_vec(registers.into_iter().map(register).collect()).unwrap(),
        }
    })
}

proptest! {
    #[test]
    fn entities_and_states_belong_together(readings in prop::collection::vec(reading(), 0..4)) {
        let mut device = meter();
        for reading in &readings {
            let discovery = |device: &MeterDevice| {
                device.discovery(&topics(), &origin(), Language::English)
            };
            let before = discovery(&device);
            let changed = device.apply_reading(reading);
            prop_assert_eq!(changed.discovery, discovery(&device) != before);
            prop_assert!(!changed.live || device.live(NOW).is_some());
            prop_assert!(!device.apply_reading(reading).energy);
        }
        check(&device);
    }
}

#[test]
fn module_and_battery() {
    let mut device = meter();
    let number = Some(Decimal::from(7));
    let time = Some(NOW);
    device.apply_status(
        &ModuleStatus {
            status: Some("OK".into()),
            status_text: Some("After wakeup".into()),
            wakeups: Some(1),
            resets: Some(2),
            last_wait: number,
            last_wait_min: number,
            last_wait_max: number,
            last_adaptive: number,
            first_boot: time,
            build: Some("2025-12-08 13:05:39".into()),
            wifi: number,
            rssi: number,
            ntp_drift: number,
            serial: Some("5100025085".into()),
            planned_start: Some("16:49:35".into()),
            real_start: Some("16:49:36".into()),
        },
        time,
    );
    device.apply_battery(&Battery { voltage: number, soc: number }, None);
    check(&device);
    // And the five of the bridge.
    assert_eq!(device.told().count(), 12 + 5);
}
