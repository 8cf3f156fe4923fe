//! What a message of the module says, whatever its dialect, as JSON:
//!
//!     cargo run -p xt211-examples --example message FILE
//!
//! Without a file, the message is read from standard input.

use std::{env, process::ExitCode};

use time::UtcOffset;
use xt211_examples::{Failure, exit, read};
use xt211_message::Message;

fn main() -> ExitCode {
    exit(run())
}

fn run() -> Result<(), Failure> {
    let bytes = read(env::args_os().nth(1).as_deref())?;
    // Times that name no zone are taken for UTC.
    let message = Message::decode(&bytes, &UtcOffset::UTC)
        .map_err(|error| format!("{error} ({})", error.code()))?;
    println!("{}", serde_json::to_string_pretty(&message)?);
    Ok(())
}
