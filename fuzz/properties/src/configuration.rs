//! Configurations.

use std::collections::BTreeSet;

use toml::{Table, Value};
use xt211_bridge::config::{Config, ConfigError, edit};
use xt211_web::{Edit, Place};

use crate::memory;

/// Any text is a configuration that meets the rules, or an error that says in which line; and a
/// change of a setting, in a comment such as `#set mqtt.url mqtt://b` or `#unset mqtt.url`, changes
/// that setting and nothing else.
///
/// # Panics
///
/// This does not hold.
pub fn configuration(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    // Each table and key of the document is an object of its own, and each error a text.
    match memory::within(2_000 * text.len() + (1 << 20), || Config::parse(text)) {
        Ok(config) => any_config(&config),
        Err(error) => any_error(text, &error),
    }
    for line in text.lines() {
        let change = line.strip_prefix("#set ").and_then(|line| line.split_once(' '));
        let change = change.map(|(place, value)| (place, Some(value)));
        let change = change.or(line.strip_prefix("#unset ").map(|place| (place, None)));
        if let Some((place, value)) = change
            && let Ok(place) = place.parse()
        {
            any_change(text, place, value);
        }
    }
}

fn any_config(config: &Config) {
    let mut ids = BTreeSet::new();
    assert!(!config.meters.is_empty());
    for meter in &config.meters {
        assert!(meter.is_wild() || ids.insert(&meter.id), "{} twice", meter.id);
        assert!(meter.max_power_kw.is_finite() && meter.max_power_kw > 0.0);
        for topic in meter.topics() {
            assert!(!topic.is_empty() && !topic.contains(['#', '\0']), "{topic:?}");
            assert_eq!(topic.contains('+'), meter.is_wild(), "{topic:?}");
        }
        let discovery = config.topics.discovery(&meter.id);
        assert!(!discovery.contains(['+', '#', '\0']), "{discovery:?}");
    }
    assert!((1..=36_500).contains(&config.store.keep_days));
    assert!(!config.mqtt.host.is_empty() && config.mqtt.port > 0);
}

fn any_error(text: &str, error: &ConfigError) {
    assert!(!error.problems().is_empty());
    for problem in error.problems() {
        let problem = problem.to_string();
        assert!(!problem.contains(char::is_control), "{problem:?}");
        if let Some(place) = problem.strip_prefix("configuration, line ") {
            let digits = place.bytes().take_while(u8::is_ascii_digit).count();
            let line: usize = place[..digits].parse().expect("a number");
            assert!((1..=text.split('\n').count()).contains(&line), "{problem}");
        }
    }
}

fn any_change(text: &str, place: Place, value: Option<&str>) {
    let Ok(before) = text.parse::<Table>() else { return };
    let change = [(place.clone(), value.map(str::to_owned))].into();
    let Ok(changed) = edit(text, &Edit { set: change, remove_meter: None }) else { return };
    let mut after = changed.parse::<Table>().expect("TOML");
    let mut before = before;
    let found = take(&mut after, &place);
    take(&mut before, &place);
    match (found, value) {
        (Some(found), Some(value)) => assert!(is_written(&found, value), "{found:?}: {changed}"),
        (found, value) => assert_eq!((found, value), (None, None), "{changed}"),
    }
    // As text, since not a number is not equal to itself.
    let [after, before] = [after, before].map(|it| format!("{:?}", without_empty(it)));
    assert_eq!(after, before, "{changed}");
}

/// Takes a setting out of a document.
fn take(document: &mut Table, place: &Place) -> Option<Value> {
    let section = match document.get_mut(place.section.name())? {
        Value::Array(meters) => meters.get_mut(place.meter)?,
        section => section,
    };
    section.as_table_mut()?.remove(&place.key)
}

/// Whether this is how one would write a value without quotes.
fn is_written(value: &Value, text: &str) -> bool {
    match value {
        Value::String(value) => value == text,
        Value::Integer(number) => text.parse() == Ok(*number),
        Value::Float(number) => text.parse::<f64>().is_ok_and(|it| it.total_cmp(number).is_eq()),
        Value::Boolean(switch) => text.parse() == Ok(*switch),
        _ => false,
    }
}

/// A document without sections in which nothing is set: an edit may begin some, and then meters
/// before the one that it is about.
fn without_empty(mut document: Table) -> Table {
    let is_empty = |value: &Value| match value {
        Value::Table(table) => table.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    };
    for value in document.iter_mut().map(|(_, value)| value) {
        if let Value::Array(list) = value {
            while list.last().is_some_and(is_empty) {
                list.pop();
            }
        }
    }
    document.into_iter().filter(|(_, value)| !is_empty(value)).collect()
}
