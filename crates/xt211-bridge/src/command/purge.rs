//! `purge`: leaves nothing behind on the broker.

use std::{
    collections::BTreeSet,
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, bail};
use rumqttc::{
    AsyncClient, Event, EventLoop, NetworkOptions, Outgoing, Packet, Publish, QoS, SubscribeFilter,
};
use serde::Deserialize;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};
use xt211_homeassistant::Topics;

use super::runtime;
use crate::{
    announcer::origin,
    config::{Config, Mqtt},
    mqtt::{explain, granted, guest_options},
};

/// How long the broker may take for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// What the broker keeps comes at once after a subscription. When nothing came for so long, that was
/// all of it.
const QUIET: Duration = Duration::from_secs(1);

/// How many removals may be without an answer.
const WINDOW: usize = 20;

/// Removes every retained message of ours from the broker, and prints its topic.
///
/// # Errors
///
/// A bridge is online; the broker cannot be reached, does not answer or refuses; or standard output
/// cannot be written.
pub fn purge(config: &Config) -> Result<ExitCode> {
    let Config { mqtt, topics, .. } = config;
    let mut removed = BTreeSet::new();
    runtime()?.block_on(async {
        let mut broker = Broker::connect(mqtt)?;
        // A broker may keep more than it sends to one subscription, and may say nothing when it refuses
        // a removal: asking again tells both.
        loop {
            let kept = broker.kept(topics).await?;
            if kept.is_empty() {
                break;
            }
            if let Some(topic) = kept.iter().find(|topic| removed.contains(*topic)) {
                bail!("{} still keeps {topic}: check its access rules", mqtt.address());
            }
            for topics in kept.chunks(WINDOW) {
                broker.remove(topics).await?;
            }
            removed.extend(kept);
        }
        broker.close().await;
        Ok(())
    })?;
    let (address, mut out) = (mqtt.address(), io::stdout().lock());
    for topic in &removed {
        writeln!(out, "removed {topic}")?;
    }
    match removed.len() {
        0 => writeln!(out, "{address} keeps nothing of ours")?,
        1 => writeln!(out, "1 retained message was removed from {address}")?,
        count => writeln!(out, "{count} retained messages were removed from {address}")?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A connection of its own, so that the bridge's session is not disturbed.
struct Broker {
    client: AsyncClient,
    /// What comes from the broker; at last, why nothing more does.
    packets: mpsc::Receiver<Result<Packet, String>>,
    address: String,
}

impl Broker {
    fn connect(mqtt: &Mqtt) -> Result<Self> {
        let address = mqtt.address();
        let options = guest_options(mqtt, "purge")?;
        let (client, mut event_loop) = AsyncClient::new(options, WINDOW + 10);
        let mut network = NetworkOptions::new();
        network.set_tcp_nodelay(true);
        event_loop.set_network_options(network);
        let (sender, packets) = mpsc::channel(WINDOW);
        tokio::spawn(poll(event_loop, sender));
        Ok(Self { client, packets, address })
    }

    /// The topics of all that the broker keeps of us, devices first: Home Assistant is to forget an
    /// entity before its state is gone.
    async fn kept(&mut self, topics: &Topics) -> Result<Vec<String>> {
        // Whether a bridge is online comes first.
        let alone = [topics.availability(), topics.every_discovery(), topics.every_state()];
        let filters: Vec<_> = alone.into_iter().chain(topics.group()).collect();
        let subscribe = |filter: &String| SubscribeFilter::new(filter.clone(), QoS::AtLeastOnce);
        // There is room for it. If the connection is gone, the reason is what comes next.
        let _ = self.client.try_subscribe_many(filters.iter().map(subscribe));
        let mut kept = BTreeSet::new();
        let (mut is_subscribed, mut until) = (false, Instant::now() + PATIENCE);
        loop {
            let packet = match timeout_at(until, self.next()).await {
                Ok(packet) => packet?,
                Err(_) if is_subscribed => break,
                Err(_) => bail!("{} does not answer", self.address),
            };
            match packet {
                Packet::SubAck(answer) => {
                    let filters = filters.iter().map(String::as_str);
                    granted(filters, &answer.return_codes).map_err(|it| anyhow!(it))?;
                    is_subscribed = true;
                }
                Packet::Publish(message) if message.retain => {
                    let Publish { topic, payload, .. } = message;
                    if topics.is_availability(&topic) && payload == Topics::ONLINE {
                        bail!(
                            "a bridge is online at {} and would say all of it again: stop it first \
                             (if none runs, start one and stop it)",
                            self.address
                        );
                    }
                    let is_state = topics.is_state(&topic);
                    if is_state || is_our_discovery(&payload, topics) {
                        kept.insert((is_state, topic));
                    }
                }
                _ => continue,
            }
            if is_subscribed {
                until = Instant::now() + QUIET;
            }
        }
        Ok(kept.into_iter().map(|(_, topic)| topic).collect())
    }

    /// Removes what is kept on these topics; they are not more than [`WINDOW`].
    async fn remove(&mut self, topics: &[String]) -> Result<()> {
        for topic in topics {
            // As above.
            let _ = self.client.try_publish(topic, QoS::AtLeastOnce, true, "");
        }
        for _ in topics {
            timeout(PATIENCE, self.acknowledgement())
                .await
                .with_context(|| format!("{} does not answer a removal", self.address))??;
        }
        Ok(())
    }

    async fn acknowledgement(&mut self) -> Result<()> {
        while !matches!(self.next().await?, Packet::PubAck(_)) {}
        Ok(())
    }

    async fn next(&mut self) -> Result<Packet> {
        let packet = self.packets.recv().await;
        packet.unwrap_or_else(|| Err("the connection is closed".into())).map_err(|it| anyhow!(it))
    }

    /// Says goodbye. If the broker does not hear it, there is nothing to do about that.
    async fn close(mut self) {
        if self.client.try_disconnect().is_ok() {
            let _ = timeout(PATIENCE, async { while self.next().await.is_ok() {} }).await;
        }
    }
}

/// Hands over what comes from the broker, until the connection ends.
async fn poll(mut event_loop: EventLoop, packets: mpsc::Sender<Result<Packet, String>>) {
    loop {
        let packet = match event_loop.poll().await {
            Ok(Event::Incoming(packet)) => Ok(packet),
            Ok(Event::Outgoing(Outgoing::Disconnect)) => return,
            Ok(_) => continue,
            Err(error) => Err(explain(&error, &event_loop.mqtt_options)),
        };
        let is_over = packet.is_err();
        if packets.send(packet).await.is_err() || is_over {
            return;
        }
    }
}

/// As much of a discovery as tells whose it is.
#[derive(Deserialize)]
struct Discovered {
    origin: DiscoveredOrigin,
    /// Of the only bridge.
    #[serde(default)]
    availability_topic: String,
    /// Of several.
    #[serde(default)]
    availability: Vec<DiscoveredAvailability>,
}

#[derive(Deserialize)]
struct DiscoveredAvailability {
    topic: String,
}

#[derive(Deserialize)]
struct DiscoveredOrigin {
    name: String,
}

/// Whether a bridge has said this whose states are where ours are.
fn is_our_discovery(payload: &[u8], topics: &Topics) -> bool {
    serde_json::from_slice::<Discovered>(payload).is_ok_and(|discovered| {
        let several = discovered.availability.iter().map(|it| &it.topic);
        discovered.origin.name == origin().name
            && several
                .chain([&discovered.availability_topic])
                .any(|topic| topics.is_availability(topic))
    })
}
