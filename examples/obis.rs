//! What OBIS codes mean:
//!
//!     cargo run -p xt211-examples --example obis 1.8.2 1-0:41.7.0*255 0-1:96.3.10

use std::{env, process::ExitCode};

use xt211_examples::{Failure, exit};
use xt211_obis::ObisCode;

fn main() -> ExitCode {
    exit(run())
}

fn run() -> Result<(), Failure> {
    let mut codes = env::args_os().skip(1).peekable();
    if codes.peek().is_none() {
        return Err("expected OBIS codes, such as 1.8.0 or 1-0:1.8.0*255".into());
    }
    for text in codes {
        let text = text.to_string_lossy();
        let code: ObisCode = text.parse().map_err(|error| format!("`{text}`: {error}"))?;
        println!("{code} ({}): {}", code.full(), describe(code));
    }
    Ok(())
}

fn describe(code: ObisCode) -> String {
    match code.meaning() {
        Some(meaning) => match meaning.unit().symbol() {
            "" => meaning.name().to_string(),
            unit => format!("{}, in {unit}", meaning.name()),
        },
        None => "unknown".to_owned(),
    }
}
