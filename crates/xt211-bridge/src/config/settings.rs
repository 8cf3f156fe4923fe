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
    let is_new = !sections.iter().any(|(section, set)| is_choice(*section, set))
        && !meters.iter().any(|set| is_choice(Section::Meter, set));
    Settings { is_new, sections, meters, ..Settings::default() }
}

/// Whether somebody has chosen something. Whoever installs the program (as an app of Home Assistant,
/// say) may have told it where things are, and that is no choice yet.
fn is_choice(section: Section, set: &BTreeMap<String, Setting>) -> bool {
    match section {
        Section::Store | Section::Web => false,
        Section::Meter | Section::InfluxDb => !set.is_empty(),
        Section::Mqtt | Section::HomeAssistant => {
            set.values().any(|setting| setting.variable.is_none())
        }
    }
}

fn shown_table(section: Section, table: &Table, source: &Source) -> BTreeMap<String, Setting> {
    let setting = |(key, value): (&String, &Value)| {
        let value =
            if is_secret(key) { SettingValue::Secret } else { SettingValue::Shown(text(value)) };
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

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str, environment: &[(&str, &str)]) -> Settings {
        let environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        shown(&Source::new(text, None, environment).unwrap())
    }

    #[test]
    fn secrets_are_not_shown_and_variables_are_named() {
        let text = "[mqtt]\nusername = \"me\"\npassword = \"hunter2\"\n[store]\nkeep_days = 5\n";
        let settings = settings(text, &[("XT211_INFLUXDB_TOKEN", "hunter3")]);
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
        assert!(settings("", &[]).is_new);
        assert!(settings("# nothing\n[mqtt]\n", &[("XT211_WEB_LISTEN", "127.0.0.1:1")]).is_new);
        assert!(settings("", &[("XT211_MQTT_URL", "mqtt://core-mosquitto")]).is_new);
        assert!(!settings("[mqtt]\nurl = \"mqtt://a\"", &[]).is_new);
        assert!(!settings("[[meter]]\nid = \"a\"", &[]).is_new);
        assert!(!settings("", &[("XT211_METER_NAME", "Ours")]).is_new);
    }
}
