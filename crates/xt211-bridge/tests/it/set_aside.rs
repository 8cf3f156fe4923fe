//! What was not believed, not understood or not taken: looked at, released, discarded.

use std::{sync::mpsc, thread};

use insta::assert_snapshot;
use time::{Duration, OffsetDateTime};
use xt211_store::{Editor, StoreError};

use crate::support::{
    Answer, Bridge, Client, Mosquitto, SERIAL, ScriptedInfluxDb, eventually, line, message, minute,
    nanoseconds, reading_of, sample,
    topic::{BRIDGE, DATA, ENERGY, STATUS},
    until,
};

fn line_of(minutes: i64, total: i64) -> String {
    format!("home_energy,meter={SERIAL} 1_8_0={total} {}", nanoseconds(minute(minutes)))
}

/// A broker, a bridge to an InfluxDB that takes everything, and a client.
async fn setup() -> (Mosquitto, ScriptedInfluxDb, Bridge, Client) {
    let (mosquitto, influxdb) =
        (Mosquitto::start().await, ScriptedInfluxDb::start(Answer::Written).await);
    let bridge = Bridge::start(&(mosquitto.section() + &influxdb.section())).await;
    let client = Client::connect(&mosquitto).await;
    (mosquitto, influxdb, bridge, client)
}

const NOTHING: &str = "nothing is set aside\n";

/// Two meters that have topics of their own.
const TWO_METERS: &str = "
    [[meter]]
    id = \"house\"
    data_topic = \"house/data\"
    status_topic = \"house/status\"
    [[meter]]
    id = \"garden\"
    data_topic = \"garden/data\"
    status_topic = \"garden/status\"
";

/// What is listed, without times.
async fn list(bridge: &Bridge, arguments: &str) -> String {
    let list = bridge.printed(&format!("set-aside list {arguments}")).await;
    let line = |line: &str| match line.split_once(" UTC ") {
        Some((start, rest)) => format!("{}  TIME {rest}\n", &start[..5]),
        None => format!("{line}\n"),
    };
    list.lines().map(line).collect()
}

/// All of one, without the times that our clock has told.
async fn show(bridge: &Bridge, id: i64) -> String {
    let text = bridge.printed(&format!("set-aside show {id}")).await;
    let line = |line: &str| {
        let told = ["  set aside ", ", last "].into_iter().find_map(|start| {
            let end = line.find(start)? + start.len();
            Some(format!("{}TIME\n", &line[..end]))
        });
        told.unwrap_or_else(|| format!("{line}\n"))
    };
    text.lines().map(line).collect()
}

