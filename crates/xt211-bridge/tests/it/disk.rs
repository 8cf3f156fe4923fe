//! A disk that is full, broken, or not ours to write to; a damaged store; two bridges on one; and a
//! clock that jumps. Nothing is lost, and the user is told.

use std::{
    fs,
    io::{Seek, SeekFrom, Write},
    path::Path,
    time::Duration,
};

use time::OffsetDateTime;

use crate::support::{
    Answer, Bridge, Client, Faults, Mosquitto, SERIAL, ScriptedInfluxDb, eventually, exported,
    line, lines, message, minute, nanoseconds, points, reading_of, run_in, run_with,
    topic::{AVAILABILITY, BRIDGE, DATA, ENERGY},
    until,
};

const DATABASE: &str = "xt211-bridge.db";

struct Setup {
    mosquitto: Mosquitto,
    influxdb: ScriptedInfluxDb,
    bridge: Bridge,
    client: Client,
    faults: Faults,
}

async fn setup() -> Setup {
    let mosquitto = Mosquitto::talkative().await;
    let influxdb = ScriptedInfluxDb::start(Answer::Written).await;
    let faults = Faults::new();
    let configuration = mosquitto.section() + &influxdb.section();
    let bridge = Bridge::launch_with(&configuration, "info", &faults.environment());
    bridge.connected(1).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, message(0)).await;
    influxdb.written(1).await;
    Setup { mosquitto, influxdb, bridge, client, faults }
}

/// Makes sure that no more was acknowledged than there is, and that some is not there.
fn is_not_acknowledged(mosquitto: &Mosquitto, kept: usize, sent: usize) {
    let acknowledged = mosquitto.acknowledged();
    assert!(acknowledged <= kept && kept < sent, "{acknowledged} acknowledged, {kept} kept");
}

#[tokio::test]
async fn a_full_disk() {
    let Setup { mosquitto, influxdb, mut bridge, client, faults } = setup().await;
    faults.turn_on("FAULT_FULL");
    client.publish_all(DATA, (1..200).map(message)).await;
    let said = bridge.logs("ERROR").await;
    assert!(said.contains("the disk is full: nothing can be kept in "), "{said}");
    assert!(said.contains("free some space (store.full); trying again until it works"), "{said}");
    // What the log's file still had room for is kept; the rest is not, and is not shown.
    bridge.kill().await;
    is_not_acknowledged(&mosquitto, exported(bridge.folder()).await.len(), 200);
    // So nothing of that is lost when the bridge is killed.
    faults.turn_off("FAULT_FULL");
    bridge.start_again().await;
    client.state(ENERGY, "1.8.0", 299).await;
    // That the first one was written may not have been noted in time; then it is once more.
    until("all to be written", || points(influxdb.lines()).len() == 200).await;
    assert_eq!(points(influxdb.lines()), points(lines(0..200)));
}

#[tokio::test]
async fn a_full_disk_that_gets_room_again() {
    let Setup { mosquitto: _mosquitto, influxdb, bridge, client, faults } = setup().await;
    faults.turn_on("FAULT_FULL");
    client.publish_all(DATA, (1..200).map(message)).await;
    bridge.logs("the disk is full").await;
    faults.turn_off("FAULT_FULL");
    bridge.logs("readings can be kept again").await;
    client.state(ENERGY, "1.8.0", 299).await;
    assert_eq!(influxdb.written(200).await, lines(0..200));
    bridge.logs_times("ERROR", 1).await;
    // It did not lose the broker over it.
    bridge.logs_times("connected to", 1).await;
}

#[tokio::test]
async fn a_disk_that_is_full_at_the_start() {
    let Setup { mosquitto: _mosquitto, influxdb, mut bridge, client, faults } = setup().await;
    bridge.stop().await;
    fs::remove_file(bridge.folder().join(DATABASE)).unwrap();
    faults.turn_on("FAULT_FULL");
    bridge.launch_again();
    bridge.logs("the disk is full").await;
    client.publish_all(DATA, (1..20).map(message)).await;
    faults.turn_off("FAULT_FULL");
    assert_eq!(influxdb.written(20).await, lines(0..20));
    bridge.logs_times("ERROR", 1).await;
}

