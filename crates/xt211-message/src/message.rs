//! What a message says, typed.

use std::borrow::Cow;

use ::time::OffsetDateTime;
use serde::Serialize;
use xt211_obis::ObisCode;

use crate::Decimal;

/// One MQTT message of the module, decoded by [`Message::decode`].
///
/// Modules put a reading, their status and the battery's state into one message or into three, so
/// each part is there or not by itself. A message with none of them is not one of the module's.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Message<'a> {
    /// When the module sent it (`datetime`), in UTC. `None` if the message does not say, or if it
    /// says so in a form that cannot be read but holds a reading with a time of its own. In the flat
    /// form, this is the reading's time, too.
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::time::rfc3339_option")]
    pub sent: Option<OffsetDateTime>,
    /// The meter's registers (`data`, or the flat form).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reading: Option<Reading<'a>>,
    /// The module's own state (`Status`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<ModuleStatus<'a>>,
    /// The battery's state (`battery`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub battery: Option<Battery>,
    /// Whether there is a `debug` part, which is for the firmware's developers and not decoded.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub debug: bool,
}

/// What the meter's registers held at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reading<'a> {
    /// When the meter was read (`reading_datetime`), in UTC.
    #[serde(with = "crate::time::rfc3339")]
    pub time: OffsetDateTime,
    /// Whether this is the module's first reading since it was switched on.
    pub first_boot: bool,
    /// How long the module waited for the meter's push, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_time: Option<Decimal>,
    /// The registers, at least one.
    pub registers: Registers<'a>,
}

impl<'a> Reading<'a> {
    /// A reading of which no more is known than what the registers held, and when.
    #[must_use]
    pub const fn new(time: OffsetDateTime, registers: Registers<'a>) -> Self {
        Self { time, first_boot: false, wait_time: None, registers }
    }

    /// The meter's serial number, if the reading has [one](Registers::serial).
    #[must_use]
    pub fn serial(&self) -> Option<&str> {
        self.registers.serial()
    }
}

/// The registers that hold a serial number, the usual one first.
const SERIALS: [ObisCode; 2] = [ObisCode::reduced(96, 1, 1), ObisCode::reduced(96, 1, 0)];

/// A serial number that says which meter it is.
pub(crate) fn known_serial(text: &str) -> Option<&str> {
    let is_trimmed = match text.as_bytes() {
        [first, .., last] => first.is_ascii_graphic() && last.is_ascii_graphic(),
        _ => false,
    };
    let text = if is_trimmed { text } else { text.trim() };
    (!text.is_empty() && text != "0").then_some(text)
}

/// The registers of a [`Reading`]: each code once, sorted by code.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Registers<'a> {
    sorted: Vec<Register<'a>>,
}

impl<'a> Registers<'a> {
    /// The value of one register.
    #[must_use]
    pub fn get(&self, code: ObisCode) -> Option<&Value<'a>> {
        let index = self.sorted.binary_search_by_key(&code, |register| register.code).ok()?;
        self.sorted.get(index).map(|register| &register.value)
    }

    /// The meter's serial number, if there is one (96.1.1, else 96.1.0). Modules send an empty one
    /// or `0` before they know it; that is none.
    #[must_use]
    pub fn serial(&self) -> Option<&str> {
        // Abstract codes come first, and there are few of them.
        let texts = self.sorted.iter().take_while(|register| register.code.is_abstract());
        SERIALS.iter().find_map(|code| {
            match &texts.clone().find(|register| register.code == *code)?.value {
                Value::Text(text) => known_serial(text),
                Value::Number(_) => None,
            }
        })
    }

    /// The registers, by code.
    pub fn iter(&self) -> std::slice::Iter<'_, Register<'a>> {
        self.sorted.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Sorts what was collected. A register that comes twice with one value is one register.
    ///
    /// # Errors
    ///
    /// The code of a register that comes twice with different values.
    pub fn from_vec(mut registers: Vec<Register<'a>>) -> Result<Self, ObisCode> {
        let is_sorted =
            |registers: &[Register<'_>]| registers.is_sorted_by(|one, other| one.code < other.code);
        if is_sorted(&registers) {
            return Ok(Self { sorted: registers });
        }
        registers.sort_unstable_by_key(|register| register.code);
        if !is_sorted(&registers) {
            registers.dedup();
            let twice = |pair: &[Register<'_>]| match pair {
                [one, other] if one.code == other.code => Some(one.code),
                _ => None,
            };
            if let Some(code) = registers.windows(2).find_map(twice) {
                return Err(code);
            }
        }
        Ok(Self { sorted: registers })
    }

    /// Puts a register behind others, or among them if they are sorted and few.
    ///
    /// Modules send the abstract registers last, which come first here. To make room for one of them
    /// takes less than to sort them all.
    #[inline]
    pub(crate) fn put(registers: &mut Vec<Register<'a>>, register: Register<'a>) {
        match registers.last() {
            Some(last) if register.code < last.code => Self::put_before(registers, register),
            _ => registers.push(register),
        }
    }

    #[cold]
    fn put_before(registers: &mut Vec<Register<'a>>, register: Register<'a>) {
        /// To move as many up takes no time that counts.
        const FEW: usize = 32;

        let is_before = |other: &Register<'_>| other.code < register.code;
        let place = match registers.len() {
            ..FEW => registers.iter().position(|other| !is_before(other)),
            _ => None,
        };
        registers.insert(place.unwrap_or(registers.len()), register);
    }

    /// The memory of these registers, empty, for those of another message.
    pub(crate) fn into_room<'b>(mut self) -> Vec<Register<'b>> {
        self.sorted.clear();
        // Of no register, this makes none; but in the same memory, as the standard library does
        // with items of one size.
        self.sorted.into_iter().map_while(|_| None).collect()
    }

    /// The same registers, apart from the message they were borrowed from.
    #[must_use]
    pub fn into_owned(self) -> Registers<'static> {
        Registers { sorted: self.sorted.into_iter().map(Register::into_owned).collect() }
    }
}

