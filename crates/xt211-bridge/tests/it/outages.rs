//! An InfluxDB that is away, overloaded, picky or set up wrongly. Nothing is lost but what it will
//! never take, and Home Assistant goes on as if nothing had happened, and is told.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use insta::assert_snapshot;

use crate::support::{
    Answer, Bridge, Client, Mosquitto, ScriptedInfluxDb, free_port, influxdb_section_at, line,
    lines, message, sample,
    topic::{AVAILABILITY, BRIDGE, DATA, ENERGY, MODULE, STATUS},
    until,
};

/// A broker, an InfluxDB that answers this, and a bridge between them.
async fn setup(answer: Answer) -> (Mosquitto, ScriptedInfluxDb, Bridge, Client) {
    let (mosquitto, influxdb) = (Mosquitto::start().await, ScriptedInfluxDb::start(answer).await);
    let token = "token = \"a-token\"\n";
    let bridge = Bridge::start(&(mosquitto.section() + &influxdb.section() + token)).await;
    let client = Client::connect(&mosquitto).await;
    (mosquitto, influxdb, bridge, client)
}

/// The first line that a failure of this kind leaves in the log; and that it is told to Home
/// Assistant, tried again, said once, and over in the end with nothing lost.
async fn passes_with_nothing_lost(failure: Answer) -> String {
    let (_mosquitto, influxdb, bridge, client) = setup(failure).await;
    client.publish_all(DATA, (0..10).map(message)).await;
    // Home Assistant has them all the same.
    client.state(ENERGY, "1.8.0", 109).await;
    client.state(BRIDGE, "influxdb", "Error").await;
    until("another try", || influxdb.count(failure) >= 2).await;

    influxdb.answer(Answer::Written);
    let state = client.state(BRIDGE, "waiting", 0).await;
    let written = influxdb.lines();
    // One may have been a witness before.
    assert!(written.ends_with(&lines(0..10)) && written.len() <= 11, "{written:?}");
    client.state(BRIDGE, "influxdb", "OK").await;
    assert_eq!(state["set_aside"], 0);
    assert!(state["last_success"].is_string(), "{state}");

    bridge.logs_times("takes readings again", 1).await;
    assert_eq!(bridge.logged("ERROR"), [""; 0]);
    bridge.logs_times("WARN", 1).await.remove(0)
}

#[tokio::test]
async fn unavailable() {
    let line = passes_with_nothing_lost(Answer::Error(503, "starting up")).await;
    assert_snapshot!(line, @"WARN InfluxDB cannot write now (503): starting up; trying again until it works");
}

#[tokio::test]
async fn too_many_requests() {
    let line = passes_with_nothing_lost(Answer::Error(429, "slow down")).await;
    assert_snapshot!(line, @"WARN InfluxDB cannot write now (429): slow down; trying again until it works");
}

#[tokio::test]
async fn an_error_of_its_own() {
    let line = passes_with_nothing_lost(Answer::Error(500, "internal error")).await;
    assert_snapshot!(line, @"WARN InfluxDB cannot write now (500): internal error; trying again until it works");
}

#[tokio::test]
async fn something_else_that_refuses_everything() {
    let text = "Client sent an HTTP request to an HTTPS server.";
    let line = passes_with_nothing_lost(Answer::Text(400, text)).await;
    assert_snapshot!(line);
}

#[tokio::test]
async fn something_else_that_finds_everything_too_large() {
    let line = passes_with_nothing_lost(Answer::Text(413, "no")).await;
    assert_snapshot!(line);
}

#[tokio::test]
async fn something_else_that_is_put_right_between_two_lines() {
    let (_mosquitto, influxdb, bridge, client) = setup(Answer::Error(503, "away")).await;
    client.publish_all(DATA, (0..3).map(message)).await;
    client.state(BRIDGE, "waiting", 3).await;
    // It refuses the oldest line, and is put right before it is shown another one.
    let is_right = AtomicBool::new(false);
    influxdb.answer_by(move |lines| match lines.lines().collect::<Vec<_>>().as_slice() {
        [newest] if *newest == line(2) => {
            is_right.store(true, Relaxed);
            Answer::Written
        }
        _ if is_right.load(Relaxed) => Answer::Written,
        _ => Answer::Text(400, "Client sent an HTTP request to an HTTPS server."),
    });
    let state = client.state(BRIDGE, "waiting", 0).await;
    assert_eq!(state["set_aside"], 0);
    assert_eq!(influxdb.lines(), lines([2, 0, 1, 2]));
    assert_eq!(bridge.logged("ERROR"), [""; 0]);
}

