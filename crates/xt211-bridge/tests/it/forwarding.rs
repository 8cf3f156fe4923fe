//! From the broker to the database: every point, with its own time and value.

use insta::assert_snapshot;
use rumqttc::QoS;

use crate::support::{
    Answer, Bridge, Client, MANY_METERS, Mosquitto, SERIAL, ScriptedInfluxDb, VictoriaMetrics,
    minute, nanoseconds, reading_of, sample, samples,
    topic::{DATA, ENERGY, STATUS},
    topic_of,
};

const SEED_LINE: &str = "home_energy,meter=5100025085 \
    1_8_0=7369.066,1_8_1=1338.005,1_8_2=6031.06,1_8_3=0,1_8_4=0 1771705629000000000";

#[tokio::test]
async fn the_seed_reading_becomes_exactly_the_line_that_the_archive_has() {
    let (mosquitto, influxdb) =
        (Mosquitto::start().await, ScriptedInfluxDb::start(Answer::Written).await);
    let token = "token = \"a-token\"\n";
    let _bridge = Bridge::start(&(mosquitto.section() + &influxdb.section() + token)).await;
    let module = Client::connect(&mosquitto).await;
    module.publish(DATA, sample("seed-data")).await;

    assert_eq!(influxdb.written(1).await, [SEED_LINE]);
    let [write] = &influxdb.writes()[..] else { panic!("written more than once") };
    assert_eq!(write.lines, format!("{SEED_LINE}\n"));
    assert_eq!(write.uri.path(), "/api/v2/write");
    let mut parameters: Vec<_> = write.uri.query().unwrap().split('&').collect();
    parameters.sort_unstable();
    assert_eq!(parameters, ["bucket=energy", "org=home", "precision=ns"]);
    assert_eq!(write.headers["authorization"], "Token a-token");
}

#[tokio::test]
async fn every_sample_becomes_its_line() {
    let (mosquitto, influxdb) =
        (Mosquitto::start().await, ScriptedInfluxDb::start(Answer::Written).await);
    let configuration = mosquitto.section() + &influxdb.section() + MANY_METERS;
    let _bridge = Bridge::start(&configuration).await;
    let module = Client::connect(&mosquitto).await;
    for name in samples() {
        module.publish(&topic_of(&name), sample(&name)).await;
    }
    // All but the debug message.
    let lines = influxdb.written(samples().len() - 1).await;
    assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn the_database_holds_every_value_of_every_sample_at_its_time() {
    let (mosquitto, victoria) = (Mosquitto::start().await, VictoriaMetrics::start().await);
    let configuration = mosquitto.section() + &victoria.section() + MANY_METERS;
    let _bridge = Bridge::start(&configuration).await;
    let module = Client::connect(&mosquitto).await;
    for name in samples() {
        module.publish(&topic_of(&name), sample(&name)).await;
    }
    // Of the last sample; what comes first is forwarded first.
    let last = "xt211_status_status_wakeups{meter=seed-status} 1771705655 1072";
    assert_snapshot!(victoria.points_with(last).await.join("\n"));
}

#[tokio::test]
async fn the_measurement_the_zone_and_whether_states_are_forwarded_are_the_users_choice() {
    let (mosquitto, influxdb) =
        (Mosquitto::start().await, ScriptedInfluxDb::start(Answer::Written).await);
    let choice = "measurement = \"my house\"\nstatus = false\n";
    let zone = "[[meter]]\ntimezone = \"Europe/Prague\"\n";
    let configuration = mosquitto.section() + &influxdb.section() + choice + zone;
    let _bridge = Bridge::start(&configuration).await;
    let module = Client::connect(&mosquitto).await;
    module.publish(STATUS, sample("seed-status")).await;
    // Its time is in local time, an hour ahead of UTC, and says no zone.
    let reading = r#"{"data":{"reading_datetime":"2026-02-21 21:27:09","values":{"1.8.0":1}}}"#;
    module.publish(DATA, reading).await;
    let line = r"my\ house,meter=meter 1_8_0=1 1771705629000000000";
    assert_eq!(influxdb.written(1).await, [line]);
}

#[tokio::test]
async fn a_message_that_is_published_with_another_quality_of_service_counts_too() {
    let (mosquitto, influxdb) =
        (Mosquitto::start().await, ScriptedInfluxDb::start(Answer::Written).await);
    let _bridge = Bridge::start(&(mosquitto.section() + &influxdb.section())).await;
    let module = Client::connect(&mosquitto).await;
    for (number, quality) in
        [QoS::AtMostOnce, QoS::ExactlyOnce, QoS::AtMostOnce].into_iter().enumerate()
    {
        let reading = reading_of(SERIAL, minute(number as i64), 100.0);
        module.publish_with(quality, DATA, reading).await;
        influxdb.written(number + 1).await;
    }
}

/// Readings of so many minutes from a first one on, and their lines.
fn readings(minutes: impl Iterator<Item = i64> + Clone) -> (Vec<String>, Vec<String>) {
    let message = |number: i64| reading_of(SERIAL, minute(number), 100.0 + number as f64);
    let line = |number: i64| {
        let (total, time) = (100 + number, nanoseconds(minute(number)));
        format!("home_energy,meter={SERIAL} 1_8_0={total} {time}")
    };
    (minutes.clone().map(message).collect(), minutes.map(line).collect())
}

#[tokio::test]
async fn a_burst_is_forwarded_whole() {
    let (mosquitto, influxdb) =
        (Mosquitto::start().await, ScriptedInfluxDb::start(Answer::Written).await);
    let _bridge = Bridge::start(&(mosquitto.section() + &influxdb.section())).await;
    let client = Client::connect(&mosquitto).await;
    let (messages, lines) = readings(0..100);
    client.publish_all(DATA, messages).await;
    assert_eq!(influxdb.written(100).await, lines);
    client.state(ENERGY, "1.8.0", 199).await;
}

#[tokio::test]
async fn what_is_published_while_the_bridge_is_away_arrives_when_it_is_back() {
    let (mosquitto, influxdb) =
        (Mosquitto::start().await, ScriptedInfluxDb::start(Answer::Written).await);
    let mut bridge = Bridge::start(&(mosquitto.section() + &influxdb.section())).await;
    let client = Client::connect(&mosquitto).await;
    let (messages, lines) = readings(0..3_000);
    client.publish(DATA, &*messages[0]).await;
    influxdb.written(1).await;
    bridge.stop().await;
    client.publish_all(DATA, messages[1..].to_vec()).await;
    bridge.start_again().await;
    assert_eq!(influxdb.written(3_000).await, lines, "each once, in order");
    client.state(ENERGY, "1.8.0", 3_099).await;
}
