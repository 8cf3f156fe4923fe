use std::collections::BTreeSet;

use time::macros::datetime;
use xt211_message::{Decimal, Register, Registers};

use serde::Serialize;

use super::*;
use crate::{DeviceClass, Platform};

const TIME: OffsetDateTime = datetime!(2026-02-21 20:27:09 UTC);

fn info() -> MeterInfo {
    MeterInfo {
        id: "meter".parse().unwrap(),
        name: "House".into(),
        serial: None,
        page: None,
        expire_after: Some(Duration::from_secs(600)),
    }
}

fn meter() -> MeterDevice {
    MeterDevice::new(info())
}

/// A reading of these codes and values, each a number if it can be read as one.
fn reading<'a>(time: OffsetDateTime, values: &[(&str, &'a str)]) -> Reading<'a> {
    let registers = values.iter().map(|(code, value)| Register {
        code: code.parse().unwrap(),
        value: match value.parse::<Decimal>() {
            Ok(number) if *code != "96.1.1" => Value::Number(number),
            _ => Value::Text((*value).into()),
        },
    });
    Reading {
        time,
        first_boot: false,
        wait_time: None,
        registers: Registers::from_vec(registers.collect()).unwrap(),
    }
}

fn topics() -> Topics {
    Topics::new("homeassistant", "xt211")
}

fn origin() -> Origin {
    Origin { name: "xt211-bridge".into(), sw_version: None, support_url: None }
}

fn discovery(device: &MeterDevice) -> Discovery {
    device.discovery(&topics(), &origin(), Language::English)
}

fn entity(device: &MeterDevice, key: &str) -> Option<Entity> {
    discovery(device).components.get(key)?.entity().cloned()
}

fn text(message: Option<impl Serialize>) -> Option<String> {
    message.map(|message| serde_json::to_string(&message).unwrap())
}

#[test]
fn the_registers_that_were_seen() {
    let mut device = meter();
    device.apply_reading(&reading(TIME, &[("1.8.0", "5"), ("96.14.0", "T1")]));
    let status = ModuleStatus { wakeups: Some(7), ..ModuleStatus::default() };
    device.apply_status(&status, Some(TIME));
    let codes: BTreeSet<_> = device.registers().map(|code| code.to_string()).collect();
    assert_eq!(codes, ["1.8.0", "96.14.0"].map(String::from).into());
}

#[test]
fn a_new_meter_has_only_the_entities_of_the_bridge() {
    let device = meter();
    assert!(device.energy().is_none() && device.live(TIME).is_none() && device.module().is_none());
    let discovery = discovery(&device);
    let keys: Vec<_> = discovery.components.keys().collect();
    assert_eq!(keys, ["influxdb", "last_success", "overdue", "set_aside", "waiting"]);
    assert_eq!(discovery.device.identifiers, ["xt211_meter"]);
    assert_eq!(discovery.device.serial_number, None);
}

