//! The module that reads the meter, and its battery.

use super::{Description, Template};
use crate::{DeviceClass, StateClass, key::ModuleKey};

pub(super) const fn name(key: ModuleKey) -> &'static str {
    match key {
        ModuleKey::Status => "Status",
        ModuleKey::Wakeups => "Wake-ups",
        ModuleKey::Resets => "Resets",
        ModuleKey::Signal => "Signal Strength",
        ModuleKey::LastWait => "Last Wait",
        ModuleKey::ShortestWait => "Shortest Wait",
        ModuleKey::LongestWait => "Longest Wait",
        ModuleKey::AdaptiveShift => "Adaptive Shift",
        ModuleKey::ClockDrift => "Clock Drift",
        ModuleKey::FirstBoot => "First Boot",
        ModuleKey::LastReading => "Last Reading",
        ModuleKey::Battery => "Battery",
        ModuleKey::BatteryVoltage => "Battery Voltage",
        // Attributes of the status are shown by their keys.
        ModuleKey::StatusText
        | ModuleKey::PlannedStart
        | ModuleKey::RealStart
        | ModuleKey::Sent => key.as_str(),
    }
}

pub(super) const fn description(key: ModuleKey) -> Option<Description> {
    Some(match key {
        ModuleKey::Status => Description {
            icon: Some("mdi:message-badge-outline"),
            template: Template::Status,
            ..Description::DIAGNOSTIC
        },
        ModuleKey::StatusText
        | ModuleKey::PlannedStart
        | ModuleKey::RealStart
        | ModuleKey::Sent => return None,
        ModuleKey::Wakeups => count("mdi:alarm"),
        ModuleKey::Resets => count("mdi:restart"),
        ModuleKey::Signal => measured(DeviceClass::SignalStrength, "dBm", 0),
        ModuleKey::LastWait
        | ModuleKey::ShortestWait
        | ModuleKey::LongestWait
        | ModuleKey::AdaptiveShift => measured(DeviceClass::Duration, "s", 0),
        ModuleKey::ClockDrift => measured(DeviceClass::Duration, "s", 2),
        ModuleKey::FirstBoot | ModuleKey::LastReading => {
            Description { device_class: Some(DeviceClass::Timestamp), ..Description::DIAGNOSTIC }
        }
        ModuleKey::Battery => measured(DeviceClass::Battery, "%", 0),
        ModuleKey::BatteryVoltage => measured(DeviceClass::Voltage, "V", 3),
    })
}

/// What counts from 0 whenever the module is switched on.
const fn count(icon: &'static str) -> Description {
    Description {
        state_class: Some(StateClass::TotalIncreasing),
        icon: Some(icon),
        ..Description::DIAGNOSTIC
    }
}

const fn measured(class: DeviceClass, unit: &'static str, precision: u8) -> Description {
    Description {
        device_class: Some(class),
        state_class: Some(StateClass::Measurement),
        unit: Some(unit),
        precision: Some(precision),
        ..Description::DIAGNOSTIC
    }
}
