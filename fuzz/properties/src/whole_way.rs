//! From bytes to a line and states.

use serde_json::{Map, Value as Json};
use time::{OffsetDateTime, UtcOffset, macros::datetime};
use xt211_decision::judge_time;
use xt211_homeassistant::{Language, MeterDevice, MeterId, MeterInfo, Origin, Topics};
use xt211_line_protocol::{Measurement, encode_reading, encode_status};
use xt211_message::{Message, Reading, Register, Registers, Value};

use crate::{decision::bench::Bench, home_assistant::text, line, memory, message::memory_of};

/// Messages, one after the other, with the byte 0x1E between them: each is an error, or becomes lines
/// that InfluxData's own parser reads back, and states that say the same.
///
/// # Panics
///
/// This does not hold.
pub fn whole_way(data: &[u8]) {
    let mut way = Way::new();
    for payload in data.split(|byte| *byte == SEPARATOR).take(MOST_MESSAGES) {
        let decoded =
            memory::within(memory_of(payload), || Message::decode(payload, &UtcOffset::UTC));
        if let Ok(message) = decoded {
            way.take(payload, &message);
        }
    }
    way.check_device();
}

/// As in JSON text sequences (RFC 7464).
const SEPARATOR: u8 = 0x1e;

const MOST_MESSAGES: usize = 50;

/// When they arrive.
const NOW: OffsetDateTime = datetime!(2026-12-24 18:00 UTC);

/// How often a message is longer in memory while it goes its way.
const GROWTH: usize = 200;

/// What a meter's messages pass through.
struct Way {
    bench: Bench,
    device: MeterDevice,
}

impl Way {
    fn new() -> Self {
        let device = MeterDevice::new(MeterInfo {
            id: MeterId::from_name("meter"),
            name: "XT211 Meter".into(),
            serial: None,
            page: None,
            expire_after: None,
        });
        Self { bench: Bench::new(NOW), device }
    }

    fn take(&mut self, payload: &[u8], message: &Message<'_>) {
        if let Some(reading) = &message.reading {
            let shown =
                memory::within(GROWTH * payload.len() + (1 << 20), || self.bench.take(reading));
            if judge_time(reading.time, NOW).is_ok() {
                self.bench.knows(reading);
            }
            lines(reading);
            if let Some(registers) = shown {
                let reading = Reading::new(reading.time, registers);
                self.device.apply_reading(&reading);
                self.shows(&reading.registers);
            }
        }
        if let Some(status) = &message.status {
            self.device.apply_status(status, message.sent);
        }
        if let Some(battery) = &message.battery {
            self.device.apply_battery(battery, message.sent);
        }
        if let Some(sent) = message.sent.filter(|sent| judge_time(*sent, NOW).is_ok()) {
            let mut line = String::new();
            let (status, battery) = (message.status.as_ref(), message.battery.as_ref());
            if line::is_encoded(encode_status(&mut line, "meter", sent, status, battery), &line) {
                line::parsed(&line);
            }
        }
    }

    /// The states are those of the registers.
    fn shows(&self, registers: &Registers<'_>) {
        let states = [self.device.energy(), self.device.live(NOW)].map(|message| {
            let message = message.as_ref().map(text);
            message.map(|message| serde_json::from_str(&message).expect("JSON"))
        });
        let states: Map<String, Json> =
            states.into_iter().flatten().flat_map(|it: Map<_, _>| it).collect();
        for register @ Register { code, value } in registers {
            match (states.get(&code.to_string()), value) {
                (Some(Json::Number(shown)), Value::Number(number)) => {
                    let shown = shown.as_f64().expect("a number");
                    assert!((shown - number.to_f64()).abs() <= shown.abs() * 1e-15, "{code}");
                }
                // One that is not known leaves the one before.
                (_, Value::Text(_)) if register.is_serial() && registers.serial().is_none() => {}
                (Some(Json::String(shown)), Value::Text(text)) => assert_eq!(shown, text),
                // A text where a number has to be.
                (_, Value::Text(_)) => {}
                other => panic!("{code}: {other:?}"),
            }
        }
    }

    fn check_device(&self) {
        let topics = Topics::new("homeassistant", "xt211");
        let origin = Origin { name: "xt211-bridge".into(), sw_version: None, support_url: None };
        for language in Language::ALL {
            let discovery = self.device.discovery(&topics, &origin, *language);
            assert_eq!(discovery.components.len(), self.device.told().count());
            serde_json::to_string(&discovery).expect("JSON");
        }
    }
}

/// The line of a reading.
fn lines(reading: &Reading<'_>) {
    let meter = reading.serial().unwrap_or("meter");
    let mut line = String::new();
    let encoded = encode_reading(&mut line, &Measurement::HOME_ENERGY, meter, reading);
    if line::is_encoded(encoded, &line) {
        line::is_of(&line, Measurement::HOME_ENERGY.as_str(), reading);
    }
}
