//! What a value is kept, sent and recognised under.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};
use xt211_obis::{Meaning, ObisCode, RegisterKind};

use crate::StateTopic;

/// The key of a value: in the state message, of the component, and at the end of the `unique_id`.
///
/// No key ends in `_` and another key, so that ids and keys joined by `_` cannot be confused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key {
    /// A register, by its canonical code.
    Register(ObisCode),
    Module(ModuleKey),
    Bridge(BridgeKey),
}

impl Key {
    /// The state message that the value is in.
    pub(crate) const fn topic(self) -> StateTopic {
        match self {
            Self::Register(code) => match code.meaning() {
                Some(Meaning { kind: RegisterKind::Instantaneous, .. }) => StateTopic::Live,
                _ => StateTopic::Energy,
            },
            Self::Module(_) => StateTopic::Module,
            Self::Bridge(_) => StateTopic::Bridge,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register(code) => code.fmt(f),
            Self::Module(key) => f.write_str(key.as_str()),
            Self::Bridge(key) => f.write_str(key.as_str()),
        }
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Register(code) => code.serialize(serializer),
            Self::Module(key) => serializer.serialize_str(key.as_str()),
            Self::Bridge(key) => serializer.serialize_str(key.as_str()),
        }
    }
}

/// A text that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotAKey;

impl FromStr for Key {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        if let Ok(code) = text.parse() {
            return Ok(Self::Register(code));
        }
        let module = ModuleKey::ALL.iter().find(|key| key.as_str() == text);
        let bridge = BridgeKey::ALL.iter().find(|key| key.as_str() == text);
        let module = module.map(|key| Self::Module(*key));
        module.or(bridge.map(|key| Self::Bridge(*key))).ok_or(NotAKey)
    }
}

/// Declares keys that are not codes, with their text.
macro_rules! keys {
    ($(#[$attribute:meta])* $enum:ident { $($(#[$doc:meta])* $variant:ident = $key:literal,)* }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum $enum {
            $($(#[$doc])* $variant,)*
        }

        impl $enum {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)*];

            pub(crate) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $key,)*
                }
            }
        }
    };
}

keys! {
    /// What the module says of itself and its battery.
    ModuleKey {
        Status = "status",
        /// An attribute of the status, like the next three.
        StatusText = "status_text",
        PlannedStart = "planned_start",
        RealStart = "real_start",
        Sent = "sent",
        Wakeups = "wakeups",
        Resets = "resets",
        Signal = "signal",
        LastWait = "last_wait",
        ShortestWait = "shortest_wait",
        LongestWait = "longest_wait",
        AdaptiveShift = "adaptive_shift",
        ClockDrift = "clock_drift",
        FirstBoot = "first_boot",
        LastReading = "last_reading",
        Battery = "battery",
        BatteryVoltage = "battery_voltage",
    }
}

impl ModuleKey {
    /// The attributes of [`ModuleKey::Status`], which are no entities of their own.
    pub(crate) const STATUS_ATTRIBUTES: [Self; 4] =
        [Self::StatusText, Self::PlannedStart, Self::RealStart, Self::Sent];
}

keys! {
    /// What the bridge says: the fields of [`BridgeState`](crate::BridgeState).
    BridgeKey {
        Influxdb = "influxdb",
        LastSuccess = "last_success",
        Waiting = "waiting",
        SetAside = "set_aside",
        Overdue = "overdue",
    }
}

/// Every key that is no code.
#[cfg(test)]
fn named() -> impl Iterator<Item = Key> {
    let module = ModuleKey::ALL.iter().map(|key| Key::Module(*key));
    module.chain(BridgeKey::ALL.iter().map(|key| Key::Bridge(*key)))
}

/// Every key that is no code, every code that could have a meaning, and some that have none.
#[cfg(test)]
pub(crate) fn all_keys() -> impl Iterator<Item = Key> {
    let groups = |c: u8| {
        let tariffs = [6, 8].map(|d| [0, 1, 4, 63].map(|e| (c, d, e)));
        let rest = [(0, 0), (1, 0), (1, 1), (3, 10), (7, 0), (13, 0), (14, 0)];
        let rest = rest.map(|(d, e)| (c, d, e));
        tariffs.into_iter().flatten().chain(rest)
    };
    let media = [(0, 0), (0, 1), (0, 6), (1, 0), (1, 2)];
    let codes = (0..=255)
        .flat_map(groups)
        .flat_map(move |(c, d, e)| media.map(|(a, b)| ObisCode::new(a, b, c, d, e, 255)));
    codes.map(Key::Register).chain(named())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        for key in named() {
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        let relay = Key::Register(ObisCode::new(0, 1, 96, 3, 10, 255));
        assert_eq!(relay.to_string(), "0-1:96.3.10.255");
        assert_eq!("0-1:96.3.10.255".parse(), Ok(relay));
        assert_eq!("nonsense".parse::<Key>(), Err(NotAKey));
    }

    #[test]
    fn no_key_ends_in_another() {
        let keys: Vec<_> = named().map(|key| key.to_string()).collect();
        for (key, other) in keys.iter().flat_map(|key| keys.iter().map(move |other| (key, other))) {
            assert!(!key.ends_with(&format!("_{other}")), "{key} and {other}");
        }
    }

    #[test]
    fn topics() {
        let topic = |key: &str| key.parse::<Key>().unwrap().topic();
        assert_eq!(topic("1.8.0"), StateTopic::Energy);
        assert_eq!(topic("1.6.0"), StateTopic::Energy);
        assert_eq!(topic("96.3.10"), StateTopic::Energy);
        assert_eq!(topic("96.13.0"), StateTopic::Energy);
        assert_eq!(topic("1.99.0"), StateTopic::Energy);
        assert_eq!(topic("16.7.0"), StateTopic::Live);
        assert_eq!(topic("17.0.0"), StateTopic::Live);
        assert_eq!(topic("battery"), StateTopic::Module);
        assert_eq!(topic("overdue"), StateTopic::Bridge);
    }
}
