//! Who a message is from, and what it costs to know.

use allocation_counter::measure;
use tempfile::TempDir;
use time::macros::datetime;
use xt211_store::Store;

use super::*;
use crate::config::Config;

const BATTERY: &[u8] = br#"{"battery":{"SOC":50}}"#;

fn registry(text: &str) -> Registry {
    Registry::new(&Config::parse(text).unwrap().meters)
}

fn id(registry: &mut Registry, topic: &str) -> Option<String> {
    match registry.sender(topic, BATTERY) {
        Sender::Meter(number) => registry.get_mut(number).map(|meter| meter.id().to_string()),
        Sender::Stranger(_) | Sender::Nobody => None,
    }
}

const WILD: &str = "[[meter]]\nid = \"kitchen\"\ndata_topic = \"a/d\"\nstatus_topic = \"a/s\"\n\
    [[meter]]\ndata_topic = \"+/data\"\nstatus_topic = \"+/status\"\n\
    [[meter]]\ndata_topic = \"z/+/data\"\nstatus_topic = \"z/+/status\"\n";

#[test]
fn each_has_an_id_of_its_own() {
    let mut registry = registry(WILD);
    assert_eq!(id(&mut registry, "a/d").as_deref(), Some("kitchen"));
    assert_eq!(id(&mut registry, "garden/data").as_deref(), Some("garden"));
    assert_eq!(id(&mut registry, "garden/status").as_deref(), Some("garden"));
    let other = id(&mut registry, "z/kitchen/data").unwrap();
    assert!(other.starts_with("z_kitchen__data_"), "{other}");
    assert_eq!(id(&mut registry, "z/kitchen/data"), Some(other));
    assert_eq!(id(&mut registry, "elsewhere"), None);
}

#[test]
fn what_is_no_modules_makes_no_meter() {
    let mut registry = registry(WILD);
    assert!(matches!(registry.sender("tele/status", b"on"), Sender::Stranger(_)));
    assert_eq!(registry.iter_mut().count(), 1);
    // The meter that is named is there in any case.
    assert!(matches!(registry.sender("a/d", b"on"), Sender::Meter(0)));
}

/// All meters of a `+`, with their store.
pub(crate) struct Town {
    pub(crate) _folder: TempDir,
    pub(crate) store: Store,
    registry: Registry,
}

impl Town {
    /// So many meters, each heard once.
    pub(crate) fn new(meters: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap().store;
        let registry = Self::registry();
        let mut town = Self { _folder: folder, store, registry };
        (0..meters).for_each(|meter| town.take(meter, 0));
        town
    }

    /// Takes a reading of thirty registers.
    fn take(&mut self, meter: usize, minute: usize) {
        let Self { store, registry, .. } = self;
        let (topic, payload) = (format!("t/{meter:05}/data"), reading(minute));
        let now = datetime!(2026-11-01 00:00 UTC) + time::Duration::minutes(minute as i64);
        let Sender::Meter(number) = registry.sender(&topic, &payload) else { panic!("{topic}") };
        let effect = store.write(|store| {
            registry
                .do_with(number, |point| point.intake.take(store, &topic, &payload, now))
                .unwrap()
        });
        let effect = effect.unwrap();
        assert_eq!((effect.records, effect.readings.len()), (1, 1));
        registry.get_mut(number).unwrap().show(&effect);
    }

    /// One that knows no meter yet.
    pub(crate) fn registry() -> Registry {
        registry("[[meter]]\ndata_topic = \"t/+/data\"\nstatus_topic = \"t/+/s\"\n")
    }

    fn number(&self, key: i64) -> Option<usize> {
        self.registry.number_of(key.into())
    }
}

/// A message at a minute of an hour.
fn reading(minute: usize) -> Vec<u8> {
    let register = |number| {
        let (quantity, tariff) = (number / 5 + 1, number % 5);
        format!(r#""{quantity}.8.{tariff}":{}.{minute:03}"#, 1_000 + number)
    };
    let registers: Vec<_> = (0..30).map(register).collect();
    let (hour, minute) = (minute / 60, minute % 60);
    let time = format!("Sun 2026-11-01 {hour:02}:{minute:02}:00 GMT");
    let registers = registers.join(",");
    format!(r#"{{"data":{{"reading_datetime":"{time}","values":{{{registers}}}}}}}"#).into_bytes()
}

#[test]
fn a_meter_of_thirty_registers_takes_little_memory() {
    const METERS: usize = 1_000;
    let mut town = Town::new(0);
    let info = measure(|| (0..METERS).for_each(|meter| town.take(meter, 0)));
    let bytes = usize::try_from(info.bytes_current).unwrap() / METERS;
    assert!((1_000..4_000).contains(&bytes), "{bytes}");
}

#[test]
fn a_message_costs_the_same_however_many_meters_there_are() {
    const MESSAGES: usize = 200;
    let allocations = [1, MESSAGES].map(|meters| {
        let mut town = Town::new(meters);
        let mut take = |message| town.take(message % meters, message / meters + 1);
        // Statements are prepared once.
        take(0);
        measure(|| (1..MESSAGES).for_each(take)).count_total
    });
    assert_eq!(allocations[0], allocations[1]);
}

#[test]
fn a_meter_is_found_by_its_key() {
    let mut town = Town::new(3);
    assert_eq!([1, 2, 3, 4].map(|key| town.number(key)), [Some(0), Some(1), Some(2), None]);
    // As after a commit that failed.
    town.registry.forget();
    assert!(!town.registry.has_stored());
    assert_eq!(town.number(2), None);
    town.take(1, 1);
    assert_eq!([1, 2, 3].map(|key| town.number(key)), [None, Some(1), None]);
    town.registry.recall(&town.store).unwrap();
    assert_eq!([1, 2, 3].map(|key| town.number(key)), [Some(0), Some(1), Some(2)]);
}
