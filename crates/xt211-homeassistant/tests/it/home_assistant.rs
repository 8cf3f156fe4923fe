//! What Home Assistant 2026.11 takes, as its source says, and that all of ours is such.
//!
//! A component that breaks one of these rules is dropped there, with a line in its log; or its
//! states are refused.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};
use xt211_homeassistant::Language;
use xt211_message::{Decimal, Value};
use xt211_obis::ObisCode;

use crate::fixture::{discovery, for_each_sample, meter, reading, states};

/// The keys of a sensor that we use, of those that
/// `homeassistant/components/mqtt/{config,schemas,sensor}.py` read. (Others are passed over without
/// a word.)
const SENSOR_KEYS: &[&str] = &[
    "default_entity_id",
    "device_class",
    "entity_category",
    "expire_after",
    "icon",
    "json_attributes_template",
    "json_attributes_topic",
    "name",
    "options",
    "platform",
    "state_class",
    "state_topic",
    "suggested_display_precision",
    "unique_id",
    "unit_of_measurement",
    "value_template",
];

/// Those among them that its `binary_sensor.py` does not read.
const SENSOR_ONLY: &[&str] =
    &["options", "state_class", "suggested_display_precision", "unit_of_measurement"];

/// The keys of a device that we use (`_MQTT_DEVICE_INFO_SCHEMA_BASE`). Any other is an error.
const DEVICE_KEYS: &[&str] = &[
    "configuration_url",
    "identifiers",
    "manufacturer",
    "model",
    "name",
    "serial_number",
    "sw_version",
];

/// A device class of sensors.
struct Class {
    name: &'static str,
    /// `DEVICE_CLASS_UNITS`; `None` is no unit.
    units: &'static [Option<&'static str>],
    /// `DEVICE_CLASS_STATE_CLASSES`, without `measurement_angle`, which only takes degrees. None is
    /// fine for any.
    state_classes: &'static [&'static str],
    /// Whether `sensor/icons.json` has a symbol for it that says something.
    has_icon: bool,
}

const MEASUREMENT: &[&str] = &["measurement"];
const TOTAL: &[&str] = &["total", "total_increasing"];

/// From `homeassistant/components/sensor/const.py`, with the units of `homeassistant/const.py`: the
/// classes that have to do with electricity, the module and its battery.
#[rustfmt::skip]
const CLASSES: &[Class] = &[
    class("apparent_power", &[Some("mVA"), Some("VA"), Some("kVA")], MEASUREMENT),
    class("battery", &[Some("%")], MEASUREMENT),
    class("current", &[Some("\u{3bc}A"), Some("mA"), Some("A")], MEASUREMENT),
    class("duration",
        &[Some("d"), Some("h"), Some("min"), Some("s"), Some("ms"), Some("\u{3bc}s")],
        &["measurement", "total", "total_increasing"]),
    class("energy",
        &[Some("J"), Some("kJ"), Some("MJ"), Some("GJ"), Some("mWh"), Some("Wh"), Some("kWh"),
          Some("MWh"), Some("GWh"), Some("TWh"), Some("cal"), Some("kcal"), Some("Mcal"),
          Some("Gcal")],
        TOTAL),
    Class { has_icon: false, ..class("enum", &[None], &[]) },
    class("frequency",
        &[Some("mHz"), Some("Hz"), Some("kHz"), Some("MHz"), Some("GHz")], MEASUREMENT),
    class("power",
        &[Some("mW"), Some("W"), Some("kW"), Some("MW"), Some("GW"), Some("TW")], MEASUREMENT),
    class("power_factor", &[Some("%"), None], MEASUREMENT),
    class("reactive_energy", &[Some("varh"), Some("kvarh")], TOTAL),
    class("reactive_power", &[Some("mvar"), Some("var"), Some("kvar")], MEASUREMENT),
    class("signal_strength", &[Some("dB"), Some("dBm")], MEASUREMENT),
    class("timestamp", &[None], &[]),
    class("voltage",
        &[Some("\u{3bc}V"), Some("mV"), Some("V"), Some("kV"), Some("MV")], MEASUREMENT),
];

const fn class(
    name: &'static str,
    units: &'static [Option<&'static str>],
    state_classes: &'static [&'static str],
) -> Class {
    Class { name, units, state_classes, has_icon: true }
}

