//! A house where an integration in Python has made sensors of the meter before.
//!
//! Of that integration, only what Home Assistant sees of it matters; `python_integration` stands for
//! it.

use std::{fs, path::PathBuf, time::Duration as Span};

use reqwest::Method;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    HomeAssistant,
    configuration::TOKEN,
    instance::{list, text},
    support::{Client, Mosquitto, eventually, reading, topic::DATA},
};

const INTEGRATION: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/home_assistant/python_integration");

/// What is taken in, what is given back, and the power: sensors as the old integration has called
/// them, as the bridge does, and what they are recognised by.
pub(crate) const OLD: [&str; 3] = [
    "sensor.xt211_total_import_energy",
    "sensor.xt211_total_export_energy",
    "sensor.xt211_active_power",
];
pub(crate) const NEW: [&str; 3] = [
    "sensor.xt211_meter_total_import_energy",
    "sensor.xt211_meter_total_export_energy",
    "sensor.xt211_meter_active_power",
];
const UNIQUE_IDS: [&str; 3] = ["xt211_meter_1.8.0", "xt211_meter_2.8.0", "xt211_meter_16.7.0"];

/// What was given back when nothing was taken in.
pub(crate) const EXPORT: f64 = -6_900.0;

/// One hour: which one, what the meter showed at its end, what was used since the first reading,
/// and in it.
pub(crate) type Hour = (i64, f64, f64, f64);

/// A house with the old integration, where Home Assistant lives through hours in seconds: it is
/// stopped, and started again at twenty past another hour.
pub(crate) struct House {
    pub(crate) mosquitto: Mosquitto,
    client: Client,
    pub(crate) home_assistant: HomeAssistant,
    http: reqwest::Client,
    /// How far its clock is ahead in the first hour, when that began, and which hour it is now.
    ahead: i64,
    pub(crate) first: OffsetDateTime,
    pub(crate) hour: i64,
    /// The time of the last reading.
    last: OffsetDateTime,
}

