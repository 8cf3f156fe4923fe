//! What Home Assistant was told of.

use std::{fmt, str::FromStr};

use crate::{Platform, entity::Description, key::Key};

/// A component that Home Assistant was told of: what has to be known to take it back.
///
/// As text it is `sensor.1.8.0`: its platform and its key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Told {
    pub(crate) platform: Platform,
    pub(crate) key: String,
}

impl Told {
    /// The component that is told of now for a key, if it is one.
    pub(crate) fn of(key: Key) -> Option<Self> {
        let platform = Description::of(key)?.platform;
        Some(Self { platform, key: key.to_string() })
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.platform.as_str(), self.key)
    }
}

/// A text that names no component that can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotTold;

impl FromStr for Told {
    type Err = NotTold;

    fn from_str(text: &str) -> Result<Self, NotTold> {
        let (name, key) = text.split_once('.').ok_or(NotTold)?;
        let platforms = [Platform::Sensor, Platform::BinarySensor];
        let platform = platforms.into_iter().find(|platform| platform.as_str() == name);
        match platform {
            Some(platform) if !key.is_empty() => Ok(Self { platform, key: key.to_owned() }),
            _ => Err(NotTold),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        for (key, text) in [
            ("1.8.0", "sensor.1.8.0"),
            ("0-1:96.3.10", "binary_sensor.0-1:96.3.10.255"),
            ("wakeups", "sensor.wakeups"),
            ("overdue", "binary_sensor.overdue"),
        ] {
            let told = Told::of(key.parse().unwrap()).unwrap();
            assert_eq!(told.to_string(), text);
            assert_eq!(text.parse(), Ok(told));
        }
        assert_eq!(Told::of("status_text".parse().unwrap()), None);
    }

    #[test]
    fn a_key_of_another_version_is_one_too() {
        let told = Told { platform: Platform::Sensor, key: "retired".to_owned() };
        assert_eq!("sensor.retired".parse(), Ok(told));
    }

    #[test]
    fn what_cannot_be_taken_back() {
        for text in ["", "sensor", "sensor.", "1.8.0", "switch.1.8.0", "Sensor.x"] {
            assert_eq!(text.parse::<Told>(), Err(NotTold), "{text}");
        }
    }
}
