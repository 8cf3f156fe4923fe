//! What several bridges tell each other of a meter whose messages are spread over them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{MeterDevice, change_of, is_number};
use crate::{
    Changed,
    entity::Description,
    key::Key,
    state::{Merge, State},
};

/// What a bridge knows of a meter, for the others.
///
/// Each state has its own time, and the newest one is right, whoever has it: in whichever order
/// bridges hear of each other, they end up with the same.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shared {
    /// Of the program: another one may know other keys.
    version: String,
    /// The serial number that was told, and when, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    serial: Option<(String, i64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    firmware: Option<String>,
    /// By key: the state, if it is known, and of when it is.
    states: BTreeMap<String, (Option<String>, i64)>,
}

/// What came of what another bridge has told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// What it knew better: as soon as both say the same, nothing.
    pub changed: Changed,
    /// What it did not know yet, so that it may have said what is not so.
    pub behind: Changed,
    /// The serial number and when it was told, if that was later than what was known.
    pub serial: Option<(String, OffsetDateTime)>,
}

impl MeterDevice {
    /// Other bridges hear some of its messages. From now on, what is older than what was shown is
    /// not shown.
    pub fn share(&mut self) {
        self.is_shared = true;
    }

    /// What is known of it, for the other bridges.
    #[must_use]
    pub fn shared(&self) -> Shared {
        let serial = self.serial.as_deref();
        let states = self
            .states
            .iter()
            .map(|(key, state, read)| (key.to_string(), (state.map(ToString::to_string), read)));
        Shared {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            serial: serial.map(|serial| (serial.to_owned(), self.serial_told)),
            firmware: self.firmware.as_deref().map(str::to_owned),
            states: states.collect(),
        }
    }

    /// Takes what another bridge knows of it.
    pub fn merge(&mut self, shared: &Shared) -> Merged {
        let mut merged = Merged::default();
        self.merge_serial(shared, &mut merged);
        let sent: Option<Key> = "sent".parse().ok();
        let mut is_newer_status = false;
        for (text, (state, read)) in &shared.states {
            let state: Result<Option<State>, _> = state.as_deref().map(str::parse).transpose();
            let (Ok(key @ (Key::Register(_) | Key::Module(_))), Ok(state)) = (text.parse(), state)
            else {
                continue;
            };
            let is_text = matches!(state, Some(State::Text(_)));
            if is_text && is_number(key) {
                continue;
            }
            let topic = key.topic();
            match self.states.merge(key, state, *read) {
                Merge::New => {
                    merged.changed |= change_of(topic);
                    merged.changed.discovery |= Description::of(key).is_some();
                }
                Merge::Newer => merged.changed |= change_of(topic),
                Merge::Same => continue,
                Merge::Older => {
                    merged.behind |= change_of(topic);
                    continue;
                }
            }
            is_newer_status |= Some(key) == sent;
            if matches!(key, Key::Register(_)) {
                self.last_reading = self.last_reading.max(*read);
            }
        }
        if let Some(firmware) = &shared.firmware
            && (is_newer_status || self.firmware.is_none())
        {
            let is_new = super::replace(&mut self.firmware, Some(firmware));
            merged.changed.discovery |= is_new;
        }
        // One of another version may not know what it lacks.
        if shared.version == env!("CARGO_PKG_VERSION") {
            for (key, ..) in self.states.iter() {
                if !shared.states.contains_key(&key.to_string()) {
                    merged.behind |= change_of(key.topic());
                    merged.behind.discovery |= Description::of(key).is_some();
                }
            }
        }
        merged
    }

