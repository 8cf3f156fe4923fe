//! From records to lines.

use std::collections::HashMap;

use time::OffsetDateTime;
use xt211_message::{Message, Reading};
use xt211_store::{Content, Record, StoredMeter};

use super::Encoder;
use crate::config::{self, Config, TimeZone};

/// Makes the lines of what is kept, when they are forwarded: they then carry the serial number that
/// is known by then.
pub(crate) struct LineMaker {
    encoder: Encoder,
    /// What the configuration says of meters, by id. Of those that a `+` makes, it says nothing.
    meters: HashMap<String, config::Meter>,
}

/// The disk has changed a record: nobody knows what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {sequence} cannot be read any more: its {bytes} bytes are not what was written")]
pub(crate) struct Unreadable {
    sequence: i64,
    bytes: usize,
}

impl Unreadable {
    pub(crate) fn new(record: &Record, bytes: &[u8]) -> Self {
        Self { sequence: record.ticket.sequence().into(), bytes: bytes.len() }
    }
}

/// What tells one meter from another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity<'m> {
    pub(crate) id: &'m str,
    /// The last known serial number.
    pub(crate) serial: Option<&'m str>,
}

impl<'m> From<&'m StoredMeter> for Identity<'m> {
    fn from(meter: &'m StoredMeter) -> Self {
        Self { id: &meter.id, serial: meter.serial.as_deref() }
    }
}

impl LineMaker {
    pub(crate) fn new(config: &Config) -> Self {
        let named = config.meters.iter().filter(|meter| !meter.is_wild());
        Self {
            encoder: config.influxdb.as_ref().map_or_else(Encoder::default, Encoder::new),
            meters: named.map(|meter| (meter.id.to_string(), meter.clone())).collect(),
        }
    }

    /// Whether the tag of a record's line would be the meter's id, for want of a serial number.
    pub(crate) fn lacks_serial(&self, record: &Record, meter: Identity<'_>) -> bool {
        self.serial(record.serial.as_deref(), meter).is_none()
            && match &record.content {
                Content::Reading(registers) => registers.serial().is_none(),
                Content::State(payload) => {
                    let message = Message::decode(payload, &TimeZone::default());
                    message.is_ok_and(|it| it.status.is_none_or(|status| status.serial.is_none()))
                }
                Content::Unreadable(_) => false,
            }
    }

    /// Appends the line of a record, if it makes one.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub(crate) fn append(
        &self,
        lines: &mut String,
        record: &Record,
        meter: Identity<'_>,
    ) -> Result<(), Unreadable> {
        match &record.content {
            Content::Reading(registers) => {
                let reading = Reading::new(record.time, registers.clone());
                let own = registers.serial().or(record.serial.as_deref());
                self.encoder.append_reading(lines, self.tag(own, meter), &reading);
            }
            Content::State(payload) => {
                let settings = self.meters.get(meter.id);
                let zone = settings.map_or_else(TimeZone::default, |meter| meter.timezone.clone());
                // It was decoded when it was accepted.
                let message = Message::decode(payload, &zone)
                    .map_err(|_| Unreadable::new(record, payload))?;
                self.append_state(lines, record.time, &message, meter);
            }
            Content::Unreadable(bytes) => return Err(Unreadable::new(record, bytes)),
        }
        Ok(())
    }

    /// Appends the line of a reading.
    pub(crate) fn append_reading(
        &self,
        lines: &mut String,
        reading: &Reading<'_>,
        meter: Identity<'_>,
    ) {
        self.encoder.append_reading(lines, self.tag(reading.serial(), meter), reading);
    }

    /// Appends the line of what a message says of module and battery, if it does.
    pub(crate) fn append_state(
        &self,
        lines: &mut String,
        sent: OffsetDateTime,
        message: &Message<'_>,
        meter: Identity<'_>,
    ) {
        let own = message.status.as_ref().and_then(|status| status.serial.as_deref());
        self.encoder.append_state(lines, self.tag(own, meter), sent, message);
    }

    /// The `meter` tag: the serial number of the configuration, else of the message, else the
    /// meter's last known one, else its id.
    fn tag<'a>(&'a self, own: Option<&'a str>, meter: Identity<'a>) -> &'a str {
        self.serial(own, meter).unwrap_or(meter.id)
    }

    /// The serial number in the `meter` tag, if one is known.
    pub(crate) fn serial<'a>(
        &'a self,
        own: Option<&'a str>,
        meter: Identity<'a>,
    ) -> Option<&'a str> {
        let settings = self.meters.get(meter.id);
        let configured = settings.and_then(|settings| settings.serial.as_deref());
        configured.or(own).or(meter.serial)
    }
}
