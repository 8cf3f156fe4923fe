//! A Home Assistant that has nothing but statistics.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_tungstenite::{WebSocketStream, accept_async, tungstenite::Message};

/// The tokens that it knows: an administrator's, and another user's.
pub(crate) const ADMINISTRATOR: &str = "administrators-token";
pub(crate) const USER: &str = "users-token";

/// By their ids, and the hour's start in seconds since 1970: state and sum.
type Statistics = BTreeMap<String, BTreeMap<i64, (f64, f64)>>;

/// A server on a port of its own.
pub(crate) struct FakeHomeAssistant {
    port: u16,
    statistics: Arc<Mutex<Statistics>>,
    task: JoinHandle<()>,
}

impl FakeHomeAssistant {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let statistics = Arc::<Mutex<Statistics>>::default();
        let shared = Arc::clone(&statistics);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { port, statistics, task }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The section of the configuration that leads here; further keys may follow it.
    pub(crate) fn section(&self, token: &str) -> String {
        home_assistant_section_at(self.port, token)
    }

    /// What it has.
    pub(crate) fn statistics(&self) -> Statistics {
        self.statistics.lock().unwrap().clone()
    }

    /// Changes what it has, as its user may.
    pub(crate) fn edit(&self, edit: impl FnOnce(&mut Statistics)) {
        edit(&mut self.statistics.lock().unwrap());
    }
}

impl Drop for FakeHomeAssistant {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The section of a configuration for a Home Assistant at this port, whether there is one or not.
pub(crate) fn home_assistant_section_at(port: u16, token: &str) -> String {
    format!("[homeassistant]\nurl = \"http://127.0.0.1:{port}\"\ntoken = \"{token}\"\n")
}

/// Answers one client until it goes.
async fn serve(stream: TcpStream, statistics: Arc<Mutex<Statistics>>) -> Option<()> {
    let mut socket = accept_async(stream).await.ok()?;
    send(&mut socket, json!({ "type": "auth_required" })).await?;
    let token = receive(&mut socket).await?["access_token"].take();
    if token != ADMINISTRATOR && token != USER {
        return send(&mut socket, json!({ "type": "auth_invalid" })).await;
    }
    let is_admin = token == ADMINISTRATOR;
    send(&mut socket, json!({ "type": "auth_ok" })).await?;
    loop {
        let command = receive(&mut socket).await?;
        let answer = answer(&mut statistics.lock().unwrap(), &command, is_admin);
        let (key, success) = if answer.is_ok() { ("result", true) } else { ("error", false) };
        let answer = answer.unwrap_or_else(|code| json!({ "code": code, "message": code }));
        let id = &command["id"];
        let answer = json!({ "type": "result", "id": id, "success": success, key: answer });
        send(&mut socket, answer).await?;
    }
}

fn answer(
    statistics: &mut Statistics,
    command: &Value,
    is_admin: bool,
) -> Result<Value, &'static str> {
    match command["type"].as_str().unwrap() {
        "auth/current_user" => Ok(json!({ "name": "Jana", "is_admin": is_admin })),
        "recorder/list_statistic_ids" => {
            let known = statistics.keys().map(|id| json!({ "statistic_id": id }));
            Ok(known.collect())
        }
        "recorder/import_statistics" if !is_admin => Err("unauthorized"),
        "recorder/import_statistics" => {
            let id = command["metadata"]["statistic_id"].as_str().unwrap();
            let hours = statistics.entry(id.to_owned()).or_default();
            for hour in command["stats"].as_array().unwrap() {
                let number = |key: &str| hour[key].as_f64().unwrap();
                hours.insert(time(&hour["start"]), (number("state"), number("sum")));
            }
            Ok(Value::Null)
        }
        "recorder/statistics_during_period" => {
            let id = command["statistic_ids"][0].as_str().unwrap();
            let Some(hours) = statistics.get(id) else { return Ok(json!({})) };
            let (from, until) = (time(&command["start_time"]), time(&command["end_time"]));
            let is_monthly = command["period"] == "month";
            let mut rows = BTreeMap::new();
            for (start, (state, sum)) in hours {
                let month = month_of(*start);
                // A month that has begun is told as a whole.
                let is_in = if is_monthly { month..=month } else { *start..=*start };
                if is_in.start() < &until && is_in.end() >= &from {
                    let row = json!({ "start": is_in.start() * 1000, "state": state, "sum": sum });
                    rows.insert(*is_in.start(), row);
                }
            }
            let rows: Vec<_> = rows.into_values().collect();
            Ok(json!({ id: rows }))
        }
        _ => Err("unknown_command"),
    }
}

fn time(value: &Value) -> i64 {
    value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second()
}

fn month_of(time: i64) -> i64 {
    let time = OffsetDateTime::from_unix_timestamp(time).unwrap();
    time.replace_day(1).unwrap().date().midnight().assume_utc().unix_timestamp()
}

async fn send(socket: &mut WebSocketStream<TcpStream>, message: Value) -> Option<()> {
    socket.send(Message::text(message.to_string())).await.ok()
}

async fn receive(socket: &mut WebSocketStream<TcpStream>) -> Option<Value> {
    loop {
        if let Message::Text(text) = socket.next().await?.ok()? {
            return serde_json::from_str(&text).ok();
        }
    }
}
