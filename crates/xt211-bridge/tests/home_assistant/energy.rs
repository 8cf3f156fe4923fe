//! The Energy Dashboard, and the statistics that it is made of.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    Entity, HomeAssistant, alone,
    instance::{list, text},
    sample_of,
    support::{
        Bridge, Client, Mosquitto, SERIAL, eventually, eventually_within, minute, reading_of,
        sample,
        topic::{DATA, STATUS},
    },
};

/// Home Assistant makes statistics of five minutes, ten seconds after they are over.
const PERIOD: i64 = 300;

/// How much is left of them when it starts: enough to tell it everything, and no more than that.
const LEFT: i64 = 40;

#[test]
#[ignore = "builds Home Assistant once, as root: cargo test -p xt211-bridge --test home_assistant -- --ignored"]
fn the_energy_dashboard() {
    alone(async || {
        let mosquitto = Mosquitto::start().await;
        let _bridge = Bridge::start(&mosquitto.section()).await;
        let client = Client::connect(&mosquitto).await;
        let now = OffsetDateTime::now_utc();
        let ahead = (-LEFT - now.unix_timestamp()).rem_euclid(PERIOD);
        let home_assistant = HomeAssistant::start_ahead(&mosquitto, ahead).await;

        // Two readings: half a kilowatt-hour from one to the other.
        client.publish(STATUS, sample("fw-2026-08-status")).await;
        let reading = |ago| sample_of(now - time::Duration::seconds(ago), "all-quantities-data");
        client.publish(DATA, reading(60)).await;
        home_assistant.shows("xt211_meter_1.8.0", "7369.106").await;
        client.publish(DATA, reading(0).replace("7369.106", "7369.606")).await;
        home_assistant.shows("xt211_meter_1.8.0", "7369.606").await;
        home_assistant.shows("xt211_meter_16.7.0", "-1240").await;
        home_assistant.shows("xt211_meter_wakeups", "2210").await;
        let entities = home_assistant.entities().await;
        let id = |key: &str| entities[&format!("xt211_meter_{key}")].entity_id.as_str();

        has_statistics(&home_assistant, &entities).await;
        let [import, export, power] = ["1.8.0", "2.8.0", "16.7.0"].map(id);
        let start = now - time::Duration::HOUR;
        let made = statistics_since(&home_assistant, start, &[import, export, power]).await;
        let first = |id: &str, key: &str| made[id][0][key].as_f64();
        assert_eq!((first(import, "state"), first(import, "sum")), (Some(7369.606), Some(0.5)));
        assert_eq!((first(export, "state"), first(export, "sum")), (Some(112.4), Some(0.0)));
        let of_power = ["min", "mean", "max"].map(|key| first(power, key));
        assert_eq!(of_power, [Some(-1240.0); 3]);

        let grid = json!({
            "type": "grid",
            "stat_energy_from": import,
            "stat_energy_to": export,
            "stat_rate": power,
            "cost_adjustment_day": 0,
        });
        home_assistant.call(json!({ "type": "energy/save_prefs", "energy_sources": [grid] })).await;
        let verdict = home_assistant.call(json!({ "type": "energy/validate" })).await;
        assert_eq!(verdict["energy_sources"], json!([[]]));
        let verdict = home_assistant.call(json!({ "type": "recorder/validate_statistics" })).await;
        assert_eq!(verdict, json!({}));
        home_assistant.has_no_complaint().await;
    });
}

/// Makes sure that there are statistics of what has a state class, and of nothing else.
async fn has_statistics(home_assistant: &HomeAssistant, entities: &BTreeMap<String, Entity>) {
    let there = home_assistant.call(json!({ "type": "recorder/list_statistic_ids" })).await;
    let of_entity = |entity: &Entity| {
        let is_sum = entity.state_class.as_deref()?.starts_with("total");
        Some((entity.entity_id.clone(), entity.unit.clone(), is_sum, !is_sum))
    };
    let of_entry = |entry: &Value| {
        let unit = entry["statistics_unit_of_measurement"].as_str().map(str::to_owned);
        let has = |key: &str| entry[key].as_bool().unwrap();
        (text(&entry["statistic_id"]).to_owned(), unit, has("has_sum"), has("has_mean"))
    };
    let ours = list(&there).iter().filter(|entry| text(&entry["statistic_id"]).contains("xt211"));
    let ours: BTreeSet<_> = ours.map(of_entry).collect();
    assert_eq!(ours, entities.values().filter_map(of_entity).collect());
}

/// Waits until there are statistics of all of these, and returns them by their ids.
async fn statistics_since(
    home_assistant: &HomeAssistant,
    start: OffsetDateTime,
    ids: &[&str],
) -> Value {
    let command = json!({
        "type": "recorder/statistics_during_period",
        "start_time": start.format(&Rfc3339).unwrap(),
        "period": "5minute",
        "statistic_ids": ids,
    });
    // If it was told too late for these five minutes, there are the next.
    let limit = Duration::from_secs(2 * PERIOD as u64);
    eventually_within(limit, "statistics", async || {
        let made = home_assistant.call(command.clone()).await;
        ids.iter().all(|id| made[id].is_array()).then_some(made)
    })
    .await
}

/// Users count by it what they use in a day, or by tariff. (It warns of a state that is unknown, which
/// every state is for a moment while Home Assistant starts.)
#[test]
#[ignore = "builds Home Assistant once, as root: cargo test -p xt211-bridge --test home_assistant -- --ignored"]
fn a_utility_meter() {
    alone(async || {
        let mosquitto = Mosquitto::start().await;
        let mut home_assistant = HomeAssistant::start(&mosquitto).await;
        let mut bridge = Bridge::start(&mosquitto.section()).await;
        let client = Client::connect(&mosquitto).await;
        client.publish(DATA, reading_of(SERIAL, minute(0), 7369.106)).await;
        home_assistant.shows("xt211_meter_1.8.0", "7369.106").await;
        home_assistant.configure(
            "utility_meter:\n  used:\n    source: sensor.xt211_meter_total_import_energy\n",
        );
        home_assistant.stop().await;
        home_assistant.start_again().await;
        let used = async |amount: &str| {
            eventually(&format!("{amount} to be used"), async || {
                let states = home_assistant.states().await;
                (states.get("sensor.used")?["state"] == amount).then_some(())
            })
            .await;
        };

        home_assistant.shows("xt211_meter_1.8.0", "7369.106").await;
        client.publish(DATA, reading_of(SERIAL, minute(10), 7369.606)).await;
        used("0.500").await;

        // Nothing is counted twice, and nothing is missed, when the bridge was away.
        assert_eq!(bridge.stop().await.code(), Some(0));
        home_assistant.shows("xt211_meter_1.8.0", "unavailable").await;
        bridge.start_again().await;
        home_assistant.shows("xt211_meter_1.8.0", "7369.606").await;
        used("0.500").await;
        bridge.kill().await;
        home_assistant.shows("xt211_meter_1.8.0", "unavailable").await;
        client.publish(DATA, reading_of(SERIAL, minute(20), 7369.856)).await;
        bridge.start_again().await;
        used("0.750").await;
    });
}
