//! `decode`: what becomes of a message, on the screen.

use std::path::Path;

use insta::assert_snapshot;

use crate::support::{CORPUS, Finished, run, run_in, run_on, sample, samples};

/// Decodes these files of the corpus.
async fn decode(files: &[&str]) -> Finished {
    run_in(Path::new(CORPUS), &[&["decode"], files].concat()).await
}

#[tokio::test]
async fn every_sample() {
    for name in samples() {
        let decode = decode(&[&format!("{name}.json")]).await;
        assert_eq!((decode.code, &*decode.stderr), (0, ""), "{name}");
        assert_snapshot!(name, decode.stdout);
    }
}

#[tokio::test]
async fn standard_input() {
    let decode = run_on(sample("seed-battery"), &["decode"]).await;
    assert_eq!(decode.code, 0);
    assert_eq!(run_on(sample("seed-battery"), &["decode", "-"]).await.stdout, decode.stdout);
    assert_snapshot!(decode.stdout, @r#"
    standard input
      battery
        soc              35.78
        voltage          3.783
      Home Assistant
        sensor.xt211_meter_battery                   Battery                      battery, measurement, %
        sensor.xt211_meter_battery_voltage           Battery Voltage              voltage, measurement, V
      InfluxDB
        xt211_status,meter=meter battery_voltage=3.783,battery_soc=35.78 1771705658000000000
    "#);
}

#[tokio::test]
async fn several_messages_one_after_the_other() {
    let stream = ["seed-battery", "fw-2026-08-debug", "fw-2026-04-battery"].map(sample).concat();
    let decode = run_on(stream, &["decode"]).await;
    assert_eq!(decode.code, 0);
    assert_snapshot!(decode.stdout, @r#"
    standard input
      battery
        soc              35.78
        voltage          3.783
      Home Assistant
        sensor.xt211_meter_battery                   Battery                      battery, measurement, %
        sensor.xt211_meter_battery_voltage           Battery Voltage              voltage, measurement, V
      InfluxDB
        xt211_status,meter=meter battery_voltage=3.783,battery_soc=35.78 1771705658000000000

    standard input, message 2
      a debug message, for the firmware's developers

    standard input, message 3
      battery
        soc              44.8671875
        voltage          3.815000057220459
      Home Assistant
        sensor.xt211_meter_battery                   Battery                      battery, measurement, %
        sensor.xt211_meter_battery_voltage           Battery Voltage              voltage, measurement, V
      InfluxDB
        xt211_status,meter=meter battery_voltage=3.815000057220459,battery_soc=44.8671875 1777187740000000000
    "#);
}

#[tokio::test]
async fn several_files() {
    let decode = decode(&["seed-battery.json", "fw-2026-08-debug.json"]).await;
    assert_eq!(decode.code, 0);
    let heads: Vec<_> = decode.stdout.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(heads, ["seed-battery.json", "", "fw-2026-08-debug.json", ""]);
}

#[tokio::test]
async fn a_file_that_cannot_be_read() {
    let decode = run(&["decode", "nowhere.json"]).await;
    assert_eq!((decode.code, &*decode.stdout), (1, ""));
    assert_snapshot!(decode.stderr, @"error: cannot read nowhere.json: No such file or directory (os error 2)");
}

#[tokio::test]
async fn what_is_no_message() {
    let decode = run_on("{\"data\":{\"reading_datetime\":\"soon\"}}", &["decode"]).await;
    assert_eq!((decode.code, &*decode.stderr), (1, ""));
    assert_snapshot!(decode.stdout, @r#"
    standard input
      cannot be decoded: data.reading_datetime: expected a date such as 2026-02-21, found the end at byte 4 of "soon" (reading.time.malformed)
    "#);
}

#[tokio::test]
async fn one_that_is_none_among_others() {
    let stream = [sample("seed-battery"), b"{}".to_vec(), sample("fw-2026-08-debug")].concat();
    let decode = run_on(stream, &["decode"]).await;
    assert_eq!(decode.code, 1);
    assert_snapshot!(decode.stdout, @r#"
    standard input
      battery
        soc              35.78
        voltage          3.783
      Home Assistant
        sensor.xt211_meter_battery                   Battery                      battery, measurement, %
        sensor.xt211_meter_battery_voltage           Battery Voltage              voltage, measurement, V
      InfluxDB
        xt211_status,meter=meter battery_voltage=3.783,battery_soc=35.78 1771705658000000000

    standard input, message 2
      cannot be decoded: expected `data`, `Status`, `battery` or `debug`, found no key (message.unknown_shape)

    standard input, message 3
      a debug message, for the firmware's developers
    "#);
}

#[tokio::test]
async fn a_stream_that_is_cut_off_still_shows_what_came_before() {
    let stream = [sample("seed-battery"), sample("seed-data")[..60].to_vec()].concat();
    let decode = run_on(stream, &["decode"]).await;
    assert_eq!(decode.code, 1);
    assert_snapshot!(decode.stdout, @r#"
    standard input
      battery
        soc              35.78
        voltage          3.783
      Home Assistant
        sensor.xt211_meter_battery                   Battery                      battery, measurement, %
        sensor.xt211_meter_battery_voltage           Battery Voltage              voltage, measurement, V
      InfluxDB
        xt211_status,meter=meter battery_voltage=3.783,battery_soc=35.78 1771705658000000000

    standard input, message 2
      cannot be decoded: data: EOF while parsing an object at line 4 column 4 (message.syntax)
    "#);
}

#[tokio::test]
async fn what_the_bridge_would_not_believe() {
    let message = r#"{"data":{"reading_datetime":"1970-01-01 00:00:05 GMT","values":{"1.8.0":0}}}"#;
    let run = run_on(message, &["decode"]).await;
    assert_eq!(run.code, 0);
    assert_snapshot!(run.stdout, @r"
    standard input
      reading of 1970-01-01 00:00:05 UTC
        1.8.0            Total Import Energy                     0 kWh
      The bridge sets this aside: it is of 1970-01-01 00:00:05 UTC, before this kind of module existed: its clock is not set (reading.time.too_early)
    ");
}

#[tokio::test]
async fn the_serial_number_is_remembered_from_one_message_to_the_next() {
    let messages = [sample("seed-data"), sample("seed-battery")].concat();
    let run = run_on(messages, &["decode"]).await;
    let lines = run.stdout.lines().filter(|line| line.contains("meter=5100025085 "));
    assert_eq!(lines.count(), 2, "{}", run.stdout);
}

#[tokio::test]
async fn names_are_in_the_language_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cs.toml"), "[homeassistant]\nlanguage = \"cs\"").unwrap();
    let file = format!("{CORPUS}/seed-battery.json");
    let run = run_in(folder.path(), &["decode", "--config", "cs.toml", &file]).await;
    assert_eq!((run.code, &*run.stderr), (0, ""));
    let battery = "sensor.xt211_meter_battery                   Baterie ";
    assert!(run.stdout.contains(battery), "{}", run.stdout);
}
