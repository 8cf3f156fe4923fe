//! What the bridge does with the meter's readings.

use super::{Description, Template};
use crate::{DeviceClass, InfluxdbStatus, Platform, StateClass, key::BridgeKey};

pub(super) const fn name(key: BridgeKey) -> &'static str {
    match key {
        BridgeKey::Influxdb => "InfluxDB Status",
        BridgeKey::LastSuccess => "InfluxDB Last Success",
        BridgeKey::Waiting => "Waiting for InfluxDB",
        BridgeKey::SetAside => "Set Aside",
        BridgeKey::Overdue => "Module Overdue",
    }
}

pub(super) const fn description(key: BridgeKey) -> Description {
    match key {
        BridgeKey::Influxdb => Description {
            device_class: Some(DeviceClass::Enum),
            options: InfluxdbStatus::OPTIONS,
            icon: Some("mdi:database"),
            template: Template::Reasoned,
            ..Description::DIAGNOSTIC
        },
        BridgeKey::LastSuccess => {
            Description { device_class: Some(DeviceClass::Timestamp), ..Description::DIAGNOSTIC }
        }
        BridgeKey::Waiting => count("mdi:tray-full"),
        BridgeKey::SetAside => count("mdi:tray-alert"),
        BridgeKey::Overdue => Description {
            platform: Platform::BinarySensor,
            device_class: Some(DeviceClass::Problem),
            template: Template::Switch,
            ..Description::DIAGNOSTIC
        },
    }
}

const fn count(icon: &'static str) -> Description {
    Description {
        state_class: Some(StateClass::Measurement),
        icon: Some(icon),
        ..Description::DIAGNOSTIC
    }
}
