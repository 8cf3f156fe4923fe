//! The command line.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use time::OffsetDateTime;

use crate::timestamp::parse_instant;

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
    /// Check the configuration and the store, and try the broker and InfluxDB
    Check,
    /// Show what messages become: values, entities, line protocol (as the configuration's first meter)
    Decode {
        /// Files that hold messages; - is standard input, as is no file
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Print what is kept: the lines that InfluxDB gets, or CSV
    Export {
        /// The form
        #[arg(long, value_name = "FORM", default_value = "lines")]
        format: ExportFormat,
        /// What of it
        #[command(flatten)]
        range: RangeArguments,
    },
    /// Forward to InfluxDB again what it was given before
    // Nobody is to send years again by mistake.
    #[command(group(
        ArgGroup::new("what").args(["all", "meter", "from", "to"]).required(true).multiple(true)
    ))]
    Forward {
        /// All of it
        #[arg(long, conflicts_with_all = ["meter", "from", "to"])]
        all: bool,
        /// What of it
        #[command(flatten)]
        range: RangeArguments,
    },
    /// Look at what was not believed, not understood or not taken, and decide what becomes of it
    SetAside {
        /// What to do
        #[command(subcommand)]
        action: SetAsideAction,
    },
    /// Remove all that Home Assistant was told from the broker, while no bridge runs
    Purge,
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

/// How what is kept is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// InfluxDB's line protocol
    Lines,
    /// A row for each register of each reading: time, meter, serial, code, value, unit
    Csv,
}

/// What of all that is kept.
#[derive(Args, Clone, Debug, Default)]
pub struct RangeArguments {
    /// Only this meter's, by its id
    #[arg(long, value_name = "ID")]
    pub meter: Option<String>,
    /// Only from this time on: 2026-02-21T20:27:09Z, or 2026-02-21 for its first moment (UTC)
    #[arg(long, value_name = "TIME", value_parser = parse_instant)]
    pub from: Option<OffsetDateTime>,
    /// Only before this time, in the same forms
    #[arg(long, value_name = "TIME", value_parser = parse_instant)]
    pub to: Option<OffsetDateTime>,
}

/// What to do with what was set aside.
#[derive(Debug, Subcommand)]
pub enum SetAsideAction {
    /// List it: id, when, how often, whose, why
    List {
        /// Only this meter's, by its id
        #[arg(long, value_name = "ID")]
        meter: Option<String>,
    },
    /// Show all of one
    Show {
        /// As `set-aside list` has it
        id: i64,
    },
    /// Accept it after all: the bridge does so within seconds, or when it is started next
    Release(Selection),
    /// Put it out of sight for good, also when the same comes again
    Discard(Selection),
}

/// Some of what was set aside.
#[derive(Args, Clone, Debug)]
#[command(group(
    ArgGroup::new("which").args(["ids", "all", "code", "meter"]).required(true).multiple(true)
))]
pub struct Selection {
    /// As `set-aside list` has them
    #[arg(value_name = "ID", conflicts_with_all = ["all", "code", "meter"])]
    pub ids: Vec<i64>,
    /// All of it
    #[arg(long, conflicts_with_all = ["code", "meter"])]
    pub all: bool,
    /// All that has this code for its reason, as influxdb.refused
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,
    /// All of this meter's, by its id
    #[arg(long, value_name = "ID")]
    pub meter: Option<String>,
}