/// Those of `BinarySensorDeviceClass` in `homeassistant/components/binary_sensor/const.py` that we
/// use. Each has a symbol.
const BINARY_CLASSES: &[&str] = &["connectivity", "problem"];

/// What is wrong with a component, if anything.
fn fault(component: &Map<String, Json>) -> Result<(), String> {
    let text = |key: &str| component.get(key).map(|value| value.as_str().unwrap());
    let is_sensor = match text("platform") {
        Some("sensor") => true,
        Some("binary_sensor") => false,
        other => return Err(format!("platform {other:?}")),
    };
    for key in component.keys().map(String::as_str) {
        if !SENSOR_KEYS.contains(&key) || (!is_sensor && SENSOR_ONLY.contains(&key)) {
            return Err(format!("key {key}"));
        }
    }
    for key in ["unique_id", "name", "state_topic", "value_template"] {
        text(key).filter(|text| !text.is_empty()).ok_or_else(|| format!("no {key}"))?;
    }
    let (domain, id) =
        text("default_entity_id").unwrap_or_default().split_once('.').unwrap_or_default();
    let is_slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if Some(domain) != text("platform") || id.is_empty() || !id.chars().all(is_slug) {
        return Err(format!("default_entity_id {domain}.{id}"));
    }
    // `entity_category_without_config`.
    if text("entity_category").is_some_and(|category| category != "diagnostic") {
        return Err("entity_category".into());
    }
    // `cv.icon`.
    if text("icon").is_some_and(|icon| !icon.starts_with("mdi:")) {
        return Err("icon".into());
    }
    // `cv.positive_int`, which takes 0.
    for key in ["expire_after", "suggested_display_precision"] {
        if component.get(key).is_some_and(|number| !number.is_u64()) {
            return Err(key.into());
        }
    }
    let class = text("device_class");
    if is_sensor { sensor_fault(component, class) } else { binary_fault(class, text("icon")) }
}

/// `validate_sensor_state_and_device_class_config`, and what the sensor warns of later.
fn sensor_fault(component: &Map<String, Json>, class: Option<&str>) -> Result<(), String> {
    let text = |key: &str| component.get(key).map(|value| value.as_str().unwrap());
    let (unit, state_class) = (text("unit_of_measurement"), text("state_class"));
    let has_options = component.get("options").is_some_and(|it| !it.as_array().unwrap().is_empty());
    if has_options != (class == Some("enum")) {
        return Err("options".into());
    }
    let Some(class) = class else {
        return match (state_class, text("icon")) {
            (Some("measurement" | "total" | "total_increasing") | None, Some(_)) => Ok(()),
            other => Err(format!("state class and icon {other:?}")),
        };
    };
    let class =
        CLASSES.iter().find(|it| it.name == class).ok_or_else(|| format!("class {class}"))?;
    if !class.units.contains(&unit) {
        return Err(format!("{} in {unit:?}", class.name));
    }
    if state_class.is_some_and(|it| !class.state_classes.contains(&it)) {
        return Err(format!("{} as {state_class:?}", class.name));
    }
    if class.has_icon == text("icon").is_some() {
        return Err(format!("{} with icon {:?}", class.name, text("icon")));
    }
    Ok(())
}

fn binary_fault(class: Option<&str>, icon: Option<&str>) -> Result<(), String> {
    match class {
        Some(class) if !BINARY_CLASSES.contains(&class) => Err(format!("class {class}")),
        _ if class.is_some() == icon.is_some() => Err("icon".into()),
        _ => Ok(()),
    }
}

/// What is wrong with a state of a component, if anything.
fn state_fault(component: &Json, state: &Json) -> Result<(), String> {
    let is_number = state.is_number();
    let is_good = match component["device_class"].as_str() {
        Some("timestamp") => state.as_str().is_some_and(is_time),
        Some("enum") => component["options"].as_array().unwrap().contains(state),
        _ if component["platform"] == "binary_sensor" => is_number || state.is_boolean(),
        _ if component.get("state_class").is_some() => is_number,
        _ if component.get("unit_of_measurement").is_some() => is_number,
        // A text that might be too long is shortened.
        _ => component["value_template"].as_str().unwrap().ends_with(" | string)[:255] }}"),
    };
    if is_good { Ok(()) } else { Err(format!("state {state}")) }
}

