//! From nothing to values on the screen, as somebody does it who has read nothing.

use time::OffsetDateTime;

use crate::{
    ANYWHERE, heard, look_at,
    support::{
        Answer, Bridge, Client, Mosquitto, ScriptedInfluxDb, VictoriaMetrics, eventually, reading,
        sample,
    },
};

#[tokio::test]
#[ignore = "needs Chromium: cargo test -p xt211-bridge --test browser -- --ignored"]
async fn from_nothing_to_values() {
    let mosquitto = Mosquitto::with_password("me", "secret").await;
    let module = Client::connect_as(&mosquitto, "me", "secret").await;
    let bridge = Bridge::launch(ANYWHERE, "info");

    // The first page that is seen leads there.
    let mut page = look_at(&bridge, "/").await;
    page.shows(&["Broker", "Test and go on"]).await;
    page.picture("setup-broker").await;

    // A broker that is not there, then one that wants a password: said beside the field.
    page.write("[name='mqtt.url']", "mqtt://localhost:1").await;
    page.click("button[value=go]").await;
    page.shows(&["Nothing listens at localhost:1", "Save anyway"]).await;
    page.write("[name='mqtt.url']", &mosquitto.url()).await;
    page.click("button[value=go]").await;
    page.shows(&["does not let us in"]).await;
    page.write("[name='mqtt.username']", "me").await;
    page.write("[name='mqtt.password']", "secret").await;
    page.click("button[value=go]").await;

    // What the module sends is found by itself, among what others send.
    page.shows(&["No meter was heard yet"]).await;
    let found = ["7369.066 kWh", "5100025085", "flat/meter/data", "flat/meter/status"];
    heard(&mut page, &found, async || {
        module.publish("zigbee2mqtt/kitchen", r#"{"temperature":21.5,"battery":80}"#).await;
        module.publish("flat/meter/data", sample("seed-data")).await;
        module.publish("flat/meter/status", sample("seed-status")).await;
    })
    .await;
    page.picture("setup").await;
    page.click(".found button").await;
    page.shows(&["Chosen"]).await;
    page.click("#chosen a.button").await;

    // An InfluxDB that does not like the token, then one that does.
    page.shows(&["Skip this"]).await;
    let denying = ScriptedInfluxDb::start(Answer::Error(401, "unauthorized access")).await;
    let database = VictoriaMetrics::start().await;
    page.write("[name='influxdb.url']", &format!("http://127.0.0.1:{}", denying.port())).await;
    page.write("[name='influxdb.org']", "home").await;
    page.write("[name='influxdb.bucket']", "energy").await;
    page.write("[name='influxdb.token']", "wrong").await;
    page.click("button[value=go]").await;
    page.shows(&["InfluxDB does not accept influxdb.token (401)"]).await;
    assert_eq!(
        page.evaluate("document.querySelector(\"[aria-invalid]\").name").await,
        "influxdb.token"
    );
    page.write("[name='influxdb.url']", &format!("http://127.0.0.1:{}", database.port)).await;
    page.write("[name='influxdb.token']", "right").await;
    page.click("button[value=go]").await;

    page.shows(&["MQTT integration"]).await;
    page.click("button[value=go]").await;
    page.shows(&["The broker is connected", "To the overview"]).await;

    // It runs, without a restart.
    let values = r#""1.8.0":7400.5,"16.7.0":1234,"96.1.1":"5100025085""#;
    module.publish("flat/meter/data", reading(OffsetDateTime::now_utc(), values)).await;
    page.shows(&["has a reading"]).await;
    page.picture("setup-done").await;
    page.click("main a.button").await;
    page.shows(&["7400.5", "kWh", "1234", "W"]).await;
    eventually("it in the database", async || {
        let points = database.points().await;
        points.iter().any(|point| point.contains("7400.5")).then_some(())
    })
    .await;
    module.says("xt211/bridge/availability", "online").await;
    assert_eq!(page.complaints(), [] as [&str; 0]);

    // All of it is in the file, and no password is on a page.
    let file = std::fs::read_to_string(bridge.folder().join("bridge.toml")).unwrap();
    for line in [
        "username = \"me\"",
        "data_topic = \"flat/meter/data\"",
        "status_topic = \"flat/meter/status\"",
        "token = \"right\"",
    ] {
        assert!(file.contains(line), "{line}: {file}");
    }
}
