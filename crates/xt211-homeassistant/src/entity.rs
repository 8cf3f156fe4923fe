//! How a value appears in Home Assistant.

mod bridge;
mod module;
mod register;
mod template;

use std::borrow::Cow;

pub(crate) use template::Template;

use crate::{DeviceClass, EntityCategory, Platform, StateClass, key::Key};

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

/// The English name of an entity, which also makes its default entity id.
pub(crate) fn name(key: Key) -> Cow<'static, str> {
    match key {
        Key::Register(code) => register::name(code).into(),
        Key::Module(key) => module::name(key).into(),
        Key::Bridge(key) => bridge::name(key).into(),
    }
}

#[cfg(test)]
mod tests {
    use xt211_obis::ObisCode;

    use super::*;
    use crate::key::{BridgeKey, ModuleKey};

    /// Units and state classes of the device classes that this crate knows, from
    /// `DEVICE_CLASS_UNITS` and `DEVICE_CLASS_STATE_CLASSES` in
    /// `homeassistant/components/sensor/const.py` of Home Assistant 2026.11.
    const SENSOR_CLASSES: &[(DeviceClass, &[&str], &[StateClass])] = {
        use {DeviceClass::*, StateClass::*};
        &[
            (ApparentPower, &["mVA", "VA", "kVA"], &[Measurement]),
            (Battery, &["%"], &[Measurement]),
            (Current, &["A", "mA"], &[Measurement]),
            (
                Duration,
                &["d", "h", "min", "s", "ms", "\u{3bc}s"],
                &[Measurement, Total, TotalIncreasing],
            ),
            (Energy, &["mWh", "Wh", "kWh", "MWh", "GWh", "TWh"], &[Total, TotalIncreasing]),
            (Enum, &[], &[]),
            (Frequency, &["mHz", "Hz", "kHz", "MHz", "GHz"], &[Measurement]),
            (Power, &["mW", "W", "kW", "MW", "GW", "TW"], &[Measurement]),
            // `None` or `%`; without a unit here.
            (PowerFactor, &[], &[Measurement]),
            (ReactiveEnergy, &["varh", "kvarh"], &[Total, TotalIncreasing]),
            (ReactivePower, &["mvar", "var", "kvar"], &[Measurement]),
            (SignalStrength, &["dB", "dBm"], &[Measurement]),
            (Timestamp, &[], &[]),
            (Voltage, &["V", "mV", "kV"], &[Measurement]),
        ]
    };

    /// From `BinarySensorDeviceClass` in `homeassistant/components/binary_sensor`.
    const BINARY_SENSOR_CLASSES: &[DeviceClass] =
        &[DeviceClass::Connectivity, DeviceClass::Problem];

    fn is_valid(description: &Description) -> bool {
        let Some(class) = description.device_class else {
            return description.options.is_empty();
        };
        if description.platform == Platform::BinarySensor {
            return BINARY_SENSOR_CLASSES.contains(&class)
                && description.unit.is_none()
                && description.state_class.is_none();
        }
        let row = SENSOR_CLASSES.iter().find(|row| row.0 == class);
        row.is_some_and(|(_, units, states)| {
            let unit = match description.unit {
                Some(unit) => units.contains(&unit),
                None => units.is_empty(),
            };
            let state = description.state_class.is_none_or(|state| states.contains(&state));
            // `options` if and only if it is an enumeration.
            unit && state && (class == DeviceClass::Enum) != description.options.is_empty()
        })
    }

    #[test]
    fn home_assistant_takes_every_register() {
        for code in all_codes() {
            let description = Description::of(Key::Register(code)).unwrap();
            assert!(is_valid(&description), "{code}: {description:?}");
        }
    }

    #[test]
    fn home_assistant_takes_every_other_entity() {
        let module = ModuleKey::ALL.iter().map(|key| Key::Module(*key));
        let bridge = BridgeKey::ALL.iter().map(|key| Key::Bridge(*key));
        for key in module.chain(bridge) {
            if let Some(description) = Description::of(key) {
                assert!(is_valid(&description), "{key}: {description:?}");
                assert_eq!(description.category, Some(EntityCategory::Diagnostic));
            }
        }
    }

    #[test]
    fn names_and_ids_are_distinct() {
        // The two codes for a serial number have one meaning, and so one name.
        let serial = ObisCode::reduced(96, 1, 0);
        let codes = all_codes().filter(|code| code.meaning().is_some() && *code != serial);
        let module = ModuleKey::ALL.iter().map(|key| Key::Module(*key));
        let bridge = BridgeKey::ALL.iter().map(|key| Key::Bridge(*key));
        let named = module.chain(bridge).filter(|key| Description::of(*key).is_some());
        let keys: Vec<_> = codes.map(Key::Register).chain(named).collect();
        let mut slugs: Vec<_> = keys.iter().map(|key| crate::slug::slug(&name(*key))).collect();
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), keys.len());
    }

    /// Every code that could have a meaning, and some that have none.
    fn all_codes() -> impl Iterator<Item = ObisCode> {
        let groups = |c: u8| {
            let rest = [
                (0, 0),
                (1, 0),
                (1, 1),
                (3, 10),
                (6, 0),
                (6, 1),
                (7, 0),
                (8, 0),
                (8, 4),
                (13, 0),
                (14, 0),
            ];
            rest.map(|(d, e)| (c, d, e))
        };
        let media = [(0, 0), (0, 1), (1, 0), (1, 2)];
        (0..=255)
            .flat_map(groups)
            .flat_map(move |(c, d, e)| media.map(|(a, b)| ObisCode::new(a, b, c, d, e, 255)))
    }
}
