//! A visit at the broker, beside the bridge.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use anyhow::Result;
use rumqttc::{
    AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS, SubscribeFilter, SubscribeReasonCode,
};

use super::{explain, options};
use crate::config::Mqtt;

/// Somebody who listens at the broker in a session of their own, so that a bridge that runs is not
/// disturbed.
pub(crate) struct Guest {
    client: AsyncClient,
    event_loop: EventLoop,
    filters: Vec<SubscribeFilter>,
}

/// How many there were. A broker lets go of one as soon as another one comes by the same name.
static VISITS: AtomicU32 = AtomicU32::new(1);

/// The options of such a session. What it is for tells it apart from the bridge's.
pub(crate) fn guest_options(mqtt: &Mqtt, errand: &str) -> Result<MqttOptions> {
    let visit = VISITS.fetch_add(1, Relaxed);
    let client_id = format!("{}-{errand}-{visit}", mqtt.client_id);
    let mut options = options(&Mqtt { client_id, ..mqtt.clone() }, None)?;
    options.set_clean_session(true).set_manual_acks(false);
    Ok(options)
}

impl Guest {
    /// One who is going to listen to these topics.
    ///
    /// # Errors
    ///
    /// A certificate cannot be used, in words for people.
    pub(crate) fn new<'t>(
        mqtt: &Mqtt,
        errand: &str,
        topics: impl Iterator<Item = &'t str>,
        qos: QoS,
    ) -> Result<Self, String> {
        let options = guest_options(mqtt, errand).map_err(|error| format!("{error:#}"))?;
        let filters = topics.map(|topic| SubscribeFilter::new(topic.into(), qos)).collect();
        let (client, event_loop) = AsyncClient::new(options, 10);
        Ok(Self { client, event_loop, filters })
    }

    /// What comes from the broker.
    ///
    /// # Errors
    ///
    /// Why there is no connection, for people. Whoever goes on connects again.
    pub(crate) async fn next(&mut self) -> Result<Packet, String> {
        loop {
            let event = self.event_loop.poll().await;
            let event = event.map_err(|error| explain(&error, &self.event_loop.mqtt_options))?;
            let Event::Incoming(packet) = event else { continue };
            if matches!(packet, Packet::ConnAck(_)) && !self.filters.is_empty() {
                // Cannot fail: the queue is empty, and its other end is here.
                let _ = self.client.try_subscribe_many(self.filters.clone());
            }
            return Ok(packet);
        }
    }
}

/// Whether the broker lets us hear all that was asked for; else what it refuses, for people.
pub(crate) fn granted<'t>(
    topics: impl Iterator<Item = &'t str>,
    answers: &[SubscribeReasonCode],
) -> Result<(), String> {
    let is_refused = |answer: &SubscribeReasonCode| *answer == SubscribeReasonCode::Failure;
    let refused = topics.zip(answers).filter(|(_, answer)| is_refused(answer));
    let refused: Vec<_> = refused.map(|(topic, _)| topic).collect();
    match refused.as_slice() {
        [] => Ok(()),
        refused => {
            Err(format!("the broker refuses {}: check its access rules", refused.join(", ")))
        }
    }
}