    fn merge_serial(&mut self, shared: &Shared, merged: &mut Merged) {
        let theirs = shared.serial.as_ref().map(|(serial, told)| (*told, serial.as_str()));
        let ours = self.serial.as_deref().map(|serial| (self.serial_told, serial));
        let is_other = theirs.map(|(_, serial)| serial) != ours.map(|(_, serial)| serial);
        if theirs > ours
            && let Some((told, serial)) = theirs
        {
            self.serial_told = told;
            let told = OffsetDateTime::from_unix_timestamp(told).ok();
            merged.serial = told.map(|told| (serial.to_owned(), told));
            if is_other {
                self.serial = Some(serial.into());
                merged.changed.discovery |= self.info.serial.is_none();
            }
        } else if is_other {
            merged.behind.discovery = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};
    use time::UtcOffset;
    use xt211_message::Message;

    use super::*;
    use crate::MeterInfo;

    fn device() -> MeterDevice {
        let id = "meter".parse().unwrap();
        let (name, expire_after) = ("Meter".into(), None);
        let mut device =
            MeterDevice::new(MeterInfo { id, name, serial: None, page: None, expire_after });
        device.share();
        device
    }

    fn reading(minute: u32, values: &str) -> String {
        format!(
            r#"{{"data":{{"reading_datetime":"Sat 2026-02-21 20:{minute:02}:09 GMT","values":{{{values}}}}}}}"#
        )
    }

    fn status(second: u32, text: &str, serial: &str) -> String {
        format!(
            r#"{{"datetime":"Sat Feb 21 20:28:{second:02} 2026","Status":{{"Status":"{text}","SerialNo":"{serial}","BuildDatetime":"{text}"}}}}"#
        )
    }

    fn apply(device: &mut MeterDevice, message: &str) -> Changed {
        device.apply_message(&Message::decode(message.as_bytes(), &UtcOffset::UTC).unwrap())
    }

    /// Tells one what the other knows, as it would arrive.
    fn tell(device: &mut MeterDevice, other: &MeterDevice) -> Merged {
        let json = serde_json::to_string(&other.shared()).unwrap();
        device.merge(&serde_json::from_str(&json).unwrap())
    }

    fn says(device: &MeterDevice) -> [String; 3] {
        let messages = [device.energy(), device.live(OffsetDateTime::UNIX_EPOCH), device.module()];
        messages.map(|message| serde_json::to_string(&message).unwrap())
    }

    #[test]
    fn whoever_hears_first_both_know_the_newest() {
        let (mut one, mut other) = (device(), device());
        apply(&mut one, &reading(1, r#""1.8.0":100,"16.7.0":5"#));
        apply(&mut one, &reading(3, r#""1.8.0":103"#));
        apply(&mut one, &status(2, "newer", "2"));
        apply(&mut other, &reading(2, r#""1.8.0":102,"16.7.0":7,"96.14.0":"T2""#));
        apply(&mut other, &status(1, "older", "1"));
        let (mut left, mut right) = (one.clone(), other.clone());
        tell(&mut left, &other);
        tell(&mut right, &one);
        assert_eq!(says(&left), says(&right));
        let [energy, live, module] = says(&left);
        assert_eq!(energy, r#"{"96.14.0":"T2","1.8.0":103}"#);
        assert_eq!(live, r#"{"16.7.0":7}"#);
        assert!(module.contains(r#""status":"newer""#), "{module}");
        assert_eq!(left.shared(), right.shared());
        assert_eq!(left.device().serial_number.as_deref(), Some("2"));
        assert_eq!(left.device().sw_version.as_deref(), Some("newer"));
        assert_eq!(tell(&mut left, &right), Merged::default());
    }

    #[test]
    fn what_an_older_message_says_is_not_shown_any_more() {
        let (mut one, mut other) = (device(), device());
        apply(&mut one, &reading(3, r#""1.8.0":103"#));
        let merged = tell(&mut other, &one);
        assert!(merged.changed.discovery && merged.changed.energy && merged.changed.module);
        assert_eq!(merged.behind, Changed::NONE);
        let changed = apply(&mut other, &reading(2, r#""1.8.0":102"#));
        assert_eq!(changed, Changed::NONE);
        assert_eq!(says(&other), says(&one));
    }

    #[test]
    fn who_is_behind_is_found_out() {
        let (mut one, mut other) = (device(), device());
        apply(&mut one, &reading(2, r#""1.8.0":102"#));
        tell(&mut other, &one);
        apply(&mut other, &reading(3, r#""1.8.0":103,"2.8.0":1"#));
        let merged = tell(&mut other, &one);
        assert_eq!(merged.changed, Changed::NONE);
        assert!(merged.behind.energy && merged.behind.module && merged.behind.discovery);
        let mut shared = one.shared();
        shared.version = "another".into();
        // It is not known whether it could know the second total.
        assert!(!other.merge(&shared).behind.discovery);
    }

    #[test]
    fn a_serial_number_is_learnt() {
        let (mut one, mut other) = (device(), device());
        apply(&mut one, &reading(2, r#""1.8.0":102,"96.1.1":"5100025085""#));
        let (serial, told) = tell(&mut other, &one).serial.unwrap();
        assert_eq!((serial.as_str(), told.unix_timestamp()), ("5100025085", one.serial_told));
        assert_eq!(tell(&mut other, &one), Merged::default());
        // News of before.
        apply(&mut other, &reading(3, r#""96.1.1":"1""#));
        let merged = tell(&mut other, &one);
        assert!(merged.serial.is_none() && merged.behind.discovery);
    }

    #[test]
    fn another_firmware_and_another_serial_number_are_to_be_told() {
        let (mut one, mut other) = (device(), device());
        for (second, text, serial) in [(1, "old", "1"), (2, "new", "1"), (3, "new", "2")] {
            apply(&mut one, &status(second, text, serial));
            assert!(tell(&mut other, &one).changed.discovery, "{second}");
            assert_eq!(other.device(), one.device());
        }
    }

    #[test]
    fn a_serial_number_is_the_last_one_told() {
        let mut device = device();
        for (minute, told, known) in [(3, "1", "1"), (2, "2", "1"), (3, "3", "3"), (4, "4", "4")] {
            apply(&mut device, &reading(minute, &format!(r#""96.1.1":"{told}""#)));
            assert_eq!(device.device().serial_number.as_deref(), Some(known), "{minute}");
        }
    }

    proptest! {
        #[test]
        fn all_agree_on_the_newest_of_each_value(
            events in vec((0..3_usize, 0..9_u32, 0..3_u8, 0..9_u32, 0..4_usize), 1..40),
        ) {
            let mut devices = [device(), device(), device()];
            let mut newest = BTreeMap::new();
            for (one, minute, code, value, other) in events {
                // Of one time, there is one value.
                let value = newest.get(&(code, minute)).copied().unwrap_or(value);
                newest.insert((code, minute), value);
                apply(&mut devices[one], &reading(minute, &format!(r#""{code}.8.0":{value}"#)));
                if let Some(other) = devices.get(other).cloned() {
                    tell(&mut devices[one], &other);
                }
            }
            // Whoever has heard one that was behind says it.
            for (one, other) in [(0, 1), (1, 2), (0, 2), (1, 0)] {
                let other = devices[other].clone();
                tell(&mut devices[one], &other);
            }
            let [one, other, third] = &devices;
            let (merged, third) = (tell(&mut other.clone(), one), third.shared());
            prop_assert_eq!(merged, Merged::default());
            let newest: BTreeMap<_, _> =
                newest.into_iter().map(|((code, _), value)| (code, value)).collect();
            let shown = one.shared().states;
            for (code, value) in newest {
                prop_assert_eq!(&shown[&format!("{code}.8.0")].0, &Some(format!("n{value}")));
            }
            prop_assert!(devices[2].clone().merge(&one.shared()).behind.is_none());
            prop_assert!(devices[0].clone().merge(&third).changed.is_none());
        }
    }

    #[test]
    fn what_makes_no_sense_is_passed_over() {
        let text = r#"{"version":"x","states":{"1.8.0":["tmuch",9],"2.8.0":["?",9],"nonsense":["c1",9],"waiting":["c1",9],"3.8.0":[null,9]}}"#;
        let mut device = device();
        device.merge(&serde_json::from_str(text).unwrap());
        assert!(device.registers().map(|code| code.to_string()).eq(["3.8.0"]));
    }
}
