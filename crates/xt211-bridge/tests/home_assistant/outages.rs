//! The bridge, the broker or Home Assistant is away for a while. Meanwhile nothing is shown as if it
//! was true, and afterwards everything is as it was.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use crate::{
    Entity, HomeAssistant, alone, sample_of,
    support::{
        Bridge, Client, Mosquitto, sample,
        topic::{DATA, STATUS},
    },
};

const TOTAL: &str = "xt211_meter_1.8.0";
const POWER: &str = "xt211_meter_16.7.0";
const WAKEUPS: &str = "xt211_meter_wakeups";

type Entities = BTreeMap<String, Entity>;

/// All of them, with a state each.
async fn setup(mosquitto: &Mosquitto) -> (HomeAssistant, Bridge, Client, Entities) {
    let home_assistant = HomeAssistant::start(mosquitto).await;
    let bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(mosquitto).await;
    client.publish(STATUS, sample("fw-2026-08-status")).await;
    client.publish(DATA, sample_of(OffsetDateTime::now_utc(), "all-quantities-data")).await;
    home_assistant.shows(TOTAL, "7369.106").await;
    home_assistant.shows(POWER, "-1240").await;
    home_assistant.shows(WAKEUPS, "2210").await;
    home_assistant.shows("xt211_meter_set_aside", "0").await;
    let all = home_assistant.entities().await;
    let unavailable: Vec<_> = all.iter().filter(|(_, entity)| is_unavailable(entity)).collect();
    assert!(unavailable.is_empty(), "{unavailable:#?}");
    (home_assistant, bridge, client, all)
}

fn is_unavailable(entity: &Entity) -> bool {
    entity.state.as_deref() == Some("unavailable")
}

impl HomeAssistant {
    async fn shows_nothing(&self) {
        let nothing = |all: &Entities| all.values().all(is_unavailable);
        self.until("everything to be unavailable", nothing).await;
    }

    async fn shows_all(&self, before: &Entities) {
        self.until("everything to be as it was", |all| all == before).await;
    }
}

#[test]
#[ignore = "builds Home Assistant once, as root: cargo test -p xt211-bridge --test home_assistant -- --ignored"]
fn the_bridge_is_away() {
    alone(async || {
        let mosquitto = Mosquitto::start().await;
        let (mut home_assistant, mut bridge, client, before) = setup(&mosquitto).await;

        assert_eq!(bridge.stop().await.code(), Some(0));
        home_assistant.shows_nothing().await;
        bridge.start_again().await;
        home_assistant.shows_all(&before).await;

        // Now it cannot say so itself.
        bridge.kill().await;
        home_assistant.shows_nothing().await;

        // Home Assistant finds only what the broker has kept.
        home_assistant.has_no_complaint().await;
        home_assistant.stop().await;
        home_assistant.start_again().await;
        home_assistant.shows_nothing().await;
        bridge.start_again().await;
        home_assistant.shows_all(&before).await;

        // What came meanwhile is shown, too.
        assert_eq!(bridge.stop().await.code(), Some(0));
        let mut next = sample_of(OffsetDateTime::now_utc(), "all-quantities-data");
        next = next.replace("\"1.8.0\":7369.106", "\"1.8.0\":7369.107");
        client.publish(DATA, next.replace("\"16.7.0\":-1240", "\"16.7.0\":-900")).await;
        bridge.start_again().await;
        home_assistant.shows(TOTAL, "7369.107").await;
        home_assistant.shows(POWER, "-900").await;
        home_assistant.has_no_complaint().await;
    });
}

#[test]
#[ignore = "builds Home Assistant once, as root: cargo test -p xt211-bridge --test home_assistant -- --ignored"]
fn home_assistant_is_away() {
    alone(async || {
        let mosquitto = Mosquitto::start().await;
        let (mut home_assistant, _bridge, client, before) = setup(&mosquitto).await;

        home_assistant.stop().await;
        home_assistant.start_again().await;
        home_assistant.shows_all(&before).await;

        home_assistant.stop().await;
        let next = sample_of(OffsetDateTime::now_utc(), "all-quantities-data");
        client.publish(DATA, next.replace("\"1.8.0\":7369.106", "\"1.8.0\":7369.107")).await;
        client.state("xt211/meter/energy", "1.8.0", 7369.107).await;
        home_assistant.start_again().await;
        home_assistant.shows(TOTAL, "7369.107").await;
        home_assistant.shows(POWER, "-1240").await;
        home_assistant.shows(WAKEUPS, "2210").await;
        home_assistant.has_no_complaint().await;
    });
}

#[test]
#[ignore = "builds Home Assistant once, as root: cargo test -p xt211-bridge --test home_assistant -- --ignored"]
fn the_broker_is_away() {
    alone(async || {
        let mut mosquitto = Mosquitto::persistent().await;
        let (home_assistant, _bridge, client, before) = setup(&mosquitto).await;
        home_assistant.has_no_complaint().await;

        mosquitto.stop().await;
        home_assistant.shows_nothing().await;
        mosquitto.start_again().await;
        home_assistant.shows_all(&before).await;

        // Now it has forgotten what it has not saved.
        mosquitto.kill().await;
        home_assistant.shows_nothing().await;
        mosquitto.start_again().await;
        home_assistant.shows_all(&before).await;

        client.subscribed(3).await;
        let next = sample_of(OffsetDateTime::now_utc(), "all-quantities-data");
        client.publish(DATA, next.replace("\"1.8.0\":7369.106", "\"1.8.0\":7369.107")).await;
        home_assistant.shows(TOTAL, "7369.107").await;
    });
}
