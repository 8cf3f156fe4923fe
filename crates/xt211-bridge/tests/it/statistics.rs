//! Statistics, with a Home Assistant that has nothing else. With the real one, see
//! `tests/home_assistant/statistics.rs`.

use std::fs;

use xt211_store::Reader;

use crate::support::{
    ADMINISTRATOR, Bridge, Client, FakeHomeAssistant, Mosquitto, SERIAL, USER, eventually, minute,
    reading_of,
    topic::{DATA, ENERGY},
};

const TOTAL: &str = "xt211:meter_1_8_0";

/// A bridge that is told readings while it does not tell statistics, and then tells them: at its
/// start it waits for nothing.
struct Scene {
    home_assistant: FakeHomeAssistant,
    mosquitto: Mosquitto,
    client: Client,
    bridge: Bridge,
}

impl Scene {
    async fn start() -> Self {
        let mosquitto = Mosquitto::start().await;
        let home_assistant = FakeHomeAssistant::start().await;
        let client = Client::connect(&mosquitto).await;
        let bridge = Bridge::start(&mosquitto.section()).await;
        Self { home_assistant, mosquitto, client, bridge }
    }

    /// Lets it take the readings of these minutes, each with its total, and then tell them.
    async fn tell(&mut self, readings: &[(i64, f64)]) {
        self.tell_of(SERIAL, readings).await;
    }

    /// The same of another meter.
    async fn tell_of(&mut self, serial: &str, readings: &[(i64, f64)]) {
        if !self.bridge.is_running() {
            self.bridge.configure(&self.mosquitto.section());
            self.bridge.start_again().await;
        }
        let count = async || self.bridge.printed("export").await.lines().count();
        let all = count().await + readings.len();
        let reading = |(at, total): &(i64, f64)| reading_of(serial, minute(*at), *total);
        self.client.publish_all(DATA, readings.iter().map(reading)).await;
        let has_all = async || (count().await == all).then_some(());
        eventually("all of them in the store", has_all).await;
        assert_eq!(self.bridge.stop().await.code(), Some(0));

        let section = self.home_assistant.section(ADMINISTRATOR);
        self.bridge.configure(&(self.mosquitto.section() + &section));
        self.bridge.start_again().await;
    }

    fn lose_store(&self) {
        for file in fs::read_dir(self.bridge.folder()).unwrap() {
            let path = file.unwrap().path();
            if path.to_string_lossy().contains("xt211-bridge.db") {
                fs::remove_file(path).unwrap();
            }
        }
    }

    /// Waits until there are these hours: which one of the evening, what the meter showed, and the
    /// sum.
    async fn counts(&mut self, hours: &[(i64, f64, f64)]) {
        let first = minute(0).unix_timestamp() - 9;
        let mut last = Vec::new();
        eventually(&format!("{hours:?}"), async || {
            let all = self.home_assistant.statistics();
            let there = all.get(TOTAL)?.iter();
            last =
                there.map(|(start, (state, sum))| ((start - first) / 3600, *state, *sum)).collect();
            (last == hours).then_some(())
        })
        .await;
        let is_told = |store: &Reader| {
            store.records_after(store.statistics_cursor().unwrap(), 1).unwrap().is_empty()
        };
        self.bridge.has_stored("that all is told", is_told).await;
        assert_eq!(self.bridge.stop().await.code(), Some(0));
        assert_eq!(self.bridge.logged("statistics"), [""; 0]);
    }
}

/// What was used in two hours.
const EVENING: [(i64, f64); 4] = [(5, 100.0), (50, 100.5), (65, 101.0), (110, 101.5)];
const TOLD: [(i64, f64, f64); 2] = [(0, 100.5, 0.5), (1, 101.5, 1.5)];

#[tokio::test]
async fn late_readings() {
    let mut scene = Scene::start().await;
    scene.tell(&EVENING[1..3]).await;
    scene.counts(&[(0, 100.5, 0.0), (1, 101.0, 0.5)]).await;
    scene.tell(&EVENING[3..]).await;
    scene.counts(&[(0, 100.5, 0.0), (1, 101.5, 1.0)]).await;
    // Before all others in its hour, and before all others.
    scene.tell(&EVENING[..1]).await;
    scene.counts(&TOLD).await;
    scene.tell(&[(-70, 98.0)]).await;
    scene.counts(&[(-2, 98.0, 0.0), (0, 100.5, 2.5), (1, 101.5, 3.5)]).await;
    // Between two hours.
    scene.tell(&[(-30, 99.0)]).await;
    scene.counts(&[(-2, 98.0, 0.0), (-1, 99.0, 1.0), (0, 100.5, 2.5), (1, 101.5, 3.5)]).await;
}

