//! Tries whether what is configured works, and changes nothing. What is wrong is said in one line,
//! which names the key that is to be put right.

use std::time::Duration;

use rumqttc::{Packet, QoS};
use tokio::time::timeout;

use crate::{
    config::{InfluxDb, Meter, Mqtt, Statistics},
    influx::{Failure, InfluxClient, Refusal},
    mqtt::{Guest, granted},
    statistics::{Client, Trouble},
};

/// How long a server may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Connects and subscribes.
pub(crate) async fn broker(mqtt: &Mqtt, meters: &[Meter]) -> Result<String, String> {
    let topics: Vec<_> = meters.iter().flat_map(Meter::topics).collect();
    let guest = Guest::new(mqtt, "check", topics.iter().copied(), QoS::AtLeastOnce)?;
    match timeout(PATIENCE, subscribe(guest, &topics)).await {
        Ok(Ok(())) if topics.is_empty() => Ok(mqtt.address()),
        Ok(Ok(())) => Ok(format!("{}, subscribed to {}", mqtt.address(), topics.join(", "))),
        Ok(Err(reason)) => Err(reason),
        Err(_) => Err(format!("{} does not answer", mqtt.address())),
    }
}

async fn subscribe(mut guest: Guest, topics: &[&str]) -> Result<(), String> {
    loop {
        match guest.next().await? {
            Packet::ConnAck(_) if topics.is_empty() => return Ok(()),
            Packet::SubAck(answer) => return granted(topics.iter().copied(), &answer.return_codes),
            _ => {}
        }
    }
}

/// Has nothing written, which shows whether something could be.
pub(crate) async fn influxdb(influxdb: &InfluxDb) -> Result<String, String> {
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
pub(crate) async fn home_assistant(statistics: &Statistics) -> Result<String, String> {
    let url = &statistics.url;
    let trying = async { Client::connect(statistics).await?.check().await };
    match timeout(PATIENCE, trying).await {
        Ok(Ok(user)) => Ok(format!("{url}, as {user}, for statistics")),
        Ok(Err(Trouble::Denied(reason) | Trouble::Passing(reason))) => Err(reason),
        Err(_) => Err(format!("Home Assistant at {url} does not answer (homeassistant.url)")),
    }
}
