//! What is no reading: kept out, said in one line, counted, acknowledged; and life goes on.

use insta::assert_snapshot;

use crate::support::{
    Answer, Bridge, Client, Mosquitto, SERIAL, ScriptedInfluxDb, minute, nanoseconds, reading,
    reading_of, sample,
    topic::{BRIDGE, DATA, ENERGY, MODULE, STATUS},
};

/// 200 KB.
const LONG: usize = 200_000;

/// Everything bad that a broker may deliver.
fn bad_payloads() -> Vec<Vec<u8>> {
    let seed = sample("seed-data");
    let with = |from: &str, to: &str| {
        let text = String::from_utf8(sample("seed-data")).unwrap();
        assert!(text.contains(from), "{from}");
        text.replace(from, to).into_bytes()
    };
    let of_time = |time: &str| with("Sat 2026-02-21 20:27:09 GMT", time);
    let nested = |open: &str, close: &str| {
        format!(r#"{{"data":{}{}}}"#, open.repeat(5_000), close.repeat(5_000)).into_bytes()
    };
    vec![
        // Empty, or nearly.
        vec![],
        b" \n".to_vec(),
        b"{}".to_vec(),
        b"null".to_vec(),
        // Cut off.
        seed[..seed.len() - 20].to_vec(),
        seed[..1].to_vec(),
        // Not UTF-8: all of it, and in the middle of a text.
        vec![0xff, 0xfe, 0x00, 0x80],
        [&br#"{"data":{"values":{"96.1.1":""#[..], &[0xc3, 0x28], b"\"}}}"].concat(),
        // Noise, the same every time.
        (0..LONG as u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect(),
        vec![b'['; LONG],
        // JSON of 200 KB.
        format!("\"{}\"", "x".repeat(LONG)).into_bytes(),
        with("7369.066", &"7".repeat(LONG)),
        format!("[{}0]", "0,".repeat(LONG / 2)).into_bytes(),
        // Deep.
        nested("[", "]"),
        nested(r#"{"data":"#, "}"),
        // Wrong types.
        b"42".to_vec(),
        b"\"online\"".to_vec(),
        br#"{"data":[1,2,3]}"#.to_vec(),
        br#"{"data":{"reading_datetime":1771705629,"values":{"1.8.0":1}}}"#.to_vec(),
        with("7369.066", "\"much\""),
        with("7369.066", "[7369.066]"),
        with("7369.066", "1e999"),
        with("7369.066", "NaN"),
        with("false,", "\"no\","),
        // Times that cannot be.
        of_time("Thu 1970-01-01 00:00:05 GMT"),
        of_time("Fri 9999-12-31 23:59:59 GMT"),
        of_time("Sat 2099-02-21 20:27:09 GMT"),
        of_time("Sat 2026-02-30 20:27:09 GMT"),
        of_time("soon"),
        of_time(""),
    ]
}

#[tokio::test]
async fn bad_input_is_set_aside_in_one_clear_line_each() {
    let (mosquitto, influxdb) =
        (Mosquitto::start().await, ScriptedInfluxDb::start(Answer::Written).await);
    let mut bridge = Bridge::start(&(mosquitto.section() + &influxdb.section())).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, reading_of(SERIAL, minute(0), 100.0)).await;
    client.state(ENERGY, "1.8.0", 100).await;

    let payloads = bad_payloads();
    let count = payloads.len();
    client.publish_all(DATA, payloads).await;
    client.state(BRIDGE, "set_aside", count).await;
    assert!(bridge.is_running());

    // The next good one counts.
    client.publish(DATA, reading_of(SERIAL, minute(1), 101.0)).await;
    client.state(ENERGY, "1.8.0", 101).await;
    let times: Vec<_> = influxdb
        .written(2)
        .await
        .iter()
        .map(|line| line.rsplit_once(' ').unwrap().1.to_owned())
        .collect();
    assert_eq!(times, [minute(0), minute(1)].map(|time| nanoseconds(time).to_string()));

    let lines = bridge.logs_times("set aside", count).await;
    assert_eq!(bridge.logged("WARN"), lines, "nothing else is said");
    let longest = lines.iter().map(|line| line.chars().count()).max();
    assert!(longest < Some(400), "a line of {longest:?} characters");
    assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn bad_input_is_acknowledged() {
    let mosquitto = Mosquitto::start().await;
    let mut bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    client.publish_all(DATA, bad_payloads()).await;
    client.publish(DATA, reading_of(SERIAL, minute(0), 100.0)).await;
    client.state(ENERGY, "1.8.0", 100).await;

    // Without a goodbye: what was not acknowledged by now comes again.
    bridge.kill().await;
    bridge.start_again().await;
    client.publish(DATA, reading_of(SERIAL, minute(1), 101.0)).await;
    client.state(ENERGY, "1.8.0", 101).await;
    assert_eq!(bridge.logged("set aside"), [""; 0]);
    // It is kept, once, however often it comes.
    client.state(BRIDGE, "set_aside", bad_payloads().len()).await;
    client.publish_all(DATA, bad_payloads()).await;
    client.publish(DATA, reading_of(SERIAL, minute(2), 102.0)).await;
    client.state(ENERGY, "1.8.0", 102).await;
    assert_eq!(bridge.logged("set aside"), [""; 0]);
    client.state(BRIDGE, "set_aside", bad_payloads().len()).await;
}

#[tokio::test]
async fn more_bad_input_than_the_broker_has_under_way_does_not_stop_delivery() {
    let mosquitto = Mosquitto::start().await;
    let bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    // Mosquitto delivers 20 before it waits for an acknowledgement.
    client.publish_all(DATA, (0..200).map(|number| format!("noise {number}"))).await;
    client.publish(DATA, reading_of(SERIAL, minute(0), 100.0)).await;
    client.state(ENERGY, "1.8.0", 100).await;
    bridge.logs_times("set aside", 200).await;
}

#[tokio::test]
async fn a_bad_status_is_set_aside_and_a_debug_message_is_not() {
    let mosquitto = Mosquitto::start().await;
    let bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(STATUS, r#"{"Status":{"Status":5}}"#).await;
    client.publish(STATUS, r#"{"Battery":{"SOC":"full"}}"#).await;
    client.publish(STATUS, sample("fw-2026-08-debug")).await;
    client.publish(STATUS, sample("seed-status")).await;
    client.state(MODULE, "wakeups", 1072).await;
    client.state(BRIDGE, "set_aside", 2).await;
    assert_snapshot!(bridge.logs_times("set aside", 2).await.join("\n"), @r#"
    WARN set aside: Status.Status: expected a text, found 5 (status.field.wrong_type) topic="elektromer/status" bytes=23
    WARN set aside: Battery.SOC: expected a number, found "full" (battery.field.wrong_type) topic="elektromer/status" bytes=26
    "#);
}

#[tokio::test]
async fn a_state_of_before_the_clock_was_set_is_shown_and_set_aside() {
    let (mosquitto, influxdb) =
        (Mosquitto::start().await, ScriptedInfluxDb::start(Answer::Written).await);
    let bridge = Bridge::start(&(mosquitto.section() + &influxdb.section())).await;
    let client = Client::connect(&mosquitto).await;
    let status = r#"{"datetime":"Thu Jan  1 00:00:07 1970","Status":{"Wakeups":1}}"#;
    client.publish(STATUS, status).await;
    client.publish(STATUS, status).await;
    client.state(MODULE, "wakeups", 1).await;
    client.state(BRIDGE, "set_aside", 1).await;
    assert_snapshot!(bridge.logged("set aside").join("\n"));
    client.publish(DATA, reading(minute(0), r#""1.8.0":100"#)).await;
    let lines = influxdb.written(1).await;
    assert_eq!(lines, [format!("home_energy,meter=meter 1_8_0=100 {}", nanoseconds(minute(0)))]);
}
