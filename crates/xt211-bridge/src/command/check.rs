//! `check`: is everything right, before it runs?

use std::{
    fmt,
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
};

use anyhow::Result;
use rustix::fs::Access;
use xt211_store::{Reader, StoreError};

use super::runtime;
use crate::{
    config::{Config, ConfigError, folder},
    trial,
};

/// Tries everything that can be tried, also with a configuration that is wrong elsewhere, and
/// prints a line about each.
///
/// # Errors
///
/// Standard output cannot be written.
pub fn check(loaded: Result<Config, ConfigError>) -> Result<ExitCode> {
    let why_not = if loaded.is_ok() { "not configured" } else { "not configured, or wrongly" };
    let mut report = Report { failed: false, why_not };
    let (mqtt, meters, influxdb, statistics, store) = match &loaded {
        Ok(config) => {
            let file = config.file.as_ref().map(|file| file.display().to_string());
            report
                .good("configuration", file.unwrap_or_else(|| "defaults and environment".into()))?;
            let Config { mqtt, meters, homeassistant, influxdb, store, .. } = config;
            let statistics = homeassistant.as_ref().and_then(|it| it.statistics.as_ref());
            (Some(mqtt), meters.as_slice(), influxdb.as_ref(), statistics, Some(store))
        }
        Err(error) => {
            for problem in error.problems() {
                report.bad("configuration", problem)?;
            }
            let (mqtt, influxdb) = (error.mqtt(), error.influxdb());
            (mqtt, [].as_slice(), influxdb, error.statistics(), error.store())
        }
    };
    runtime()?.block_on(async {
        let broker = async {
            match mqtt {
                Some(mqtt) => Some(trial::broker(mqtt, meters).await),
                None => None,
            }
        };
        let database = async {
            match influxdb {
                Some(influxdb) => Some(trial::influxdb(influxdb).await),
                None => None,
            }
        };
        let home_assistant = async {
            match statistics {
                Some(statistics) => Some(trial::home_assistant(statistics).await),
                None => None,
            }
        };
        let (broker, database, home_assistant) = tokio::join!(broker, database, home_assistant);
        report.outcome("store", store.map(|store| try_store(&store.path)))?;
        report.outcome("broker", broker)?;
        report.outcome("InfluxDB", database)?;
        // Without its address, it hears of everything by the broker.
        home_assistant.map_or(Ok(()), |it| report.outcome("Home Assistant", Some(it)))
    })?;
    Ok(match (loaded, report.failed) {
        (Err(_), _) => ExitCode::from(2),
        (Ok(_), true) => ExitCode::FAILURE,
        (Ok(_), false) => ExitCode::SUCCESS,
    })
}

/// Prints a line about each thing that was tried.
struct Report {
    failed: bool,
    /// Why something was not.
    why_not: &'static str,
}

impl Report {
    fn good(&mut self, what: &str, text: impl fmt::Display) -> io::Result<()> {
        writeln!(io::stdout(), "ok      {what:<14} {text}")
    }

    fn bad(&mut self, what: &str, text: impl fmt::Display) -> io::Result<()> {
        self.failed = true;
        writeln!(io::stdout(), "WRONG   {what:<14} {text}")
    }

    fn outcome(&mut self, what: &str, outcome: Option<Result<String, String>>) -> io::Result<()> {
        match outcome {
            Some(Ok(text)) => self.good(what, text),
            Some(Err(text)) => self.bad(what, text),
            None => writeln!(io::stdout(), "-       {what:<14} not tried: {}", self.why_not),
        }
    }
}

/// Reads all of the store, if there is one, and changes nothing.
fn try_store(path: &Path) -> Result<String, String> {
    let name = path.display();
    let folder = folder(path);
    // Whoever writes to the file puts others beside it.
    rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| {
        let (folder, error) = (folder.display(), io::Error::from(error));
        format!("{name} cannot be kept in the folder {folder}: {error}; see store.path")
    })?;
    if !path.exists() {
        return Ok(format!("{name} is not there yet, and will be made"));
    }
    let summarize = || {
        let store = Reader::open(path)?;
        store.check()?;
        let records = store.record_count()?;
        let waiting: u64 = store.waiting_counts()?.iter().map(|(_, count)| count).sum();
        let aside: u64 = store.set_aside_counts()?.iter().map(|(_, count)| count).sum();
        Ok(format!("{name}, {records} records, {waiting} wait, {aside} set aside"))
    };
    let summary = summarize().map_err(|error: StoreError| error.to_string())?;
    rustix::fs::access(path, Access::WRITE_OK).map_err(|error| {
        let error = io::Error::from(error);
        format!("{name} cannot be written to: {error}; see store.path")
    })?;
    Ok(summary)
}
