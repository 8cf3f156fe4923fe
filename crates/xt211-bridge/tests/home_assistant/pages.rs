//! What people see.

use time::OffsetDateTime;

use crate::{
    HomeAssistant, alone,
    browser::{Page, chromium},
    instance::text,
    sample_of,
    support::{
        Bridge, Client, Mosquitto, sample,
        topic::{DATA, STATUS},
    },
};

#[test]
#[ignore = "builds Home Assistant once, as root: cargo test -p xt211-bridge --test home_assistant -- --ignored"]
fn the_page_of_a_meter() {
    chromium();
    alone(async || {
        let mosquitto = Mosquitto::start().await;
        let home_assistant = HomeAssistant::start(&mosquitto).await;
        let _bridge = Bridge::start(&mosquitto.section()).await;
        let client = Client::connect(&mosquitto).await;
        client.publish(STATUS, sample("fw-2026-08-status")).await;
        client.publish(DATA, sample_of(OffsetDateTime::now_utc(), "all-quantities-data")).await;
        home_assistant.shows("xt211_meter_16.7.0", "-1240").await;

        let devices = home_assistant.devices().await;
        let path = format!("/config/devices/device/{}", text(&devices["xt211_meter"]["id"]));
        let mut page = Page::open(&home_assistant, &path).await;
        let told = [
            "XT211 Meter",
            "XT211 by Sagemcom",
            "Firmware: 2026-08-06 21:40:02",
            "Serial number: 5100025085",
        ];
        let values = ["Active Power -1,240 W", "Total Import Energy 7,369.106 kWh", "Battery 58%"];
        page.shows(&[told.as_slice(), &values].concat()).await;
        page.picture("meter").await;
        home_assistant.has_no_complaint().await;
    });
}
