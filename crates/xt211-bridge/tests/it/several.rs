//! Several bridges on one broker: each message goes to one of them, or each has meters of its own.

use std::{collections::BTreeSet, time::Duration};

use fastrand::Rng;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::time::sleep;

use crate::support::{
    Answer, Bridge, Client, Gate, Module, Mosquitto, SERIAL, ScriptedInfluxDb, Walk, eventually,
    exported, influxdb_section_at, line, lines, message, minute, nanoseconds, points, reading,
    seeds,
    topic::{AVAILABILITY, BRIDGE, DATA, DISCOVERY, ENERGY, MODULE, STATUS},
    until,
};

/// The configuration of one of several that share all messages.
fn sharing(mosquitto: &Mosquitto, name: &str, influxdb: &str) -> String {
    let mqtt = mosquitto.section();
    format!("{mqtt}client_id = \"{name}\"\nshare_name = \"xt211\"\n{influxdb}")
}

fn availability(name: &str) -> String {
    format!("{AVAILABILITY}/{name}")
}

/// What a bridge tells the others of the meter.
fn letter(name: &str) -> String {
    format!("xt211/bridge/shared/{name}/meter")
}

/// What a bridge has told the others of the meter's total.
fn told(client: &Client, name: &str) -> Option<String> {
    let letter: Value = serde_json::from_str(&client.seen(&letter(name)).pop()?).unwrap();
    letter["meter"]["states"]["1.8.0"][0].as_str().map(String::from)
}

struct Two {
    mosquitto: Mosquitto,
    influxdb: ScriptedInfluxDb,
    one: Bridge,
    other: Bridge,
    client: Client,
}

impl Two {
    async fn start() -> Self {
        Self::start_with("").await
    }

