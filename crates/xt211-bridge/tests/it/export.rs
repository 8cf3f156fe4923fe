//! What is exported, beside a bridge and without one.

use insta::assert_snapshot;
use xt211_message::{Decimal, Register, Registers, Value};
use xt211_store::{Store, StoreError};

use crate::support::{
    Answer, Bridge, Client, MANY_METERS, Mosquitto, ScriptedInfluxDb, line, lines, message, minute,
    nanoseconds, reading, run_unread_in, sample, samples,
    topic::{BRIDGE, DATA},
    topic_of,
};

fn sorted(lines: &str) -> Vec<&str> {
    let mut lines: Vec<_> = lines.lines().collect();
    lines.sort_unstable();
    lines
}

/// The times at the ends of lines, in minutes.
fn minutes(lines: &str) -> Vec<i128> {
    let time = |line: &str| line.rsplit_once(' ').unwrap().1.parse::<i128>().unwrap();
    lines.lines().map(|line| (time(line) - nanoseconds(minute(0))) / 60_000_000_000).collect()
}

#[tokio::test]
async fn what_is_exported_is_what_influxdb_got() {
    let (mosquitto, influxdb) =
        (Mosquitto::start().await, ScriptedInfluxDb::start(Answer::Written).await);
    let measurement = "measurement = \"my house\"\n";
    let configuration = mosquitto.section() + &influxdb.section() + measurement + MANY_METERS;
    let mut bridge = Bridge::start(&configuration).await;
    let module = Client::connect(&mosquitto).await;
    for name in samples() {
        module.publish(&topic_of(&name), sample(&name)).await;
    }
    // All but the debug message.
    let written = influxdb.written(samples().len() - 1).await.join("\n");

    // Beside the bridge, and without it.
    let exported = bridge.printed("export").await;
    assert_eq!(sorted(&exported), sorted(&written));
    assert!(minutes(&exported).is_sorted(), "{exported}");
    let csv = bridge.printed("export --format csv").await;
    bridge.stop().await;
    assert_eq!(bridge.printed("export --format lines").await, exported);
    assert_eq!(bridge.printed("export --format csv").await, csv);
    assert_snapshot!("csv_of_every_sample", csv);
}

