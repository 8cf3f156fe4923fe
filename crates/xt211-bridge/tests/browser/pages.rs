//! Every page, as people with bad eyes, small screens or dark rooms have it.

use std::f64::consts::TAU;

use crate::{
    ANYWHERE, heard,
    inspection::Inspection,
    support::{
        Answer, Bridge, Client, Mosquitto, SERIAL, ScriptedInfluxDb, minute, reading, sample,
        topic::{DATA, STATUS},
    },
};

/// A second meter, of which everything is long.
const CELLAR: &str = "[[meter]]
[[meter]]
id = \"flat_in_the_cellar_of_the_house_behind\"
name = \"Flat in the cellar of the house behind\"
data_topic = \"house-behind/cellar/flat-with-a-long-name/electricity/data\"
status_topic = \"house-behind/cellar/flat-with-a-long-name/electricity/status\"
";

#[tokio::test]
#[ignore = "needs Chromium: cargo test -p xt211-bridge --test browser -- --ignored"]
async fn with_everything_on_them() {
    let mosquitto = Mosquitto::start().await;
    let influxdb = ScriptedInfluxDb::start(Answer::Written).await;
    let sections = [&mosquitto.section(), &influxdb.section(), CELLAR, ANYWHERE];
    let bridge = Bridge::start(&sections.map(|it| it.to_owned()).concat()).await;
    let client = Client::connect(&mosquitto).await;
    let readings: Vec<_> = (0..96).map(|quarter| full_reading(15 * quarter)).collect();
    client.publish_all(DATA, readings).await;
    client.publish(STATUS, sample("fw-2026-08-status")).await;
    client
        .publish(
            "house-behind/cellar/flat-with-a-long-name/electricity/data",
            sample("han-full-codes-data"),
        )
        .await;
    // A message, a reading and a line are set aside.
    client.publish(DATA, "noise").await;
    client.publish(DATA, reading(minute(1500), r#""1.8.0":12.5,"96.1.1":"5100025085""#)).await;
    let mut inspection = Inspection::of(&bridge).await;
    inspection.page.visit(&format!("{}/set-aside", bridge.page().await)).await;
    inspection.page.shows(&["2 set aside"]).await;
    influxdb.answer(Answer::Error(422, "points beyond retention policy dropped"));
    client.publish(DATA, full_reading(1510)).await;
    inspection.page.shows(&["3 set aside"]).await;

    for (name, path, text) in [
        ("overview", "/", "connected"),
        ("charts-day", "/charts?view=day&date=2026-02-22", "Values"),
        ("charts-month", "/charts?view=month", "Values"),
        ("charts-power", "/charts?what=power&view=day&date=2026-02-22", "Values"),
        ("charts-voltage", "/charts?what=voltage&view=day&date=2026-02-22", "Values"),
        ("charts-nothing", "/charts?view=day&date=2026-01-01", "Nothing was read in this time"),
        ("set-aside", "/set-aside", "3 set aside"),
        ("set-aside-message", "/set-aside/1", "The message"),
        ("set-aside-reading", "/set-aside/2", "The reading"),
        ("set-aside-line", "/set-aside/3", "The line"),
        ("release-all", "/set-aside/all/release", "Release 3"),
        ("discard-all", "/set-aside/all/discard?meter=meter", "Discard 3"),
        ("log", "/log", "noise"),
        ("export", "/export", "Download"),
        ("forward", "/export/forward?form=csv&meter=&from=&to=", "records that were forwarded"),
        ("settings", "/settings", "Add a meter"),
        ("api", "/api", "openapi.json"),
        ("setup-broker", "/setup/broker", "Test and go on"),
        ("setup-influxdb", "/setup/influxdb", "Skip this"),
        ("setup-homeassistant", "/setup/homeassistant", "MQTT integration"),
        ("setup-done", "/setup/done", "The broker is connected"),
    ] {
        inspection.look_at(name, path, text).await;
    }
    inspection.end();
}

#[tokio::test]
#[ignore = "needs Chromium: cargo test -p xt211-bridge --test browser -- --ignored"]
async fn with_little_on_them() {
    let mosquitto = Mosquitto::start().await;
    let bridge = Bridge::launch(ANYWHERE, "info");
    let mut inspection = Inspection::of(&bridge).await;
    inspection.look_at("new-charts", "/charts", "There is no meter yet").await;
    inspection.look_at("new-set-aside", "/set-aside", "Nothing is set aside").await;
    inspection.look_at("new-log", "/log", "No message has come yet").await;
    inspection.look_at("new-setup-broker", "/", "Test and go on").await;
    inspection.page.write("[name='mqtt.url']", "mqtt://localhost:1").await;
    inspection.page.click("button[value=go]").await;
    inspection.page.shows(&["Save anyway"]).await;
    inspection.look("setup-broker-refused").await;
    inspection.page.write("[name='mqtt.url']", &mosquitto.url()).await;
    inspection.page.click("button[value=go]").await;
    inspection.page.shows(&["No meter was heard yet"]).await;
    inspection.look("new-setup-meters").await;
    let client = Client::connect(&mosquitto).await;
    heard(&mut inspection.page, &["house/third-floor/status"], async || {
        for flat in ["first-floor", "second-floor", "third-floor"] {
            client.publish(&format!("house/{flat}/data"), sample("seed-data")).await;
            client.publish(&format!("house/{flat}/status"), sample("seed-status")).await;
        }
    })
    .await;
    inspection.look("setup-meters").await;
    inspection.page.click(".found li:last-child button").await;
    inspection.page.shows(&["Chosen"]).await;
    inspection.look("setup-meters-chosen").await;
    inspection.look_at("new-overview", "/", "No meter yet").await;
    inspection.look_at("new-setup-done", "/setup/done", "No reading has arrived yet").await;
    inspection.end();
}

#[tokio::test]
#[ignore = "needs Chromium: cargo test -p xt211-bridge --test browser -- --ignored"]
async fn with_a_password_in_front() {
    let bridge = Bridge::launch(&format!("{ANYWHERE}password = \"correct horse\"\n"), "info");
    let mut inspection = Inspection::of(&bridge).await;
    inspection.look_at("login", "/settings", "Log in").await;
    inspection.page.write("#password", "battery staple").await;
    inspection.page.click("main button").await;
    inspection.page.shows(&["The password is wrong."]).await;
    inspection.look("login-refused").await;
    inspection.page.write("#password", "correct horse").await;
    inspection.page.click("main button").await;
    inspection.page.shows(&["Log out"]).await;
    inspection.look("settings-with-password").await;
    inspection.end();
}

/// A reading of that minute, with all that there are charts of.
fn full_reading(minutes: i64) -> String {
    let turn = minutes as f64 / 1440.0 * TAU;
    let import = 7000.0 + 0.01 * minutes as f64 - turn.sin();
    let export = 300.0 + 0.002 * minutes as f64;
    let (high, low) = (0.4 * import, 0.6 * import);
    let power = 400.0 + 900.0 * turn.cos();
    let phase = |number: f64| 230.0 + 3.0 * (3.0 * turn + number).sin();
    let [first, second, third] = [1.0, 2.0, 3.0].map(phase);
    let values = format!(
        r#""1.8.0":{import:.3},"1.8.1":{high:.3},"1.8.2":{low:.3},"2.8.0":{export:.3},
        "16.7.0":{power:.0},"36.7.0":{:.0},"56.7.0":{:.0},"76.7.0":{:.0},
        "32.7.0":{first:.1},"52.7.0":{second:.1},"72.7.0":{third:.1},
        "31.7.0":{:.2},"51.7.0":1.2,"71.7.0":0.8,"96.14.0":"T2","96.1.1":"{SERIAL}""#,
        power * 0.5,
        power * 0.3,
        power * 0.2,
        (power / 230.0).abs(),
    );
    reading(minute(minutes), &values)
}
