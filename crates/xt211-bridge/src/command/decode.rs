//! `decode`: what becomes of a message, without any network.

use std::{
    fs,
    io::{self, Read as _, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use xt211_decision::judge_time;
use xt211_homeassistant::{
    Component, DeviceClass, Entity, Language, MeterDevice, MeterInfo, StateClass, StateTopic,
    Topics,
};
use xt211_message::{Message, Reading};

use super::registers::show_registers;
use crate::{
    announcer::origin,
    config::{Config, Meter},
    influx::{Identity, LineMaker},
    timestamp::utc,
};

/// Prints what the messages in the files become.
///
/// # Errors
///
/// A file that cannot be read.
pub fn decode(config: &Config, files: &[PathBuf]) -> Result<ExitCode> {
    let standard_input = [PathBuf::from("-")];
    let files = if files.is_empty() { &standard_input } else { files };
    // There is always one.
    let Some(meter) = config.meters.first() else { return Ok(ExitCode::FAILURE) };
    let (lines, now) = (LineMaker::new(config), OffsetDateTime::now_utc());
    let language = config.homeassistant.as_ref().map_or_else(Language::default, |it| it.language);
    let mut decoder = Decoder { meter, language, serial: None, lines, now };

    let mut out = io::stdout().lock();
    let mut all_decoded = true;
    for file in files {
        let content = read(file)?;
        for (number, message) in split(&content).into_iter().enumerate() {
            write!(out, "{}", name(file))?;
            if number > 0 {
                write!(out, ", message {}", number + 1)?;
            }
            match Message::decode(message, &decoder.meter.timezone) {
                Ok(message) => {
                    writeln!(out)?;
                    decoder.show(&message, &mut out)?;
                }
                Err(error) => {
                    all_decoded = false;
                    writeln!(out, "\n  cannot be decoded: {error} ({})\n", error.code())?;
                }
            }
        }
    }
    Ok(if all_decoded { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn name(file: &Path) -> String {
    if is_standard_input(file) { "standard input".into() } else { file.display().to_string() }
}

fn is_standard_input(file: &Path) -> bool {
    file == Path::new("-")
}

fn read(file: &Path) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    if is_standard_input(file) {
        io::stdin().read_to_end(&mut content).context("cannot read standard input")?;
    } else {
        content = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    }
    Ok(content)
}

/// The messages in a file: usually one, but `mosquitto_sub` writes one after the other. From where
/// it is no JSON, all is taken as one message, so that its decoding says what is wrong.
fn split(content: &[u8]) -> Vec<&[u8]> {
    let mut documents = serde_json::Deserializer::from_slice(content).into_iter::<&RawValue>();
    let (mut messages, mut end) = (Vec::new(), 0);
    while let Some(Ok(document)) = documents.next() {
        messages.push(document.get().as_bytes());
        end = documents.byte_offset();
    }
    let rest = content.get(end..).unwrap_or_default().trim_ascii_start();
    if messages.is_empty() || !rest.is_empty() {
        messages.push(rest);
    }
    messages
}

struct Decoder<'c> {
    meter: &'c Meter,
    language: Language,
    /// Remembered from one message to the next.
    serial: Option<String>,
    now: OffsetDateTime,
    lines: LineMaker,
}

impl Decoder<'_> {
    fn show(&mut self, message: &Message<'_>, out: &mut impl Write) -> Result<()> {
        if let Some(reading) = &message.reading {
            show_reading(message, reading, out)?;
        }
        if let Some(status) = &message.status {
            writeln!(out, "  module")?;
            show_fields(status, out)?;
        }
        if let Some(battery) = &message.battery {
            writeln!(out, "  battery")?;
            show_fields(battery, out)?;
        }
        if message.debug {
            writeln!(out, "  a debug message, for the firmware's developers")?;
        }
        let untimely = |time| judge_time(time, self.now).err();
        let has_state = message.status.is_some() || message.battery.is_some();
        let sent = message.sent.filter(|_| has_state);
        let reading_reason = message.reading.as_ref().and_then(|reading| untimely(reading.time));
        if let Some(reason) = reading_reason.or_else(|| sent.and_then(untimely)) {
            writeln!(out, "  The bridge sets this aside: {reason} ({})", reason.code())?;
        }
        if reading_reason.is_none() {
            self.show_entities(message, out)?;
            self.show_lines(message, out)?;
        }
        writeln!(out)?;
        Ok(())
    }

    /// The entities that Home Assistant gets for it, besides those of the bridge itself.
    fn show_entities(&self, message: &Message<'_>, out: &mut impl Write) -> io::Result<()> {
        let mut device = MeterDevice::new(MeterInfo {
            id: self.meter.id.clone(),
            name: self.meter.name.clone(),
            serial: self.meter.serial.clone(),
            page: None,
            expire_after: None,
        });
        device.apply_message(message);
        let topics = Topics::new("homeassistant", "xt211");
        let bridge = topics.state(&self.meter.id, StateTopic::Bridge);
        let discovery = device.discovery(&topics, &origin(), self.language);
        let entities = discovery.components.values().filter_map(Component::entity);
        let mut heading = Some("  Home Assistant");
        for entity in entities.filter(|entity| entity.state_topic != bridge) {
            if let Some(heading) = heading.take() {
                writeln!(out, "{heading}")?;
            }
            let classes = [
                entity.device_class.map(DeviceClass::as_str),
                entity.state_class.map(StateClass::as_str),
                entity.unit_of_measurement,
            ];
            let classes: Vec<_> = classes.into_iter().flatten().collect();
            let Entity { default_entity_id, name, .. } = entity;
            let line = format!("    {default_entity_id:<44} {name:<28} {}", classes.join(", "));
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn show_lines(&mut self, message: &Message<'_>, out: &mut impl Write) -> io::Result<()> {
        let reading = message.reading.as_ref();
        let status = message.status.as_ref();
        let serial = reading.and_then(Reading::serial);
        let serial = serial.or_else(|| status.and_then(|status| status.serial.as_deref()));
        if let Some(serial) = serial {
            self.serial = Some(serial.to_owned());
        }
        let meter = Identity { id: self.meter.id.as_str(), serial: self.serial.as_deref() };
        let mut lines = String::new();
        if let Some(reading) = reading {
            self.lines.append_reading(&mut lines, reading, meter);
        }
        if let Some(sent) = message.sent.filter(|sent| judge_time(*sent, self.now).is_ok()) {
            self.lines.append_state(&mut lines, sent, message, meter);
        }
        if !lines.is_empty() {
            writeln!(out, "  InfluxDB")?;
        }
        lines.lines().try_for_each(|line| writeln!(out, "    {line}"))
    }
}

fn show_reading(
    message: &Message<'_>,
    reading: &Reading<'_>,
    out: &mut impl Write,
) -> io::Result<()> {
    write!(out, "  reading of {}", utc(reading.time))?;
    if let Some(sent) = message.sent {
        write!(out, ", sent {}", utc(sent))?;
    }
    writeln!(
        out,
        "{}",
        if reading.first_boot { ", the first since the module started" } else { "" }
    )?;
    show_registers(&reading.registers, out)
}

/// The fields that are there, as they are called in JSON.
fn show_fields(fields: &impl Serialize, out: &mut impl Write) -> Result<()> {
    let serde_json::Value::Object(fields) = serde_json::to_value(fields)? else { return Ok(()) };
    for (key, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
        writeln!(out, "    {:<16} {value}", key.replace('_', " "))?;
    }
    Ok(())
}
