//! Every message that we have of any module, and what becomes of it in Home Assistant.

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use insta::assert_snapshot;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::time::timeout;

use crate::{
    Entity, HomeAssistant, alone,
    instance::text,
    sample_of,
    support::{Bridge, Client, MANY_METERS, Mosquitto, eventually, sample, samples, topic_of},
};

/// The meter of a sample that is sent as if it was read now, which is when powers are shown.
const NOW: &str = "all-quantities-now";

#[test]
#[ignore = "builds Home Assistant once, as root: cargo test -p xt211-bridge --test home_assistant -- --ignored"]
fn every_sample() {
    alone(async || {
        let mosquitto = Mosquitto::start().await;
        let home_assistant = HomeAssistant::start(&mosquitto).await;
        let _bridge = Bridge::start(&(mosquitto.section() + MANY_METERS)).await;
        let client = Client::connect(&mosquitto).await;
        for name in samples() {
            client.publish(&topic_of(&name), sample(&name)).await;
        }
        client
            .publish(
                &format!("{NOW}/data"),
                sample_of(OffsetDateTime::now_utc(), "all-quantities-data"),
            )
            .await;
        // Meters speak in turn, so that all others have.
        client.message(&format!("xt211/{NOW}/bridge")).await;

        let discoveries = discoveries(&client);
        let announced = announced(&client, &discoveries);
        let is_so = async || {
            let there = home_assistant.entities().await;
            same(&announced, &there).then_some(there)
        };
        // If it never is, the differences say more.
        let _ = timeout(Duration::from_secs(60), eventually("the entities", is_so)).await;
        let there = home_assistant.entities().await;
        assert_eq!(only_in(&there, &announced), only_in(&announced, &there));

        let devices = home_assistant.devices().await;
        assert!(devices.keys().eq(discoveries.keys()), "{devices:#?}");
        for (id, discovery) in &discoveries {
            for key in ["name", "manufacturer", "model", "serial_number", "sw_version"] {
                assert_eq!(devices[id][key], discovery["device"][key], "{key} of {id}");
            }
        }
        assert_snapshot!(shown(&devices, &there));
        home_assistant.has_no_complaint().await;
    });
}

/// The last discovery of each device, by what it is recognised by.
fn discoveries(client: &Client) -> BTreeMap<String, Value> {
    let topics = client.topics().into_iter().filter(|topic| topic.starts_with("homeassistant/"));
    let discoveries = topics.filter_map(|topic| client.seen(&topic).pop());
    discoveries
        .filter_map(|discovery| serde_json::from_str(&discovery).ok())
        .map(|discovery: Value| (text(&discovery["device"]["identifiers"][0]).into(), discovery))
        .collect()
}

/// Every entity as it is to be, by its unique id.
fn announced(client: &Client, discoveries: &BTreeMap<String, Value>) -> BTreeMap<String, Entity> {
    let entity = |device, key: &str, component: &Value| {
        let message = client.seen(text(&component["state_topic"])).pop();
        let message = message.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
        let entity = Entity::announced(device, key, component, &message);
        (text(&component["unique_id"]).to_owned(), entity)
    };
    let components = discoveries.values().flat_map(|discovery| {
        let components = discovery["components"].as_object().unwrap();
        components.iter().map(move |(key, component)| entity(&discovery["device"], key, component))
    });
    components.collect()
}

fn same(a: &BTreeMap<String, Entity>, b: &BTreeMap<String, Entity>) -> bool {
    only_in(a, b).is_empty() && only_in(b, a).is_empty()
}

/// Those that the others lack, or have otherwise.
fn only_in(
    these: &BTreeMap<String, Entity>,
    others: &BTreeMap<String, Entity>,
) -> BTreeMap<String, Entity> {
    let plain = |entity: Option<&Entity>| entity.map(Entity::without_attributes);
    let differing =
        these.iter().filter(|(id, entity)| plain(Some(entity)) != plain(others.get(*id)));
    differing.map(|(id, entity)| (id.clone(), entity.without_attributes())).collect()
}

/// Every device with its entities, one a line.
fn shown(devices: &BTreeMap<String, Value>, entities: &BTreeMap<String, Entity>) -> String {
    let mut shown = String::new();
    for (id, device) in devices {
        let told = ["name", "manufacturer", "model", "serial_number", "sw_version"];
        let told = told.map(|key| device[key].as_str().unwrap_or("-")).join(" | ");
        writeln!(shown, "\n{id}: {told}").unwrap();
        for (unique_id, entity) in entities.iter().filter(|(_, entity)| entity.device == *id) {
            let key = unique_id.strip_prefix(&format!("{id}_")).expect("an id that begins so");
            let mut entity = entity.clone();
            if *id == format!("xt211_{NOW}") && key == "last_reading" {
                entity.state = Some("(now)".into());
            }
            writeln!(shown, "  {key}: {entity}").unwrap();
        }
    }
    shown
}
