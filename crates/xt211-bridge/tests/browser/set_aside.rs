//! What was set aside, and what people decide about it.

use crate::{
    ANYWHERE, look_at,
    support::{Answer, Bridge, Client, Mosquitto, ScriptedInfluxDb, line, message, topic::DATA},
};

#[tokio::test]
#[ignore = "needs Chromium: cargo test -p xt211-bridge --test browser -- --ignored"]
async fn released_and_discarded() {
    let mosquitto = Mosquitto::start().await;
    let influxdb = ScriptedInfluxDb::start(Answer::Written).await;
    let configuration = format!("{}{}{ANYWHERE}", mosquitto.section(), influxdb.section());
    let bridge = Bridge::start(&configuration).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, message(0)).await;
    influxdb.written(1).await;

    // It is shown as soon as it is there.
    let mut page = look_at(&bridge, "/set-aside").await;
    page.shows(&["Nothing is set aside"]).await;
    influxdb.answer(Answer::Error(422, "outside of the bucket's retention"));
    client.publish(DATA, message(1)).await;
    page.shows(&["1 set aside", "outside of the bucket's retention", "influxdb.refused"]).await;

    // Looked at in full, and released: InfluxDB gets it.
    page.click("#entry-1 a.button").await;
    page.shows(&["The line", &line(1)]).await;
    influxdb.answer(Answer::Written);
    page.click("main form button.second").await;
    page.shows(&["Nothing is set aside"]).await;
    assert_eq!(influxdb.written(2).await, [line(0), line(1)]);

    // One is discarded by itself, the others together, once one is sure.
    client.publish_all(DATA, ["noise", "more noise", "the rest"]).await;
    page.shows(&["3 set aside"]).await;
    page.click("#entry-4 button.danger").await;
    let left = page.shows(&["2 set aside"]).await;
    assert!(!left.contains("the rest"), "{left}");
    page.click("main .count a.quiet").await;
    page.shows(&["Discard 2?", "cannot be undone"]).await;
    page.click("main form a").await;
    page.shows(&["2 set aside"]).await;
    page.click("main .count a.quiet").await;
    page.shows(&["Discard 2?"]).await;
    page.click("main form button").await;
    page.shows(&["Nothing is set aside"]).await;
    assert_eq!(bridge.printed("set-aside list").await, "nothing is set aside\n");
    assert_eq!(page.complaints(), [] as [&str; 0]);
}
