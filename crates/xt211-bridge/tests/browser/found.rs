//! Meters that were found at the broker, while others change something as well.

use crate::{
    ANYWHERE, heard, look_at,
    support::{Bridge, Client, Mosquitto, Visitor, message, sample},
};

#[tokio::test]
#[ignore = "needs Chromium: cargo test -p xt211-bridge --test browser -- --ignored"]
async fn why_one_was_refused_stays_while_more_is_heard() {
    let mosquitto = Mosquitto::start().await;
    let bridge = Bridge::start(&format!("{}\n{ANYWHERE}", mosquitto.section())).await;
    let client = Client::connect(&mosquitto).await;
    let mut page = look_at(&bridge, "/setup/meters").await;
    page.shows(&["No meter was heard yet", "Go on without waiting"]).await;
    heard(&mut page, &["flat/meter/data"], async || {
        client.publish("flat/meter/data", message(0)).await;
    })
    .await;
    // Nothing from before is still under way then.
    client.publish("flat/meter/data", message(1)).await;
    page.shows(&["101 kWh"]).await;

    // Somebody else gives its id to another.
    let other = [
        ("meter.0.id", "meter"),
        ("meter.0.name", "Another"),
        ("meter.0.data_topic", "another/data"),
        ("meter.0.status_topic", "another/status"),
    ];
    let (status, answer) = Visitor::of(&bridge).await.send("/setup/meters", &other).await;
    assert_eq!(status, 303, "{answer}");
    page.click(".found button").await;
    let taken = "\"meter\" is the id of two meters";
    page.shows(&[taken]).await;

    // More is heard; that is still said, until it is tried again, under what is free now.
    client.publish("flat/meter/data", message(2)).await;
    client.publish("cellar/meter/status", sample("seed-status")).await;
    page.shows(&["cellar/meter/status", taken]).await;
    page.click(".found button").await;
    let read = page.shows(&["Chosen", "Your meters"]).await;
    assert!(!read.contains("Go on without waiting"), "{read}");
    assert_eq!(page.complaints(), [] as [&str; 0]);
}
