//! How a value appears in Home Assistant.

mod bridge;
mod module;
mod register;
mod template;

use std::borrow::Cow;

pub(crate) use template::Template;

use crate::{DeviceClass, EntityCategory, Language, Platform, StateClass, key::Key};

/// What Home Assistant has to know of an entity, beside where its state is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Description {
    pub(crate) platform: Platform,
    pub(crate) device_class: Option<DeviceClass>,
    pub(crate) state_class: Option<StateClass>,
    pub(crate) unit: Option<&'static str>,
    pub(crate) precision: Option<u8>,
    pub(crate) options: &'static [&'static str],
    pub(crate) category: Option<EntityCategory>,
    pub(crate) icon: Option<&'static str>,
    pub(crate) template: Template,
}

impl Description {
    /// A sensor that nothing is known of.
    const SENSOR: Self = Self {
        platform: Platform::Sensor,
        device_class: None,
        state_class: None,
        unit: None,
        precision: None,
        options: &[],
        category: None,
        icon: None,
        template: Template::Value,
    };

    /// The same for how the meter is read.
    const DIAGNOSTIC: Self = Self { category: Some(EntityCategory::Diagnostic), ..Self::SENSOR };

    /// The entity of a key; `None` for one that is an attribute of another.
    pub(crate) const fn of(key: Key) -> Option<Self> {
        match key {
            Key::Register(code) => Some(register::description(code)),
            Key::Module(key) => module::description(key),
            Key::Bridge(key) => Some(bridge::description(key)),
        }
    }

    /// Whether only numbers are states of it.
    pub(crate) const fn is_numeric(&self) -> bool {
        self.unit.is_some()
            || self.state_class.is_some()
            || matches!(self.template, Template::Switch)
    }
}

/// The name of an entity. The English one also makes its default entity id.
pub(crate) fn name(key: Key, language: Language) -> Cow<'static, str> {
    let translated = language.translation().and_then(|translation| translation.name(key));
    match (translated, key) {
        (Some(name), _) => name.into(),
        (None, Key::Register(code)) => register::name(code).into(),
        (None, Key::Module(key)) => module::name(key).into(),
        (None, Key::Bridge(key)) => bridge::name(key).into(),
    }
}

#[cfg(test)]
mod tests {
    use xt211_obis::ObisCode;

    use super::*;
    use crate::{key::all_keys, slug::slug};

    #[test]
    fn names_and_ids_are_distinct() {
        // The two codes for a serial number have one meaning, and so one name.
        let serial = Key::Register(ObisCode::reduced(96, 1, 0));
        let is_entity = |key: &Key| Description::of(*key).is_some() && *key != serial;
        let keys: Vec<_> = all_keys().filter(is_entity).collect();
        let assert_distinct = |mut texts: Vec<String>| {
            texts.sort_unstable();
            let twice: Vec<_> = texts.windows(2).filter(|pair| pair[0] == pair[1]).collect();
            assert!(twice.is_empty(), "{twice:?}");
        };
        for language in Language::ALL {
            // However they are written.
            let names = keys.iter().map(|key| name(*key, *language).to_lowercase());
            assert_distinct(names.collect());
        }
        assert_distinct(keys.iter().map(|key| slug(&name(*key, Language::English))).collect());
    }

    #[test]
    fn what_is_not_of_the_meter_is_diagnostic() {
        for key in all_keys().filter(|key| !matches!(key, Key::Register(_))) {
            if let Some(description) = Description::of(key) {
                assert_eq!(description.category, Some(EntityCategory::Diagnostic), "{key}");
            }
        }
    }

    #[test]
    fn an_icon_exactly_where_the_class_has_none() {
        for key in all_keys() {
            if let Some(description) = Description::of(key) {
                let class = description.device_class;
                let has_none = matches!(class, None | Some(DeviceClass::Enum));
                assert_eq!(description.icon.is_some(), has_none, "{key}");
            }
        }
    }
}
