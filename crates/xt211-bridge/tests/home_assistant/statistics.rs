//! Statistics by the readings' own hour, in the real thing.

use std::fs;

use serde_json::{Value, json};
use time::{Duration, format_description::well_known::Rfc3339};
use xt211_store::Reader;

use crate::{
    HomeAssistant, alone,
    configuration::{OTHER_TOKEN, TOKEN},
    instance::{list, text},
    support::{
        Bridge, Client, Mosquitto, SERIAL, eventually, minute, reading_of,
        topic::{DATA, ENERGY},
    },
};

const TOTAL: &str = "xt211:meter_1_8_0";

/// One hour: which one after the first of the day, what the meter showed at its end, what was used
/// since the first reading, and in it.
type Hour = (i64, f64, f64, f64);

/// The configuration of a bridge that tells this Home Assistant.
fn section(mosquitto: &Mosquitto, home_assistant: &HomeAssistant) -> String {
    section_with(mosquitto, home_assistant, TOKEN)
}

fn section_with(mosquitto: &Mosquitto, home_assistant: &HomeAssistant, token: &str) -> String {
    let url = home_assistant.url();
    let section = format!("[homeassistant]\nurl = \"{url}\"\ntoken = \"{token}\"\n");
    mosquitto.section() + &section + "language = \"cs\"\n"
}

/// A reading of the day: an eighth of a kilowatt-hour every quarter of an hour.
fn quarter(number: i64) -> String {
    quarter_of(SERIAL, number, 7_000.0)
}

fn quarter_of(serial: &str, number: i64, from: f64) -> String {
    reading_of(serial, minute(15 * number), from + 0.125 * number as f64)
}

/// What is used in so many hours, if there is a reading every quarter of an hour.
fn hours(count: i64) -> Vec<Hour> {
    let hour = |hour: i64| {
        let used = 0.125 * (4 * hour + 3) as f64;
        (hour, 7_000.0 + used, used, if hour == 0 { used } else { 0.5 })
    };
    (0..count).map(hour).collect()
}

impl HomeAssistant {
    /// The hours of a statistic.
    async fn hours(&self, id: &str) -> Vec<Hour> {
        let first = minute(0) - Duration::seconds(9);
        let found = self
            .call(json!({
                "type": "recorder/statistics_during_period",
                "start_time": (first - Duration::days(400)).format(&Rfc3339).unwrap(),
                "period": "hour",
                "statistic_ids": [id],
                "types": ["state", "sum", "change"],
            }))
            .await;
        let number = |hour: &Value, key: &str| hour[key].as_f64().unwrap();
        let hour = |hour: &Value| {
            let start = hour["start"].as_i64().unwrap() / 1000 - first.unix_timestamp();
            assert_eq!(start % 3600, 0);
            let [state, sum, change] = ["state", "sum", "change"].map(|key| number(hour, key));
            (start / 3600, state, sum, change)
        };
        found[id].as_array().into_iter().flatten().map(hour).collect()
    }

    /// Waits until the hours of a statistic are these.
    async fn counts(&self, id: &str, hours: &[Hour]) {
        let mut last = Vec::new();
        let is_so = async || {
            last = self.hours(id).await;
            (last == hours).then_some(())
        };
        // If they never are, the differences say more.
        let waiting = eventually("the hours", is_so);
        if tokio::time::timeout(std::time::Duration::from_secs(60), waiting).await.is_err() {
            assert_eq!(last, hours, "{id}");
        }
    }

    async fn clear(&self, id: &str) {
        self.call(json!({ "type": "recorder/clear_statistics", "statistic_ids": [id] })).await;
        self.counts(id, &[]).await;
    }
}

impl Bridge {
    /// Waits until it knows that Home Assistant has all that it has.
    async fn has_told(&self) {
        let store = Reader::open(&self.folder().join("xt211-bridge.db")).unwrap();
        eventually("all to be told", async || {
            let counted = store.statistics_cursor().unwrap();
            store.records_after(counted, 1).unwrap().is_empty().then_some(())
        })
        .await;
    }

    /// Lets it count everything again, while it does not run.
    fn count_again(&self) {
        let store = rusqlite::Connection::open(self.folder().join("xt211-bridge.db")).unwrap();
        store.execute("UPDATE outbox SET counted = 0", ()).unwrap();
    }
}

