//! The lines for InfluxDB that a message of the module becomes:
//!
//!     cargo run -p xt211-examples --example line_protocol FILE [METER]
//!
//! METER is the tag; by default it is the serial number in the message. A file called `-` is
//! standard input.

use std::{env, process::ExitCode};

use time::UtcOffset;
use xt211_examples::{Failure, exit, read};
use xt211_line_protocol::{Measurement, encode_reading, encode_status};
use xt211_message::{Message, Reading};

fn main() -> ExitCode {
    exit(run())
}

fn run() -> Result<(), Failure> {
    let mut arguments = env::args_os().skip(1);
    let bytes = read(arguments.next().as_deref())?;
    let message = Message::decode(&bytes, &UtcOffset::UTC)?;
    let (reading, status) = (message.reading.as_ref(), message.status.as_ref());

    let given = arguments.next().map(|meter| meter.to_string_lossy().into_owned());
    let meter = given
        .as_deref()
        .or_else(|| reading.and_then(Reading::serial))
        .or_else(|| status.and_then(|status| status.serial.as_deref()))
        .ok_or("the message has no serial number: name the meter behind the file")?;

    let mut lines = String::new();
    if let Some(reading) = reading {
        encode_reading(&mut lines, &Measurement::HOME_ENERGY, meter, reading)?;
    }
    if status.is_some() || message.battery.is_some() {
        let sent = message.sent.ok_or("the message does not say when it was sent")?;
        encode_status(&mut lines, meter, sent, status, message.battery.as_ref())?;
    }
    print!("{lines}");
    Ok(())
}
