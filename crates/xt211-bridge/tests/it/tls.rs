//! TLS to both sides, with an authority of one's own.

use crate::support::{
    Answer, Authority, Bridge, Client, Mosquitto, SERIAL, ScriptedInfluxDb, VictoriaMetrics,
    minute, reading_of, run_with, sample,
    topic::{AVAILABILITY, BRIDGE, DATA, ENERGY},
    until,
};

const SEED_POINT: &str = "home_energy_1_8_0{meter=5100025085} 1771705629 7369.066";

/// What stands between depends on the version of OpenSSL.
fn is_refusal(line: &str, start: &str, end: &str) {
    let is_so = line.starts_with(start) && line.ends_with(end);
    assert!(is_so && line.contains("certificate verify failed"), "{line}");
}

#[tokio::test]
async fn broker_and_influxdb_by_an_own_authority() {
    let authority = Authority::new();
    let mosquitto = Mosquitto::with_tls(&authority).await;
    let victoria = VictoriaMetrics::with_tls(&authority).await;
    let ca_file = authority.ca_file_key();
    let configuration = mosquitto.section() + &ca_file + &victoria.section() + &ca_file;
    let mut bridge = Bridge::start(&configuration).await;
    let client = Client::connect_by_tls(&mosquitto, authority.pem()).await;
    client.publish(DATA, sample("seed-data")).await;
    client.state(ENERGY, "1.8.0", 7369.066).await;
    assert_eq!(victoria.points_with(SEED_POINT).await.len(), 5);
    assert_eq!(bridge.stop().await.code(), Some(0));
    client.says(AVAILABILITY, "offline").await;

    let check = run_with(&configuration, &["check"]).await;
    assert_eq!((check.code, check.stdout.matches("ok ").count()), (0, 4), "{}", check.stdout);
}

#[tokio::test]
async fn a_broker_that_nobody_vouches_for_is_refused_in_one_line() {
    let mosquitto = Mosquitto::with_tls(&Authority::new()).await;
    let bridge = Bridge::launch(&mosquitto.section(), "xt211_bridge=debug");
    until("a third try", || bridge.logged("next_try").len() >= 2).await;
    let warnings = bridge.logs_times("WARN", 1).await;
    let start = format!("WARN TLS with the broker at 127.0.0.1:{} failed: ", mosquitto.port);
    let end = "(see mqtt.ca_file); trying again until it works";
    is_refusal(&warnings[0], &start, end);
}

#[tokio::test]
async fn an_influxdb_that_nobody_vouches_for_is_refused_in_one_line() {
    let mosquitto = Mosquitto::start().await;
    let victoria = VictoriaMetrics::with_tls(&Authority::new()).await;
    let bridge = Bridge::start(&(mosquitto.section() + &victoria.section())).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, reading_of(SERIAL, minute(0), 100.0)).await;
    client.state(BRIDGE, "influxdb", "Error").await;
    let warnings = bridge.logs_times("WARN", 1).await;
    let address = format!("https://127.0.0.1:{}", victoria.port);
    let start = format!("WARN InfluxDB at {address} cannot be reached: ");
    is_refusal(&warnings[0], &start, "(see influxdb.ca_file); trying again until it works");
}

#[tokio::test]
async fn another_authority_is_not_enough() {
    let mosquitto = Mosquitto::with_tls(&Authority::new()).await;
    let other = Authority::new();
    let bridge = Bridge::launch(&(mosquitto.section() + &other.ca_file_key()), "info");
    let warning = bridge.logs("WARN").await;
    assert!(warning.contains("certificate verify failed"), "{warning}");
}

#[tokio::test]
async fn a_broker_that_speaks_no_tls_is_said_so() {
    let mosquitto = Mosquitto::start().await;
    let configuration = mosquitto.section().replace("mqtt://", "mqtts://");
    let bridge = Bridge::launch(&configuration, "info");
    let warning = bridge.logs("WARN").await;
    let start = format!("WARN TLS with the broker at 127.0.0.1:{} failed: ", mosquitto.port);
    let end = "(mqtt.url: is that the port for TLS?); trying again until it works";
    assert!(warning.starts_with(&start) && warning.ends_with(end), "{warning}");
}

#[tokio::test]
async fn a_broker_that_expects_tls_is_said_so() {
    let mosquitto = Mosquitto::with_tls(&Authority::new()).await;
    let configuration = mosquitto.section().replace("mqtts://", "mqtt://");
    let bridge = Bridge::launch(&configuration, "info");
    let warning = bridge.logs("WARN").await;
    let start = format!("WARN the broker at 127.0.0.1:{} closed the connection", mosquitto.port);
    let end = "or the port may expect TLS; trying again until it works";
    assert!(warning.starts_with(&start) && warning.ends_with(end), "{warning}");
}

#[tokio::test]
async fn a_ca_file_that_is_none_is_said_so() {
    let mosquitto = Mosquitto::with_tls(&Authority::new()).await;
    let influxdb = ScriptedInfluxDb::start(Answer::Written).await;
    for (ca_file, remedy) in [
        ("/nowhere/ca.pem", "cannot read ca_file /nowhere/ca.pem: No such file or directory"),
        ("/dev/null", "ca_file /dev/null holds no certificate in PEM"),
    ] {
        let key = format!("ca_file = \"{ca_file}\"\n");
        let configuration = mosquitto.section() + &key + &influxdb.section();
        let run = run_with(&configuration, &["run"]).await;
        assert_ne!(run.code, 0);
        assert_eq!(run.stderr.matches(remedy).count(), 1, "{}", run.stderr);
        let check = run_with(&configuration, &["check"]).await;
        assert_ne!(check.code, 0);
        assert_eq!(check.stdout.matches(remedy).count(), 1, "{}", check.stdout);
    }
}
