//! Everybody else at the broker: the module, Home Assistant, and who looks on.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, MqttOptions, NetworkOptions, Packet, Publish,
    QoS, Transport,
};
use serde_json::Value;
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use super::{DEADLINE, Mosquitto, eventually, until};

/// A client that notes every message, and stays connected.
pub(crate) struct Client {
    mqtt: AsyncClient,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
    published: AtomicUsize,
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Vec<Publish>>,
    subscriptions: AtomicUsize,
    acknowledged: watch::Sender<usize>,
}

impl Client {
    /// One that hears everything.
    pub(crate) async fn connect(mosquitto: &Mosquitto) -> Self {
        Self::connect_with(options(mosquitto.port)).await
    }

    /// One that knows the password.
    pub(crate) async fn connect_as(mosquitto: &Mosquitto, user: &str, password: &str) -> Self {
        let mut options = options(mosquitto.port);
        options.set_credentials(user, password);
        Self::connect_with(options).await
    }

    /// One that trusts this authority.
    pub(crate) async fn connect_by_tls(mosquitto: &Mosquitto, pem: &str) -> Self {
        let mut options = options(mosquitto.port);
        let trusted = native_tls::Certificate::from_pem(pem.as_bytes()).unwrap();
        let connector = native_tls::TlsConnector::builder().add_root_certificate(trusted).build();
        options.set_transport(Transport::tls_with_config(connector.unwrap().into()));
        Self::connect_with(options).await
    }

    async fn connect_with(options: MqttOptions) -> Self {
        let (mqtt, mut event_loop) = AsyncClient::new(options, 100);
        let mut network = NetworkOptions::new();
        network.set_tcp_nodelay(true);
        event_loop.set_network_options(network);
        let shared = Arc::<Shared>::default();
        let task = tokio::spawn(listen(mqtt.clone(), event_loop, Arc::clone(&shared)));
        let client = Self { mqtt, shared, task, published: AtomicUsize::new(0) };
        client.subscribed(1).await;
        client
    }

    /// Waits until it has been connected so often.
    pub(crate) async fn subscribed(&self, times: usize) {
        let is_so = || self.shared.subscriptions.load(Ordering::Relaxed) >= times;
        until("a connection to the broker", is_so).await;
    }

    /// Publishes as the module does: with QoS 1, not retained. Waits until the broker has it.
    pub(crate) async fn publish(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.publish_all(topic, [payload]).await;
    }

    /// Publishes many, one after the other, and waits until the broker has all of them.
    pub(crate) async fn publish_all<P: Into<Vec<u8>>>(
        &self,
        topic: &str,
        payloads: impl IntoIterator<Item = P>,
    ) {
        self.send(payloads.into_iter().map(|payload| (topic, payload)), false).await;
    }

    /// Publishes what the broker is to keep, by topic, and waits until it has all of it.
    pub(crate) async fn publish_retained<T: Into<String>, P: Into<Vec<u8>>>(
        &self,
        messages: impl IntoIterator<Item = (T, P)>,
    ) {
        self.send(messages.into_iter(), true).await;
    }

    async fn send<T: Into<String>, P: Into<Vec<u8>>>(
        &self,
        messages: impl Iterator<Item = (T, P)>,
        retain: bool,
    ) {
        let mut count = 0;
        for (topic, payload) in messages {
            self.mqtt.publish(topic, QoS::AtLeastOnce, retain, payload).await.unwrap();
            count += 1;
        }
        let all = self.published.fetch_add(count, Ordering::Relaxed) + count;
        let mut acknowledged = self.shared.acknowledged.subscribe();
        let answer = timeout(DEADLINE, acknowledged.wait_for(|count| *count >= all)).await;
        answer.expect("the broker does not answer a publish").unwrap();
    }

    /// Publishes with another quality of service, and waits for nothing.
    pub(crate) async fn publish_with(
        &self,
        quality: QoS,
        topic: &str,
        payload: impl Into<Vec<u8>>,
    ) {
        self.mqtt.publish(topic, quality, false, payload).await.unwrap();
    }

