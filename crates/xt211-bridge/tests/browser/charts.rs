//! Charts, and what they say of a place that is pointed at.

use serde_json::json;

use crate::{
    ANYWHERE,
    support::{Bridge, Client, Mosquitto, browser::Browser, message, topic::DATA},
};

/// What is said of the place that is pointed at; nothing if none is.
const TIP: &str = "document.querySelector('.tip:not([hidden])')?.textContent ?? null";

#[tokio::test]
#[ignore = "needs Chromium: cargo test -p xt211-bridge --test browser -- --ignored"]
async fn values_by_pointer_and_by_keyboard() {
    let mosquitto = Mosquitto::start().await;
    let bridge = Bridge::start(&format!("{}\n{ANYWHERE}", mosquitto.section())).await;
    let client = Client::connect(&mosquitto).await;
    // From nine in the evening on, as it is in Prague: a kilowatt-hour a minute.
    client.publish_all(DATA, (0..=150).step_by(5).map(message)).await;
    let mut page = Browser::start().await;
    page.call("Emulation.setTimezoneOverride", json!({ "timezoneId": "Europe/Prague" })).await;
    page.visit(&format!("{}/", bridge.page().await)).await;
    page.shows(&["250 kWh", "21 Feb 23:30"]).await;

    page.click(".top nav a[href=charts]").await;
    page.shows(&["Saturday, 21 February 2026"]).await;
    page.loaded().await;
    assert_eq!(page.evaluate(TIP).await, json!(null));
    let marks = page.evaluate("document.querySelectorAll('svg.chart .mark').length").await;
    assert_eq!(marks, 24);
    let [at_ten, at_eleven] =
        ["22:00–23:00\nImport: 60.000 kWh", "23:00–00:00\nImport: 35.000 kWh"];
    page.point_at(".mark:nth-last-child(2)").await;
    assert_eq!(page.evaluate(TIP).await, at_ten);
    page.point_at("h1").await;
    assert_eq!(page.evaluate(TIP).await, json!(null));

    page.evaluate("document.querySelector('svg.chart').focus()").await;
    for (key, expected) in [
        ("End", json!(at_eleven)),
        ("ArrowLeft", json!(at_ten)),
        ("ArrowRight", json!(at_eleven)),
        ("Home", json!("00:00–01:00\nNo reading")),
        ("Escape", json!(null)),
    ] {
        page.key(key).await;
        assert_eq!(page.evaluate(TIP).await, expected, "{key}");
    }
    assert_eq!(page.complaints(), [] as [&str; 0]);
}
