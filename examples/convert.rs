//! The way of a reading from the module's bytes to InfluxDB's line, again and again:
//!
//!     cargo run --release -p xt211-examples --example convert FILE COUNT
//!
//! Prints the last line. The cost of one conversion is the difference between two runs, divided by
//! the difference of their counts.

use std::{env, hint::black_box, process::ExitCode};

use time::UtcOffset;
use xt211_examples::{Failure, exit, read};
use xt211_line_protocol::{Measurement, encode_reading};
use xt211_message::Decoder;

fn main() -> ExitCode {
    exit(run())
}

fn run() -> Result<(), Failure> {
    let mut arguments = env::args_os().skip(1);
    let (Some(file), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("expected a file and a count".into());
    };
    let count = count.to_string_lossy();
    let count: u64 =
        count.parse().map_err(|_| format!("expected how many times, found `{count}`"))?;

    let bytes = read(Some(&file))?;
    let mut decoder = Decoder::default();
    let mut line = String::new();
    for _ in 0..count {
        line.clear();
        convert(&mut decoder, black_box(&bytes), &mut line)?;
    }
    print!("{line}");
    Ok(())
}

fn convert(decoder: &mut Decoder, bytes: &[u8], line: &mut String) -> Result<(), Failure> {
    let message = decoder.decode(bytes, &UtcOffset::UTC)?;
    let reading = message.reading.as_ref().ok_or("expected a message with a reading")?;
    let meter = reading.serial().unwrap_or("meter");
    encode_reading(line, &Measurement::HOME_ENERGY, meter, reading)?;
    decoder.reclaim(message);
    Ok(())
}
