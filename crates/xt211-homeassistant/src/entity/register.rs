//! Registers of the meter, by what their codes mean.

use xt211_obis::{Direction, Meaning, ObisCode, Quantity, Unit};

use super::{Description, Template};
use crate::{DeviceClass, Platform, StateClass};

pub(super) const fn description(code: ObisCode) -> Description {
    match code.meaning() {
        Some(meaning) => known(&meaning),
        None => UNKNOWN,
    }
}

/// A code without a meaning is shown under itself, be it a number or a text.
const UNKNOWN: Description = text(Description::SENSOR, "mdi:gauge");

const fn known(meaning: &Meaning) -> Description {
    match meaning.quantity {
        Quantity::ActiveEnergy => energy(meaning, Some(DeviceClass::Energy), None),
        Quantity::ReactiveEnergy => energy(meaning, Some(DeviceClass::ReactiveEnergy), None),
        // Home Assistant has no class for it.
        Quantity::ApparentEnergy => energy(meaning, None, Some("mdi:lightning-bolt")),
        Quantity::ActivePower => measured(meaning, DeviceClass::Power, 0),
        Quantity::ReactivePower => measured(meaning, DeviceClass::ReactivePower, 0),
        Quantity::ApparentPower => measured(meaning, DeviceClass::ApparentPower, 0),
        Quantity::Current => measured(meaning, DeviceClass::Current, 2),
        Quantity::Voltage => measured(meaning, DeviceClass::Voltage, 1),
        Quantity::Frequency => measured(meaning, DeviceClass::Frequency, 2),
        Quantity::PowerFactor => measured(meaning, DeviceClass::PowerFactor, 2),
        Quantity::Limiter => Description {
            // What the operator set is not measured.
            state_class: None,
            ..measured(meaning, DeviceClass::Power, 0)
        },
        // COSEM's own words for its states are "connected" and "disconnected".
        Quantity::Disconnector => {
            Description { device_class: Some(DeviceClass::Connectivity), ..switch(None) }
        }
        Quantity::Relay => switch(Some("mdi:electric-switch")),
        Quantity::ActiveTariff => text(Description::SENSOR, "mdi:cash-clock"),
        Quantity::ConsumerMessage => text(Description::SENSOR, "mdi:message-text-outline"),
        Quantity::SerialNumber => text(Description::DIAGNOSTIC, "mdi:identifier"),
        Quantity::LogicalDeviceName => text(Description::DIAGNOSTIC, "mdi:tag-text-outline"),
        // A quantity that a later version of the code model adds.
        _ => UNKNOWN,
    }
}

const fn energy(
    meaning: &Meaning,
    device_class: Option<DeviceClass>,
    icon: Option<&'static str>,
) -> Description {
    Description {
        device_class,
        state_class: Some(match meaning.direction {
            Some(Direction::Net) => StateClass::Total,
            _ => StateClass::TotalIncreasing,
        }),
        unit: unit(meaning),
        precision: Some(3),
        icon,
        ..Description::SENSOR
    }
}

/// An instantaneous value or a maximum.
const fn measured(meaning: &Meaning, class: DeviceClass, precision: u8) -> Description {
    Description {
        device_class: Some(class),
        state_class: Some(StateClass::Measurement),
        unit: unit(meaning),
        precision: Some(precision),
        ..Description::SENSOR
    }
}

const fn switch(icon: Option<&'static str>) -> Description {
    Description {
        platform: Platform::BinarySensor,
        icon,
        template: Template::Switch,
        ..Description::SENSOR
    }
}

const fn text(base: Description, icon: &'static str) -> Description {
    Description { icon: Some(icon), template: Template::Text, ..base }
}

const fn unit(meaning: &Meaning) -> Option<&'static str> {
    match meaning.unit() {
        Unit::None => None,
        unit => Some(unit.symbol()),
    }
}