#[tokio::test]
async fn something_else_that_refuses_a_line_and_takes_others() {
    let (_mosquitto, influxdb, _bridge, client) = setup(Answer::Written).await;
    let poison = line(0);
    influxdb.answer_by(move |lines| match lines.contains(&poison) {
        true => Answer::Text(400, "cannot parse"),
        false => Answer::Written,
    });
    // Nobody knows whose fault it is, until there is another one.
    client.publish(DATA, message(0)).await;
    client.state(BRIDGE, "influxdb", "Error").await;
    client.state(BRIDGE, "waiting", 1).await;
    client.publish(DATA, message(1)).await;
    let state = client.state(BRIDGE, "set_aside", 1).await;
    assert_eq!(state["influxdb"], "OK");
    client.state(BRIDGE, "waiting", 0).await;
    let mut written = influxdb.lines();
    written.dedup();
    assert_eq!(written, [line(1)]);
}

#[tokio::test]
async fn something_else_that_refuses_states_and_takes_readings() {
    let (_mosquitto, influxdb, _bridge, client) = setup(Answer::Written).await;
    influxdb.answer_by(|lines| match lines.contains("xt211_status") {
        true => Answer::Text(500, "partial write: field type conflict"),
        false => Answer::Written,
    });
    // What comes last is always a state, as a module does it.
    let status = |minutes: i64| {
        let text = String::from_utf8(sample("seed-status")).unwrap();
        text.replace("20:27:35", &format!("20:{minutes:02}:35"))
    };
    for wake in 0..3 {
        client.publish(STATUS, status(wake)).await;
        client.publish(DATA, message(wake)).await;
        client.publish(STATUS, status(wake + 10)).await;
    }
    until("all readings written", || {
        lines(0..3).iter().all(|line| influxdb.lines().contains(line))
    })
    .await;
}

#[tokio::test]
async fn what_makes_no_line_is_no_success() {
    let mosquitto = Mosquitto::start().await;
    let influxdb = ScriptedInfluxDb::start(Answer::Error(503, "away")).await;
    let section = mosquitto.section() + &influxdb.section() + "status = false\n";
    let _bridge = Bridge::start(&section).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, message(0)).await;
    client.state(BRIDGE, "influxdb", "Error").await;
    client.publish(STATUS, sample("seed-status")).await;
    client.state(MODULE, "wakeups", 1072).await;
    influxdb.answer(Answer::Written);
    let state = client.state(BRIDGE, "waiting", 0).await;
    assert!(state["last_success"].is_string(), "{state}");
    assert_eq!(influxdb.lines().len(), 1);
}

#[tokio::test]
async fn wrong_token() {
    let line = passes_with_nothing_lost(Answer::Error(401, "unauthorized access")).await;
    assert_snapshot!(line, @"WARN InfluxDB does not accept influxdb.token (401): unauthorized access; trying again until it works");
}

#[tokio::test]
async fn token_without_the_right_to_write() {
    let line = passes_with_nothing_lost(Answer::Error(403, "insufficient permissions")).await;
    assert_snapshot!(line, @"WARN influxdb.token may not write to influxdb.bucket (403): insufficient permissions; trying again until it works");
}

