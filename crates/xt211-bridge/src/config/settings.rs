//! What is set, for people to see: never a secret.

use std::collections::BTreeMap;

use toml::{Table, Value};
use xt211_web::{Section, Setting, SettingValue, Settings};

use super::source::Source;

/// The keys whose values nobody is to see.
const SECRETS: [&str; 2] = ["password", "token"];

/// Sections in which something may be set by whoever installs the program, before anybody has
/// configured it.
const INSTALLED: [Section; 2] = [Section::Store, Section::Web];

/// What is set. Each meter is there; if nothing is said of any, one of which nothing is set.
pub(super) fn shown(source: &Source) -> Settings {
    let mut sections = BTreeMap::new();
    for section in Section::ALL {
        if let Some(Value::Table(table)) = source.set.get(section.name()) {
            sections.insert(section, shown_table(section, table, source));
        }
    }
    let meters: Vec<_> = match source.set.get(Section::Meter.name()) {
        Some(Value::Array(meters)) if !meters.is_empty() => {
            let tables = meters.iter().filter_map(Value::as_table);
            tables.map(|table| shown_table(Section::Meter, table, source)).collect()
        }
        _ => vec![BTreeMap::new()],
    };
    let is_new =
        source.set.keys().all(|name| INSTALLED.map(Section::name).contains(&name.as_str()));
    Settings { is_new, sections, meters, ..Settings::default() }
}

fn shown_table(section: Section, table: &Table, source: &Source) -> BTreeMap<String, Setting> {
    let setting = |(key, value): (&String, &Value)| {
        let is_secret = SECRETS.contains(&key.as_str());
        let value = if is_secret { SettingValue::Secret } else { SettingValue::Shown(text(value)) };
        let variable = source.variables.get(&format!("{}.{key}", section.name())).cloned();
        (key.clone(), Setting { value, variable })
    };
    table.iter().map(setting).collect()
}

/// A value as one would write it without quotes.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(switch) => switch.to_string(),
        // No setting is any of these.
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => String::new(),
    }
}