#[test]
#[ignore = "builds Home Assistant once, as root: cargo test -p xt211-bridge --test home_assistant -- --ignored"]
fn each_hour_has_what_was_used_in_it() {
    alone(async || {
        let mosquitto = Mosquitto::start().await;
        let home_assistant = HomeAssistant::start(&mosquitto).await;
        let mut bridge = Bridge::start(&section(&mosquitto, &home_assistant)).await;
        let client = Client::connect(&mosquitto).await;

        // A day's queue at once, without what is still on its way.
        let late = 4 * 5 + 3;
        let queue = (0..96).filter(|number| *number != late);
        client.publish_all(DATA, queue.map(quarter)).await;
        let mut expected = hours(24);
        expected[5] = (5, 7_002.75, 2.75, 0.375);
        expected[6].3 = 0.625;
        home_assistant.counts(TOTAL, &expected).await;

        // It comes: its hour has more, and the next one not what is not its own.
        client.publish(DATA, quarter(late)).await;
        home_assistant.counts(TOTAL, &hours(24)).await;

        // The same again changes nothing.
        client.publish_all(DATA, (0..96).map(quarter)).await;
        client.publish(DATA, quarter(96)).await;
        let mut next = hours(24);
        next.push((24, 7_012.0, 12.0, 0.125));
        home_assistant.counts(TOTAL, &next).await;
        assert_eq!(bridge.stop().await.code(), Some(0));
        bridge.count_again();
        bridge.start_again().await;
        client.publish_all(DATA, (97..100).map(quarter)).await;
        home_assistant.counts(TOTAL, &hours(25)).await;

        is_taken(&home_assistant).await;
        assert_eq!(bridge.logged("WARN"), [""; 0]);
    });
}

/// Makes sure that people can use them, and that Home Assistant has nothing against them.
async fn is_taken(home_assistant: &HomeAssistant) {
    let found = home_assistant.call(json!({ "type": "recorder/list_statistic_ids" })).await;
    let ours = |it: &&Value| text(&it["source"]) == "xt211";
    let ours: Vec<_> = list(&found).iter().filter(ours).collect();
    let [total] = ours[..] else { panic!("{ours:#?}") };
    assert_eq!(total["statistic_id"], TOTAL);
    assert_eq!(total["name"], "XT211 Meter Odběr celkem");
    assert_eq!(total["statistics_unit_of_measurement"], "kWh");

    let grid = json!({ "type": "grid", "stat_energy_from": TOTAL, "cost_adjustment_day": 0 });
    home_assistant.call(json!({ "type": "energy/save_prefs", "energy_sources": [grid] })).await;
    let verdict = home_assistant.call(json!({ "type": "energy/validate" })).await;
    assert_eq!(verdict["energy_sources"], json!([[]]));
    let verdict = home_assistant.call(json!({ "type": "recorder/validate_statistics" })).await;
    assert_eq!(verdict, json!({}));
    home_assistant.has_no_complaint().await;
}

#[test]
#[ignore = "builds Home Assistant once, as root: cargo test -p xt211-bridge --test home_assistant -- --ignored"]
fn another_counter_goes_on_without_a_jump() {
    alone(async || {
        let mosquitto = Mosquitto::start().await;
        let home_assistant = HomeAssistant::start(&mosquitto).await;
        let bridge = Bridge::start(&section(&mosquitto, &home_assistant)).await;
        let client = Client::connect(&mosquitto).await;
        client.publish_all(DATA, (0..8).map(quarter)).await;
        home_assistant.counts(TOTAL, &hours(2)).await;

        // It is set back at the beginning of the third hour. What was used until the first reading
        // after that, nobody knows.
        client.publish_all(DATA, (8..12).map(|it| quarter_of(SERIAL, it, 4.0))).await;
        let mut expected = hours(2);
        expected.push((2, 5.375, 1.25, 0.375));
        home_assistant.counts(TOTAL, &expected).await;

        // Another meter, in the middle of an hour.
        client.publish_all(DATA, (12..14).map(|it| quarter_of(SERIAL, it, 4.0))).await;
        client.publish_all(DATA, (14..20).map(|it| quarter_of("2", it, 50_000.0))).await;
        expected.extend([(3, 50_001.875, 1.625, 0.375), (4, 50_002.375, 2.125, 0.5)]);
        home_assistant.counts(TOTAL, &expected).await;
        home_assistant.has_no_complaint().await;
        assert_eq!(bridge.logged("statistics"), [""; 0]);
    });
}

/// A year, of which there is a reading every hour.
const YEAR: i64 = 24 * 365;

#[test]
#[ignore = "builds Home Assistant once, as root: cargo test -p xt211-bridge --test home_assistant -- --ignored"]
fn the_whole_history_is_imported() {
    alone(async || {
        let mosquitto = Mosquitto::start().await;
        let mut home_assistant = HomeAssistant::start(&mosquitto).await;
        let mut bridge = Bridge::start(&mosquitto.section()).await;
        let client = Client::connect(&mosquitto).await;
        let total = |hour: i64| 7_000.0 + 0.5 * hour as f64;
        let reading = |hour: i64| reading_of(SERIAL, minute(60 * (hour - YEAR)), total(hour));
        client.publish_all(DATA, (0..YEAR).map(reading)).await;
        client.state(ENERGY, "1.8.0", total(YEAR - 1)).await;
        assert_eq!(bridge.stop().await.code(), Some(0));
        assert_eq!(home_assistant.hours(TOTAL).await, []);

        // They are switched on; and it is killed in the middle, once and again.
        bridge.configure(&section(&mosquitto, &home_assistant));
        let count = async || home_assistant.hours(TOTAL).await.len();
        for least in [1, 3_000] {
            bridge.start_again().await;
            let is_begun = async || (count().await >= least).then_some(());
            eventually("some of the hours", is_begun).await;
            bridge.kill().await;
            assert!(count().await < YEAR as usize, "it was killed too late");
        }

        // Then Home Assistant goes away.
        bridge.start_again().await;
        home_assistant.stop().await;
        bridge.logs("no statistics until it works").await;
        // Nothing else is held up.
        client.publish(DATA, reading(YEAR)).await;
        client.state(ENERGY, "1.8.0", total(YEAR)).await;
        home_assistant.start_again().await;
        let hour = |hour: i64| {
            let used = 0.5 * hour as f64;
            (hour - YEAR, 7_000.0 + used, used, if hour == 0 { 0.0 } else { 0.5 })
        };
        home_assistant.counts(TOTAL, &(0..=YEAR).map(hour).collect::<Vec<_>>()).await;
        bridge.logs("Home Assistant takes statistics again").await;
        home_assistant.has_no_complaint().await;
    });
}

