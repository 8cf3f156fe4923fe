//! The page, with the program behind it.

use std::{fs, net::TcpListener};

use crate::support::{Bridge, Mosquitto, Visitor, until};

/// A page at a port that the system chooses.
const ANYWHERE: &str = "[web]\nlisten = \"127.0.0.1:0\"\n";

#[tokio::test]
async fn it_is_where_the_log_says() {
    let mosquitto = Mosquitto::start().await;
    let bridge = Bridge::start(&mosquitto.section()).await;
    let visitor = Visitor::of(&bridge).await;
    assert!(visitor.read("/").await.contains("<h1>"));
    assert_eq!(visitor.read("/healthz").await.trim(), "ok");
}

#[tokio::test]
async fn without_a_configuration_it_runs_and_offers_the_setup() {
    let bridge = Bridge::launch(ANYWHERE, "info");
    let visitor = Visitor::of(&bridge).await;
    assert!(visitor.read("/setup").await.contains("Setup"));
    let missing = Bridge::launch("", "info");
    fs::remove_file(missing.folder().join("bridge.toml")).unwrap();
    missing.logs("the page is at").await;
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