#[tokio::test]
async fn other_counters() {
    let mut scene = Scene::start().await;
    scene.tell(&EVENING).await;
    scene.counts(&TOLD).await;
    // It is set back, as three readings in a quarter of an hour say; the first ones were set aside.
    scene.tell(&[(125, 1.0), (135, 1.5), (145, 2.0)]).await;
    scene.counts(&[TOLD[0], TOLD[1], (2, 2.0, 2.5)]).await;
    scene.tell_of("2", &[(150, 9_000.0), (170, 9_000.5)]).await;
    scene.counts(&[TOLD[0], TOLD[1], (2, 9_000.5, 3.0)]).await;
    // What comes late shows what was used before each of them.
    scene.tell(&[(115, 102.0), (148, 2.25)]).await;
    scene.counts(&[TOLD[0], (1, 102.0, 2.0), (2, 9_000.5, 3.75)]).await;
}

#[tokio::test]
async fn cleared_statistics() {
    let mut scene = Scene::start().await;
    scene.tell(&EVENING).await;
    scene.counts(&TOLD).await;
    let next = [&TOLD[..], &[(2, 102.0, 2.0)]].concat();
    // All of them, or the last hour, after which the next ones come.
    scene.home_assistant.edit(|all| all.clear());
    scene.tell(&[(121, 102.0)]).await;
    scene.counts(&next).await;
    let hour = minute(120).unix_timestamp() - 9;
    scene.home_assistant.edit(|all| all.get_mut(TOTAL).unwrap().retain(|start, _| *start != hour));
    scene.tell(&[(181, 102.5)]).await;
    scene.counts(&[&next[..], &[(3, 102.5, 2.5)]].concat()).await;
}

#[tokio::test]
async fn sums_that_were_put_right() {
    let mut scene = Scene::start().await;
    scene.tell(&EVENING).await;
    scene.counts(&TOLD).await;
    let hour = minute(60).unix_timestamp() - 9;
    scene.home_assistant.edit(|all| all.get_mut(TOTAL).unwrap().get_mut(&hour).unwrap().1 = 0.75);
    scene.tell(&[(121, 102.0)]).await;
    scene.counts(&[TOLD[0], (1, 101.5, 0.75), (2, 102.0, 1.25)]).await;
}

#[tokio::test]
async fn a_store_that_was_lost() {
    let mut scene = Scene::start().await;
    scene.tell(&EVENING).await;
    scene.counts(&TOLD).await;
    scene.lose_store();
    // What has been told comes again, and what had not been: it begins within an hour.
    scene.tell(&[(65, 101.0), (110, 101.5), (130, 102.0)]).await;
    scene.counts(&[&TOLD[..], &[(2, 102.0, 2.0)]].concat()).await;
    // Another meter since then.
    scene.lose_store();
    scene.tell(&[(190, 10.0), (250, 11.0)]).await;
    scene.counts(&[&TOLD[..], &[(2, 102.0, 2.0), (3, 10.0, 2.0), (4, 11.0, 3.0)]].concat()).await;
    // From one month to the next.
    scene.lose_store();
    let march = 8 * 24 * 60;
    scene.tell(&[(march, 12.0)]).await;
    let told = [(2, 102.0, 2.0), (3, 10.0, 2.0), (4, 11.0, 3.0), (march / 60, 12.0, 4.0)];
    scene.counts(&[&TOLD[..], &told].concat()).await;
}

#[tokio::test]
async fn a_token_that_is_not_taken() {
    let mut scene = Scene::start().await;
    let wrong = [
        ("nobodys-token", "Home Assistant does not accept homeassistant.token"),
        (USER, "homeassistant.token is not that of an administrator"),
    ];
    for (number, (token, reason)) in (1..).zip(wrong) {
        assert_eq!(scene.bridge.stop().await.code(), Some(0));
        let section = scene.home_assistant.section(token);
        scene.bridge.configure(&(scene.mosquitto.section() + &section));
        scene.bridge.start_again().await;
        let total = 100.0 + f64::from(number);
        scene.client.publish(DATA, reading_of(SERIAL, minute(10 * i64::from(number)), total)).await;
        scene.client.state(ENERGY, "1.8.0", total).await;
        let said = scene.bridge.logs("no statistics").await;
        assert_eq!(said, format!("WARN {reason}; no statistics until it works"));
        assert!(scene.home_assistant.statistics().is_empty());
    }
    scene.bridge.stop().await;
    scene.tell(&[(30, 103.0)]).await;
    scene.counts(&[(0, 103.0, 2.0)]).await;
}