    /// Forgets what it has seen.
    pub(crate) fn forget(&self) {
        self.shared.seen.lock().unwrap().clear();
    }

    /// Every message on a topic, in the order of their arrival.
    pub(crate) fn seen(&self, topic: &str) -> Vec<String> {
        let seen = self.shared.seen.lock().unwrap();
        seen.iter().filter(|message| message.topic == topic).map(text).collect()
    }

    /// Every topic on which there was a message, sorted.
    pub(crate) fn topics(&self) -> Vec<String> {
        let seen = self.shared.seen.lock().unwrap();
        let topics: BTreeSet<_> = seen.iter().map(|message| message.topic.clone()).collect();
        topics.into_iter().collect()
    }

    /// Waits for a message on a topic, and returns the last one.
    pub(crate) async fn message(&self, topic: &str) -> String {
        eventually(topic, async || self.seen(topic).pop()).await
    }

    /// Waits until the last message on a topic is this.
    pub(crate) async fn says(&self, topic: &str, payload: &str) {
        let mut last = None;
        until(&format!("{payload} on {topic}"), || {
            last = self.seen(topic).pop();
            last.as_deref() == Some(payload)
        })
        .await;
    }

    /// Waits until the last message on a topic, an object in JSON, has this value there.
    pub(crate) async fn state(&self, topic: &str, key: &str, value: impl Into<Value>) -> Value {
        let value = value.into();
        eventually(&format!("{key} to be {value} on {topic}"), async || {
            let state: Value = serde_json::from_str(&self.seen(topic).pop()?).unwrap();
            // 100 and 100.0 are two values to serde_json.
            let is_so =
                state[key] == value || value.is_number() && state[key].as_f64() == value.as_f64();
            is_so.then_some(state)
        })
        .await
    }

    /// What the broker has kept, by topic.
    pub(crate) async fn retained(mosquitto: &Mosquitto) -> BTreeMap<String, String> {
        let client = Self::connect(mosquitto).await;
        // This comes after all that was kept.
        client.publish("the/last/one", "").await;
        client.message("the/last/one").await;
        let seen = client.shared.seen.lock().unwrap();
        let kept = seen.iter().filter(|message| message.retain);
        kept.map(|message| (message.topic.clone(), text(message))).collect()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
        if thread::panicking() {
            eprintln!("--- seen at the broker:");
            for message in self.shared.seen.lock().unwrap().iter() {
                let start: String = text(message).chars().take(200).collect();
                eprintln!("{} {start}", message.topic);
            }
            eprintln!("---");
        }
    }
}

/// A session without a past, under a name of its own.
pub(super) fn options(port: u16) -> MqttOptions {
    static NUMBER: AtomicU32 = AtomicU32::new(0);

    let name = format!("test-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut options = MqttOptions::new(name, "127.0.0.1", port);
    options.set_max_packet_size(1 << 24, 1 << 24);
    options
}

fn text(message: &Publish) -> String {
    String::from_utf8_lossy(&message.payload).into_owned()
}

async fn listen(mqtt: AsyncClient, mut event_loop: EventLoop, shared: Arc<Shared>) {
    loop {
        match event_loop.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                // Room is certain: nothing else is asked of it before the first connection, and
                // one thing at a time later.
                mqtt.try_subscribe("#", QoS::AtMostOnce).unwrap();
            }
            Ok(Event::Incoming(Packet::SubAck(_))) => {
                shared.subscriptions.fetch_add(1, Ordering::Relaxed);
            }
            Ok(Event::Incoming(Packet::PubAck(_))) => {
                shared.acknowledged.send_modify(|count| *count += 1);
            }
            Ok(Event::Incoming(Packet::Publish(message))) => {
                shared.seen.lock().unwrap().push(message);
            }
            Ok(_) => {}
            Err(ConnectionError::RequestsDone) => return,
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}
