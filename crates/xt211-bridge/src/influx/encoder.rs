//! From messages to lines.

use time::OffsetDateTime;
use xt211_line_protocol::{LineError, Measurement, encode_reading, encode_status};
use xt211_message::{Message, Reading};

use crate::config;

/// Makes the lines of a message.
pub(crate) struct Encoder {
    measurement: Measurement,
    status: bool,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { measurement: Measurement::HOME_ENERGY, status: true }
    }
}

impl Encoder {
    pub(crate) fn new(influxdb: &config::InfluxDb) -> Self {
        Self { measurement: influxdb.measurement.clone(), status: influxdb.status }
    }

    /// Appends the line of a reading.
    pub(crate) fn append_reading(&self, lines: &mut String, tag: &str, reading: &Reading<'_>) {
        report(encode_reading(lines, &self.measurement, tag, reading));
    }

    /// Appends the line of what the message says of module and battery, if it does, and if that
    /// is to be forwarded.
    pub(crate) fn append_state(
        &self,
        lines: &mut String,
        tag: &str,
        sent: OffsetDateTime,
        message: &Message<'_>,
    ) {
        let Message { status, battery, .. } = message;
        if self.status && (status.is_some() || battery.is_some()) {
            report(encode_status(lines, tag, sent, status.as_ref(), battery.as_ref()));
        }
    }
}

/// What makes no line, such as a reading of a serial number alone, is nothing to forward.
fn report(line: Result<(), LineError>) {
    if let Err(error) = line {
        tracing::debug!("nothing to forward: {error}");
    }
}
