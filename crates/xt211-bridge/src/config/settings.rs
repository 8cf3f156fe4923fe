//! What is set, for people to see: never a secret.

use std::collections::BTreeMap;

use toml::{Table, Value};
use xt211_web::{Section, Setting, SettingValue, Settings};

use super::{secret::is_secret, source::Source};

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
    Settings { sections, meters, ..Settings::default() }
}

/// Whether somebody has chosen something: anything of a meter or of InfluxDB; where the broker and
/// Home Assistant are, unless it is the environment that says so.
pub(super) fn has_choice(source: &Source) -> bool {
    let is_set = |section: Section| match source.set.get(section.name()) {
        Some(Value::Table(set)) => !set.is_empty(),
        Some(Value::Array(meters)) => {
            meters.iter().filter_map(Value::as_table).any(|set| !set.is_empty())
        }
        _ => false,
    };
    let is_chosen = |section: Section| {
        let set = source.set.get(section.name()).and_then(Value::as_table);
        set.is_some_and(|set| set.keys().any(|key| variable(section, key, source).is_none()))
    };
    [Section::Meter, Section::InfluxDb].into_iter().any(is_set)
        || [Section::Mqtt, Section::HomeAssistant].into_iter().any(is_chosen)
}

fn shown_table(section: Section, table: &Table, source: &Source) -> BTreeMap<String, Setting> {
    let setting = |(key, value): (&String, &Value)| {
        let value =
            if is_secret(key) { SettingValue::Secret } else { SettingValue::Shown(text(value)) };
        let variable = variable(section, key, source);
        (key.clone(), Setting { value, variable })
    };
    table.iter().map(setting).collect()
}

/// The environment variable that a setting comes from, if it does.
pub(super) fn variable(section: Section, key: &str, source: &Source) -> Option<String> {
    source.variables.get(&format!("{}.{key}", section.name())).cloned()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str, environment: &[(&str, &str)]) -> Source {
        let environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Source::new(text, None, environment).unwrap()
    }

    #[test]
    fn secrets_are_not_shown_and_variables_are_named() {
        let text = "[mqtt]\nusername = \"me\"\npassword = \"hunter2\"\n[store]\nkeep_days = 5\n";
        let settings = shown(&source(text, &[("XT211_INFLUXDB_TOKEN", "hunter3")]));
        assert!(!format!("{settings:?}").contains("hunter"));
        let token = &settings.sections[&Section::InfluxDb]["token"];
        assert_eq!(token.value, SettingValue::Secret);
        assert_eq!(token.variable.as_deref(), Some("XT211_INFLUXDB_TOKEN"));
        let keep_days = &settings.sections[&Section::Store]["keep_days"];
        assert_eq!(keep_days.value, SettingValue::Shown("5".into()));
        assert_eq!(settings.meters.len(), 1);
    }

    #[test]
    fn it_is_new_until_somebody_has_chosen_something() {
        let has_choice = |text: &str, environment: &[_]| has_choice(&source(text, environment));
        assert!(!has_choice("", &[]));
        assert!(!has_choice("# nothing\n[mqtt]\n", &[("XT211_WEB_LISTEN", "127.0.0.1:1")]));
        assert!(!has_choice("[[meter]]\n", &[]));
        assert!(!has_choice("", &[("XT211_MQTT_URL", "mqtt://core-mosquitto")]));
        assert!(has_choice("[mqtt]\nurl = \"mqtt://a\"", &[]));
        assert!(has_choice("[[meter]]\nid = \"a\"", &[]));
        assert!(has_choice("", &[("XT211_METER_NAME", "Ours")]));
    }
}
