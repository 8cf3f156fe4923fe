//! The way of a reading from the module's bytes to InfluxDB's line, again and again:
//!
//!     cargo run --release -p xt211-examples --example convert [--state] FILE COUNT
//!
//! Prints the last line. With `--state`, each reading is also judged, as if the module had read it a
//! minute after the one before, and Home Assistant's state message made of it; the last one is
//! printed, too. The cost of one conversion is the difference between two runs, divided by the
//! difference of their counts.

use std::{env, hint::black_box, process::ExitCode};

use xt211_examples::{
    Failure,
    conversion::{Line, State},
    exit, read,
};

fn main() -> ExitCode {
    exit(run())
}

fn run() -> Result<(), Failure> {
    let mut arguments = env::args_os().skip(1).peekable();
    let with_state = arguments.next_if(|argument| argument == "--state").is_some();
    let (Some(file), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("expected a file and a count".into());
    };
    let count = count.to_string_lossy();
    let count: u64 =
        count.parse().map_err(|_| format!("expected how many times, found `{count}`"))?;

    let bytes = read(Some(&file))?;
    if with_state {
        let mut state = State::new()?;
        for _ in 0..count {
            state.convert(black_box(&bytes))?;
        }
        print!("{}", state.line());
        println!("{}", state.message());
    } else {
        let mut line = Line::default();
        for _ in 0..count {
            line.convert(black_box(&bytes))?;
        }
        print!("{}", line.text());
    }
    Ok(())
}
