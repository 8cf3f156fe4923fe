//! `check`: is everything right, before it runs?

use std::{
    fmt,
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use anyhow::Result;
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS, SubscribeFilter, SubscribeReasonCode};
use rustix::fs::Access;
use tokio::time::timeout;
use xt211_store::{Reader, StoreError};

use super::runtime;
use crate::{
    config::{self, Config, ConfigError, InfluxDb, Mqtt, Statistics},
    influx::{Failure, InfluxClient, Refusal},
    mqtt::{explain, options},
    statistics::{Client, Trouble},
};

/// How long a server may take.
const PATIENCE: Duration = Duration::from_secs(15);

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
                Some(mqtt) => Some(try_broker(mqtt, meters).await),
                None => None,
            }
        };
        let database = async {
            match influxdb {
                Some(influxdb) => Some(try_influxdb(influxdb).await),
                None => None,
            }
        };
        let home_assistant = async {
            match statistics {
                Some(statistics) => Some(try_home_assistant(statistics).await),
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
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
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

/// Connects and subscribes, in a session of its own, so that a bridge that runs is not disturbed.
async fn try_broker(mqtt: &Mqtt, meters: &[config::Meter]) -> Result<String, String> {
    let mqtt = Mqtt { client_id: format!("{}-check", mqtt.client_id), ..mqtt.clone() };
    let mut options = options(&mqtt, None).map_err(|error| format!("{error:#}"))?;
    options.set_clean_session(true);
    let topics: Vec<_> = meters.iter().flat_map(config::Meter::topics).collect();
    match timeout(PATIENCE, subscribe(options, &topics)).await {
        Ok(Ok(())) if topics.is_empty() => Ok(mqtt.address()),
        Ok(Ok(())) => Ok(format!("{}, subscribed to {}", mqtt.address(), topics.join(", "))),
        Ok(Err(reason)) => Err(reason),
        Err(_) => Err(format!("{} does not answer", mqtt.address())),
    }
}

async fn subscribe(options: MqttOptions, topics: &[&str]) -> Result<(), String> {
    let (client, mut event_loop) = AsyncClient::new(options, 10);
    loop {
        let event = event_loop.poll().await;
        match event.map_err(|error| explain(&error, &event_loop.mqtt_options))? {
            Event::Incoming(Packet::ConnAck(_)) if topics.is_empty() => return Ok(()),
            Event::Incoming(Packet::ConnAck(_)) => {
                let filters = topics
                    .iter()
                    .map(|topic| SubscribeFilter::new((*topic).into(), QoS::AtLeastOnce));
                client.try_subscribe_many(filters).map_err(|error| error.to_string())?;
            }
            Event::Incoming(Packet::SubAck(answer)) => {
                let refused = |code: &SubscribeReasonCode| *code == SubscribeReasonCode::Failure;
                let refused: Vec<_> = topics
                    .iter()
                    .zip(&answer.return_codes)
                    .filter(|(_, code)| refused(code))
                    .map(|(topic, _)| *topic)
                    .collect();
                if refused.is_empty() {
                    return Ok(());
                }
                return Err(format!(
                    "the broker refuses {}: check its access rules",
                    refused.join(", ")
                ));
            }
            _ => {}
        }
    }
}

/// Has nothing written, which shows whether something could be.
async fn try_influxdb(influxdb: &InfluxDb) -> Result<String, String> {
    let client = InfluxClient::new(influxdb).map_err(|error| format!("{error:#}"))?;
    let InfluxDb { url, org, bucket, .. } = influxdb;
    match timeout(PATIENCE, client.probe()).await {
        Ok(Ok(())) => Ok(format!("{url}, organisation {org}, bucket {bucket}")),
        Ok(Err(Failure::Denied(reason) | Failure::Passing(reason))) => Err(reason),
        Ok(Err(Failure::Refused(Refusal { reason, .. }))) => {
            Err(format!("{reason}; it does not answer as InfluxDB does: check influxdb.url"))
        }
        Err(_) => Err(format!("{url} does not answer")),
    }
}

/// Shows the token, and asks whose it is.
async fn try_home_assistant(statistics: &Statistics) -> Result<String, String> {
    let url = &statistics.url;
    let trying = async { Client::connect(statistics).await?.check().await };
    match timeout(PATIENCE, trying).await {
        Ok(Ok(user)) => Ok(format!("{url}, as {user}, for statistics")),
        Ok(Err(Trouble::Denied(reason) | Trouble::Passing(reason))) => Err(reason),
        Err(_) => Err(format!("Home Assistant at {url} does not answer (homeassistant.url)")),
    }
}
