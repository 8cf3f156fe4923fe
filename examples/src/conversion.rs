//! The way of a reading from the module's bytes to InfluxDB's line, one message after the other in
//! the same memory.

use std::convert::Infallible;

use time::{Duration, OffsetDateTime, UtcOffset};
use xt211_decision::{Eras, History, Judgement, Limit, Meter, Point};
use xt211_homeassistant::{MeterDevice, MeterInfo};
use xt211_line_protocol::{Measurement, encode_reading};
use xt211_message::{Decoder, Reading, Registers};
use xt211_obis::ObisCode;

use crate::Failure;

/// From bytes to a line.
#[derive(Debug, Default)]
pub struct Line {
    decoder: Decoder,
    text: String,
}

impl Line {
    /// Converts a message that holds a reading.
    ///
    /// # Errors
    ///
    /// It is none, or holds none.
    pub fn convert(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.convert_and(bytes, |_| Ok(()))
    }

    /// The line of the last message.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    fn convert_and(
        &mut self,
        bytes: &[u8],
        and: impl FnOnce(&mut Reading<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut message = self.decoder.decode(bytes, &UtcOffset::UTC)?;
        let reading = message.reading.as_mut().ok_or("expected a message with a reading")?;
        and(reading)?;
        self.text.clear();
        let meter = reading.serial().unwrap_or("meter");
        encode_reading(&mut self.text, &Measurement::HOME_ENERGY, meter, reading)?;
        self.decoder.reclaim(message);
        Ok(())
    }
}

/// From bytes to a line and to Home Assistant, if the reading is to be believed.
///
/// Each is judged as if the module had read it a minute after the one before.
#[derive(Debug)]
pub struct State {
    line: Line,
    meter: Meter,
    device: MeterDevice,
    message: Vec<u8>,
    /// By how much the next reading is later than it says.
    later: Duration,
}

impl State {
    /// A meter of which nothing was seen yet.
    ///
    /// # Errors
    ///
    /// None.
    pub fn new() -> Result<Self, Failure> {
        let device = MeterDevice::new(MeterInfo {
            id: "meter".parse()?,
            name: "XT211 Meter".into(),
            serial: None,
            page: None,
            expire_after: None,
        });
        Ok(Self {
            line: Line::default(),
            meter: Meter::new(Limit { max_power: 100.0 }, Eras::default(), None, Vec::new()),
            device,
            message: Vec::new(),
            later: Duration::ZERO,
        })
    }

    /// Converts a message that holds a reading.
    ///
    /// # Errors
    ///
    /// It is none, or holds none, or one that cannot be believed.
    pub fn convert(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let Self { line, meter, device, message, later } = self;
        line.convert_and(bytes, |reading| {
            reading.time += *later;
            *later += Duration::MINUTE;
            if meter.judge(reading, reading.time, &Nothing)? != Judgement::Accepted {
                return Err("expected a reading that can be believed".into());
            }
            device.apply_reading(reading);
            message.clear();
            if let Some(energy) = device.energy() {
                energy.write_json(message);
            }
            Ok(())
        })
    }

    /// The line of the last message.
    #[must_use]
    pub fn line(&self) -> &str {
        self.line.text()
    }

    /// The state message that followed it.
    #[must_use]
    pub fn message(&self) -> &str {
        str::from_utf8(&self.message).unwrap_or_default()
    }
}

/// Nothing was accepted before the program began.
struct Nothing;

impl History for Nothing {
    type Error = Infallible;

    fn at(&self, _: OffsetDateTime) -> Result<Option<Registers<'static>>, Infallible> {
        Ok(None)
    }

    fn newest(&self, _: OffsetDateTime) -> Result<Option<OffsetDateTime>, Infallible> {
        Ok(None)
    }

    fn before(&self, _: ObisCode, _: OffsetDateTime) -> Result<Option<Point>, Infallible> {
        Ok(None)
    }

    fn after(&self, _: ObisCode, _: OffsetDateTime) -> Result<Option<Point>, Infallible> {
        Ok(None)
    }
}
