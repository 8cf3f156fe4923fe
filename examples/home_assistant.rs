//! What a message of the module becomes for Home Assistant, as topics and payloads:
//!
//!     cargo run -p xt211-examples --example home_assistant FILE
//!
//! Without a file, the message is read from standard input.

use std::{env, process::ExitCode};

use serde::Serialize;
use time::UtcOffset;
use xt211_examples::{Failure, exit, read};
use xt211_homeassistant::{Language, MeterDevice, MeterInfo, Origin, StateTopic, Topics};
use xt211_message::Message;

fn main() -> ExitCode {
    exit(run())
}

fn run() -> Result<(), Failure> {
    let bytes = read(env::args_os().nth(1).as_deref())?;
    let message = Message::decode(&bytes, &UtcOffset::UTC)?;

    let mut meter = MeterDevice::new(MeterInfo {
        id: "meter".parse()?,
        name: "XT211 Meter".into(),
        serial: None,
        page: None,
        expire_after: None,
    });
    meter.apply_message(&message);

    let id = &meter.info().id;
    let topics = Topics::new("homeassistant", "xt211");
    let origin = Origin { name: "example".into(), sw_version: None, support_url: None };
    // The moment the values are true at: they are not old yet.
    let now = message.reading.as_ref().map_or(time::OffsetDateTime::UNIX_EPOCH, |it| it.time);

    let discovery = meter.discovery(&topics, &origin, Language::English);
    print(&topics.discovery(id), Some(discovery))?;
    print(&topics.state(id, StateTopic::Energy), meter.energy())?;
    print(&topics.state(id, StateTopic::Live), meter.live(now))?;
    print(&topics.state(id, StateTopic::Module), meter.module())
}

fn print(topic: &str, payload: Option<impl Serialize>) -> Result<(), Failure> {
    if let Some(payload) = payload {
        println!("{topic}\n{}\n", serde_json::to_string_pretty(&payload)?);
    }
    Ok(())
}
