//! No password and no token is ever seen, whatever is logged and whatever fails.

use crate::support::{
    Answer, Authority, Bridge, Client, Mosquitto, ScriptedInfluxDb, free_port, influxdb_section_at,
    run_with, sample, topic::DATA, until,
};

const PASSWORD: &str = "Pa55-w0rd-of-the-broker";
const TOKEN: &str = "T0ken-of-the-database==";

const LOGIN: &str = "username = \"xt211\"\npassword = \"Pa55-w0rd-of-the-broker\"\n";
const TOKEN_KEY: &str = "token = \"T0ken-of-the-database==\"\n";

/// Looks for the secrets, also where they stand as bytes.
fn holds_no_secret(text: &str) {
    let bytes = |secret: &str| {
        let numbers: Vec<_> = secret.bytes().map(|byte| byte.to_string()).collect();
        numbers.join(", ")
    };
    for secret in [PASSWORD, TOKEN] {
        for form in [secret.to_owned(), bytes(secret)] {
            let line = text.lines().find(|line| line.contains(&form));
            assert_eq!(line, None, "{form}");
        }
    }
    assert!(!text.contains("Token T"), "{text}");
}

#[tokio::test]
async fn while_all_is_well() {
    let mosquitto = Mosquitto::with_password("xt211", PASSWORD).await;
    let influxdb = ScriptedInfluxDb::start(Answer::Written).await;
    let configuration = mosquitto.section() + LOGIN + &influxdb.section() + TOKEN_KEY;
    let mut bridge = Bridge::launch(&configuration, "trace");
    bridge.connected(1).await;
    let client = Client::connect_as(&mosquitto, "xt211", PASSWORD).await;
    client.publish(DATA, sample("seed-data")).await;
    influxdb.written(1).await;
    bridge.stop().await;
    assert_eq!(influxdb.writes()[0].headers["authorization"], format!("Token {TOKEN}"));
    // It does log what it can.
    assert!(bridge.log().contains("TRACE"), "{}", bridge.log());
    holds_no_secret(&bridge.log());
}

#[tokio::test]
async fn while_the_token_is_refused() {
    let mosquitto = Mosquitto::with_password("xt211", PASSWORD).await;
    let influxdb = ScriptedInfluxDb::start(Answer::Error(401, "unauthorized access")).await;
    let configuration = mosquitto.section() + LOGIN + &influxdb.section() + TOKEN_KEY;
    let mut bridge = Bridge::launch(&configuration, "trace");
    bridge.connected(1).await;
    let client = Client::connect_as(&mosquitto, "xt211", PASSWORD).await;
    client.publish(DATA, sample("seed-data")).await;
    bridge.logs("does not accept influxdb.token").await;
    bridge.stop().await;
    holds_no_secret(&bridge.log());
    for topic in client.topics() {
        holds_no_secret(&client.seen(&topic).join("\n"));
    }
}

#[tokio::test]
async fn while_the_password_is_refused() {
    let mosquitto = Mosquitto::with_password("xt211", "another").await;
    let mut bridge = Bridge::launch(&(mosquitto.section() + LOGIN), "trace");
    bridge.logs("does not let us in").await;
    bridge.stop().await;
    holds_no_secret(&bridge.log());
}

#[tokio::test]
async fn while_tls_fails() {
    let mosquitto = Mosquitto::with_tls(&Authority::new()).await;
    let influxdb = format!("{}{TOKEN_KEY}", section_by_tls(mosquitto.port));
    let mut bridge = Bridge::launch(&(mosquitto.section() + LOGIN + &influxdb), "trace");
    bridge.logs("certificate verify failed").await;
    bridge.stop().await;
    holds_no_secret(&bridge.log());

    let check = run_with(&(mosquitto.section() + LOGIN + &influxdb), &["check"]).await;
    assert_eq!(check.code, 1);
    assert_eq!(check.stdout.matches("certificate verify failed").count(), 2, "{}", check.stdout);
    holds_no_secret(&check.stdout);
}

#[tokio::test]
async fn while_the_configuration_is_wrong() {
    let port = free_port();
    let url = format!("[mqtt]\nurl = \"mqtt://xt211:{PASSWORD}@127.0.0.1:{port}\"\n");
    let space = format!(
        "[mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\n{}token = \"{TOKEN} \"\n",
        influxdb_section_at(port)
    );
    let number = "[mqtt]\nusername = \"xt211\"\npassword = Pa55-w0rd-of-the-broker\n".to_owned();
    let twice = format!("[mqtt]\n{LOGIN}{LOGIN}");
    let key = format!("[mqtt]\npassword = \"{PASSWORD}\nclient_id = 5\n");
    for configuration in [url, space, number, twice, key] {
        for command in ["run", "check"] {
            let run = run_with(&configuration, &[command]).await;
            assert_eq!(run.code, 2, "{run:?}");
            holds_no_secret(&format!("{}{}", run.stdout, run.stderr));
        }
    }
}

#[tokio::test]
async fn while_they_come_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, secret: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("{secret}\n")).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let environment = [
        ("XT211_MQTT_USERNAME", "xt211".to_owned()),
        ("XT211_MQTT_PASSWORD_FILE", file("password", PASSWORD)),
        ("XT211_INFLUXDB_TOKEN_FILE", file("token", TOKEN)),
    ];
    let mosquitto = Mosquitto::with_password("xt211", PASSWORD).await;
    let influxdb = ScriptedInfluxDb::start(Answer::Written).await;
    let configuration = mosquitto.section() + &influxdb.section();
    let mut bridge = Bridge::launch_with(&configuration, "trace", &environment);
    bridge.connected(1).await;
    let client = Client::connect_as(&mosquitto, "xt211", PASSWORD).await;
    client.publish(DATA, sample("seed-data")).await;
    until("a write", || influxdb.count(Answer::Written) == 1).await;
    assert_eq!(influxdb.writes()[0].headers["authorization"], format!("Token {TOKEN}"));
    bridge.stop().await;
    holds_no_secret(&bridge.log());
}

/// An InfluxDB by TLS at a port where something else speaks it.
fn section_by_tls(port: u16) -> String {
    influxdb_section_at(port).replace("http://", "https://")
}