fn is_time(text: &str) -> bool {
    use time::{OffsetDateTime, format_description::well_known::Rfc3339};
    OffsetDateTime::parse(text, &Rfc3339).is_ok()
}

/// Checks that Home Assistant takes a discovery, each of its components, and their states.
pub(crate) fn check(discovery: &Json, states: &[(String, Json)]) {
    let keys = |object: &Json| object.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(discovery), ["availability_topic", "components", "device", "origin", "qos"]);
    let device = &discovery["device"];
    for key in keys(device) {
        assert!(DEVICE_KEYS.contains(&key.as_str()), "{key}");
    }
    assert!(!device["identifiers"][0].as_str().unwrap().is_empty());
    assert!(!discovery["origin"]["name"].as_str().unwrap().is_empty());

    let (mut unique_ids, mut entity_ids, mut names) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (key, component) in discovery["components"].as_object().unwrap() {
        assert_eq!(fault(component.as_object().unwrap()), Ok(()), "{key}: {component}");
        assert!(unique_ids.insert(component["unique_id"].as_str()), "{component}");
        assert!(entity_ids.insert(component["default_entity_id"].as_str()), "{component}");
        assert!(names.insert(component["name"].as_str()), "{component}");
        let topic = component["state_topic"].as_str().unwrap();
        let state = states.iter().find(|(other, _)| other == topic).map(|(_, message)| message);
        if let Some(state) = state.and_then(|message| message.get(key)) {
            assert_eq!(state_fault(component, state), Ok(()), "{key}: {component}");
        }
    }
}

#[test]
fn every_sample_is_taken() {
    for_each_sample(|_, message| {
        let mut device = meter();
        device.apply_message(message);
        for language in Language::ALL {
            check(&discovery(&device, *language), &states(&device));
        }
    });
}

#[test]
fn every_code_is_taken() {
    let kinds = [(0, 0), (1, 0), (1, 1), (3, 10), (6, 0), (6, 1), (7, 0), (8, 0), (8, 4), (13, 0)];
    let media = [(0, 0), (0, 1), (0, 6), (1, 0), (1, 2)];
    for c in 0..=255 {
        let codes =
            kinds.iter().flat_map(|(d, e)| media.map(|(a, b)| ObisCode::new(a, b, c, *d, *e, 255)));
        let mut device = meter();
        device.apply_reading(&reading(codes.map(|code| (code, Value::Number(Decimal::from(1))))));
        for language in Language::ALL {
            check(&discovery(&device, *language), &states(&device));
        }
    }
}

#[test]
fn what_would_not_be_taken_is_found() {
    let mut device = meter();
    let values = [(1, 8, 0), (32, 7, 0), (96, 14, 0)].map(|(c, d, e)| ObisCode::reduced(c, d, e));
    device.apply_reading(&reading(values.map(|code| (code, Value::Number(Decimal::from(1))))));
    let discovery = discovery(&device, Language::English);
    let with = |key: &str, name: &str, value: Json| {
        let mut component = discovery["components"][key].as_object().unwrap().clone();
        component.insert(name.into(), value);
        fault(&component).unwrap_err()
    };
    assert_eq!(with("1.8.0", "unit_of_measurement", "W".into()), "energy in Some(\"W\")");
    assert_eq!(
        with("1.8.0", "state_class", "measurement".into()),
        "energy as Some(\"measurement\")"
    );
    assert_eq!(with("32.7.0", "state_class", "total".into()), "voltage as Some(\"total\")");
    assert_eq!(with("32.7.0", "options", vec!["a"].into()), "options");
    assert_eq!(with("32.7.0", "device_class", "tension".into()), "class tension");
    assert_eq!(with("influxdb", "options", Json::Array(Vec::new())), "options");
    assert_eq!(with("overdue", "state_class", "measurement".into()), "key state_class");
    assert_eq!(with("96.14.0", "entity_category", "config".into()), "entity_category");
    assert_eq!(with("96.14.0", "object_id", "x".into()), "key object_id");
    assert_eq!(with("96.14.0", "default_entity_id", "x.y".into()), "default_entity_id x.y");
    assert_eq!(with("96.14.0", "platform", "switch".into()), "platform Some(\"switch\")");
}