#[test]
fn a_reading_changes_what_it_has_values_for() {
    let mut device = meter();
    let values = [("1.8.0", "7369.066"), ("16.7.0", "560")];
    let first = device.apply_reading(&reading(TIME, &values));
    assert_eq!(first, Changed::ALL);
    assert_eq!(text(device.energy()).unwrap(), r#"{"1.8.0":7369.066}"#);
    assert_eq!(text(device.live(TIME)).unwrap(), r#"{"16.7.0":560}"#);
    assert_eq!(text(device.module()).unwrap(), r#"{"last_reading":"2026-02-21T20:27:09Z"}"#);

    let same = device.apply_reading(&reading(TIME, &values));
    let live = Changed { live: true, ..Changed::NONE };
    assert_eq!(same, live);

    let total = Changed { energy: true, ..Changed::NONE };
    let later = device.apply_reading(&reading(TIME, &[("1.8.0", "7369.067")]));
    assert_eq!(later, total);
}

#[test]
fn a_meter_is_available_while_any_bridge_of_a_group_is() {
    let alone = serde_json::to_value(discovery(&meter())).unwrap();
    assert_eq!(alone["availability_topic"], "xt211/bridge/availability");
    let mut group = topics().in_group("one");
    group.note_bridge(&"two".parse().unwrap(), true);
    let discovery = meter().discovery(&group, &origin(), Language::English);
    let discovery = serde_json::to_value(discovery).unwrap();
    let topics = ["one", "two"]
        .map(|name| serde_json::json!({ "topic": format!("xt211/bridge/availability/{name}") }));
    assert_eq!(discovery["availability"], serde_json::json!(topics));
    assert_eq!(discovery["availability_mode"], "any");
}

#[test]
fn a_live_value_leaves_the_message_when_it_expires() {
    let mut device = meter();
    let at = |seconds| TIME + time::Duration::seconds(seconds);
    device.apply_reading(&reading(at(0), &[("16.7.0", "1"), ("1.8.0", "1")]));
    device.apply_reading(&reading(at(600), &[("32.7.0", "230")]));
    assert_eq!(text(device.live(TIME)).unwrap(), r#"{"16.7.0":1,"32.7.0":230}"#);
    device.apply_reading(&reading(at(601), &[("32.7.0", "231")]));
    assert_eq!(text(device.live(TIME)).unwrap(), r#"{"32.7.0":231}"#);
    assert_eq!(text(device.live(at(1201))).unwrap(), r#"{"32.7.0":231}"#);
    assert_eq!(text(device.live(at(1202))), None);
    assert_eq!(text(device.energy()).unwrap(), r#"{"1.8.0":1}"#);
    assert!(entity(&device, "16.7.0").is_some());

    device.info.expire_after = None;
    assert_eq!(text(device.live(at(1202))).unwrap(), r#"{"16.7.0":1,"32.7.0":231}"#);
}

#[test]
fn expire_after_is_in_whole_seconds_and_for_live_values() {
    let mut device = meter();
    device.apply_reading(&reading(TIME, &[("16.7.0", "1"), ("1.8.0", "1")]));
    let mut expire_after = |after| {
        device.info.expire_after = after;
        entity(&device, "16.7.0").unwrap().expire_after
    };
    assert_eq!(expire_after(Some(Duration::from_millis(1500))), Some(2));
    assert_eq!(expire_after(Some(Duration::ZERO)), None);
    assert_eq!(expire_after(None), None);
    assert_eq!(expire_after(Some(Duration::from_secs(60))), Some(60));
    assert_eq!(entity(&device, "1.8.0").unwrap().expire_after, None);
}

#[test]
fn another_expire_after_is_to_be_told_if_anything_expires() {
    let mut device = meter();
    let hour = Some(Duration::from_secs(3600));
    device.apply_reading(&reading(TIME, &[("1.8.0", "1")]));
    assert_eq!(device.set_expire_after(hour), Changed::NONE);
    device.apply_reading(&reading(TIME, &[("16.7.0", "1")]));
    assert_eq!(entity(&device, "16.7.0").unwrap().expire_after, Some(3600));
    assert_eq!(device.set_expire_after(hour), Changed::NONE);
    let changed = device.set_expire_after(None);
    assert_eq!(changed, Changed { discovery: true, ..Changed::NONE });
    assert_eq!(entity(&device, "16.7.0").unwrap().expire_after, None);
}

#[test]
fn an_unknown_code_may_change_between_number_and_text() {
    let mut device = meter();
    device.apply_reading(&reading(TIME, &[("0-1:24.2.1", "5")]));
    let before = discovery(&device);
    let changed = device.apply_reading(&reading(TIME, &[("0-1:24.2.1", "five")]));
    assert!(changed.energy && !changed.discovery);
    assert_eq!(discovery(&device), before);
    let entity = entity(&device, "0-1:24.2.1.255").unwrap();
    assert_eq!(entity.name, "0-1:24.2.1.255");
    assert_eq!(entity.default_entity_id, "sensor.xt211_meter_0_1_24_2_1_255");
    assert_eq!((entity.state_class, entity.device_class), (None, None));
}

#[test]
fn a_text_is_not_shown_as_a_number() {
    let mut device = meter();
    let values = [("1.8.0", "n/a"), ("13.7.0", "n/a"), ("96.3.10", "on")];
    let changed = device.apply_reading(&reading(TIME, &values));
    assert!(!changed.energy && !changed.live);
    assert!(device.energy().is_none() && device.live(TIME).is_none());
    // But a number is a fine text.
    device.apply_reading(&reading(TIME, &[("96.14.0", "2")]));
    assert_eq!(text(device.energy()).unwrap(), r#"{"96.14.0":2}"#);
}

#[test]
fn the_serial_number_comes_from_the_configuration_or_the_messages() {
    let mut device = meter();
    let serial = |device: &MeterDevice| discovery(device).device.serial_number;
    let unknown = device.apply_reading(&reading(TIME, &[("96.1.1", "0")]));
    assert!(!unknown.energy);
    assert_eq!(serial(&device), None);

    let seen = device.apply_reading(&reading(TIME, &[("96.1.1", "5100025085")]));
    assert!(seen.discovery && seen.energy);
    assert_eq!(serial(&device).as_deref(), Some("5100025085"));

    let status = ModuleStatus { serial: Some("5100025086".into()), ..ModuleStatus::default() };
    let changed = device.apply_status(&status, None);
    assert!(changed.discovery && !changed.module);
    assert_eq!(serial(&device).as_deref(), Some("5100025086"));

    device.info.serial = Some("1".into());
    assert_eq!(serial(&device).as_deref(), Some("1"));
    // What is told makes no difference then.
    let status = ModuleStatus { serial: Some("5100025087".into()), ..ModuleStatus::default() };
    assert!(!device.apply_status(&status, None).discovery);
    assert_eq!(serial(&device).as_deref(), Some("1"));
}

#[test]
fn a_status_has_its_own_attributes() {
    let mut device = meter();
    let status = |text: Option<&'static str>| ModuleStatus {
        status: Some("OK".into()),
        status_text: text.map(Into::into),
        wakeups: Some(3),
        build: Some("2025-12-08 13:05:39".into()),
        ..ModuleStatus::default()
    };
    let first = device.apply_status(&status(Some("After wakeup")), Some(TIME));
    assert!(first.discovery && first.module && !first.energy && !first.live);
    assert_eq!(
        text(device.module()).unwrap(),
        r#"{"status":"OK","status_text":"After wakeup","sent":"2026-02-21T20:27:09Z","wakeups":3}"#
    );
    let told: Vec<_> = device.told().collect();
    assert_eq!(told[..2], ["sensor.status", "sensor.wakeups"]);
    assert_eq!(discovery(&device).device.sw_version.as_deref(), Some("2025-12-08 13:05:39"));

    let again = device.apply_status(&status(Some("After wakeup")), Some(TIME));
    assert!(again.is_none());
    let second = device.apply_status(&status(None), None);
    assert!(second.module && !second.discovery);
    assert_eq!(text(device.module()).unwrap(), r#"{"status":"OK","wakeups":3}"#);
    assert!(device.apply_status(&status(None), None).is_none());
}

#[test]
fn the_signal_is_of_either_radio() {
    let mut device = meter();
    let status = ModuleStatus { rssi: "-104".parse().ok(), ..ModuleStatus::default() };
    device.apply_status(&status, None);
    assert_eq!(text(device.module()).unwrap(), r#"{"signal":-104}"#);
}

#[test]
fn a_battery_tells_what_it_knows() {
    let mut device = meter();
    let battery = Battery { voltage: "3.783".parse().ok(), soc: None };
    let changed = device.apply_battery(&battery, None);
    assert!(changed.module && changed.discovery);
    assert_eq!(text(device.module()).unwrap(), r#"{"battery_voltage":3.783}"#);
    assert!(entity(&device, "battery").is_none());
    assert!(device.apply_battery(&battery, None).is_none());
}

#[test]
fn entities_are_there_again_after_a_restart() {
    let mut device = meter();
    let values = [("1.8.0", "1"), ("16.7.0", "1"), ("96.1.1", "5100025085")];
    device.apply_reading(&reading(TIME, &values));
    let remembered: Vec<_> = device.told().collect();

    let mut restarted = meter();
    let nonsense = ["nonsense", "1.8.0", "switch.1.8.0"];
    restarted.restore(remembered.iter().map(String::as_str).chain(nonsense));
    assert!(restarted.energy().is_none() && restarted.module().is_none());
    assert!(restarted.told().eq(remembered));
    assert_eq!(restarted.take_removal(&topics(), &origin()), None);
    let (mut before, after) = (discovery(&device), discovery(&restarted));
    assert_eq!(before.device.serial_number.take().as_deref(), Some("5100025085"));
    assert_eq!(before, after);

    let changed = restarted.apply_reading(&reading(TIME, &values[..2]));
    assert!(changed.energy && changed.live && changed.module && !changed.discovery);
}

#[test]
fn only_a_web_page_is_linked() {
    let mut device = meter();
    let mut page = |page: &str| {
        device.info.page = Some(page.into());
        discovery(&device).device.configuration_url
    };
    assert_eq!(page("http://bridge:8099/").as_deref(), Some("http://bridge:8099/"));
    assert_eq!(page("https://bridge/").as_deref(), Some("https://bridge/"));
    assert_eq!(page("bridge:8099"), None);
}

/// What is removed: the platform of each key.
fn removed(device: &mut MeterDevice) -> Vec<(String, Platform)> {
    let removal = device.take_removal(&topics(), &origin());
    let components = removal.into_iter().flat_map(|removal| removal.components);
    let platform = |component| match component {
        Component::Removed { platform } => platform,
        Component::Entity(entity) => panic!("{entity:?}"),
    };
    components.map(|(key, component)| (key, platform(component))).collect()
}

#[test]
fn what_is_gone_is_removed_once() {
    let mut device = meter();
    device.restore([
        "sensor.1.8.0",
        "sensor.retired",
        "binary_sensor.retired_2",
        "sensor.influxdb",
    ]);
    let before: Vec<_> = device.told().collect();
    assert!(before.contains(&"sensor.retired".to_owned()), "until it is removed");

    let gone = [("retired".into(), Platform::Sensor), ("retired_2".into(), Platform::BinarySensor)];
    assert_eq!(removed(&mut device), gone);
    assert_eq!(removed(&mut device), []);
    let told = ["sensor.1.8.0", "sensor.influxdb", "sensor.last_success", "sensor.waiting"];
    assert!(device.told().take(4).eq(told));
    assert!(entity(&device, "1.8.0").is_some() && entity(&device, "retired").is_none());
}

#[test]
fn what_is_of_another_platform_now_is_removed_from_the_old_one() {
    let mut device = meter();
    device.restore(["sensor.96.3.10", "sensor.0-1:96.3.10.255", "binary_sensor.96.14.0"]);
    device.apply_reading(&reading(TIME, &[("96.3.10", "1")]));
    let gone = [
        ("0-1:96.3.10.255".into(), Platform::Sensor),
        ("96.14.0".into(), Platform::BinarySensor),
        ("96.3.10".into(), Platform::Sensor),
    ];
    assert_eq!(removed(&mut device), gone);
    assert_eq!(entity(&device, "96.3.10").unwrap().platform, Platform::BinarySensor);
    assert_eq!(entity(&device, "96.14.0").unwrap().platform, Platform::Sensor);
}

#[test]
fn a_key_of_both_platforms_is_removed_in_two_messages() {
    let mut device = meter();
    device.restore(["sensor.retired", "binary_sensor.retired", "sensor.retired"]);
    assert_eq!(removed(&mut device), [("retired".into(), Platform::Sensor)]);
    assert_eq!(removed(&mut device), [("retired".into(), Platform::BinarySensor)]);
    assert_eq!(removed(&mut device), []);
}

#[test]
fn what_became_an_attribute_or_was_written_otherwise_is_removed() {
    let mut device = meter();
    device.restore(["sensor.status_text", "sensor.1-0:1.8.0.255"]);
    let gone = ["1-0:1.8.0.255", "status_text"].map(|key| (key.into(), Platform::Sensor));
    assert_eq!(removed(&mut device), gone);
    assert!(entity(&device, "1.8.0").is_some() && entity(&device, "status_text").is_none());
}

#[test]
fn names_in_ids_are_those_of_the_key() {
    let mut device = meter();
    device.info.id = "Garden-2".parse().unwrap();
    device.apply_reading(&reading(TIME, &[("0-1:96.3.10", "1")]));
    let relay = entity(&device, "0-1:96.3.10.255").unwrap();
    assert_eq!(relay.unique_id, "xt211_Garden-2_0-1:96.3.10.255");
    assert_eq!(relay.default_entity_id, "binary_sensor.xt211_garden_2_relay_1");
    assert_eq!(relay.name, "Relay 1");
    let overdue = entity(&device, "overdue").unwrap();
    assert_eq!(overdue.device_class, Some(DeviceClass::Problem));
    assert_eq!(overdue.state_topic, "xt211/Garden-2/bridge");
}

#[test]
fn a_language_changes_names_and_nothing_else() {
    let mut device = meter();
    let values = [("1.8.0", "1"), ("16.7.0", "1"), ("0-1:96.3.10", "1"), ("0-1:24.2.1", "1")];
    device.apply_reading(&reading(TIME, &values));
    let english = discovery(&device);
    let mut czech = device.discovery(&topics(), &origin(), Language::Czech);
    for (key, name) in [
        ("1.8.0", "Odběr celkem"),
        ("16.7.0", "Činný výkon"),
        ("0-1:96.3.10.255", "Relé 1"),
        ("0-1:24.2.1.255", "0-1:24.2.1.255"),
        ("last_reading", "Poslední odečet"),
        ("overdue", "Modul se neozývá"),
    ] {
        let Some(Component::Entity(entity)) = czech.components.get_mut(key) else { panic!() };
        assert_eq!(entity.name, name);
    }
    for (key, component) in &mut czech.components {
        let Component::Entity(entity) = component else { panic!("{key}") };
        entity.name.clone_from(&english.components[key].entity().unwrap().name);
    }
    assert_eq!(czech, english);
}

#[test]
fn no_two_entities_have_one_name() {
    let mut device = meter();
    device.apply_reading(&reading(TIME, &[("96.1.0", "SAG51"), ("96.1.1", "5100025085")]));
    for (language, name) in
        [(Language::English, "Serial Number"), (Language::Czech, "Sériové číslo")]
    {
        let discovery = device.discovery(&topics(), &origin(), language);
        let entity = |key: &str| discovery.components[key].entity().unwrap();
        let id = "sensor.xt211_meter_serial_number";
        assert_eq!(entity("96.1.1").name, name);
        assert_eq!(entity("96.1.1").default_entity_id, id);
        assert_eq!(entity("96.1.0").name, format!("{name} 96.1.0"));
        assert_eq!(entity("96.1.0").default_entity_id, format!("{id}_96_1_0"));
    }
}