impl House {
    pub(crate) async fn new() -> Self {
        let mosquitto = Mosquitto::start().await;
        let now = OffsetDateTime::now_utc();
        // Never nothing, with which it would have the clock that others have.
        let ahead = 3600 + (20 * 60 - now.unix_timestamp()).rem_euclid(3600);
        let first = now.unix_timestamp() + ahead - 20 * 60;
        let mut home_assistant = HomeAssistant::start_ahead(&mosquitto, ahead).await;
        home_assistant.stop().await;
        let files = files(&home_assistant);
        fs::create_dir_all(&files).unwrap();
        for file in fs::read_dir(INTEGRATION).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), files.join(file.file_name())).unwrap();
        }
        home_assistant.start_again().await;
        let house = Self {
            client: Client::connect(&mosquitto).await,
            mosquitto,
            home_assistant,
            http: reqwest::Client::new(),
            ahead,
            first: OffsetDateTime::from_unix_timestamp(first).unwrap(),
            hour: 0,
            last: now - Duration::minutes(5),
        };
        let made = house.request(Method::POST, "flow", &json!({ "handler": "xt211" })).await;
        assert_eq!(made["type"], "create_entry", "{made}");
        let grid = json!({
            "type": "grid",
            "stat_energy_from": OLD[0],
            "stat_energy_to": OLD[1],
            "stat_rate": OLD[2],
            "cost_adjustment_day": 0,
        });
        let preferences = json!({ "type": "energy/save_prefs", "energy_sources": [grid] });
        house.home_assistant.call(preferences).await;
        house
    }

    /// What its REST API answers, by which people's browsers set integrations up and remove them.
    async fn request(&self, method: Method, path: &str, body: &Value) -> Value {
        let url = format!("{}/api/config/config_entries/{path}", self.home_assistant.url());
        let request = self.http.request(method, url).bearer_auth(TOKEN).body(body.to_string());
        let answer = request.header("Content-Type", "application/json").send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    /// Deletes the old integration, on the page that people see of it.
    pub(crate) async fn delete_integration(&self) {
        let entries = self.request(Method::GET, "entry", &Value::Null).await;
        let entry = list(&entries).iter().find(|entry| entry["domain"] == "xt211").unwrap();
        let path = format!("entry/{}", text(&entry["entry_id"]));
        let deleted = self.request(Method::DELETE, &path, &Value::Null).await;
        assert_eq!(deleted, json!({ "require_restart": false }));
    }

    pub(crate) fn delete_files(&self) {
        fs::remove_dir_all(files(&self.home_assistant)).unwrap();
    }

    /// Lets so many hours go by.
    pub(crate) async fn wait(&mut self, hours: i64) {
        self.home_assistant.stop().await;
        self.hour += hours;
        self.home_assistant.set_ahead(self.ahead + 3600 * self.hour);
        self.home_assistant.start_again().await;
    }

    /// The meter is read, and these come to show it.
    pub(crate) async fn read(&mut self, import: f64, sensors: &[[&str; 3]]) {
        self.last = OffsetDateTime::now_utc().max(self.last + Duration::SECOND);
        let (export, power) = (import + EXPORT, 100.0 * (self.hour + 1) as f64);
        let values = format!(r#""1.8.0":{import},"2.8.0":{export},"16.7.0":{power}"#);
        let message = reading(self.last, &values);
        eventually(&format!("{sensors:?} to show {import}"), async || {
            // Again, as the module does: the old integration hears only what comes from now on.
            self.client.publish(DATA, message.clone()).await;
            tokio::time::sleep(Span::from_millis(200)).await;
            let states = self.home_assistant.states().await;
            let shows = |id: &str| text(&states.get(id)?["state"]).parse::<f64>().ok();
            let mut all = sensors.iter().flat_map(|ids| ids.iter().zip([import, export, power]));
            all.all(|(id, value)| shows(id) == Some(value)).then_some(())
        })
        .await;
    }

    /// Gives an entity another id, as people do.
    async fn rename(&self, from: &str, to: &str) -> Result<Value, Value> {
        let command = json!({
            "type": "config/entity_registry/update",
            "entity_id": from,
            "new_entity_id": to,
        });
        self.home_assistant.try_call(command).await
    }

    /// Gives all of the bridge's sensors the old ids.
    pub(crate) async fn rename_all(&self) {
        for (new, old) in NEW.into_iter().zip(OLD) {
            self.rename(new, old).await.unwrap();
        }
    }

    /// The old ids cannot be had.
    pub(crate) async fn rename_is_refused(&self) {
        for (new, old) in NEW.into_iter().zip(OLD) {
            let error = self.rename(new, old).await.unwrap_err();
            assert_eq!(error["message"], "Entity with this ID is already registered");
        }
    }

    /// The hours of a statistic.
    pub(crate) async fn hours(&self, id: &str) -> Vec<Value> {
        let command = json!({
            "type": "recorder/statistics_during_period",
            "start_time": (self.first - Duration::DAY).format(&Rfc3339).unwrap(),
            "period": "hour",
            "statistic_ids": [id],
            "types": ["state", "sum", "change", "mean"],
        });
        let mut found = self.home_assistant.call(command).await;
        let mut hours = found[id].as_array_mut().map(std::mem::take).unwrap_or_default();
        for hour in &mut hours {
            let seconds = hour["start"].as_i64().unwrap() / 1000 - self.first.unix_timestamp();
            hour["start"] = (seconds / 3600).into();
        }
        hours
    }

    /// The hours of one that counts.
    async fn counted(&self, id: &str) -> Vec<Hour> {
        let hours = self.hours(id).await.into_iter();
        let hour = |hour: Value| {
            let number = |key: &str| hour[key].as_f64().unwrap();
            let [state, sum, change] = ["state", "sum", "change"].map(number);
            (hour["start"].as_i64().unwrap(), state, sum, change)
        };
        hours.map(hour).collect()
    }

    /// Waits until the last hour is there, and makes sure of those that something was counted in, and
    /// of the first.
    pub(crate) async fn counts(&self, id: &str, hours: &[Hour]) {
        let counted = eventually(&format!("the last hour of {id}"), async || {
            let counted = self.counted(id).await;
            (counted.last()?.0 == self.hour - 1).then_some(counted)
        })
        .await;
        let is_told = |hour: &Hour| hour.0 == 0 || hour.3 != 0.0;
        let counted: Vec<_> = counted.into_iter().filter(is_told).collect();
        assert_eq!(counted, hours, "{id}");
    }

    /// What it finds wrong with its statistics: those of which there is no entity (any more), sorted.
    pub(crate) async fn without_entity(&self) -> Vec<String> {
        let command = json!({ "type": "recorder/validate_statistics" });
        let verdict = self.home_assistant.call(command).await;
        let verdict = verdict.as_object().unwrap();
        for issues in verdict.values() {
            assert_eq!((list(issues).len(), &issues[0]["type"]), (1, &json!("no_state")));
        }
        verdict.keys().cloned().collect()
    }

    /// Deletes statistics, as people do where these complaints are shown.
    pub(crate) async fn delete_statistics(&self, ids: &[&str]) {
        let command = json!({ "type": "recorder/clear_statistics", "statistic_ids": ids });
        self.home_assistant.call(command).await;
        eventually("the statistics to go", async || {
            self.without_entity().await.is_empty().then_some(())
        })
        .await;
    }

    /// Makes sure that the Energy Dashboard has all that it wants.
    pub(crate) async fn energy_is_fine(&self) {
        let verdict = self.home_assistant.call(json!({ "type": "energy/validate" })).await;
        assert_eq!(verdict["energy_sources"], json!([[]]));
    }

    /// Makes sure that the bridge's sensors have the old ids, and that nobody complains of anything.
    pub(crate) async fn is_fine(&self) {
        self.is_fine_but_for(&[]).await;
    }

    /// The same, but for this in the log.
    pub(crate) async fn is_fine_but_for(&self, complaints: &[String]) {
        let entities = self.home_assistant.entities().await;
        assert_eq!(UNIQUE_IDS.map(|id| entities[id].entity_id.as_str()), OLD);
        self.energy_is_fine().await;
        assert_eq!(self.without_entity().await, [""; 0]);
        self.home_assistant.call(json!({ "type": "recorder/update_statistics_issues" })).await;
        assert_eq!(self.home_assistant.repairs().await, [Value::Null; 0]);
        assert_eq!(self.complaints(), complaints);
    }

    /// What it complains of in its log.
    pub(crate) fn complaints(&self) -> Vec<String> {
        /// It was stopped an hour ago, as it thinks; and there is an integration that is not its own.
        const ORDINARY: [&str; 2] = ["database at //tmp/", "We found a custom integration xt211"];
        let mut complaints = self.home_assistant.complaints();
        complaints.retain(|it| !ORDINARY.iter().any(|text| it.contains(text)));
        let text = |it: String| it.trim_end().split_once("] ").unwrap().1.to_owned();
        complaints.into_iter().map(text).collect()
    }
}

/// Where the old integration is.
fn files(home_assistant: &HomeAssistant) -> PathBuf {
    home_assistant.folder().join("custom_components/xt211")
}
