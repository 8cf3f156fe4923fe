//! What a broker, a bridge and a database have to bear, as heavy as you like:
//!
//! ```text
//! cargo run --release -p xt211-examples --example load -- publish --meters 100 --messages 10000
//! cargo run --release -p xt211-examples --example load -- measure
//! ```
//!
//! `publish` sends what modules would, to any broker. `measure` starts a broker, an endpoint that
//! counts lines and a bridge between them, all on loopback, and says what one message costs; beside
//! it a subscriber that does nothing but acknowledge.

mod endpoint;
mod measure;
mod modules;
mod processes;
mod publisher;
mod subscriber;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xt211_examples::{Failure, exit};

#[derive(Parser)]
#[command(about = "Puts load on a broker and a bridge, and measures what they make of it")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Sends readings of simulated meters, with QoS 1.
    Publish(publisher::Arguments),
    /// Takes lines as InfluxDB does, and says every second how many there were.
    Count {
        /// Where it listens.
        #[arg(long, default_value = "127.0.0.1:8086")]
        listen: std::net::SocketAddr,
    },
    /// Takes messages and does nothing but acknowledge them.
    Acknowledge(subscriber::Arguments),
    /// Measures a bridge, and beside it a subscriber that only acknowledges.
    Measure(measure::Arguments),
}

fn main() -> ExitCode {
    exit(run(Cli::parse().command))
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Publish(arguments) => publisher::run(&arguments),
        Command::Count { listen } => endpoint::run(listen),
        Command::Acknowledge(arguments) => subscriber::run(&arguments),
        Command::Measure(arguments) => measure::run(&arguments),
    }
}