#[tokio::test]
async fn a_disk_that_is_full_is_not_said_to_have_room() {
    let Setup { mosquitto: _mosquitto, influxdb, mut bridge, client, faults } = setup().await;
    bridge.stop().await;
    client.publish_all(DATA, (1..200).map(message)).await;
    faults.turn_on("FAULT_FULL");
    client.forget();
    bridge.launch_again();
    bridge.logs("the disk is full").await;
    // It says so when it has looked for what is old enough to be removed, which is nothing.
    client.says(AVAILABILITY, "online").await;
    bridge.kill().await;
    assert_eq!(bridge.logged("readings can be kept again"), [""; 0]);
    bridge.logs_times("ERROR", 1).await;
    faults.turn_off("FAULT_FULL");
    bridge.start_again().await;
    assert_eq!(influxdb.written(200).await, lines(0..200));
}

#[tokio::test]
async fn files_that_may_not_grow() {
    let Setup { mosquitto, influxdb, bridge, client, faults: _faults } = setup().await;
    // The system itself says so, and writes as much as there is room for.
    let log = fs::metadata(bridge.folder().join("xt211-bridge.db-wal")).unwrap();
    bridge.limit_files(Some(log.len() + 5_000));
    client.publish_all(DATA, (1..200).map(message)).await;
    let said = bridge.logs("ERROR").await;
    assert!(said.contains("xt211-bridge.db: disk I/O error"), "{said}");
    assert!(
        said.contains("see whether its disk is there and sound, and lets files grow"),
        "{said}"
    );
    assert!(said.contains("trying again until it works"), "{said}");
    let kept = bridge.printed("export").await;
    is_not_acknowledged(&mosquitto, kept.lines().count(), 200);
    bridge.limit_files(None);
    bridge.logs("readings can be kept again").await;
    client.state(ENERGY, "1.8.0", 299).await;
    assert_eq!(influxdb.written(200).await, lines(0..200));
    bridge.logs_times("ERROR", 1).await;
}

#[tokio::test]
async fn a_sync_that_fails() {
    let Setup { mosquitto: _mosquitto, influxdb, bridge, client, faults } = setup().await;
    for number in 1..6 {
        faults.turn_on("FAULT_SYNC");
        client.publish(DATA, message(number)).await;
        until("a sync that fails", || !faults.is_on("FAULT_SYNC")).await;
        client.state(ENERGY, "1.8.0", 100 + number).await;
    }
    assert_eq!(influxdb.written(6).await, lines(0..6));
    assert!(!bridge.logged("ERROR").is_empty());
}

#[tokio::test]
async fn a_disk_that_may_only_be_read() {
    let Setup { mosquitto: _mosquitto, influxdb, mut bridge, client, faults } = setup().await;
    bridge.stop().await;
    faults.turn_on("FAULT_READ_ONLY");
    client.publish_all(DATA, (1..20).map(message)).await;
    bridge.launch_again();
    let said = bridge.logs("ERROR").await;
    assert!(said.contains("cannot be written to"), "{said}");
    assert!(said.contains("trying again until it works"), "{said}");
    assert!(bridge.is_running());
    faults.turn_off("FAULT_READ_ONLY");
    client.state(ENERGY, "1.8.0", 119).await;
    assert_eq!(influxdb.written(20).await, lines(0..20));
}

#[tokio::test]
async fn a_folder_that_is_not_there() {
    let mosquitto = Mosquitto::start().await;
    let store = "[store]\npath = \"nowhere/readings.db\"\n";
    let mut bridge = Bridge::launch(&(mosquitto.section() + store), "info");
    let said = bridge.logs("ERROR").await;
    assert!(said.contains("its folder is not there; create "), "{said}");
    fs::create_dir(bridge.folder().join("nowhere")).unwrap();
    bridge.connected(1).await;
    assert_eq!(bridge.stop().await.code(), Some(0));
}

