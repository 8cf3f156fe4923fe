//! What a page sees and can have done, with a broker in this process.

use std::{net::TcpListener, path::PathBuf, thread, time::Duration};

use rumqttc::{AsyncClient, MqttOptions, QoS};
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinHandle, time::timeout};
use xt211_store::Editor;
use xt211_web::{BrokerSign, Condition, Outcome, VitalSigns};

use super::*;

/// How long anything may take. Only a test that fails ever waits for so long.
const DEADLINE: Duration = Duration::from_secs(60);

const READING: &str =
    r#"{"data":{"reading_datetime":"Sat 2026-02-21 20:27:09 GMT","values":{"1.8.0":1}}}"#;

/// A broker, and a bridge in operation.
struct House {
    port: u16,
    folder: TempDir,
    control: Control,
    stop: oneshot::Sender<()>,
    operation: JoinHandle<Result<()>>,
}

impl House {
    fn start() -> Self {
        let port = free_port();
        start_broker(port);
        let folder = tempfile::tempdir().unwrap();
        let operation = Operation::new(config(port, folder.path().join("a.db"), "old")).unwrap();
        let control = operation.control();
        let (stop, stopped) = oneshot::channel();
        let operation = tokio::spawn(operation.run(async { drop(stopped.await) }));
        Self { port, folder, control, stop, operation }
    }

    fn config(&self, file: &str, topic: &str) -> Config {
        config(self.port, self.folder.path().join(file), topic)
    }

    async fn publish(&self, topic: &str, payloads: &[&str]) {
        let (client, mut event_loop) =
            AsyncClient::new(MqttOptions::new("module", "127.0.0.1", self.port), 10);
        for payload in payloads {
            client.publish(topic, QoS::AtLeastOnce, false, *payload).await.unwrap();
        }
        let mut answers = 0;
        while answers < payloads.len() {
            let event = event_loop.poll().await.unwrap();
            answers +=
                usize::from(matches!(event, rumqttc::Event::Incoming(rumqttc::Packet::PubAck(_))));
        }
    }

    /// Waits until the vital signs are such.
    async fn signs(&self, what: impl FnMut(&VitalSigns) -> bool) -> VitalSigns {
        let mut signs = self.control.vital_signs();
        let signs: watch::Ref<'_, VitalSigns> =
            timeout(DEADLINE, signs.wait_for(what)).await.expect("waited in vain").unwrap();
        signs.clone()
    }

    async fn connected(&self) -> VitalSigns {
        self.signs(|signs| matches!(signs.broker, BrokerSign::Connected(_))).await
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn start_broker(port: u16) {
    let text = format!(
        r#"
        id = 0
        [router]
        id = 0
        max_connections = 10
        max_outgoing_packet_count = 200
        max_segment_size = 1048576
        max_segment_count = 10
        [v4.1]
        name = "test"
        listen = "127.0.0.1:{port}"
        next_connection_delay_ms = 1
            [v4.1.connections]
            connection_timeout_ms = 10000
            max_payload_size = 1048576
            max_inflight_count = 200
            dynamic_filters = true
        "#
    );
    let mut broker = rumqttd::Broker::new(toml::from_str(&text).unwrap());
    thread::spawn(move || broker.start().unwrap());
}

fn config(port: u16, path: PathBuf, topic: &str) -> Config {
    let mut config = Config::parse(&format!(
        "[mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\n\
         [[meter]]\ndata_topic = \"{topic}/data\"\nstatus_topic = \"{topic}/status\"\n"
    ))
    .unwrap();
    config.store.path = path;
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_page_sees_and_has_done() {
    let house = House::start();
    let signs = house.connected().await;
    assert_eq!(
        (&signs.influxdb, &signs.store, &signs.statistics),
        (&Condition::Off, &Condition::Good, &Condition::Off)
    );
    assert!(!signs.has_meters);
    house.publish("old/data", &[READING, READING, "on"]).await;
    let signs = house.signs(|_| house.control.log().len() == 3).await;
    assert!(signs.revision > 0 && signs.has_meters);
    let log = house.control.log();
    let known: Vec<_> = log.iter().map(|it| (it.number, it.meter.as_deref())).collect();
    assert_eq!(known, [(3, Some("meter")), (2, Some("meter")), (1, Some("meter"))]);
    assert!(
        matches!(&*log[0].outcomes, [Outcome::SetAside { code, .. }] if code == "message.syntax"),
        "{log:?}"
    );
    assert_eq!(log[1].outcomes, [Outcome::NothingNew]);
    assert_eq!(log[2].outcomes, [Outcome::Kept(1)]);
    assert_eq!(
        (log[2].topic.as_str(), log[2].excerpt.as_slice()),
        ("old/data", READING.as_bytes())
    );

    // It looks into the store, and finds that this cannot be released.
    let before = house.control.vital_signs().borrow().revision;
    let path = house.folder.path().join("a.db");
    assert!(Editor::open(&path).unwrap().write(|store| store.request_release(1)).unwrap());
    house.control.look();
    house.signs(|signs| signs.revision > before).await;

    let apply = |config| house.control.apply(config);
    let refusal = apply(house.config("missing/b.db", "new")).await.unwrap_err();
    assert!(refusal.contains("its folder is not there"), "{refusal}");
    assert_eq!(house.control.config().store.path, path);
    apply(house.config("b.db", "new")).await.unwrap();
    assert_eq!(house.control.config().meters[0].data_topic, "new/data");
    house.connected().await;
    house.publish("new/data", &[READING]).await;
    house.signs(|_| house.control.log().len() == 4).await;
    assert_eq!(house.control.log()[0].outcomes, [Outcome::Kept(1)]);

    house.stop.send(()).unwrap();
    timeout(DEADLINE, house.operation).await.unwrap().unwrap().unwrap();
    let refusal = house.control.apply(config(house.port, path, "old")).await.unwrap_err();
    assert_eq!(refusal, "the bridge is stopping");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_says_why_and_can_be_mended() {
    let folder = tempfile::tempdir().unwrap();
    // Neither of them is there.
    let broken = config(free_port(), folder.path().join("missing/a.db"), "a");
    let operation = Operation::new(broken.clone()).unwrap();
    let (stop, stopped) = oneshot::channel();
    let house = House {
        port: broken.mqtt.port,
        folder,
        control: operation.control(),
        stop,
        operation: tokio::spawn(operation.run(async { drop(stopped.await) })),
    };
    let signs = house.signs(|signs| matches!(signs.store, Condition::Trouble(_))).await;
    let Condition::Trouble(reason) = signs.store else { unreachable!() };
    assert!(reason.contains("its folder is not there"), "{reason}");

    house.control.apply(house.config("a.db", "a")).await.unwrap();
    let signs = house.signs(|signs| matches!(signs.broker, BrokerSign::Trouble(_))).await;
    let BrokerSign::Trouble(reason) = signs.broker else { unreachable!() };
    assert!(reason.contains("nothing listens at 127.0.0.1:"), "{reason}");
    assert_eq!(signs.store, Condition::Good);
    start_broker(house.port);
    house.connected().await;
    house.stop.send(()).unwrap();
    timeout(DEADLINE, house.operation).await.unwrap().unwrap().unwrap();
}