/// The name of a register, or its code if that has no meaning.
pub(super) fn name(code: ObisCode) -> String {
    match code.meaning() {
        Some(meaning) => meaning.name().to_string(),
        None => code.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use DeviceClass::*;
    use StateClass::*;

    use super::*;
    use crate::EntityCategory;

    /// Name, unit, device class, state class.
    type Row = (String, Option<&'static str>, Option<DeviceClass>, Option<StateClass>);

    fn of(code: &str) -> Description {
        description(code.parse().unwrap())
    }

    fn row(code: &str) -> Row {
        let entity = of(code);
        let name = name(code.parse().unwrap());
        (name, entity.unit, entity.device_class, entity.state_class)
    }

    fn expected(
        name: &str,
        unit: &'static str,
        device_class: impl Into<Option<DeviceClass>>,
        state_class: impl Into<Option<StateClass>>,
    ) -> Row {
        let unit = (!unit.is_empty()).then_some(unit);
        (name.into(), unit, device_class.into(), state_class.into())
    }

    #[test]
    fn what_the_xt211_pushes() {
        for (code, name, unit, class, state) in [
            ("1.8.0", "Total Import Energy", "kWh", Energy, TotalIncreasing),
            ("1.8.4", "Import Energy Tariff 4", "kWh", Energy, TotalIncreasing),
            ("2.8.0", "Total Export Energy", "kWh", Energy, TotalIncreasing),
            ("2.8.1", "Export Energy Tariff 1", "kWh", Energy, TotalIncreasing),
            ("16.7.0", "Active Power", "W", Power, Measurement),
            ("56.7.0", "Active Power L2", "W", Power, Measurement),
            ("21.7.0", "Active Power Import L1", "W", Power, Measurement),
            ("2.7.0", "Active Power Export", "W", Power, Measurement),
            ("72.7.0", "Voltage L3", "V", Voltage, Measurement),
            ("31.7.0", "Current L1", "A", Current, Measurement),
            ("14.7.0", "Frequency", "Hz", Frequency, Measurement),
            ("13.7.0", "Power Factor", "", PowerFactor, Measurement),
        ] {
            assert_eq!(row(code), expected(name, unit, class, state), "{code}");
        }
        assert_eq!(row("0-0:17.0.0"), expected("Limiter", "W", Power, None));
        assert_eq!(row("96.14.0"), expected("Active Tariff", "", None, None));
        assert_eq!(row("96.13.0"), expected("Consumer Message", "", None, None));
        for code in ["96.1.0", "96.1.1"] {
            assert_eq!(row(code), expected("Serial Number", "", None, None));
        }
    }

    #[test]
    fn other_standard_codes() {
        let increasing = TotalIncreasing;
        for (code, name, unit, class, state) in [
            ("16.8.0", "Total Net Energy", "kWh", Energy, Total),
            ("15.8.0", "Total Absolute Energy", "kWh", Energy, increasing),
            ("3.8.0", "Total Import Reactive Energy", "kvarh", ReactiveEnergy, increasing),
            ("3.7.0", "Reactive Power Import", "var", ReactivePower, Measurement),
            ("9.7.0", "Apparent Power Import", "VA", ApparentPower, Measurement),
            ("1.6.0", "Maximum Active Power Import", "W", Power, Measurement),
        ] {
            assert_eq!(row(code), expected(name, unit, class, state), "{code}");
        }
        assert_eq!(
            row("9.8.0"),
            expected("Total Import Apparent Energy", "kVAh", None, increasing)
        );
    }

    #[test]
    fn switches() {
        for code in ["0-0:96.3.10", "0-1:96.3.10", "0-6:96.3.10"] {
            let entity = of(code);
            assert_eq!(entity.platform, Platform::BinarySensor);
            assert_eq!(entity.template, Template::Switch);
        }
        assert_eq!(of("0-0:96.3.10").device_class, Some(Connectivity));
        assert_eq!(of("0-1:96.3.10").device_class, None);
    }

    #[test]
    fn what_names_the_meter_is_diagnostic() {
        for (code, category) in [
            ("96.1.1", Some(EntityCategory::Diagnostic)),
            ("42.0.0", Some(EntityCategory::Diagnostic)),
            ("96.14.0", None),
            ("1.8.0", None),
        ] {
            assert_eq!(of(code).category, category, "{code}");
        }
    }

    #[test]
    fn an_unknown_code_is_named_after_itself() {
        assert_eq!(row("0-1:24.2.1"), expected("0-1:24.2.1.255", "", None, None));
        assert_eq!(of("0-1:24.2.1").template, Template::Text);
        assert!(!of("0-1:24.2.1").is_numeric());
    }
}
