//! Home Assistant's MQTT device discovery, as its `mqtt` integration reads it.
//!
//! Keys are those of `homeassistant/components/mqtt/{schemas,sensor,binary_sensor}.py` of Home
//! Assistant 2026.11, unabbreviated. What is not set is left out.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Serialize, Serializer};

/// A device and everything that Home Assistant shall show of it: one retained message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Discovery {
    /// The device.
    pub device: Device,
    /// Who says so.
    pub origin: Origin,
    /// Where the publisher says `online` and `offline`.
    #[serde(flatten)]
    pub availability: Availability,
    /// The quality of service with which Home Assistant subscribes to the states.
    pub qos: u8,
    /// The entities, by a key that stays the same.
    pub components: BTreeMap<String, Component>,
}

/// Where publishers say `online` and `offline`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Availability {
    /// There is one publisher.
    One {
        /// It says so there.
        availability_topic: String,
    },
    /// The device is available while one of several is.
    Any {
        /// They say so there.
        availability: Vec<AvailabilityTopic>,
        /// `any`.
        availability_mode: &'static str,
    },
}

/// Where one of several publishers says `online` and `offline`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AvailabilityTopic {
    /// There.
    pub topic: String,
}

/// The meter in Home Assistant's device registry.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Device {
    /// What it is recognised by, forever.
    pub identifiers: [String; 1],
    /// What the user calls it.
    pub name: String,
    /// `Sagemcom`.
    pub manufacturer: Cow<'static, str>,
    /// `XT211`.
    pub model: Cow<'static, str>,
    /// The number on the meter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// When the module's firmware was built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sw_version: Option<String>,
    /// The bridge's page; an `http` or `https` URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration_url: Option<String>,
}

/// The program that publishes a discovery; Home Assistant names it in its log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sw_version: Option<Cow<'static, str>>,
    /// Where to find help with it; an `http` or `https` URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub support_url: Option<Cow<'static, str>>,
}

/// One component of a [`Discovery`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Component {
    /// An entity.
    Entity(Box<Entity>),
    /// What was an entity before; see [`take_removal`](crate::MeterDevice::take_removal).
    Removed {
        /// Which kind of entity it was.
        platform: Platform,
    },
}

impl Component {
    /// The entity, unless it is removed.
    #[must_use]
    pub fn entity(&self) -> Option<&Entity> {
        match self {
            Self::Entity(entity) => Some(entity),
            Self::Removed { .. } => None,
        }
    }
}

/// One entity: where its state comes from and what it means.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entity {
    /// Which kind of entity it is.
    pub platform: Platform,
    /// What Home Assistant keeps its history and settings under.
    pub unique_id: String,
    /// The entity id that it gets unless the user gives it another, with its domain.
    pub default_entity_id: String,
    /// Its name, without the device's.
    pub name: String,
    /// Where its state is published.
    pub state_topic: String,
    /// How to find it in the message there, as a Jinja template.
    pub value_template: String,
    /// What is measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_class: Option<DeviceClass>,
    /// How the value behaves over time, which makes it a part of the statistics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_class: Option<StateClass>,
    /// The unit of the value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_of_measurement: Option<&'static str>,
    /// How many decimals to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggested_display_precision: Option<u8>,
    /// The states that there are, for [`DeviceClass::Enum`].
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub options: &'static [&'static str],
    /// Whether it is about the meter or about how it is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_category: Option<EntityCategory>,
    /// Its symbol, where the class has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon: Option<&'static str>,
    /// After how many seconds without a message the state is not known any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire_after: Option<u64>,
    /// Where its attributes are published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json_attributes_topic: Option<String>,
    /// How to find them in the message there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json_attributes_template: Option<String>,
}

/// Declares an enum whose variants Home Assistant knows by a name.
macro_rules! names {
    ($(#[$attribute:meta])* $enum:ident { $($(#[$doc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $enum {
            $($(#[$doc])* $variant,)*
        }

        impl $enum {
            /// Home Assistant's name for it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }

        impl Serialize for $enum {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

names! {
    /// Kinds of entities, which are also the domains of their ids.
    Platform {
        /// A value.
        Sensor = "sensor",
        /// On or off.
        BinarySensor = "binary_sensor",
    }
}

names! {
    /// What an entity measures. The last two are of [`Platform::BinarySensor`].
    DeviceClass {
        /// Apparent power, in VA.
        ApparentPower = "apparent_power",
        /// The charge of a battery, in %.
        Battery = "battery",
        /// Current, in A.
        Current = "current",
        /// A span of time, in s.
        Duration = "duration",
        /// Active energy, in kWh.
        Energy = "energy",
        /// One of a list of states.
        Enum = "enum",
        /// Frequency, in Hz.
        Frequency = "frequency",
        /// Active power, in W.
        Power = "power",
        /// Power factor, without a unit.
        PowerFactor = "power_factor",
        /// Reactive energy, in kvarh.
        ReactiveEnergy = "reactive_energy",
        /// Reactive power, in var.
        ReactivePower = "reactive_power",
        /// The strength of a radio signal, in dBm.
        SignalStrength = "signal_strength",
        /// A moment.
        Timestamp = "timestamp",
        /// Voltage, in V.
        Voltage = "voltage",
        /// Connected (on) or disconnected (off).
        Connectivity = "connectivity",
        /// A problem (on) or none (off).
        Problem = "problem",
    }
}

names! {
    /// How a value behaves over time.
    StateClass {
        /// It is true for its moment.
        Measurement = "measurement",
        /// It counts, up and down.
        Total = "total",
        /// It counts up; if it falls, it began again.
        TotalIncreasing = "total_increasing",
    }
}

names! {
    /// Which entities are not what the device is for.
    EntityCategory {
        /// It tells how the device does.
        Diagnostic = "diagnostic",
    }
}
