//! Tries whether what is configured works, and changes nothing. What is wrong is said in one line,
//! which names the key that is to be put right.

use std::time::Duration;

use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS, SubscribeFilter, SubscribeReasonCode};
use tokio::time::timeout;

use crate::{
    config::{InfluxDb, Meter, Mqtt, Statistics},
    influx::{Failure, InfluxClient, Refusal},
    mqtt::{explain, options},
    statistics::{Client, Trouble},
};

/// How long a server may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Connects and subscribes, in a session of its own, so that a bridge that runs is not disturbed.
pub(crate) async fn broker(mqtt: &Mqtt, meters: &[Meter]) -> Result<String, String> {
    let mqtt = Mqtt { client_id: format!("{}-check", mqtt.client_id), ..mqtt.clone() };
    let mut options = options(&mqtt, None).map_err(|error| format!("{error:#}"))?;
    options.set_clean_session(true);
    let topics: Vec<_> = meters.iter().flat_map(Meter::topics).collect();
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