impl<'s, 'a> IntoIterator for &'s Registers<'a> {
    type Item = &'s Register<'a>;
    type IntoIter = std::slice::Iter<'s, Register<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// One register of the meter and what it held.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Register<'a> {
    /// Which register.
    pub code: ObisCode,
    /// Its value, in the unit of its [`Meaning`](xt211_obis::Meaning).
    pub value: Value<'a>,
}

impl Register<'_> {
    /// Whether this is a serial number, which names the meter rather than measuring anything.
    #[must_use]
    #[inline]
    pub fn is_serial(&self) -> bool {
        SERIALS.contains(&self.code)
    }

    /// The same register, apart from the message it was borrowed from.
    #[must_use]
    pub fn into_owned(self) -> Register<'static> {
        let value = match self.value {
            Value::Number(number) => Value::Number(number),
            Value::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
        };
        Register { code: self.code, value }
    }
}

/// What a register held.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value<'a> {
    /// A number, exactly as sent; a switch is 1 or 0.
    Number(Decimal),
    /// Words.
    Text(Cow<'a, str>),
}

/// The state of the module that reads the meter.
///
/// Texts that are empty are left out; whatever else an unknown firmware adds is ignored.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ModuleStatus<'a> {
    /// `Status`: `OK`, or what went wrong.
    pub status: Option<Cow<'a, str>>,
    /// `StatusText`: more about it.
    pub status_text: Option<Cow<'a, str>>,
    /// `Wakeups`: how often the module has woken since it was switched on.
    pub wakeups: Option<u64>,
    /// `Resets`: how often it has restarted by itself.
    pub resets: Option<u64>,
    /// `LastWait`: how long it waited for the meter's last push, in seconds.
    pub last_wait: Option<Decimal>,
    /// `LastWaitMin`: the shortest such wait, in seconds.
    pub last_wait_min: Option<Decimal>,
    /// `LastWaitMax`: the longest such wait, in seconds.
    pub last_wait_max: Option<Decimal>,
    /// `LastAdaptive`: by how much it moved its next wake-up, in seconds.
    pub last_adaptive: Option<Decimal>,
    /// `FirstBootTime`: when it was switched on, in UTC.
    #[serde(with = "crate::time::rfc3339_option")]
    pub first_boot: Option<OffsetDateTime>,
    /// `BuildDatetime`: when its firmware was built, as sent (the builder's local time).
    pub build: Option<Cow<'a, str>>,
    /// `Wifi`: signal strength of the wireless network, in dBm.
    pub wifi: Option<Decimal>,
    /// `RSSI`: signal strength of the LoRa link, in dBm.
    pub rssi: Option<Decimal>,
    /// `NTPDrift`: how far its clock was off when it was last set, in seconds.
    pub ntp_drift: Option<Decimal>,
    /// `SerialNo`: the meter's serial number; empty and `0` are none.
    pub serial: Option<Cow<'a, str>>,
    /// `PlannedStartTime`: when it meant to wake, as sent (a local time of day).
    pub planned_start: Option<Cow<'a, str>>,
    /// `RealStartTime`: when it did, as sent (local).
    pub real_start: Option<Cow<'a, str>>,
}

