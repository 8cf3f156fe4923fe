//! What is wrong is refused where it was entered, and nothing else changes.

use std::fs;

use crate::{
    ANYWHERE, look_at,
    support::{Bridge, Client, Mosquitto, lines, message, topic::DATA},
};

#[tokio::test]
#[ignore = "needs Chromium: cargo test -p xt211-bridge --test browser -- --ignored"]
async fn a_broker_that_is_none() {
    let mosquitto = Mosquitto::start().await;
    let bridge = Bridge::start(&format!("{}\n{ANYWHERE}", mosquitto.section())).await;
    let file = bridge.folder().join("bridge.toml");
    let before = fs::read(&file).unwrap();
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, message(0)).await;

    let mut page = look_at(&bridge, "/settings").await;
    for (url, reason) in [
        ("mqtt//localhost", "Is not a URL: write mqtt://HOST:1883"),
        ("mqtt://localhost:1", "Nothing listens at localhost:1"),
    ] {
        page.write("[name='mqtt.url']", url).await;
        page.click("#mqtt-form button[value=try]").await;
        page.shows(&[reason]).await;
        // It is said beside the field, which still holds what was entered, and has the focus.
        for (property, expected) in [
            ("activeElement.name", "mqtt.url"),
            ("activeElement.value", url),
            ("querySelector('[aria-invalid]').name", "mqtt.url"),
        ] {
            assert_eq!(page.evaluate(&format!("document.{property}")).await, expected);
        }
        client.publish(DATA, message(1)).await;
    }
    assert_eq!(fs::read(&file).unwrap(), before);
    client.publish_all(DATA, (2..20).map(message)).await;
    page.visit(&format!("{}/", bridge.page().await)).await;
    page.shows(&["119 kWh", "connected"]).await;
    let exported = bridge.printed("export").await;
    assert_eq!(exported.lines().collect::<Vec<_>>(), lines(0..20));
    assert_eq!(bridge.logged("connected to").len(), 1);
    assert_eq!(page.complaints(), [] as [&str; 0]);
}