#[tokio::test]
async fn a_bridge_without_a_store_can_be_stopped() {
    let store = "[store]\npath = \"nowhere/readings.db\"\n";
    let mut bridge = Bridge::launch(store, "info");
    bridge.logs("ERROR").await;
    assert_eq!(bridge.stop().await.code(), Some(0));
}

#[tokio::test]
async fn two_bridges_on_one_store() {
    let mosquitto = Mosquitto::start().await;
    let bridge = Bridge::start(&mosquitto.section()).await;
    let path = bridge.folder().join(DATABASE);
    let store = format!("[store]\npath = \"{}\"\n", path.display());
    let other = run_with(&(mosquitto.section() + &store), &["run"]).await;
    assert_eq!(other.code, 1);
    let expected = "is in use by another bridge; stop that one, or choose another file here";
    assert!(other.stderr.contains(&format!("{} {expected}", path.display())), "{}", other.stderr);
    // Whoever only looks may.
    assert_eq!(run_in(bridge.folder(), &["set-aside", "list"]).await.code, 0);
}

/// Damages a store, and returns what the bridge says of it.
async fn damaged(damage: impl FnOnce(&Path)) -> String {
    let Setup { mosquitto: _mosquitto, influxdb, mut bridge, client, .. } = setup().await;
    client.publish_all(DATA, (1..500).map(message)).await;
    influxdb.written(500).await;
    bridge.stop().await;
    let path = bridge.folder().join(DATABASE);
    // It was left in order: all is in the one file.
    assert!(!path.with_extension("db-wal").exists());
    damage(&path);
    let left = fs::read(&path).unwrap();
    client.publish(DATA, message(500)).await;
    bridge.launch_again();
    client.state(ENERGY, "1.8.0", 600).await;
    influxdb.written(501).await;
    let moved = fs::read(bridge.folder().join("xt211-bridge.db.damaged-1")).unwrap();
    assert!(moved == left, "it is not as it was");
    bridge.logs("it was moved to ").await
}

#[tokio::test]
async fn a_store_that_is_no_database_any_more() {
    let said = damaged(|path| fs::write(path, "x".repeat(20_000)).unwrap()).await;
    assert!(said.starts_with("ERROR"), "{said}");
    assert!(said.contains("and a new one is begun"), "{said}");
}

#[tokio::test]
async fn a_store_with_a_hole() {
    let said = damaged(|path| {
        let mut file = fs::File::options().write(true).open(path).unwrap();
        file.seek(SeekFrom::Start(4096)).unwrap();
        file.write_all(&[0xa5; 24 * 1024]).unwrap();
    })
    .await;
    assert!(said.starts_with("ERROR"), "{said}");
}

/// Does something in a store behind the bridge's back.
fn behind_its_back(bridge: &Bridge, sql: &str) {
    let database = rusqlite::Connection::open(bridge.folder().join(DATABASE)).unwrap();
    database.busy_timeout(Duration::from_secs(20)).unwrap();
    database.execute_batch(sql).unwrap();
}

#[tokio::test]
async fn a_record_that_the_disk_has_changed() {
    let Setup { mosquitto: _mosquitto, influxdb, mut bridge, client, .. } = setup().await;
    influxdb.answer(Answer::Error(503, "away"));
    client.publish_all(DATA, (1..10).map(message)).await;
    client.state(BRIDGE, "waiting", 9).await;
    behind_its_back(&bridge, "UPDATE record SET content = x'01ff' WHERE sequence = 4");
    influxdb.answer(Answer::Written);
    // It is set aside by itself, and all others are written.
    client.state(BRIDGE, "waiting", 0).await;
    client.state(BRIDGE, "set_aside", 1).await;
    let others: Vec<_> = lines(0..10).into_iter().filter(|one| *one != line(3)).collect();
    assert_eq!(influxdb.lines(), others);
    let shown = bridge.printed("set-aside show 1").await;
    let said = "record 4 cannot be read any more: its 2 bytes are not what was written";
    assert!(shown.contains(said), "{shown}");
    let exported = bridge.command("export").await;
    assert_eq!(
        (exported.code, exported.stdout.lines().collect::<Vec<_>>()),
        (1, others.iter().map(String::as_str).collect())
    );
    assert!(
        exported.stderr.starts_with("error: 1 of the records cannot be read"),
        "{}",
        exported.stderr
    );
    // The module sends all of its queue again, and with it what was lost.
    client.publish_all(DATA, (0..10).map(message)).await;
    assert_eq!(influxdb.written(10).await[9], line(3));
    // Nor is a restart held up by it.
    bridge.stop().await;
    bridge.start_again().await;
    client.publish(DATA, message(10)).await;
    client.state(ENERGY, "1.8.0", 110).await;
    assert_eq!(influxdb.written(11).await[10], line(10));
}

