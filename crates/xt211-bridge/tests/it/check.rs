//! `check`, `config`, and what `run` says of a configuration that is wrong.

use std::{collections::BTreeMap, ffi::OsString, fs, path::Path};

use insta::assert_snapshot;

use crate::support::{
    ADMINISTRATOR, Answer, Bridge, Client, FakeHomeAssistant, Finished, Mosquitto,
    ScriptedInfluxDb, USER, free_port, home_assistant_section_at, influxdb_section_at, minute,
    reading_of, run, run_in, run_with,
    topic::{AVAILABILITY, DATA, ENERGY},
    until,
};

/// A token that no InfluxDB here knows, and a user and password that no broker does.
const TOKEN: &str = "token = \"wrong-token\"\n";
const LOGIN: &str = "username = \"xt211\"\npassword = \"wrong-password\"\n";

/// What it printed, with names in the place of ports.
fn printed(check: &Finished, ports: &[(u16, &str)]) -> String {
    assert_eq!(check.stderr, "");
    let replace = |text: String, (port, name): &(u16, &str)| text.replace(&port.to_string(), name);
    ports.iter().fold(check.stdout.clone(), replace)
}

#[tokio::test]
async fn all_is_well() {
    let mosquitto = Mosquitto::start().await;
    // As InfluxDB answers lines that hold none.
    let influxdb = ScriptedInfluxDb::start(Answer::Error(400, "writing requires points")).await;
    let check = run_with(&(mosquitto.section() + &influxdb.section()), &["check"]).await;
    assert_eq!(check.code, 0);
    let ports = [(mosquitto.port, "MQTT"), (influxdb.port(), "HTTP")];
    assert_snapshot!(printed(&check, &ports), @r#"
    ok      configuration  bridge.toml
    ok      store          xt211-bridge.db is not there yet, and will be made
    ok      broker         mqtt://127.0.0.1:MQTT, subscribed to elektromer/data, elektromer/status
    ok      InfluxDB       http://127.0.0.1:HTTP, organisation home, bucket energy
    "#);
    assert_eq!(influxdb.lines(), [""; 0]);
}

#[tokio::test]
async fn without_influxdb_the_broker_is_enough() {
    let mosquitto = Mosquitto::start().await;
    let check = run_with(&mosquitto.section(), &["check"]).await;
    assert_eq!(check.code, 0);
    assert_snapshot!(printed(&check, &[(mosquitto.port, "MQTT")]), @r#"
    ok      configuration  bridge.toml
    ok      store          xt211-bridge.db is not there yet, and will be made
    ok      broker         mqtt://127.0.0.1:MQTT, subscribed to elektromer/data, elektromer/status
    -       InfluxDB       not tried: not configured
    "#);
}

#[tokio::test]
async fn a_bridge_that_runs_is_not_disturbed() {
    let mosquitto = Mosquitto::start().await;
    let bridge = Bridge::start(&mosquitto.section()).await;
    assert_eq!(run_with(&mosquitto.section(), &["check"]).await.code, 0);
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, reading_of("1", minute(0), 100.0)).await;
    client.state(ENERGY, "1.8.0", 100).await;
    assert_eq!(bridge.logged("connected to").len(), 1);
    assert_eq!(bridge.logged("WARN"), [""; 0]);
}

/// The line about the store.
fn store_line(check: &Finished) -> String {
    let line = check.stdout.lines().find(|line| line.contains(" store "));
    line.unwrap_or_else(|| panic!("{check:?}")).to_owned()
}

/// Everything in a folder, by name.
fn files(folder: &Path) -> BTreeMap<OsString, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap())).collect()
}

#[tokio::test]
async fn the_store_is_looked_through_and_left_as_it_is() {
    let mosquitto = Mosquitto::start().await;
    let mut bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    client.publish_all(DATA, ["noise".to_owned(), reading_of("1", minute(0), 100.0)]).await;
    client.publish(DATA, reading_of("1", minute(1), 101.0)).await;
    client.state(ENERGY, "1.8.0", 101).await;
    let line = "ok      store          xt211-bridge.db, 2 records, 2 wait, 1 set aside";
    let check = bridge.command("check").await;
    assert_eq!((check.code, &*store_line(&check)), (0, line));

    bridge.stop().await;
    let before = files(bridge.folder());
    let check = bridge.command("check").await;
    assert_eq!((check.code, &*store_line(&check)), (0, line));
    assert_eq!(files(bridge.folder()), before);
}

