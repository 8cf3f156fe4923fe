//! What is kept: exported, forwarded again, and what was set aside and is looked at again.

use insta::assert_snapshot;
use tempfile::TempDir;

use crate::support::{
    Answer, Bridge, Client, Finished, Mosquitto, SERIAL, ScriptedInfluxDb, line, lines, message,
    minute, reading_of, run_in, sample,
    topic::{BRIDGE, DATA, ENERGY, MODULE, STATUS},
    until,
};

/// A broker, a bridge without InfluxDB, and a client.
async fn setup() -> (Mosquitto, Bridge, Client) {
    let mosquitto = Mosquitto::start().await;
    let bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    (mosquitto, bridge, client)
}

#[tokio::test]
async fn without_influxdb_everything_is_kept_and_forwarded_once_there_is_one() {
    let (mosquitto, mut bridge, client) = setup().await;
    client.publish_all(DATA, (0..50).map(message)).await;
    client.state(ENERGY, "1.8.0", 149).await;
    let state = client.state(BRIDGE, "influxdb", "Off").await;
    assert_eq!(state["waiting"], 0);
    assert_eq!(bridge.printed("export").await.lines().collect::<Vec<_>>(), lines(0..50));
    client.publish(STATUS, sample("seed-status")).await;
    client.state(MODULE, "wakeups", 1072).await;

    bridge.stop().await;
    let influxdb = ScriptedInfluxDb::start(Answer::Written).await;
    bridge.configure(&(mosquitto.section() + &influxdb.section()));
    bridge.start_again().await;
    let written = influxdb.written(51).await;
    assert_eq!(written[..50], lines(0..50));
    assert!(written[50].starts_with("xt211_status,meter=5100025085 "), "{}", written[50]);
    client.state(BRIDGE, "waiting", 0).await;
    // In the order of time, not of arrival.
    let exported = bridge.printed("export").await;
    assert_eq!(exported.lines().count(), 51);
    assert!(written.iter().all(|line| exported.contains(line)));
}

#[tokio::test]
async fn a_range_is_forwarded_again() {
    let mosquitto = Mosquitto::start().await;
    let influxdb = ScriptedInfluxDb::start(Answer::Written).await;
    let bridge = Bridge::start(&(mosquitto.section() + &influxdb.section())).await;
    let client = Client::connect(&mosquitto).await;
    client.publish_all(DATA, (0..20).map(message)).await;
    influxdb.written(20).await;
    client.state(BRIDGE, "waiting", 0).await;
    let range = "--from 2026-02-21T20:05:09Z --to 2026-02-21T20:10:09Z";
    let said = bridge.printed(&format!("forward --meter meter {range}")).await;
    assert!(said.starts_with("5 records are to go to http://127.0.0.1:"), "{said}");
    assert_eq!(influxdb.written(25).await[20..], lines(5..10));
    client.state(BRIDGE, "waiting", 0).await;

    let said = bridge.printed("forward --from 2027-01-01").await;
    assert_eq!(said, "nothing in that range was forwarded before, or all of it waits already\n");
    assert_snapshot!(bridge.complaint("forward --meter cellar").await, @r#"error: nothing is kept of "cellar", only of meter"#);
    let usage = bridge.command("forward").await;
    assert_eq!(usage.code, 2, "{usage:?}");
}

#[tokio::test]
async fn csv_has_a_row_for_each_register() {
    let (_mosquitto, bridge, client) = setup().await;
    client.publish(DATA, sample("han-full-codes-data")).await;
    client.state(ENERGY, "1.8.0", 7369.12).await;
    assert_snapshot!(bridge.printed("export --format csv").await);
}

#[tokio::test]
async fn what_was_set_aside_is_shown_released_and_discarded() {
    let mosquitto = Mosquitto::start().await;
    let influxdb = ScriptedInfluxDb::start(Answer::Written).await;
    let mut bridge = Bridge::start(&(mosquitto.section() + &influxdb.section())).await;
    let client = Client::connect(&mosquitto).await;
    assert_eq!(bridge.printed("set-aside list").await, "nothing is set aside\n");
    let poison = line(3);
    influxdb.answer_by(move |lines| match lines.contains(&poison) {
        true => Answer::Error(400, "points beyond retention policy"),
        false => Answer::Written,
    });
    client.publish(DATA, message(0)).await;
    client.publish_all(DATA, ["noise\u{1b}[2J"; 3]).await;
    client.publish(DATA, reading_of(SERIAL, minute(1), 900.0)).await;
    client.publish(DATA, reading_of(SERIAL, minute(2), 0.0)).await;
    client.publish(DATA, message(3)).await;
    client.state(BRIDGE, "set_aside", 4).await;

    let list = bridge.printed("set-aside list").await;
    let list: Vec<_> = list.lines().map(without_time).collect();
    assert_snapshot!(list.join("\n"));
    let mut shown = String::new();
    for id in 1..=4 {
        let text = bridge.printed(&format!("set-aside show {id}")).await;
        let kept = text
            .lines()
            .filter(|line| !line.starts_with("  set aside ") && !line.starts_with("  came "));
        shown.extend(kept.map(|line| format!("{line}\n")));
    }
    assert_snapshot!(shown);

    assert_eq!(
        bridge.complaint("set-aside discard 1 77").await,
        "error: nothing is set aside under 77; see `set-aside list`\n"
    );
    bridge.printed("set-aside discard 1").await;
    client.state(BRIDGE, "set_aside", 3).await;
    client.publish(DATA, "noise\u{1b}[2J").await;
    // While the bridge runs: the user knows that it is right.
    bridge.printed("set-aside release 2").await;
    client.state(BRIDGE, "set_aside", 2).await;
    let high = line(1).replace("=101 ", "=900 ");
    until("the released reading", || influxdb.lines().contains(&high)).await;
    // While it does not: InfluxDB takes the line now.
    bridge.stop().await;
    influxdb.answer(Answer::Written);
    bridge.printed("set-aside release 4").await;
    bridge.start_again().await;
    until("the released line", || influxdb.lines().contains(&line(3))).await;
    client.state(BRIDGE, "set_aside", 1).await;
    // What nobody can read stays.
    client.publish(STATUS, "still noise").await;
    client.state(BRIDGE, "set_aside", 2).await;
    bridge.printed("set-aside release 5").await;
    bridge.logs("5 cannot be released: ").await;
    let list = bridge.printed("set-aside list").await;
    assert_eq!(list.lines().count(), 3);
    assert!(list.contains(" (cannot be released: "), "{list}");
}

fn without_time(line: &str) -> String {
    match line.split_once(" UTC  ") {
        Some((start, rest)) => format!("{}  {rest}", &start[..5]),
        None => line.to_owned(),
    }
}

#[tokio::test]
async fn there_has_to_be_a_store() {
    let folder = TempDir::new().unwrap();
    for arguments in [&["export"][..], &["set-aside", "list"], &["set-aside", "release", "1"]] {
        let Finished { code, stdout, stderr } = run_in(folder.path(), arguments).await;
        assert_eq!((code, stdout.as_str()), (1, ""));
        assert!(stderr.starts_with("error: xt211-bridge.db cannot be opened"), "{stderr}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is made");
    }
}
