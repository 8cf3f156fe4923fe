//! What people see.

use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::{
    HomeAssistant, alone, browser,
    configuration::TOKEN,
    instance::text,
    support::{
        Bridge, Client, Mosquitto,
        browser::chromium,
        eventually, reading, sample,
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
        let values = r#""1.8.0":7369.106,"1.8.1":1338.005,"1.8.2":6031.101,"2.8.0":112.4,
            "16.7.0":-1240,"36.7.0":310,"56.7.0":-1800,"76.7.0":250,"96.14.0":"T2",
            "32.7.0":231.4,"52.7.0":229.8,"72.7.0":230.1,"96.1.1":"5100025085""#;
        client.publish(DATA, reading(OffsetDateTime::now_utc(), values)).await;
        home_assistant.shows("xt211_meter_16.7.0", "-1240").await;

        let devices = home_assistant.devices().await;
        let path = format!("/config/devices/device/{}", text(&devices["xt211_meter"]["id"]));
        let mut page = browser::open(&home_assistant, &path, &[]).await;
        let told = [
            "XT211 Meter",
            "XT211 by Sagemcom",
            "Firmware: 2026-08-06 21:40:02",
            "Serial number: 5100025085",
        ];
        let values = ["Active Power -1,240 W", "Total Import Energy 7,369.106 kWh", "Battery 58%"];
        page.shows(&[told.as_slice(), &values].concat()).await;
        page.screen([980, 800], "light").await;
        page.picture("meter").await;
        home_assistant.has_no_complaint().await;
    });
}

#[test]
#[ignore = "builds Home Assistant once, as root: cargo test -p xt211-bridge --test home_assistant -- --ignored"]
fn the_energy_dashboard_by_the_hour() {
    chromium();
    alone(async || {
        let mosquitto = Mosquitto::start().await;
        let home_assistant = HomeAssistant::start(&mosquitto).await;
        let url = home_assistant.url();
        let section = format!("[homeassistant]\nurl = \"{url}\"\ntoken = \"{TOKEN}\"\n");
        let bridge = Bridge::start(&(mosquitto.section() + &section)).await;
        let client = Client::connect(&mosquitto).await;
        client.publish_all(DATA, week()).await;
        let [high, low, export] = ["1_8_1", "1_8_2", "2_8_0"].map(|it| format!("xt211:meter_{it}"));
        eventually("statistics", async || {
            let found = home_assistant.call(json!({ "type": "recorder/list_statistic_ids" })).await;
            found.to_string().contains(&export).then_some(())
        })
        .await;
        let grid = |from: &str, to: Option<&str>| {
            json!({
                "type": "grid",
                "stat_energy_from": from,
                "stat_energy_to": to,
                "cost_adjustment_day": 0,
            })
        };
        let sources = [grid(&high, Some(&export)), grid(&low, None)];
        home_assistant
            .call(json!({ "type": "energy/save_prefs", "energy_sources": sources }))
            .await;
        let verdict = home_assistant.call(json!({ "type": "energy/validate" })).await;
        assert_eq!(verdict["energy_sources"], json!([[], []]));

        let yesterday = [("energy-default-period-_energy_dashboard", "yesterday")];
        let mut page = browser::open(&home_assistant, "/energy/electricity", &yesterday).await;
        let names = ["Import Energy Tariff 1", "Import Energy Tariff 2", "Total Export Energy"];
        page.shows(&names.map(|name| format!("XT211 Meter {name}")).each_ref().map(String::as_str))
            .await;
        page.screen([1280, 960], "light").await;
        page.picture("energy").await;
        home_assistant.has_no_complaint().await;
        assert_eq!(bridge.logged("WARN"), [""; 0]);
    });
}

/// What a module has sent in eight days: water is heated at night, when that is cheap, people cook in
/// the evening, and the roof has more than they need at noon.
fn week() -> Vec<String> {
    let end = OffsetDateTime::now_utc();
    let start = end - Duration::days(8);
    let [mut high, mut low, mut export] = [1_305.2, 5_840.7, 61.3];
    let reading = |quarter: i32| {
        let time = start + Duration::minutes(15) * quarter;
        // In Prague, in winter.
        let local = time + Duration::HOUR;
        let hour = f64::from(local.hour()) + f64::from(local.minute()) / 60.0;
        let bell = |around: f64, width: f64| (-((hour - around) / width).powi(2)).exp();
        let restless = 1.0 + 0.25 * f64::from(quarter).sin();
        let used = (0.3
            + 0.8 * bell(7.0, 1.2)
            + 0.5 * bell(13.5, 1.0)
            + 1.9 * bell(18.8, 1.6)
            + 2.1 * bell(2.5, 1.3))
            * restless;
        let clouds = [0.55, 1.0, 0.8, 0.3, 0.9, 0.65, 1.0];
        let weather = clouds[usize::from(local.day()) % clouds.len()];
        let balance = used - 3.6 * weather * bell(12.2, 1.9);
        let is_low = !(6.0..22.0).contains(&hour) || (13.0..15.0).contains(&hour);
        match balance {
            ..0.0 => export -= 0.25 * balance,
            _ if is_low => low += 0.25 * balance,
            _ => high += 0.25 * balance,
        }
        let import = high + low;
        let values = format!(
            r#""1.8.0":{import:.3},"1.8.1":{high:.3},"1.8.2":{low:.3},"2.8.0":{export:.3}"#
        );
        reading(time, &values)
    };
    (0..=8 * 96).map(reading).collect()
}
