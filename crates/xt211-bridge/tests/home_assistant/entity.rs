//! An entity as Home Assistant has it, and as it was announced.

use std::{collections::BTreeMap, fmt};

use serde_json::Value;

use crate::instance::text;

/// What can be seen of one entity.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entity {
    pub(crate) entity_id: String,
    pub(crate) name: String,
    /// The name with the device's, which is what people see of it outside the device's page.
    pub(crate) full_name: Option<String>,
    /// `None` if it is registered, and not there.
    pub(crate) state: Option<String>,
    pub(crate) unit: Option<String>,
    pub(crate) device_class: Option<String>,
    pub(crate) state_class: Option<String>,
    pub(crate) category: Option<String>,
    /// How many decimals are shown.
    pub(crate) precision: Option<u64>,
    pub(crate) icon: Option<String>,
    /// The attributes that are this entity's own.
    pub(crate) attributes: BTreeMap<String, Value>,
    /// What its device is recognised by.
    pub(crate) device: String,
}

impl Entity {
    /// From its entry in the registry, and from its state.
    pub(crate) fn new(device: &str, entry: &Value, state: Option<&Value>) -> Self {
        let mut attributes: BTreeMap<_, _> = state
            .and_then(|state| state["attributes"].as_object())
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let mut take = |name| attributes.remove(name)?.as_str().map(str::to_owned);
        Self {
            device: device.to_owned(),
            entity_id: text(&entry["entity_id"]).to_owned(),
            name: text(&entry["original_name"]).to_owned(),
            state: state.map(|state| text(&state["state"]).to_owned()),
            category: optional(&entry["entity_category"]),
            precision: entry["options"]["sensor"]["suggested_display_precision"].as_u64(),
            full_name: take("friendly_name"),
            unit: take("unit_of_measurement"),
            device_class: take("device_class"),
            state_class: take("state_class"),
            icon: take("icon"),
            attributes,
        }
    }

    /// From the device's discovery, what was announced of one of its components, and from the last
    /// message on its topic, if there was one. It says nothing of the entity's own attributes.
    pub(crate) fn announced(device: &Value, key: &str, component: &Value, message: &Value) -> Self {
        let [name, platform] = ["name", "platform"].map(|key| text(&component[key]));
        Self {
            device: text(&device["identifiers"][0]).to_owned(),
            entity_id: text(&component["default_entity_id"]).to_owned(),
            name: name.to_owned(),
            full_name: Some(format!("{} {name}", text(&device["name"]))),
            state: Some(match &message[key] {
                // What expires is so until the first value comes.
                Value::Null if component["expire_after"].is_u64() => "unavailable".into(),
                value => shown(platform, &component["device_class"], value),
            }),
            unit: optional(&component["unit_of_measurement"]),
            device_class: optional(&component["device_class"]),
            state_class: optional(&component["state_class"]),
            category: optional(&component["entity_category"]),
            precision: component["suggested_display_precision"].as_u64(),
            icon: optional(&component["icon"]),
            attributes: BTreeMap::new(),
        }
    }

    /// It, without its own attributes.
    pub(crate) fn without_attributes(&self) -> Self {
        Self { attributes: BTreeMap::new(), ..self.clone() }
    }
}

/// How a value is to be shown that is in a message.
fn shown(platform: &str, class: &Value, value: &Value) -> String {
    match (platform, value) {
        ("binary_sensor", _) if *value == 1 || *value == true => "on".into(),
        ("binary_sensor", _) if *value == 0 || *value == false => "off".into(),
        ("sensor", Value::String(time)) if class == "timestamp" => time.replace('Z', "+00:00"),
        ("sensor", Value::String(text)) => text.chars().take(255).collect(),
        ("sensor", Value::Number(number)) => number.to_string(),
        _ => "unknown".into(),
    }
}

fn optional(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// One line: its id, name, state and unit; its device class, state class and category; and what is
/// set besides.
impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entity_id, name, state, .. } = self;
        write!(f, "{entity_id} \"{name}\" = {}", state.as_deref().unwrap_or("(not there)"))?;
        if let Some(unit) = &self.unit {
            write!(f, " {unit}")?;
        }
        let classes = [&self.device_class, &self.state_class, &self.category];
        for class in classes.map(|class| class.as_deref().unwrap_or("-")) {
            write!(f, " | {class}")?;
        }
        if let Some(precision) = self.precision {
            write!(f, " | precision {precision}")?;
        }
        if let Some(icon) = &self.icon {
            write!(f, " | {icon}")?;
        }
        for (name, value) in &self.attributes {
            write!(f, " | {name} = {value}")?;
        }
        Ok(())
    }
}
