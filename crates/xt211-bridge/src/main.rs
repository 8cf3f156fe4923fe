//! Bridges XT211 electricity meters from MQTT to Home Assistant and InfluxDB.

use std::{io, process::ExitCode};

use clap::Parser;
use xt211_bridge::{
    cli::{Cli, Command},
    command,
    config::{Config, ConfigError, Origin},
    log,
};

/// The exit code for wrong usage (clap's own) and wrong configuration.
const WRONG_CONFIGURATION: u8 = 2;

fn main() -> ExitCode {
    let Cli { command, config } = Cli::parse();
    let load = || Config::load(config.path.as_deref(), std::env::vars_os());
    let result = match command.unwrap_or(Command::Run) {
        Command::Run => {
            log::start("info");
            command::run(Origin::new(config.path.as_deref(), std::env::vars_os()))
        }
        Command::Check => command::check(load()),
        Command::Decode { files } => {
            load().map_err(Into::into).and_then(|config| command::decode(&config, &files))
        }
        Command::Export { format, range } => {
            load().map_err(Into::into).and_then(|config| command::export(&config, format, &range))
        }
        Command::Forward { range, .. } => {
            load().map_err(Into::into).and_then(|config| command::forward(&config, &range))
        }
        Command::SetAside { action } => {
            load().map_err(Into::into).and_then(|config| command::set_aside(&config, action))
        }
        Command::Purge => load().map_err(Into::into).and_then(|config| command::purge(&config)),
        Command::Config => command::print_default(),
        #[cfg(feature = "demo")]
        Command::Demo { seconds } => {
            log::start("warn,rumqttd=off");
            command::demo(seconds)
        }
    };
    match result {
        Ok(code) => code,
        // Who reads no further (`decode | head`) has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let is_configuration = error.downcast_ref::<ConfigError>().is_some();
            eprintln!(
                "{}",
                if is_configuration { format!("{error}") } else { format!("error: {error:#}") }
            );
            if is_configuration { ExitCode::from(WRONG_CONFIGURATION) } else { ExitCode::FAILURE }
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let mut io_errors = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    io_errors.any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