#[tokio::test]
async fn a_single_byte_that_the_disk_has_changed() {
    let Setup { mosquitto: _mosquitto, influxdb, mut bridge, client, .. } = setup().await;
    influxdb.answer(Answer::Error(503, "away"));
    client.publish_all(DATA, (1..10).map(message)).await;
    client.publish(DATA, reading_of(SERIAL, minute(20), 900.0)).await;
    client.state(BRIDGE, "waiting", 10).await;
    bridge.stop().await;
    // A digit of a total, a record's meter, a reason.
    behind_its_back(
        &bridge,
        "PRAGMA foreign_keys = OFF;
         UPDATE record SET content =
             CAST(substr(content, 1, 5) || x'c8' || substr(content, 7) AS BLOB) WHERE sequence = 4;
         UPDATE record SET meter = 77 WHERE sequence = 6;
         UPDATE set_aside SET reason = CAST(x'ff' || CAST(reason AS BLOB) AS TEXT)",
    );
    influxdb.answer(Answer::Written);
    bridge.start_again().await;
    client.publish(DATA, message(30)).await;
    client.state(ENERGY, "1.8.0", 130).await;
    // Message 20 is accepted in part: it tells the serial number, which makes no line.
    assert_eq!(influxdb.written(9).await, [0, 1, 2, 4, 6, 7, 8, 9, 30].map(line));
    let list = bridge.printed("set-aside list").await;
    assert_eq!(list.matches("store.unreadable").count(), 2, "{list}");
    assert!(list.contains("3 set aside"), "{list}");
}

#[tokio::test]
async fn damage_that_only_the_forwarder_meets() {
    let Setup { mosquitto: _mosquitto, influxdb, bridge, client, .. } = setup().await;
    influxdb.answer(Answer::Error(503, "away"));
    client.publish_all(DATA, (1..3_000).map(message)).await;
    client.state(BRIDGE, "waiting", 2_999).await;
    behind_its_back(&bridge, "PRAGMA wal_checkpoint(TRUNCATE)");
    let path = bridge.folder().join(DATABASE);
    let pages = fs::metadata(&path).unwrap().len() / 4096;
    let mut file = fs::File::options().write(true).open(&path).unwrap();
    // Not the first pages, which the bridge itself looks at, nor the last, to which it writes.
    file.seek(SeekFrom::Start(pages / 4 * 4096)).unwrap();
    file.write_all(&vec![0xa5; pages as usize / 2 * 4096]).unwrap();
    influxdb.answer(Answer::Written);
    bridge.logs("it was moved to ").await;
    client.publish(DATA, message(3_000)).await;
    client.state(ENERGY, "1.8.0", 3_100).await;
    until("the next one forwarded", || influxdb.lines().contains(&line(3_000))).await;
    client.state(BRIDGE, "influxdb", "OK").await;
}

#[tokio::test]
async fn a_board_whose_clock_starts_in_the_past() {
    let Setup { mosquitto: _mosquitto, influxdb, mut bridge, client, faults } = setup().await;
    bridge.stop().await;
    faults.put_clock_ahead(-800_000_000);
    bridge.start_again().await;
    client.publish(DATA, message(1)).await;
    client.state(ENERGY, "1.8.0", 101).await;
    faults.put_clock_ahead(0);
    client.publish(DATA, message(2)).await;
    client.state(ENERGY, "1.8.0", 102).await;
    assert_eq!(influxdb.written(3).await, lines(0..3));
}