#[tokio::test]
async fn ranges() {
    let mosquitto = Mosquitto::start().await;
    let meters = "
        [[meter]]
        id = \"house\"
        serial = \"house\"
        data_topic = \"house/data\"
        status_topic = \"house/status\"
        [[meter]]
        id = \"garden\"
        data_topic = \"garden/data\"
        status_topic = \"garden/status\"
    ";
    let bridge = Bridge::start(&(mosquitto.section() + meters)).await;
    let client = Client::connect(&mosquitto).await;
    // From 23:58:09 on the 21st to 00:02:09 on the 22nd.
    for minutes in 238..=242 {
        client.publish("house/data", reading(minute(minutes), r#""1.8.0":1"#)).await;
    }
    client.publish("garden/data", reading(minute(240), r#""1.8.0":2,"96.13.0":"a, \"b\"""#)).await;
    client.state("xt211/garden/energy", "1.8.0", 2).await;

    // What is known by its id alone has no serial number; what is configured has.
    assert_snapshot!(bridge.printed("export --format csv").await, @r#"
    time,meter,serial,code,value,unit
    2026-02-21T23:58:09Z,house,house,1.8.0,1,kWh
    2026-02-21T23:59:09Z,house,house,1.8.0,1,kWh
    2026-02-22T00:00:09Z,house,house,1.8.0,1,kWh
    2026-02-22T00:00:09Z,garden,,96.13.0,"a, ""b""",
    2026-02-22T00:00:09Z,garden,,1.8.0,2,kWh
    2026-02-22T00:01:09Z,house,house,1.8.0,1,kWh
    2026-02-22T00:02:09Z,house,house,1.8.0,1,kWh
    "#);
    let times =
        async |arguments: &str| minutes(&bridge.printed(&format!("export {arguments}")).await);
    assert_eq!(times("").await, [238, 239, 240, 240, 241, 242]);
    assert_eq!(times("--meter house").await, [238, 239, 240, 241, 242]);
    assert_eq!(times("--meter garden").await, [240]);
    // From it on, and before it.
    assert_eq!(times("--from 2026-02-22").await, [240, 240, 241, 242]);
    assert_eq!(times("--to 2026-02-22").await, [238, 239]);
    assert_eq!(times("--from 2026-02-22T00:01:09Z").await, [241, 242]);
    assert_eq!(times("--to 2026-02-22T00:01:09Z").await, [238, 239, 240, 240]);
    assert_eq!(times("--from 2026-02-22T01:01:09+01:00 --to 2026-02-22T00:02:00Z").await, [241]);
    assert_eq!(times("--meter house --to 2026-02-21T23:58:10Z").await, [238]);
    assert_eq!(times("--from 2026-02-22 --to 2026-02-21").await, [0; 0]);
    assert_snapshot!(bridge.complaint("export --meter cellar").await, @r#"error: nothing is kept of "cellar", only of house, garden"#);
    assert_snapshot!(bridge.complaint("forward --all").await, @"error: there is nowhere to forward to: set influxdb.url, org, bucket and token");
}

/// Whoever opens a table in a spreadsheet runs nothing that somebody else has sent.
#[tokio::test]
async fn a_text_is_no_formula() {
    let mosquitto = Mosquitto::start().await;
    let bridge = Bridge::start(&mosquitto.section()).await;
    let client = Client::connect(&mosquitto).await;
    let registers = r#""1.8.0":1,"16.7.0":-5,"96.1.1":"@1","96.13.0":"=1+1","96.13.1":"a=1""#;
    client.publish(DATA, reading(minute(0), registers)).await;
    client.state("xt211/meter/energy", "1.8.0", 1).await;
    let csv = bridge.printed("export --format csv").await;
    let cells = |row: &str| row.split(',').skip(2).take(3).collect::<Vec<_>>().join(" ");
    let mut rows: Vec<_> = csv.lines().skip(1).map(cells).collect();
    rows.sort_unstable();
    assert_eq!(
        rows,
        ["'@1 1.8.0 1", "'@1 16.7.0 -5", "'@1 96.1.1 '@1", "'@1 96.13.0 '=1+1", "'@1 96.13.1 a=1"]
    );
}

#[test]
fn nobody_has_to_read_to_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("xt211-bridge.db")).unwrap().store;
    // More than fits into any buffer.
    store
        .write(|store| {
            let meter = store.add_meter("meter", None)?;
            for number in 0..20_000 {
                let value = Value::Number(Decimal::from_parts(number, 3).unwrap());
                let total = Register { code: "1.8.0".parse().unwrap(), value };
                let registers = Registers::from_vec(vec![total]).unwrap();
                store.append_reading(meter, minute(number), &registers, None)?;
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
    for format in ["lines", "csv"] {
        let run = run_unread_in(folder.path(), &["export", "--format", format]);
        assert_eq!((run.code, &*run.stderr), (0, ""), "{format}");
    }
}

#[tokio::test]
async fn forwarded_again_by_a_bridge_that_starts_and_once_each() {
    let (mosquitto, influxdb) =
        (Mosquitto::start().await, ScriptedInfluxDb::start(Answer::Written).await);
    let mut bridge = Bridge::start(&(mosquitto.section() + &influxdb.section())).await;
    let client = Client::connect(&mosquitto).await;
    client.publish_all(DATA, (0..20).map(message)).await;
    influxdb.written(20).await;
    client.state(BRIDGE, "waiting", 0).await;
    bridge.stop().await;
    let forward = async |bridge: &Bridge| {
        let said = bridge.printed("forward --from 2026-02-21T20:19:09Z").await;
        said.replace(&influxdb.port().to_string(), "PORT")
    };
    assert_snapshot!(forward(&bridge).await, @"1 record is to go to http://127.0.0.1:PORT again: the bridge does so within seconds, or when it is started next");
    assert_snapshot!(forward(&bridge).await, @"nothing in that range was forwarded before, or all of it waits already");
    bridge.start_again().await;
    assert_eq!(influxdb.written(21).await[20..], [line(19)]);
    bridge.has_stored("that all is forwarded", |store| store.waiting(1).unwrap().is_empty()).await;
    bridge.printed("forward --all").await;
    assert_eq!(influxdb.written(41).await[21..], lines(0..20));
    client.publish(DATA, message(20)).await;
    assert_eq!(influxdb.written(42).await[41..], [line(20)], "once each");
}
