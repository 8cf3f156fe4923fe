//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Bridges XT211 electricity meters from MQTT to Home Assistant and InfluxDB.
#[derive(Debug, Parser)]
#[command(
    version,
    disable_help_subcommand = true,
    after_help = "Without a command, it runs. The log's detail is set by XT211_LOG \
                  (error, warn, info, debug; else info).\n\
                  Exit codes: 0 fine, 1 failed, 2 wrong usage or configuration."
)]
pub struct Cli {
    /// What to do; `run` unless given.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Options of `run`, when it is not named.
    #[command(flatten)]
    pub config: ConfigFile,
}

/// Where the configuration is.
#[derive(Args, Clone, Debug)]
pub struct ConfigFile {
    /// The configuration file; else xt211-bridge.toml here or /etc/xt211-bridge/config.toml, if
    /// there is one
    #[arg(long = "config", value_name = "FILE", env = "XT211_CONFIG", global = true)]
    pub path: Option<PathBuf>,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Bridge until stopped by Ctrl-C or SIGTERM
    Run,
    /// Check the configuration, and try the broker and InfluxDB
    Check,
    /// Show what messages become: values, entities, line protocol (as the configuration's first meter)
    Decode {
        /// Files that hold messages; - is standard input, as is no file
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Print the default configuration
    Config,
    /// Show it all at work: an embedded broker, a simulated meter, nothing kept
    #[cfg(feature = "demo")]
    Demo {
        /// Stop by itself after so many seconds
        #[arg(long, value_name = "SECONDS")]
        seconds: Option<u64>,
    },
}