#[tokio::test]
async fn a_clock_that_jumps() {
    let Setup { mosquitto: _mosquitto, influxdb, bridge, client, faults } = setup().await;
    // A year ahead, and right again.
    faults.put_clock_ahead(365 * 86_400);
    client.publish(DATA, message(1)).await;
    client.state(ENERGY, "1.8.0", 101).await;
    faults.put_clock_ahead(0);
    client.publish(DATA, message(2)).await;
    client.state(ENERGY, "1.8.0", 102).await;
    assert_eq!(influxdb.written(3).await, lines(0..3));
    client.state(BRIDGE, "set_aside", 0).await;
    assert_eq!(bridge.logged("WARN"), [""; 0]);
}

#[tokio::test]
async fn a_clock_that_is_ahead_at_the_start() {
    let Setup { mosquitto: _mosquitto, influxdb, mut bridge, client, faults } = setup().await;
    client.publish_all(DATA, (1..50).map(message)).await;
    influxdb.written(50).await;
    client.state(BRIDGE, "waiting", 0).await;
    bridge.stop().await;
    faults.put_clock_ahead(2 * 365 * 86_400);
    bridge.start_again().await;
    client.publish(DATA, message(50)).await;
    client.state(ENERGY, "1.8.0", 150).await;
    assert_eq!(bridge.printed("export").await.lines().count(), 51);
}

#[tokio::test]
async fn what_seemed_to_be_of_the_future_is_accepted_once_our_clock_is_right() {
    let Setup { mosquitto: _mosquitto, influxdb, mut bridge, client, faults } = setup().await;
    bridge.stop().await;
    // As a board has it that remembers when it was switched off.
    faults.put_clock_ahead(-2 * 86_400);
    bridge.start_again().await;
    let now = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap();
    let of = |time| reading_of(SERIAL, time, 200.0);
    client.publish_all(DATA, [of(now), of(now + Duration::from_secs(86_400))]).await;
    client.state(BRIDGE, "set_aside", 2).await;
    faults.put_clock_ahead(0);
    client.state(ENERGY, "1.8.0", 200).await;
    let line = format!("home_energy,meter={SERIAL} 1_8_0=200 {}", nanoseconds(now));
    assert_eq!(influxdb.written(2).await[1], line);
    // The other one is still of the future.
    client.state(BRIDGE, "set_aside", 1).await;
    bridge.logs("what seemed to be of the future was judged again").await;
}

#[tokio::test]
async fn what_comes_again_when_our_clock_is_right_is_accepted() {
    let Setup { mosquitto: _mosquitto, influxdb, mut bridge, client, faults } = setup().await;
    bridge.stop().await;
    faults.put_clock_ahead(-2 * 86_400);
    bridge.start_again().await;
    let now = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap();
    let reading = reading_of(SERIAL, now, 200.0);
    client.publish(DATA, reading.clone()).await;
    client.state(BRIDGE, "set_aside", 1).await;
    // It is put right between two runs.
    bridge.stop().await;
    faults.put_clock_ahead(0);
    bridge.start_again().await;
    client.publish(DATA, reading).await;
    client.state(ENERGY, "1.8.0", 200).await;
    influxdb.written(2).await;
    client.state(BRIDGE, "set_aside", 0).await;
}

#[tokio::test]
async fn ten_thousand_readings_that_wait() {
    let Setup { mosquitto: _mosquitto, influxdb, client, bridge: _bridge, .. } = setup().await;
    influxdb.answer(Answer::Error(503, "away for a weekend"));
    client.publish_all(DATA, (1..10_001).map(message)).await;
    eventually("all of them waiting", async || {
        let state: serde_json::Value = serde_json::from_str(&client.seen(BRIDGE).pop()?).ok()?;
        (state["waiting"] == 10_000).then_some(())
    })
    .await;
    influxdb.answer(Answer::Written);
    let before = influxdb.writes().len();
    assert_eq!(influxdb.written(10_001).await, lines(0..10_001));
    let requests = influxdb.writes().len() - before;
    assert!(requests <= 12, "{requests} requests");
    client.state(BRIDGE, "waiting", 0).await;
}
