//! The page, with the program behind it.

use std::{fs, net::TcpListener};

use reqwest::StatusCode;

use crate::support::{
    Answer, Bridge, Client, Mosquitto, ScriptedInfluxDb, Visitor, message,
    topic::{DATA, ENERGY},
    until,
};

/// A page at a port that the system chooses.
const ANYWHERE: &str = "[web]\nlisten = \"127.0.0.1:0\"\n";

#[tokio::test]
async fn it_is_where_the_log_says() {
    let mosquitto = Mosquitto::start().await;
    let bridge = Bridge::start(&mosquitto.section()).await;
    let visitor = Visitor::of(&bridge).await;
    assert!(visitor.read("/").await.contains("<h1"));
    assert_eq!(visitor.read("/healthz").await.trim(), "ok");
}

#[tokio::test]
async fn without_a_configuration_it_runs_and_offers_the_setup() {
    let bridge = Bridge::launch(ANYWHERE, "info");
    let visitor = Visitor::of(&bridge).await;
    assert!(visitor.read("/setup/broker").await.contains("Where is your MQTT broker?"));
    let missing = Bridge::launch("", "info");
    fs::remove_file(missing.folder().join("bridge.toml")).unwrap();
    missing.logs("the page is at").await;
}

#[tokio::test]
async fn who_has_readings_needs_no_setup() {
    let mosquitto = Mosquitto::start().await;
    let url = mosquitto.url();
    // As where an app is installed: nobody has chosen anything.
    let mut bridge = Bridge::launch_with(ANYWHERE, "info", &[("XT211_MQTT_URL", url)]);
    bridge.connected(1).await;
    let visitor = Visitor::of(&bridge).await;
    let first = visitor.ask("/").await;
    assert_eq!(first.headers()["location"], "/setup/broker");
    assert!(visitor.read("/log").await.contains("Nothing is configured yet."));
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, message(0)).await;
    client.state(ENERGY, "1.8.0", 100).await;
    assert!(!visitor.read("/").await.contains("Nothing is configured yet."));
    bridge.stop().await;
    bridge.start_again().await;
    assert!(!Visitor::of(&bridge).await.read("/").await.contains("Nothing is configured yet."));
}

#[tokio::test]
async fn several_setups_listen_at_once() {
    let mosquitto = Mosquitto::start().await;
    let client = Client::connect(&mosquitto).await;
    client.publish_retained([("flats/a/data", message(0))]).await;
    let bridge = Bridge::start(&mosquitto.section()).await;
    let visitor = Visitor::of(&bridge).await;
    let mut pages = Vec::new();
    for _ in 0..3 {
        pages.push(visitor.ask("/setup/meters/heard").await);
        for page in &mut pages {
            let event = page.chunk().await.unwrap().unwrap();
            let event = String::from_utf8_lossy(&event);
            assert!(event.contains("flats/a/data") && !event.contains("notice bad"), "{event}");
            client.publish("flats/a/data", message(1)).await;
        }
    }
}

#[tokio::test]
async fn whoever_has_its_address_does_not_keep_the_bridge_from_bridging() {
    let mosquitto = Mosquitto::start().await;
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    let section = mosquitto.section();
    let bridge = Bridge::start(&format!("{section}\n[web]\nlisten = \"{address}\"\n")).await;
    bridge.logs("the page cannot be at").await;
    assert_eq!(bridge.logged("another program is (web.listen)").len(), 1);
    drop(other);
    until("the page", || bridge.logged("the page is at").len() == 1).await;
}

#[tokio::test]
async fn other_machines_need_a_password() {
    let bridge = Bridge::launch("[web]\nlisten = \"0.0.0.0:0\"\n", "info");
    bridge.logs("web.listen: lets other machines see the page").await;
}

#[tokio::test]
async fn a_change_takes_effect_and_leaves_the_rest_of_the_file_as_it_was() {
    let mosquitto = Mosquitto::start().await;
    let before = format!("# ours\n{}\n[store] # on the card\nkeep_days = 5\n", mosquitto.section());
    let bridge = Bridge::start(&before).await;
    let visitor = Visitor::of(&bridge).await;
    let fields = [("do", "save"), ("store.keep_days", "77"), ("store.path", "xt211-bridge.db")];
    let (status, page) = visitor.send("/settings/store", &fields).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    let file = bridge.folder().join("bridge.toml");
    let after = fs::read_to_string(&file).unwrap();
    assert_eq!(after, before.replace("keep_days = 5", "keep_days = 77"));
    bridge.logs("the new configuration is applied").await;

    let wrong = [("do", "save"), ("store.keep_days", "0"), ("store.path", "xt211-bridge.db")];
    let (status, page) = visitor.send("/settings/store", &wrong).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.to_lowercase().contains("must be at least 1"), "{page}");
    assert_eq!(fs::read_to_string(&file).unwrap(), after);
}

/// Else all that it said would be gone: where the broker is, and the readings, and the page.
#[tokio::test]
async fn a_file_that_is_gone_is_not_taken_for_an_empty_one() {
    let mosquitto = Mosquitto::start().await;
    let bridge = Bridge::start(&mosquitto.section()).await;
    let visitor = Visitor::of(&bridge).await;
    let file = bridge.folder().join("bridge.toml");
    fs::remove_file(&file).unwrap();
    let fields = [("do", "save"), ("store.keep_days", "77"), ("store.path", "xt211-bridge.db")];
    let (status, page) = visitor.send("/settings/store", &fields).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{page}");
    assert!(page.contains("is not there any more"), "{page}");
    bridge.hang_up();
    bridge.logs("the bridge goes on with the one before").await;
    assert!(!file.exists());
    assert_eq!(bridge.logged("the new configuration is applied"), [""; 0]);
}

#[tokio::test]
async fn no_secret_is_in_any_answer_nor_in_the_log() {
    let mosquitto = Mosquitto::with_password("me", "geheim-1").await;
    let database = ScriptedInfluxDb::start(Answer::Written).await;
    let configuration = format!(
        "{}username = \"me\"\npassword = \"geheim-1\"\n{}token = \"geheim-2\"\n\
         [homeassistant]\nurl = \"http://127.0.0.1:1\"\ntoken = \"geheim-3\"\n",
        mosquitto.section(),
        database.section()
    );
    let bridge = Bridge::start(&configuration).await;
    let visitor = Visitor::of(&bridge).await;
    for path in [
        "/",
        "/charts",
        "/set-aside",
        "/log",
        "/export",
        "/settings",
        "/setup/broker",
        "/setup/meters",
        "/setup/influxdb",
        "/setup/homeassistant",
        "/setup/done",
        "/api",
        "/api/openapi.json",
        "/api/settings",
        "/metrics",
        "/healthz",
    ] {
        let answer = visitor.read(path).await;
        assert!(!answer.contains("geheim"), "{path}: {answer}");
    }
    assert!(!bridge.log().contains("geheim"), "{}", bridge.log());
    assert!(visitor.base().starts_with("http://127.0.0.1:"));
}