#[test]
#[ignore = "builds Home Assistant once, as root: cargo test -p xt211-bridge --test home_assistant -- --ignored"]
fn what_one_side_has_lost() {
    alone(async || {
        let mosquitto = Mosquitto::start().await;
        let home_assistant = HomeAssistant::start(&mosquitto).await;
        let mut bridge = Bridge::start(&section(&mosquitto, &home_assistant)).await;
        let client = Client::connect(&mosquitto).await;
        client.publish_all(DATA, (0..12).map(quarter)).await;
        home_assistant.counts(TOTAL, &hours(3)).await;
        bridge.has_told().await;

        // Its user has cleared them: with what comes next, all is counted anew.
        home_assistant.clear(TOTAL).await;
        client.publish_all(DATA, (12..16).map(quarter)).await;
        home_assistant.counts(TOTAL, &hours(4)).await;
        bridge.has_told().await;

        // She has put a sum right: it stays so, and goes on.
        let start = minute(120) - Duration::seconds(9);
        home_assistant
            .call(json!({
                "type": "recorder/adjust_sum_statistics",
                "statistic_id": TOTAL,
                "start_time": start.format(&Rfc3339).unwrap(),
                "adjustment": 10.0,
                "adjustment_unit_of_measurement": "kWh",
            }))
            .await;
        let mut adjusted = hours(4);
        adjusted[2].3 += 10.0;
        adjusted[2].2 += 10.0;
        adjusted[3].2 += 10.0;
        home_assistant.counts(TOTAL, &adjusted).await;
        client.publish_all(DATA, (16..20).map(quarter)).await;
        let (number, state, sum, change) = hours(5)[4];
        adjusted.push((number, state, sum + 10.0, change));
        home_assistant.counts(TOTAL, &adjusted).await;

        // The bridge's store is lost: it goes on from what is there.
        assert_eq!(bridge.stop().await.code(), Some(0));
        for file in fs::read_dir(bridge.folder()).unwrap() {
            let path = file.unwrap().path();
            if path.to_string_lossy().contains("xt211-bridge.db") {
                fs::remove_file(path).unwrap();
            }
        }
        bridge.start_again().await;
        client.publish_all(DATA, (18..24).map(quarter)).await;
        let (number, state, sum, change) = hours(6)[5];
        adjusted.push((number, state, sum + 10.0, change));
        home_assistant.counts(TOTAL, &adjusted).await;
        home_assistant.has_no_complaint().await;
        assert_eq!(bridge.logged("WARN"), [""; 0]);
    });
}

#[test]
#[ignore = "builds Home Assistant once, as root: cargo test -p xt211-bridge --test home_assistant -- --ignored"]
fn a_token_that_is_not_taken() {
    alone(async || {
        let mosquitto = Mosquitto::start().await;
        let home_assistant = HomeAssistant::start(&mosquitto).await;
        let wrong = [
            ("nobody's", "Home Assistant does not accept homeassistant.token"),
            (OTHER_TOKEN, "homeassistant.token is not that of an administrator"),
        ];
        for (token, reason) in wrong {
            let mut bridge = Bridge::start(&section_with(&mosquitto, &home_assistant, token)).await;
            let client = Client::connect(&mosquitto).await;
            client.publish_all(DATA, (0..8).map(quarter)).await;
            let said = bridge.logs("no statistics").await;
            assert_eq!(said, format!("WARN {reason}; no statistics until it works"));
            let check = bridge.command("check").await;
            assert_eq!(check.code, 1);
            assert!(check.stdout.contains(&format!("WRONG   Home Assistant {reason}\n")));

            // Nothing else is held up.
            home_assistant.shows("xt211_meter_1.8.0", "7000.875").await;
            assert_eq!(home_assistant.hours(TOTAL).await, []);

            // And nothing is lost.
            assert_eq!(bridge.stop().await.code(), Some(0));
            bridge.configure(&section(&mosquitto, &home_assistant));
            let check = bridge.command("check").await;
            let url = home_assistant.url();
            let well = format!("ok      Home Assistant {url}, as User, for statistics\n");
            assert!(check.stdout.ends_with(&well), "{check:?}");
            bridge.start_again().await;
            home_assistant.counts(TOTAL, &hours(2)).await;
            assert_eq!(bridge.stop().await.code(), Some(0));
            home_assistant.clear(TOTAL).await;
        }
    });
}
