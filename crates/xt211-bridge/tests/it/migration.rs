//! From the integration in Python that wrote to the same series before.

use crate::support::{
    Bridge, Client, Mosquitto, SERIAL, VictoriaMetrics, minute, nanoseconds, reading,
    topic::{BRIDGE, DATA},
};

/// A reading of a minute, in the zone that the module is set to, with these registers.
fn message(minutes: i64, zone: &str, values: &str) -> String {
    reading(minute(minutes), &format!(r#"{values},"96.1.1":"{SERIAL}""#)).replace("GMT", zone)
}

/// A line as the old integration wrote it.
fn line(minutes: i64, fields: &str) -> String {
    format!("home_energy,meter={SERIAL} {fields} {}\n", nanoseconds(minute(minutes)))
}

fn point(minutes: i64, field: &str, value: &str) -> String {
    let time = minute(minutes).unix_timestamp();
    format!("home_energy_{field}{{meter={SERIAL}}} {time} {value}")
}

#[tokio::test]
async fn the_series_goes_on() {
    let mosquitto = Mosquitto::start().await;
    let database = VictoriaMetrics::start().await;
    // The old one was there before, and for some time beside the bridge. It has made up a zero for a
    // register that a message lacked.
    database.write(&line(0, "1_8_0=100.5,1_8_1=40.25")).await;
    database.write(&line(1, "1_8_0=101.5,1_8_1=40.5")).await;
    database.write(&line(2, "1_8_0=102.5,1_8_1=0.0")).await;

    let bridge = Bridge::start(&(mosquitto.section() + &database.section())).await;
    let client = Client::connect(&mosquitto).await;
    let messages = [
        message(1, "GMT", r#""1.8.0":101.5,"1.8.1":40.5"#),
        message(2, "GMT", r#""1.8.0":102.5"#),
        // By the clock of summer, which is two hours ahead; the old one has lost it.
        message(123, "CEST", r#""1.8.0":103.5,"1.8.1":40.75"#),
        message(4, "GMT", r#""1.8.0":104.5,"1.8.1":41"#),
    ];
    client.publish_all(DATA, messages).await;
    let mut expected = vec![
        point(0, "1_8_0", "100.5"),
        point(1, "1_8_0", "101.5"),
        point(2, "1_8_0", "102.5"),
        point(3, "1_8_0", "103.5"),
        point(4, "1_8_0", "104.5"),
        point(0, "1_8_1", "40.25"),
        point(1, "1_8_1", "40.5"),
        point(2, "1_8_1", "0"),
        point(3, "1_8_1", "40.75"),
        point(4, "1_8_1", "41"),
    ];
    let numbers = async || database.points_with(&point(4, "1_8_1", "41")).await;
    assert_eq!(numbers().await, expected);

    // Once more, nothing is there twice.
    let said = bridge.printed("forward --all").await;
    assert!(said.starts_with("4 records are to go to http://127.0.0.1:"), "{said}");
    client.state(BRIDGE, "waiting", 0).await;
    assert_eq!(numbers().await, expected);

    // The zero goes only when it is deleted; all that the bridge has heard comes again. (From InfluxDB
    // one would delete only what is as new as that.)
    database.delete().await;
    bridge.printed("forward --all").await;
    let before = [point(0, "1_8_0", "100.5"), point(0, "1_8_1", "40.25")];
    expected.retain(|it| !before.contains(it) && *it != point(2, "1_8_1", "0"));
    assert_eq!(numbers().await, expected);
}
