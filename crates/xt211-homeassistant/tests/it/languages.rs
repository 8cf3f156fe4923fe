//! The names of entities in each language.

use std::fmt::Write;

use serde_json::Value as Json;
use xt211_homeassistant::{Language, MeterDevice};
use xt211_message::{Decimal, Value};

use crate::fixture::{discovery, meter_of_all_samples, reading};

/// A meter with all that its grid operator lists, and some other standard codes.
fn meter_with_everything() -> MeterDevice {
    let mut device = meter_of_all_samples();
    let relays = (1..=6).map(|relay| format!("0-{relay}:96.3.10"));
    let phases = [1, 2, 3, 4, 9, 10, 13, 31, 32, 33, 51, 71, 91];
    let powers = phases.map(|c| format!("{c}.7.0"));
    let energies = [1, 2, 3, 4, 5, 9, 10, 15, 16, 17, 21].map(|c| format!("{c}.8.0"));
    let others = ["1.8.4", "3.8.2", "1.6.0", "1.6.1", "15.7.0", "1-1:1.8.0", "0-1:24.2.1"];
    let codes = relays.chain(powers).chain(energies).chain(others.map(String::from));
    let one = |code: String| (code.parse().unwrap(), Value::Number(Decimal::from(1)));
    device.apply_reading(&reading(codes.map(one)));
    device
}

fn components(device: &MeterDevice, language: Language) -> Vec<(String, Json)> {
    let discovery = discovery(device, language);
    let components = discovery["components"].as_object().unwrap();
    components.iter().map(|(key, component)| (key.clone(), component.clone())).collect()
}

#[test]
fn names() {
    let device = meter_with_everything();
    let mut table = String::new();
    for (key, component) in components(&device, Language::English) {
        let names = Language::ALL.iter().map(|language| {
            let of_key = |(other, _): &(String, Json)| *other == key;
            let component = components(&device, *language).into_iter().find(of_key).unwrap().1;
            component["name"].as_str().unwrap().to_owned()
        });
        let [english, czech] = names.collect::<Vec<_>>().try_into().unwrap();
        let id = component["default_entity_id"].as_str().unwrap();
        writeln!(table, "{key:<18} {id:<58} {english:<38} {czech}").unwrap();
    }
    insta::assert_snapshot!(table);
}

#[test]
fn nothing_but_names_depends_on_the_language() {
    let without_names = |language| {
        let mut discovery = discovery(&meter_with_everything(), language);
        for component in discovery["components"].as_object_mut().unwrap().values_mut() {
            component.as_object_mut().unwrap().remove("name").unwrap();
        }
        discovery
    };
    let english = without_names(Language::English);
    for language in Language::ALL {
        assert_eq!(without_names(*language), english, "{}", language.code());
    }
}

#[test]
fn the_samples_hold_an_entity_of_each_kind() {
    let device = meter_of_all_samples();
    for key in [
        "1.8.0",
        "2.8.0",
        "16.7.0",
        "32.7.0",
        "31.7.0",
        "14.7.0",
        "13.7.0",
        "17.0.0",
        "96.3.10",
        "0-4:96.3.10.255",
        "96.14.0",
        "96.13.0",
        "96.1.1",
        "42.0.0",
        "status",
        "wakeups",
        "resets",
        "signal",
        "last_wait",
        "clock_drift",
        "first_boot",
        "last_reading",
        "battery",
        "battery_voltage",
        "influxdb",
        "last_success",
        "waiting",
        "set_aside",
        "overdue",
    ] {
        let is_it = |(other, _): &(String, Json)| other == key;
        assert!(components(&device, Language::Czech).iter().any(is_it), "{key}");
    }
}