#[tokio::test]
async fn what_a_terminal_would_obey_is_not_printed() {
    let (_mosquitto, influxdb, bridge, client) = setup().await;
    influxdb.answer(Answer::Error(400, "beyond\u{1b}[2J retention"));
    client.publish_all(DATA, ["noise\u{1b}[2J\n \"ž\\\""; 3]).await;
    client.publish(STATUS, b"\xff{}".to_vec()).await;
    client.publish(DATA, message(0)).await;
    client.state(BRIDGE, "set_aside", 3).await;
    assert_snapshot!(list(&bridge, "").await);
    assert_eq!(list(&bridge, "--meter meter").await, list(&bridge, "").await);
    assert_snapshot!(bridge.complaint("set-aside list --meter cellar").await, @r#"error: nothing is kept of "cellar", only of meter"#);
    let shown = [show(&bridge, 1).await, show(&bridge, 2).await, show(&bridge, 3).await];
    assert_snapshot!(shown.join("\n"));
    assert_snapshot!(bridge.complaint("set-aside show 77").await, @"error: nothing is set aside under 77; see `set-aside list`");
}

#[tokio::test]
async fn nothing_is_done_unless_all_can_be() {
    let (_mosquitto, _influxdb, bridge, client) = setup().await;
    client.publish_all(DATA, ["noise", "more noise"]).await;
    client.state(BRIDGE, "set_aside", 2).await;
    let before = list(&bridge, "").await;
    for command in ["set-aside discard 1 77", "set-aside release 1 77 2"] {
        let complaint = bridge.complaint(command).await;
        assert_eq!(complaint, "error: nothing is set aside under 77; see `set-aside list`\n");
    }
    assert_eq!(list(&bridge, "").await, before);
    assert_eq!(bridge.printed("set-aside discard 1 2 1").await, "2 discarded\n");
    assert_eq!(bridge.printed("set-aside list").await, NOTHING);
    client.state(BRIDGE, "set_aside", 0).await;
    bridge.complaint("set-aside discard 1").await;
}

#[tokio::test]
async fn a_discarded_message_that_comes_again_stays_out_of_sight() {
    let (_mosquitto, _influxdb, mut bridge, client) = setup().await;
    client.publish(DATA, "noise").await;
    client.state(BRIDGE, "set_aside", 1).await;
    bridge.printed("set-aside discard 1").await;
    client.state(BRIDGE, "set_aside", 0).await;
    client.publish(DATA, "noise").await;
    client.publish(DATA, message(0)).await;
    client.state(ENERGY, "1.8.0", 100).await;
    assert_eq!(bridge.printed("set-aside list").await, NOTHING);

    // Nor does a restart bring it back; another message is another matter.
    bridge.stop().await;
    client.forget();
    bridge.start_again().await;
    client.state(BRIDGE, "set_aside", 0).await;
    client.publish_all(DATA, ["noise", "another noise"]).await;
    client.state(BRIDGE, "set_aside", 1).await;
    assert_eq!(bridge.logged("set aside").len(), 1);
}

#[tokio::test]
async fn a_zero_in_between_is_released_by_a_bridge_that_starts() {
    let (_mosquitto, influxdb, mut bridge, client) = setup().await;
    client.publish(DATA, message(0)).await;
    client.publish(DATA, reading_of(SERIAL, minute(1), 0.0)).await;
    client.publish(DATA, message(2)).await;
    client.state(BRIDGE, "set_aside", 1).await;
    client.state(ENERGY, "1.8.0", 102).await;
    influxdb.written(2).await;
    bridge.stop().await;
    bridge.printed("set-aside release 1").await;
    assert!(list(&bridge, "").await.contains("(to be released)"));
    assert!(show(&bridge, 1).await.contains(" (to be released)\n"));

    client.forget();
    bridge.start_again().await;
    assert_eq!(influxdb.written(3).await, [line(0), line(2), line_of(1, 0)]);
    client.state(BRIDGE, "set_aside", 0).await;
    // It is not the newest.
    client.state(ENERGY, "1.8.0", 102).await;
    let exported = bridge.printed("export").await;
    assert_eq!(exported.lines().collect::<Vec<_>>(), [line(0), line_of(1, 0), line(2)]);
}

#[tokio::test]
async fn a_poisoned_line_is_released_or_discarded() {
    let (_mosquitto, influxdb, mut bridge, client) = setup().await;
    let poison = [line(1), line(3)];
    influxdb.answer_by(move |lines| match poison.iter().any(|line| lines.contains(line)) {
        true => Answer::Error(400, "points beyond retention policy"),
        false => Answer::Written,
    });
    client.publish_all(DATA, (0..5).map(message)).await;
    client.state(BRIDGE, "set_aside", 2).await;
    influxdb.written(3).await;

    // It is still poison: set aside once more, under another number.
    bridge.printed("set-aside release 1").await;
    until("another refusal", || bridge.logged("set aside").len() == 3).await;
    client.state(BRIDGE, "set_aside", 2).await;
    bridge.complaint("set-aside show 1").await;
    assert!(show(&bridge, 3).await.contains(&format!("\n  line\n    {}\n", line(1))));

    // What is discarded is not forwarded again, either; it is kept.
    bridge.printed("set-aside discard 2").await;
    client.state(BRIDGE, "set_aside", 1).await;
    bridge.stop().await;
    influxdb.answer(Answer::Written);
    bridge.printed("set-aside release 3").await;
    bridge.printed("forward --all").await;
    bridge.start_again().await;
    let mut written = influxdb.written(7).await.split_off(3);
    written.sort();
    assert_eq!(written, [0, 1, 2, 4].map(line));
    client.state(BRIDGE, "set_aside", 0).await;
    let exported = bridge.printed("export").await;
    assert_eq!(exported.lines().collect::<Vec<_>>(), [0, 1, 2, 3, 4].map(line));
}

#[tokio::test]
async fn what_was_discarded_is_no_witness() {
    let (_mosquitto, influxdb, bridge, client) = setup().await;
    let high = |minutes| reading_of(SERIAL, minute(minutes), 90_000.0 + minutes as f64);
    client.publish(DATA, message(0)).await;
    client.publish(DATA, high(10)).await;
    client.state(BRIDGE, "set_aside", 1).await;
    bridge.printed("set-aside discard 1").await;
    client.state(BRIDGE, "set_aside", 0).await;
    // With the first, these would be three that agree.
    client.publish_all(DATA, [high(20), high(30)]).await;
    client.state(BRIDGE, "set_aside", 2).await;
    client.state(ENERGY, "1.8.0", 100).await;
    // The module sends its whole queue again.
    client.publish_all(DATA, [high(10), high(20), high(30), message(1)]).await;
    until("the late one forwarded", || influxdb.lines().contains(&line(1))).await;
    client.state(BRIDGE, "set_aside", 2).await;
    client.publish(DATA, high(40)).await;
    client.state(ENERGY, "1.8.0", 90_040).await;
    client.state(BRIDGE, "set_aside", 0).await;
    assert_eq!(bridge.printed("set-aside list").await, NOTHING);
    let exported = bridge.printed("export").await;
    let lines = [line(0), line(1), line_of(20, 90_020), line_of(30, 90_030), line_of(40, 90_040)];
    assert_eq!(exported.lines().collect::<Vec<_>>(), lines);
}

#[tokio::test]
async fn a_failure_to_keep_something_makes_nothing_forgotten() {
    let mosquitto = Mosquitto::start().await;
    let bridge = Bridge::start(&(mosquitto.section() + TWO_METERS)).await;
    let client = Client::connect(&mosquitto).await;
    client.publish("garden/data", message(0)).await;
    client.publish("garden/data", reading_of(SERIAL, minute(1), 0.0)).await;
    client.publish("garden/data", reading_of(SERIAL, minute(2), 900.0)).await;
    client.state("xt211/garden/bridge", "set_aside", 2).await;

    // Somebody holds on to the store for longer than the bridge waits.
    let path = bridge.folder().join("xt211-bridge.db");
    let (hold, held) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let holder = thread::spawn(move || {
        Editor::open(&path).unwrap().write(|store| {
            assert!(store.request_release(1)?);
            hold.send(()).unwrap();
            released.recv().unwrap();
            Ok::<_, StoreError>(())
        })
    });
    held.recv().unwrap();
    client.publish("house/data", message(0)).await;
    bridge.logs("is being written to by another program").await;
    release.send(()).unwrap();
    holder.join().unwrap().unwrap();
    bridge.logs("readings can be kept again").await;
    client.state("xt211/house/energy", "1.8.0", 100).await;

    // The garden was not heard since.
    client.state("xt211/garden/bridge", "set_aside", 1).await;
    assert_eq!(bridge.logged("cannot be released"), [""; 0]);
    bridge.printed("set-aside release 2").await;
    client.state("xt211/garden/bridge", "set_aside", 0).await;
    client.state("xt211/garden/energy", "1.8.0", 900).await;
}

#[tokio::test]
async fn what_no_meter_has_sent_is_listed_by_its_topic() {
    let mosquitto = Mosquitto::start().await;
    let meters = "[[meter]]\ndata_topic = \"+/data\"\nstatus_topic = \"+/status\"\n";
    let bridge = Bridge::start(&(mosquitto.section() + meters)).await;
    let client = Client::connect(&mosquitto).await;
    client.publish("tele/status", "on").await;
    client.publish("garden/status", sample("seed-status")).await;
    client.publish("garden/data", "noise").await;
    client.state("xt211/garden/bridge", "set_aside", 1).await;
    assert_snapshot!(list(&bridge, "").await);
    assert!(list(&bridge, "--meter garden").await.ends_with("\n1 set aside\n"));
    bridge.printed("set-aside release 1").await;
    bridge.logs("1 cannot be released: its meter is not in the configuration").await;
}

#[tokio::test]
async fn another_value_of_the_same_time_takes_the_place_of_the_first() {
    let (_mosquitto, influxdb, bridge, client) = setup().await;
    let of = |value: f64| reading_of(SERIAL, minute(0), value);
    client.publish_all(DATA, [of(100.0), of(200.0)]).await;
    client.state(BRIDGE, "set_aside", 1).await;
    client.state(ENERGY, "1.8.0", 100).await;
    influxdb.written(1).await;
    bridge.printed("set-aside release 1").await;
    client.state(ENERGY, "1.8.0", 200).await;
    // InfluxDB keeps the last value of a time, and so do we.
    assert_eq!(influxdb.written(2).await, [line_of(0, 100), line_of(0, 200)]);
    assert_eq!(bridge.printed("export").await, line_of(0, 200) + "\n");
    // The first is set aside in its turn, and is no news when it comes again.
    client.publish(DATA, of(100.0)).await;
    eventually("the first counted", async || list(&bridge, "").await.contains(" 2×").then_some(()))
        .await;
    assert_snapshot!(list(&bridge, "").await);

    bridge.printed("set-aside release 2").await;
    client.state(ENERGY, "1.8.0", 100).await;
    assert_eq!(bridge.printed("export").await, line_of(0, 100) + "\n");
    influxdb.written(3).await;
    client.publish(DATA, message(1)).await;
    client.state(ENERGY, "1.8.0", 101).await;
    client.state(BRIDGE, "set_aside", 1).await;
}

#[tokio::test]
async fn all_of_one_kind_is_released_at_once() {
    let (_mosquitto, influxdb, bridge, client) = setup().await;
    influxdb.answer(Answer::Error(422, "beyond retention"));
    client.publish(DATA, "noise").await;
    client.publish_all(DATA, (0..1_500).map(message)).await;
    client.state(BRIDGE, "set_aside", 1_501).await;
    influxdb.answer(Answer::Written);
    let usage = bridge.command("set-aside release 1 --all").await;
    assert_eq!(usage.code, 2);
    assert!(usage.stderr.contains("'[ID]...' cannot be used with '--all'"), "{}", usage.stderr);
    let told = bridge.printed("set-aside release --code influxdb.refused").await;
    assert_snapshot!(told);
    client.state(BRIDGE, "set_aside", 1).await;
    let mut written = influxdb.written(1_500).await;
    written.sort();
    written.dedup();
    assert_eq!(written.len(), 1_500);
    assert_eq!(bridge.printed("set-aside discard --meter meter").await, "1 discarded\n");
    assert_eq!(
        bridge.printed("set-aside release --all").await.split(':').next(),
        Some("0 to be released")
    );
    client.state(BRIDGE, "set_aside", 0).await;
}

/// The serial number of the meter that is there next.
const NEXT_SERIAL: &str = "5100099999";

#[tokio::test]
async fn what_is_accepted_later_is_still_of_the_meter_that_sent_it() {
    let (_mosquitto, influxdb, bridge, client) = setup().await;
    client.publish(DATA, message(0)).await;
    client.publish(DATA, reading_of(SERIAL, minute(0), 300.0)).await;
    client.publish(DATA, reading_of(SERIAL, minute(1), 900.0)).await;
    // It is set back, which is believed only in the end.
    for (at, total) in [(10, 1.0), (20, 1.5), (30, 2.0)] {
        client.publish(DATA, reading_of(SERIAL, minute(at), total)).await;
    }
    client.state(ENERGY, "1.8.0", 2).await;
    influxdb.written(4).await;
    let before = bridge.printed("export").await;
    client.publish(DATA, reading_of(NEXT_SERIAL, minute(60), 3.0)).await;
    client.state(ENERGY, "1.8.0", 3).await;
    assert!(bridge.printed("export").await.starts_with(&before));
    client.state(BRIDGE, "set_aside", 2).await;
    bridge.printed("set-aside release --all").await;
    until("both released", || influxdb.lines().contains(&line_of(1, 900))).await;
    until("both released", || influxdb.lines().contains(&line_of(0, 300))).await;
    assert_eq!(bridge.printed("export").await.matches(NEXT_SERIAL).count(), 1);
}

#[tokio::test]
async fn what_cannot_be_kept_stays_set_aside() {
    let mosquitto = Mosquitto::start().await;
    let zone = "[[meter]]\ntimezone = \"Europe/Prague\"\n";
    let bridge = Bridge::start(&(mosquitto.section() + zone)).await;
    let client = Client::connect(&mosquitto).await;
    // In UTC, that is in 1969.
    let status = r#"{"datetime":"Thu Jan  1 00:00:07 1970","Status":{"Wakeups":1}}"#;
    client.publish(STATUS, status).await;
    client.state(BRIDGE, "set_aside", 1).await;
    bridge.printed("set-aside release --all").await;
    bridge.logs("1 cannot be released: ").await;
    assert!(list(&bridge, "").await.contains("(cannot be released: it is of 1969-12-31"));
}

#[tokio::test]
async fn what_was_released_and_comes_again_is_nothing_new() {
    let (_mosquitto, influxdb, bridge, client) = setup().await;
    let ahead = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap() + Duration::hours(1);
    let reading = reading_of(SERIAL, ahead, 100.0);
    client.publish(DATA, reading.clone()).await;
    client.state(BRIDGE, "set_aside", 1).await;
    bridge.printed("set-aside release 1").await;
    influxdb.written(1).await;
    client.publish_all(DATA, [reading, message(0)]).await;
    influxdb.written(2).await;
    assert_eq!(bridge.printed("set-aside list").await, NOTHING);
}

#[tokio::test]
async fn what_was_discarded_takes_no_serial_number_along() {
    let (_mosquitto, influxdb, bridge, client) = setup().await;
    client.publish(DATA, reading_of(SERIAL, minute(0), 0.0)).await;
    client.state(BRIDGE, "set_aside", 1).await;
    bridge.printed("set-aside discard 1").await;
    client.publish_all(DATA, [0.0, 100.0].map(|total| reading_of(SERIAL, minute(0), total))).await;
    assert_eq!(influxdb.written(1).await, [line_of(0, 100)]);
}