#[tokio::test]
async fn unknown_bucket() {
    let line = passes_with_nothing_lost(Answer::Error(404, "bucket \"energy\" not found")).await;
    assert_snapshot!(line, @r#"WARN InfluxDB does not find influxdb.bucket (404): bucket "energy" not found; trying again until it works"#);
}

#[tokio::test]
async fn nothing_listens_yet() {
    let (mosquitto, port) = (Mosquitto::start().await, free_port());
    let configuration = mosquitto.section() + &influxdb_section_at(port);
    let bridge = Bridge::start(&configuration).await;
    let client = Client::connect(&mosquitto).await;
    client.publish(DATA, message(0)).await;
    client.publish(DATA, message(1)).await;
    client.state(BRIDGE, "influxdb", "Error").await;
    client.state(ENERGY, "1.8.0", 101).await;
    let warning = bridge.logs("WARN").await.replace(&port.to_string(), "PORT");
    assert_snapshot!(warning, @"WARN InfluxDB at http://127.0.0.1:PORT cannot be reached: Connection refused (os error 111) (influxdb.url); trying again until it works");

    let influxdb = ScriptedInfluxDb::start_at(port, Answer::Written).await;
    assert_eq!(influxdb.written(2).await, lines(0..2));
    client.state(BRIDGE, "influxdb", "OK").await;
}

#[tokio::test]
async fn a_server_that_never_answers_holds_nobody_up() {
    let (mosquitto, influxdb, mut bridge, client) = setup(Answer::Nothing).await;
    client.publish_all(DATA, (0..300).map(message)).await;
    client.state(ENERGY, "1.8.0", 399).await;
    until("a first write", || !influxdb.writes().is_empty()).await;
    assert_eq!(influxdb.writes().len(), 1, "still waiting for the first answer");

    // Nor the end. What it did not take is there when it can.
    assert_eq!(bridge.stop().await.code(), Some(0));
    client.says(AVAILABILITY, "offline").await;
    mosquitto.logs("Client xt211-bridge disconnected.").await;
    influxdb.answer(Answer::Written);
    bridge.start_again().await;
    assert_eq!(influxdb.written(300).await, lines(0..300));
}

#[tokio::test]
async fn one_poisoned_line_is_set_aside_and_the_others_are_written() {
    let (_mosquitto, influxdb, bridge, client) = setup(Answer::Error(503, "starting up")).await;
    client.publish_all(DATA, (0..100).map(message)).await;
    client.state(ENERGY, "1.8.0", 199).await;
    let poison = line(37);
    influxdb.answer_by(move |lines| {
        if lines.lines().any(|line| line == poison) {
            Answer::Error(400, "unable to parse 'home_energy'")
        } else {
            Answer::Written
        }
    });
    let written = influxdb.written(99).await;
    assert_eq!(written, lines((0..100).filter(|minutes| *minutes != 37)));
    client.state(BRIDGE, "set_aside", 1).await;
    let state = client.state(BRIDGE, "waiting", 0).await;
    assert_eq!(state["influxdb"], "OK");
    let errors = bridge.logs_times("ERROR", 1).await;
    assert_snapshot!(errors[0], @r#"ERROR set aside: InfluxDB refuses (400): unable to parse 'home_energy' line="home_energy,meter=5100025085 1_8_0=137 1771706229000000000""#);
    // Found by halving, not one by one.
    assert!(influxdb.writes().len() < 40, "{} requests", influxdb.writes().len());
}

/// A message that is refused so is set aside, and the next one is written.
async fn is_set_aside_alone(status: u16, text: &'static str) {
    let (_mosquitto, influxdb, bridge, client) = setup(Answer::Error(status, text)).await;
    client.publish(DATA, message(0)).await;
    client.state(BRIDGE, "set_aside", 1).await;
    influxdb.answer(Answer::Written);
    client.publish(DATA, message(1)).await;
    assert_eq!(influxdb.written(1).await, lines([1]));
    let line = bridge.logs("set aside").await;
    assert!(line.contains(&format!("InfluxDB refuses ({status}): {text}")), "{line}");
}

#[tokio::test]
async fn a_conflict_is_set_aside() {
    is_set_aside_alone(422, "failure writing points").await;
}

#[tokio::test]
async fn a_conflict_that_is_called_a_partial_write_is_set_aside() {
    is_set_aside_alone(500, "partial write: field type conflict").await;
}

#[tokio::test]
async fn too_many_lines_at_once_are_sent_in_parts() {
    let (_mosquitto, influxdb, bridge, client) = setup(Answer::Error(503, "starting up")).await;
    client.publish_all(DATA, (0..50).map(message)).await;
    client.state(ENERGY, "1.8.0", 149).await;
    influxdb.answer_by(|lines| match lines.lines().count() {
        0..=8 => Answer::Written,
        _ => Answer::Error(413, "too large"),
    });
    assert_eq!(influxdb.written(50).await, lines(0..50));
    let state = client.state(BRIDGE, "waiting", 0).await;
    assert_eq!(state["set_aside"], 0);
    assert_eq!(bridge.logged("set aside"), [""; 0]);
}

#[tokio::test]
async fn a_single_line_that_is_too_large_is_set_aside() {
    let (_mosquitto, influxdb, bridge, client) = setup(Answer::Error(413, "too large")).await;
    client.publish(DATA, message(0)).await;
    client.state(BRIDGE, "set_aside", 1).await;
    influxdb.answer(Answer::Written);
    client.publish(DATA, message(1)).await;
    assert_eq!(influxdb.written(1).await, lines([1]));
    assert_snapshot!(bridge.logs("ERROR").await, @r#"ERROR set aside: InfluxDB finds it too large (413): too large line="home_energy,meter=5100025085 1_8_0=100 1771704009000000000""#);
}

#[tokio::test]
async fn an_answer_of_many_lines_is_one_line_in_the_log() {
    let page = "<html>\n<body>\n<h1>Bad gateway</h1>\n";
    let (_mosquitto, _influxdb, bridge, client) = setup(Answer::Error(502, page)).await;
    client.publish(DATA, message(0)).await;
    assert_snapshot!(bridge.logs("WARN").await, @"WARN InfluxDB cannot write now (502): <html> <body> <h1>Bad gateway</h1>; trying again until it works");
}