    async fn start_with(more: &str) -> Self {
        let mosquitto = Mosquitto::start().await;
        let influxdb = ScriptedInfluxDb::start(Answer::Written).await;
        let client = Client::connect(&mosquitto).await;
        let rest = influxdb.section() + more;
        let one = Bridge::start(&sharing(&mosquitto, "one", &rest)).await;
        let other = Bridge::start(&sharing(&mosquitto, "other", &rest)).await;
        Self { mosquitto, influxdb, one, other, client }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_message_goes_to_one_of_them() {
    let Two { mosquitto: _mosquitto, influxdb, one, other, client } = Two::start().await;
    client.publish_all(DATA, (0..60).map(message)).await;
    let mut written = influxdb.written(60).await;
    written.sort();
    let mut expected = lines(0..60);
    expected.sort();
    assert_eq!(written, expected);
    let (mine, others) = (exported(one.folder()).await, exported(other.folder()).await);
    assert_eq!((mine.len(), others.len()), (30, 30));
    // A repeated queue makes no other points, whoever gets what of it this time.
    client.publish_all(DATA, (0..61).map(message)).await;
    until("the last one", || influxdb.lines().contains(&line(60))).await;
    until("all points", || points(influxdb.lines()) == points(lines(0..61))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_has_not_done_when_it_is_killed_is_done_by_the_other_or_later() {
    let mosquitto = Mosquitto::persistent().await;
    let influxdb = ScriptedInfluxDb::start(Answer::Written).await;
    let mut gate = Gate::to(influxdb.port()).await;
    // It keeps what it gets, and cannot forward it.
    gate.close().await;
    let section = influxdb_section_at(gate.port);
    let mut killed = Bridge::start(&sharing(&mosquitto, "killed", &section)).await;
    let other = Bridge::start(&sharing(&mosquitto, "other", &influxdb.section())).await;
    let client = Client::connect(&mosquitto).await;
    let sent: Vec<_> = Walk::new(Rng::with_seed(7)).take(600).collect();
    let (first, rest) = sent.split_at(200);
    let module = Module::at(&mosquitto);
    module.send(DATA, first.iter().map(|sent| sent.message.clone())).await;
    let kept = async || (exported(killed.folder()).await.len() > 20).then_some(());
    eventually("some of it to be kept", kept).await;
    let sending = tokio::spawn({
        let messages: Vec<_> = rest.iter().map(|sent| sent.message.clone()).collect();
        async move { module.send(DATA, messages).await }
    });
    killed.kill().await;
    client.says(&availability("killed"), "offline").await;
    client.says(&availability("other"), "online").await;
    sending.await.unwrap();
    gate.open(u64::MAX).await;
    killed.start_again().await;
    let all = points(sent.iter().map(|sent| &sent.line));
    until("all points", || points(influxdb.lines()).len() >= all.len()).await;
    assert!(points(influxdb.lines()) == all, "what is written is not what was sent");
    client.state(BRIDGE, "waiting", 0).await;
    client.state(BRIDGE, "set_aside", 0).await;
    let [mine, others] =
        [exported(killed.folder()).await, exported(other.folder()).await].map(points);
    assert!(!mine.is_empty() && !others.is_empty(), "only one of them has got something");
}

/// One that comes later is told of the meter before it hears it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_comes_later_counts_what_it_does() {
    let mosquitto = Mosquitto::start().await;
    let influxdb = ScriptedInfluxDb::start(Answer::Written).await;
    let client = Client::connect(&mosquitto).await;
    let _one = Bridge::start(&sharing(&mosquitto, "one", &influxdb.section())).await;
    let total = |it| reading(minute(it), &format!(r#""1.8.0":{},"96.1.1":"1""#, 100 + it));
    client.publish_all(DATA, (0..3).map(total)).await;
    client.state(BRIDGE, "waiting", 0).await;
    until("the others to be told", || told(&client, "one").as_deref() == Some("n102")).await;
    let _other = Bridge::start(&sharing(&mosquitto, "other", &influxdb.section())).await;
    until("it to be told", || told(&client, "other").as_deref() == Some("n102")).await;
    client.publish_all(DATA, (3..13).map(total)).await;
    until("all of it to be told", || {
        let letter: Value =
            serde_json::from_str(&client.seen(&letter("other")).pop().unwrap()).unwrap();
        letter["work"]["heard"] == 5 && letter["work"]["waiting"] == 0
    })
    .await;
}

/// Whatever is in its own store.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_started_shows_nothing_older_than_what_the_others_know() {
    let Two { mosquitto: _mosquitto, influxdb: _influxdb, mut one, mut other, client } =
        Two::start().await;
    let total = |it: i64| reading(minute(it), &format!(r#""1.8.0":{}"#, 100 + it));
    client.publish_all(DATA, (0..4).map(total)).await;
    until("one of them to have told the newest", || {
        ["one", "other"].iter().any(|name| told(&client, name).as_deref() == Some("n103"))
    })
    .await;
    client.state(ENERGY, "1.8.0", 103).await;
    // One of them has the newest in its store, the other has not.
    for bridge in [&mut one, &mut other] {
        bridge.stop().await;
        client.forget();
        bridge.start_again().await;
        client.message(ENERGY).await;
        let shown = client.seen(ENERGY).concat();
        assert!(!shown.contains("102") && shown.contains("103"), "{shown}");
    }
}

/// A bridge that was away for long has not heard the module for as long, which another one has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_module_that_another_one_has_heard_is_not_overdue() {
    let Two { mosquitto: _mosquitto, influxdb: _influxdb, mut one, mut other, client } =
        Two::start().await;
    client.publish_all(DATA, (0..4).map(message)).await;
    until("both to have told it", || {
        ["one", "other"].iter().all(|name| told(&client, name).is_some())
    })
    .await;
    let long_ago = |bridge: &mut Bridge| {
        bridge.edit_meter(|meter| {
            meter.heard_at = meter.heard_at.map(|at| at - Duration::from_secs(24 * 3600));
        });
    };
    one.stop().await;
    long_ago(&mut one);
    client.forget();
    one.start_again().await;
    let state: Value = serde_json::from_str(&client.message(BRIDGE).await).unwrap();
    assert_eq!(state["overdue"], false);
    // Unless no other one has.
    other.stop().await;
    long_ago(&mut other);
    client.forget();
    other.start_again().await;
    // What it said before it was stopped is still there until it says otherwise.
    let an_hour_ago = OffsetDateTime::now_utc().unix_timestamp() - 3_600;
    until("the other one to tell when it has heard the module", || {
        let letters = client.seen(&letter("other"));
        let last = letters.last().and_then(|text| serde_json::from_str::<Value>(text).ok());
        last.is_some_and(|letter| {
            letter["work"]["heard_at"].as_i64().is_some_and(|at| at < an_hour_ago)
        })
    })
    .await;
    one.stop().await;
    client.forget();
    one.start_again().await;
    client.state(BRIDGE, "overdue", true).await;
}

/// Whatever becomes of two bridges, all is written, and at last the newest value is shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_is_killed_all_is_written_and_the_newest_is_shown() {
    for mut rng in seeds() {
        let mosquitto = Mosquitto::persistent().await;
        let influxdb = ScriptedInfluxDb::start(Answer::Written).await;
        let client = Client::connect(&mosquitto).await;
        let configuration = |name| sharing(&mosquitto, name, &influxdb.section());
        let mut bridges = [
            Bridge::start(&configuration("one")).await,
            Bridge::start(&configuration("other")).await,
        ];
        let sent: Vec<_> = Walk::new(rng.fork()).take(400).collect();
        let module = Module::at(&mosquitto);
        let mut rest = sent.as_slice();
        while !rest.is_empty() {
            let (burst, after) = rest.split_at(rng.usize(1..40).min(rest.len()));
            rest = after;
            let sending = module.send(DATA, burst.iter().map(|sent| sent.message.clone()));
            let bridge = &mut bridges[rng.usize(0..2)];
            match rng.u8(0..4) {
                0 => {
                    let killing = async {
                        sleep(Duration::from_millis(rng.u64(0..9).pow(3))).await;
                        bridge.kill().await;
                    };
                    tokio::join!(sending, killing);
                    bridge.start_again().await;
                }
                1 => {
                    bridge.freeze().await;
                    sending.await;
                    sleep(Duration::from_millis(rng.u64(0..9).pow(3))).await;
                    bridge.thaw();
                }
                _ => sending.await,
            }
        }
        let all = points(sent.iter().map(|sent| &sent.line));
        until("all points", || points(influxdb.lines()).len() >= all.len()).await;
        assert!(points(influxdb.lines()) == all, "what is written is not what was sent");
        let newest: Value = serde_json::from_str(&sent[sent.len() - 1].message).unwrap();
        let newest = newest["data"]["values"]["1.8.0"].to_string();
        let newest = Some(format!("n{newest}"));
        until("one of them to have told the newest", || {
            ["one", "other"].iter().any(|name| told(&client, name) == newest)
        })
        .await;
        client.state(BRIDGE, "waiting", 0).await;
        let total: f64 = newest.as_deref().unwrap()[1..].parse().unwrap();
        client.state(ENERGY, "1.8.0", total).await;
        for bridge in &mut bridges {
            bridge.stop().await;
        }
        let retained = Client::retained(&mosquitto).await;
        let energy: Value = serde_json::from_str(&retained[ENERGY]).unwrap();
        assert_eq!(energy["1.8.0"].as_f64(), Some(total));
        let [mine, others] = [&bridges[0], &bridges[1]].map(|bridge| bridge.folder().to_owned());
        let kept: BTreeSet<_> =
            exported(&mine).await.into_iter().chain(exported(&others).await).collect();
        assert_eq!(kept.len(), sent.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_shown_is_the_newest_of_all_that_they_have_heard() {
    let Two { mosquitto, influxdb: _influxdb, mut one, mut other, client } = Two::start().await;
    for burst in 0..5_i64 {
        let minutes = burst * 11..burst * 11 + 11;
        let total = |it: i64| reading(minute(it), &format!(r#""1.8.0":{}"#, 100 + it));
        let messages = minutes.clone().map(total);
        client.publish_all(DATA, messages).await;
        let newest = 100 + minutes.end - 1;
        client.state(ENERGY, "1.8.0", newest).await;
        let newest = Some(format!("n{newest}"));
        until("one of them to have told it", || {
            ["one", "other"].iter().any(|name| told(&client, name) == newest)
        })
        .await;
    }
    one.stop().await;
    other.stop().await;
    let retained = Client::retained(&mosquitto).await;
    assert_eq!(retained[ENERGY], r#"{"1.8.0":154}"#);
    let module: Value = serde_json::from_str(&retained[MODULE]).unwrap();
    assert_eq!(module["last_reading"], "2026-02-21T20:54:09Z");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_reading_that_comes_late_to_another_is_not_shown() {
    let Two { mosquitto: _mosquitto, influxdb, one, other: _other, client } = Two::start().await;
    // Each has heard of the meter.
    client.publish_all(DATA, (0..4).map(message)).await;
    client.state(ENERGY, "1.8.0", 103).await;
    influxdb.written(4).await;
    one.freeze().await;
    // Some of these wait for it; the last of all does not.
    let mut last = 4;
    while told(&client, "other") != Some(format!("n{}", 100 + last - 1)) || last < 10 {
        client.publish(DATA, message(last)).await;
        last += 1;
        let newest = Some(format!("n{}", 100 + last - 1));
        let is_told = async || (told(&client, "other") == newest).then_some(());
        // Every second message is another's.
        let _ = tokio::time::timeout(Duration::from_secs(2), eventually("", is_told)).await;
    }
    let newest = 100 + last - 1;
    client.state(ENERGY, "1.8.0", newest).await;
    client.forget();
    one.thaw();
    influxdb.written(usize::try_from(last).unwrap()).await;
    until("the late one to know the newest", || told(&client, "one") == Some(format!("n{newest}")))
        .await;
    client.state(ENERGY, "1.8.0", newest).await;
    // It may still say what it had said already.
    let shown = [103, newest].map(|total| format!(r#"{{"96.1.1":"{SERIAL}","1.8.0":{total}}}"#));
    for state in client.seen(ENERGY) {
        assert!(shown.contains(&state), "{state}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_serial_number_that_only_one_is_told_is_known_to_all() {
    learn_a_serial_number("").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_tell_each_other_also_if_they_tell_home_assistant_nothing() {
    let client = learn_a_serial_number("[homeassistant]\nenabled = false\n").await;
    let topics = client.topics();
    let is_of_group = |topic: &&String| topic.starts_with("xt211/bridge/");
    let (of_group, others): (Vec<_>, Vec<_>) = topics.iter().partition(is_of_group);
    assert_eq!(of_group.len(), 4, "{of_group:?}");
    assert_eq!(others, [DATA, STATUS]);
}

async fn learn_a_serial_number(more: &str) -> Client {
    let Two { mosquitto: _mosquitto, influxdb, one: _one, other: _other, client } =
        Two::start_with(more).await;
    let total = |it: i64| reading(minute(it), &format!(r#""1.8.0":{}"#, 100 + it));
    client.publish_all(DATA, (0..5).map(total)).await;
    let status = format!(
        r#"{{"datetime":"Sat Feb 21 20:05:00 2026","Status":{{"Status":"OK","SerialNo":"{SERIAL}"}}}}"#
    );
    client.publish(STATUS, status).await;
    client.publish_all(DATA, (5..9).map(total)).await;
    let written = influxdb.written(10).await;
    let (status, readings): (BTreeSet<_>, BTreeSet<_>) =
        written.into_iter().partition(|line| line.starts_with("xt211_status"));
    assert_eq!(readings, lines(0..9).into_iter().collect());
    assert!(status.iter().all(|line| line.contains(&format!("meter={SERIAL} "))), "{status:?}");
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_meter_is_available_while_one_of_them_is() {
    let Two { mosquitto: _mosquitto, influxdb: _influxdb, mut one, mut other, client } =
        Two::start().await;
    let both = json!([
        { "topic": availability("one") },
        { "topic": availability("other") },
    ]);
    let discovery = client.state(DISCOVERY, "availability", both.clone()).await;
    assert_eq!(discovery["availability_mode"], "any");
    assert_eq!(discovery.get("availability_topic"), None);
    one.stop().await;
    client.says(&availability("one"), "offline").await;
    client.says(&availability("other"), "online").await;
    client.publish(DATA, message(0)).await;
    // Mosquitto keeps for one that is away what is its turn.
    client.publish(DATA, message(1)).await;
    client.message(ENERGY).await;
    client.state(DISCOVERY, "availability", both).await;
    other.kill().await;
    client.says(&availability("other"), "offline").await;
    assert_eq!(client.seen(AVAILABILITY), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_may_join_others_and_leave_them() {
    let mosquitto = Mosquitto::start().await;
    let influxdb = ScriptedInfluxDb::start(Answer::Written).await;
    let client = Client::connect(&mosquitto).await;
    let shared = |name| sharing(&mosquitto, name, &influxdb.section());
    let alone = shared("one").replace("share_name = \"xt211\"\n", "");
    let mut one = Bridge::start(&alone).await;
    client.says(AVAILABILITY, "online").await;
    one.apply(&shared("one")).await;
    one.logs("2 former topics are not followed any more").await;
    client.says(AVAILABILITY, "").await;
    client.says(&availability("one"), "online").await;

    let mut other = Bridge::start(&shared("other")).await;
    one.logs("shares messages with us bridge=other").await;
    client.publish_all(DATA, (0..10).map(message)).await;
    influxdb.written(10).await;
    assert_eq!(exported(one.folder()).await.len(), 5);

    one.apply(&alone).await;
    one.logs("4 former topics are not followed any more").await;
    other.logs("is not of our group any more bridge=one").await;
    client.says(&letter("one"), "").await;
    client.says(AVAILABILITY, "online").await;
    client.publish_all(DATA, (10..20).map(message)).await;
    let all = async || (exported(one.folder()).await.len() == 15).then_some(());
    eventually("all messages to come to it", all).await;
    one.stop().await;
    let complaint = one.complaint("purge").await;
    assert!(complaint.contains("a bridge is online"), "{complaint}");
    other.stop().await;
    other.printed("purge").await;
    assert_eq!(Client::retained(&mosquitto).await.into_iter().next(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_may_be_taken_away_for_good() {
    let Two { mosquitto, influxdb, mut one, other, client } = Two::start().await;
    client.publish_all(DATA, (0..10).map(message)).await;
    influxdb.written(10).await;
    let shared = sharing(&mosquitto, "one", &influxdb.section());
    one.apply(&shared.replace("share_name = \"xt211\"", "share_name = \"gone\"")).await;
    one.logs("2 former topics are not followed any more").await;
    client.publish_all(DATA, (10..20).map(message)).await;
    let all = async || (exported(other.folder()).await.len() == 15).then_some(());
    eventually("all messages to come to the other one", all).await;
    one.stop().await;
    client.message(&letter("one")).await;
    client.publish_retained([(availability("one"), "")]).await;
    other.logs("is not of our group any more bridge=one").await;
    client.says(&letter("one"), "").await;
    client.state(DISCOVERY, "availability", json!([{ "topic": availability("other") }])).await;
    assert_eq!(points(influxdb.lines()), points(lines(0..20)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_may_have_meters_of_its_own() {
    let mosquitto = Mosquitto::start().await;
    let influxdb = ScriptedInfluxDb::start(Answer::Written).await;
    let client = Client::connect(&mosquitto).await;
    let configuration = |name: &str| {
        let (mqtt, influxdb) = (mosquitto.section(), influxdb.section());
        format!(
            "{mqtt}client_id = \"{name}\"\n{influxdb}[[meter]]\ndata_topic = \"{name}/+/data\"\n\
             status_topic = \"{name}/+/status\"\n[homeassistant]\ntopic_prefix = \"bridges/{name}\"\n"
        )
    };
    let mut east = Bridge::start(&configuration("east")).await;
    let mut west = Bridge::start(&configuration("west")).await;
    let meters = [("east", "e1"), ("west", "w1"), ("east", "e2"), ("west", "w2")];
    let total = |it: i64| reading(minute(it), &format!(r#""1.8.0":{}"#, 100 + it));
    for (name, meter) in meters {
        client.publish_all(&format!("{name}/{meter}/data"), (0..8).map(total)).await;
    }
    east.kill().await;
    client.says("bridges/east/bridge/availability", "offline").await;
    // What comes now for it waits in its session.
    for (name, meter) in meters {
        client.publish_all(&format!("{name}/{meter}/data"), (8..16).map(total)).await;
    }
    east.start_again().await;
    let written = influxdb.written(4 * 16).await;
    let expected = meters.iter().flat_map(|(_, meter)| {
        (0..16).map(move |it| {
            let time = nanoseconds(minute(it));
            format!("home_energy,meter={meter} 1_8_0={} {time}", 100 + it)
        })
    });
    assert_eq!(points(written), points(expected));
    for (name, meter) in meters {
        client.state(&format!("bridges/{name}/{meter}/energy"), "1.8.0", 115).await;
        let discovery = client.message(&format!("homeassistant/device/xt211_{meter}/config")).await;
        let availability = format!("\"availability_topic\":\"bridges/{name}/bridge/availability\"");
        assert!(discovery.contains(&availability), "{discovery}");
    }
    assert_eq!(client.seen("bridges/west/bridge/availability"), ["online"]);
    east.stop().await;
    west.stop().await;
}