/// The state of the module's battery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Battery {
    /// In volts.
    pub voltage: Option<Decimal>,
    /// State of charge, in percent.
    pub soc: Option<Decimal>,
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use xt211_obis::Quantity;

    use super::*;

    fn registers(texts: &[(&str, &'static str)]) -> Result<Registers<'static>, ObisCode> {
        let register = |(code, text): &(&str, &'static str)| Register {
            code: code.parse().unwrap(),
            value: Value::Text(Cow::Borrowed(*text)),
        };
        Registers::from_vec(texts.iter().map(register).collect())
    }

    #[test]
    fn registers_are_sorted_and_single() {
        let sorted = registers(&[("2.8.0", "b"), ("1.8.0", "a"), ("2.8.0", "b")]).unwrap();
        let codes: Vec<_> = sorted.iter().map(|register| register.code.to_string()).collect();
        assert_eq!(codes, ["1.8.0", "2.8.0"]);
        assert_eq!(
            registers(&[("2.8.0", "b"), ("1.8.0", "a")]),
            registers(&[("1.8.0", "a"), ("2.8.0", "b")])
        );
        assert_eq!(sorted.get(ObisCode::reduced(1, 8, 0)), Some(&Value::Text("a".into())));
        assert_eq!(sorted.get(ObisCode::reduced(3, 8, 0)), None);
        let twice = registers(&[("1.8.0", "a"), ("2.8.0", "a"), ("1.8.0", "b"), ("1.8.0", "a")]);
        assert_eq!(twice, Err(ObisCode::reduced(1, 8, 0)));
    }

    #[test]
    fn registers_are_put_among_few() {
        let put = |codes: &mut dyn Iterator<Item = u8>| {
            let mut all = Vec::new();
            for c in codes {
                let code = ObisCode::reduced(c, 8, 0);
                Registers::put(&mut all, Register { code, value: Value::Number(Decimal::ZERO) });
            }
            all.iter().map(|register| register.code.c()).collect::<Vec<_>>()
        };
        assert_eq!(put(&mut [5, 9, 1, 7, 3, 3].into_iter()), [1, 3, 3, 5, 7, 9]);
        let many = put(&mut (1..=32).chain([0]));
        assert_eq!((many.first(), many.last()), (Some(&1), Some(&0)));
    }

    #[test]
    fn no_registers() {
        let none = Registers::from_vec(Vec::new()).unwrap();
        assert!(none.is_empty() && !registers(&[("1.8.0", "a")]).unwrap().is_empty());
    }

    #[test]
    fn owned_registers_outlive_their_message() {
        let owned = {
            let text = String::from("5100025085");
            let register = Register {
                code: ObisCode::reduced(96, 1, 1),
                value: Value::Text(Cow::Borrowed(&text)),
            };
            Registers::from_vec(vec![register]).unwrap().into_owned()
        };
        assert_eq!(owned, registers(&[("96.1.1", "5100025085")]).unwrap());
    }

    #[test]
    fn registers_of_serial_numbers() {
        for (c, d, e) in (0..=255).flat_map(|c| [(c, 1, 0), (c, 1, 1), (c, 1, 2), (c, 8, 0)]) {
            let code = ObisCode::reduced(c, d, e);
            let quantity = code.meaning().map(|meaning| meaning.quantity);
            let register = Register { code, value: Value::Number(Decimal::ZERO) };
            assert_eq!(register.is_serial(), quantity == Some(Quantity::SerialNumber), "{code}");
        }
    }

    #[test]
    fn serial_numbers() {
        let serial = |texts: &[(&str, &'static str)]| {
            let time = datetime!(2026-02-21 20:27:09 UTC);
            Reading::new(time, registers(texts).unwrap()).serial().map(str::to_owned)
        };
        assert_eq!(serial(&[("96.1.0", "50"), ("96.1.1", "51")]).as_deref(), Some("51"));
        assert_eq!(serial(&[("96.1.0", " 50 "), ("96.1.1", "0")]).as_deref(), Some("50"));
        assert_eq!(serial(&[("96.1.1", " ")]), None);
        assert_eq!(serial(&[("1.8.0", "51")]), None);
    }
}
