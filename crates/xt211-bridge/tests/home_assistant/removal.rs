//! A meter goes.

use crate::{
    HomeAssistant, alone,
    support::{Bridge, Client, Mosquitto, minute, reading_of},
};

#[test]
#[ignore = "builds Home Assistant once, as root: cargo test -p xt211-bridge --test home_assistant -- --ignored"]
fn a_meter_is_removed() {
    alone(async || {
        let meter = |id: &str| {
            format!(
                "[[meter]]\nid = \"{id}\"\ndata_topic = \"{id}/data\"\nstatus_topic = \"{id}/status\"\n"
            )
        };
        let mosquitto = Mosquitto::start().await;
        let mut home_assistant = HomeAssistant::start(&mosquitto).await;
        let both = mosquitto.section() + &meter("house") + &meter("garden");
        let mut bridge = Bridge::start(&both).await;
        let client = Client::connect(&mosquitto).await;
        client.publish("house/data", reading_of("1", minute(0), 100.0)).await;
        client.publish("garden/data", reading_of("2", minute(0), 200.0)).await;
        home_assistant.shows("xt211_house_1.8.0", "100").await;
        home_assistant.shows("xt211_garden_1.8.0", "200").await;
        let before = home_assistant.entities().await;

        // It leaves the configuration, and the bridge does the rest.
        assert_eq!(bridge.stop().await.code(), Some(0));
        bridge.configure(&(mosquitto.section() + &meter("house")));
        bridge.start_again().await;
        let is_ours = |id: &String| id.starts_with("xt211_garden_");
        let gone = home_assistant
            .until("the garden's entities to go", |all| !all.keys().any(is_ours))
            .await;
        let left: Vec<_> = before.keys().filter(|id| !is_ours(id)).collect();
        assert!(gone.keys().eq(left), "{gone:#?}");
        let devices = home_assistant.devices().await;
        assert!(devices.keys().eq(["xt211_house"]), "{devices:#?}");
        home_assistant.shows("xt211_house_1.8.0", "100").await;
        home_assistant.has_no_complaint().await;

        // And for good.
        home_assistant.stop().await;
        home_assistant.start_again().await;
        home_assistant.shows("xt211_house_1.8.0", "100").await;
        let devices = home_assistant.devices().await;
        assert!(devices.keys().eq(["xt211_house"]), "{devices:#?}");
        home_assistant.has_no_complaint().await;
    });
}