#[tokio::test]
async fn a_store_that_cannot_be_used() {
    let mosquitto = Mosquitto::start().await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("noise.db"), "noise".repeat(1_000)).unwrap();
    fs::write(folder.path().join("empty.db"), "").unwrap();
    let before = files(folder.path());
    let mut lines = String::new();
    for path in ["noise.db", "empty.db", "nowhere/a.db", "noise.db/a.db", "."] {
        let file = folder.path().join(path);
        let store = format!("[store]\npath = \"{}\"\n", file.display());
        let check = run_with(&(mosquitto.section() + &store), &["check"]).await;
        assert_eq!(check.code, 1, "{check:?}");
        lines += &store_line(&check).replace(&folder.path().display().to_string(), "FOLDER");
        lines.push('\n');
    }
    assert_snapshot!(lines);
    assert_eq!(files(folder.path()), before);
}

#[tokio::test]
async fn an_unreachable_broker() {
    let port = free_port();
    let section = format!("[mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\n");
    let check = run_with(&section, &["check"]).await;
    assert_eq!(check.code, 1);
    assert_snapshot!(printed(&check, &[(port, "MQTT")]), @r#"
    ok      configuration  bridge.toml
    ok      store          xt211-bridge.db is not there yet, and will be made
    WRONG   broker         nothing listens at 127.0.0.1:MQTT: check mqtt.url, and that the broker runs
    -       InfluxDB       not tried: not configured
    "#);
}

#[tokio::test]
async fn a_refused_password() {
    let mosquitto = Mosquitto::with_password("xt211", "right-password").await;
    let check = run_with(&(mosquitto.section() + LOGIN), &["check"]).await;
    assert_eq!(check.code, 1);
    assert_snapshot!(printed(&check, &[(mosquitto.port, "MQTT")]), @r#"
    ok      configuration  bridge.toml
    ok      store          xt211-bridge.db is not there yet, and will be made
    WRONG   broker         the broker at 127.0.0.1:MQTT does not let us in: check mqtt.username and mqtt.password
    -       InfluxDB       not tried: not configured
    "#);
}

#[tokio::test]
async fn a_broker_that_wants_a_password_gets_none() {
    let mosquitto = Mosquitto::with_password("xt211", "right-password").await;
    let check = run_with(&mosquitto.section(), &["check"]).await;
    assert_eq!(check.code, 1);
    assert_snapshot!(printed(&check, &[(mosquitto.port, "MQTT")]), @r#"
    ok      configuration  bridge.toml
    ok      store          xt211-bridge.db is not there yet, and will be made
    WRONG   broker         the broker at 127.0.0.1:MQTT does not let us in: set mqtt.username and mqtt.password
    -       InfluxDB       not tried: not configured
    "#);
}

#[tokio::test]
async fn a_bad_token() {
    let mosquitto = Mosquitto::start().await;
    let influxdb = ScriptedInfluxDb::start(Answer::Error(401, "unauthorized access")).await;
    let check = run_with(&(mosquitto.section() + &influxdb.section() + TOKEN), &["check"]).await;
    assert_eq!(check.code, 1);
    let ports = [(mosquitto.port, "MQTT"), (influxdb.port(), "HTTP")];
    assert_snapshot!(printed(&check, &ports), @r#"
    ok      configuration  bridge.toml
    ok      store          xt211-bridge.db is not there yet, and will be made
    ok      broker         mqtt://127.0.0.1:MQTT, subscribed to elektromer/data, elektromer/status
    WRONG   InfluxDB       InfluxDB does not accept influxdb.token (401): unauthorized access
    "#);
}

#[tokio::test]
async fn home_assistant_takes_statistics() {
    let mosquitto = Mosquitto::start().await;
    let home_assistant = FakeHomeAssistant::start().await;
    let configuration = mosquitto.section() + &home_assistant.section(ADMINISTRATOR);
    let check = run_with(&configuration, &["check"]).await;
    assert_eq!(check.code, 0);
    let ports = [(mosquitto.port, "MQTT"), (home_assistant.port(), "HTTP")];
    assert_snapshot!(printed(&check, &ports), @r#"
    ok      configuration  bridge.toml
    ok      store          xt211-bridge.db is not there yet, and will be made
    ok      broker         mqtt://127.0.0.1:MQTT, subscribed to elektromer/data, elektromer/status
    -       InfluxDB       not tried: not configured
    ok      Home Assistant http://127.0.0.1:HTTP, as Jana, for statistics
    "#);
}

#[tokio::test]
async fn home_assistant_takes_none() {
    let mosquitto = Mosquitto::start().await;
    let home_assistant = FakeHomeAssistant::start().await;
    let other = ScriptedInfluxDb::start(Answer::Error(404, "not found")).await;
    let nobody = free_port();
    let sections = [
        home_assistant.section("nobodys-token"),
        home_assistant.section(USER),
        home_assistant_section_at(other.port(), ADMINISTRATOR),
        home_assistant_section_at(nobody, ADMINISTRATOR),
        // What is wrong elsewhere hides nothing.
        home_assistant.section(USER) + "[influxdb]\nurl = \"\"\n",
    ];
    let mut lines = Vec::new();
    for section in sections {
        let check = run_with(&(mosquitto.section() + &section), &["check"]).await;
        assert_ne!(check.code, 0);
        let printed = printed(&check, &[(other.port(), "OTHER"), (nobody, "NOBODY")]);
        lines.push(printed.lines().last().unwrap().to_owned());
    }
    assert_snapshot!(lines.join("\n"), @r#"
    WRONG   Home Assistant Home Assistant does not accept homeassistant.token
    WRONG   Home Assistant homeassistant.token is not that of an administrator
    WRONG   Home Assistant http://127.0.0.1:OTHER does not answer as Home Assistant does (404 Not Found): check homeassistant.url
    WRONG   Home Assistant Home Assistant at http://127.0.0.1:NOBODY cannot be reached: Connection refused (os error 111) (homeassistant.url)
    WRONG   Home Assistant homeassistant.token is not that of an administrator
    "#);
}

#[tokio::test]
async fn broker_and_influxdb_at_once() {
    let (mqtt, http) = (free_port(), free_port());
    let section = format!("[mqtt]\nurl = \"mqtt://127.0.0.1:{mqtt}\"\n");
    let check = run_with(&(section + &influxdb_section_at(http)), &["check"]).await;
    assert_eq!(check.code, 1);
    assert_snapshot!(printed(&check, &[(mqtt, "MQTT"), (http, "HTTP")]), @r#"
    ok      configuration  bridge.toml
    ok      store          xt211-bridge.db is not there yet, and will be made
    WRONG   broker         nothing listens at 127.0.0.1:MQTT: check mqtt.url, and that the broker runs
    WRONG   InfluxDB       InfluxDB at http://127.0.0.1:HTTP cannot be reached: Connection refused (os error 111) (influxdb.url)
    "#);
}

#[tokio::test]
async fn configuration_password_and_token_at_once() {
    let mosquitto = Mosquitto::with_password("xt211", "right-password").await;
    let influxdb = ScriptedInfluxDb::start(Answer::Error(401, "unauthorized access")).await;
    let meter = "[[meter]]\ntimezone = \"Europe/Atlantis\"\nmax_power_kw = 0\n";
    let configuration = mosquitto.section() + LOGIN + &influxdb.section() + TOKEN + meter;
    let check = run_with(&configuration, &["check"]).await;
    assert_eq!(check.code, 2);
    let ports = [(mosquitto.port, "MQTT"), (influxdb.port(), "HTTP")];
    assert_snapshot!(printed(&check, &ports), @r#"
    WRONG   configuration  bridge.toml, line 12: meter.max_power_kw: must be a number of kilowatts above 0
    WRONG   configuration  bridge.toml, line 11: meter.timezone: there is no time zone "Europe/Atlantis": write UTC or one like Europe/Prague
    ok      store          xt211-bridge.db is not there yet, and will be made
    WRONG   broker         the broker at 127.0.0.1:MQTT does not let us in: check mqtt.username and mqtt.password
    WRONG   InfluxDB       InfluxDB does not accept influxdb.token (401): unauthorized access
    "#);
}

#[tokio::test]
async fn an_unknown_key_hides_nothing_else() {
    let port = free_port();
    let configuration = format!("[mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\nurll = \"\"\n");
    let check = run_with(&configuration, &["check"]).await;
    assert_eq!(check.code, 2);
    assert_snapshot!(printed(&check, &[(port, "MQTT")]), @r#"
    WRONG   configuration  bridge.toml, line 3: mqtt.urll: unknown field `urll`, expected one of `url`, `ca_file`, `username`, `password`, `client_id`, `share_name`
    ok      store          xt211-bridge.db is not there yet, and will be made
    WRONG   broker         nothing listens at 127.0.0.1:MQTT: check mqtt.url, and that the broker runs
    -       InfluxDB       not tried: not configured, or wrongly
    "#);
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_with_all_that_is_wrong() {
    let configuration = "[mqtt]\nurl = \"mqtt://nobody:nothing@localhost\"\nclient_id = \"\"\n";
    let problems = "bridge.toml, line 2: mqtt.url: must not hold a user or password: they have \
        keys of their own\nbridge.toml, line 3: mqtt.client_id: must be a name, such as xt211-bridge\n";
    for arguments in [&["run"][..], &["decode", "-"], &[]] {
        let run = run_with(configuration, arguments).await;
        assert_eq!((run.code, &*run.stderr), (2, problems), "{arguments:?}");
    }
}

#[tokio::test]
async fn an_unknown_key_is_named_with_its_file() {
    let run = run_with("[mqtt]\nurl = \"mqtt://localhost\"\n\nhost = \"x\"\n", &["run"]).await;
    assert_eq!(run.code, 2);
    assert_snapshot!(run.stderr, @"bridge.toml, line 4: mqtt.host: unknown field `host`, expected one of `url`, `ca_file`, `username`, `password`, `client_id`, `share_name`");
}

#[tokio::test]
async fn a_file_that_is_missing_is_named() {
    let run = run(&["export", "--config", "nowhere.toml"]).await;
    assert_eq!(run.code, 2);
    assert_snapshot!(run.stderr, @"nowhere.toml: No such file or directory (os error 2)");
}

#[tokio::test]
async fn the_file_is_looked_for_where_the_program_is_started() {
    let mosquitto = Mosquitto::start().await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("xt211-bridge.toml"), mosquitto.section()).unwrap();
    let check = run_in(folder.path(), &["check"]).await;
    assert_eq!(check.code, 0);
    assert!(check.stdout.starts_with("ok      configuration  xt211-bridge.toml\n"), "{check:?}");
}

#[tokio::test]
async fn the_default_configuration_is_one() {
    let config = run(&["config"]).await;
    assert_eq!((config.code, &*config.stderr), (0, ""));

    let decode = run_with(&config.stdout, &["decode", "/dev/null"]).await;
    assert_eq!(decode.code, 1, "{decode:?}");
    assert!(decode.stdout.contains("cannot be decoded: expected a message"), "{decode:?}");

    let mosquitto = Mosquitto::start().await;
    let here = config.stdout.replace("mqtt://localhost:1883", &mosquitto.url());
    assert_ne!(here, config.stdout);
    let check = run_with(&here, &["check"]).await;
    assert_eq!(check.code, 0, "{check:?}");
}

#[tokio::test]
async fn run_tries_again_until_its_password_is_right() {
    let mosquitto = Mosquitto::with_password("xt211", "right-password").await;
    let bridge = Bridge::launch(&(mosquitto.section() + LOGIN), "xt211_bridge=debug");
    until("a third try", || bridge.logged("next_try").len() >= 2).await;
    let warnings = bridge.logs_times("WARN", 1).await;
    assert_snapshot!(warnings[0].replace(&mosquitto.port.to_string(), "MQTT"), @"WARN the broker at 127.0.0.1:MQTT does not let us in: check mqtt.username and mqtt.password; trying again until it works");

    mosquitto.change_password("xt211", "wrong-password");
    bridge.connected(1).await;
    let client = Client::connect_as(&mosquitto, "xt211", "wrong-password").await;
    client.says(AVAILABILITY, "online").await;
}
