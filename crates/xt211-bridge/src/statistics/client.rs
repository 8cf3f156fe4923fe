//! Home Assistant's websocket API.

use std::{fmt, time::Duration};

use anyhow::Context;
use futures_util::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json, value::RawValue};
use time::OffsetDateTime;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{self, Message},
};
use xt211_homeassistant::{ImportStatistics, Statistic, StatisticHour};

use crate::{config, tls};

/// How long Home Assistant may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to Home Assistant.
pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    last_id: u64,
}

/// Why Home Assistant was not told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// The configuration is wrong.
    #[error("{0}")]
    Denied(String),
    /// It cannot be told now.
    #[error("{0}")]
    Passing(String),
}

/// What comes over the socket.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(rename = "type")]
    kind: String,
    id: Option<u64>,
    #[serde(default)]
    success: bool,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<AnswerError>,
}

#[derive(Deserialize)]
struct AnswerError {
    code: String,
    message: String,
}

impl Client {
    /// Connects, and shows the token.
    pub(crate) async fn connect(statistics: &config::Statistics) -> Result<Self, Trouble> {
        let config::Statistics { url, tls, token } = statistics;
        let connector =
            tls::connector(tls).map_err(|error| Trouble::Denied(format!("{error:#}")))?;
        let address = format!("{}/api/websocket", url.replacen("http", "ws", 1));
        let connecting = connect_async_tls_with_config(
            &address,
            None,
            false,
            Some(Connector::NativeTls(connector)),
        );
        let (socket, _) = timeout(PATIENCE, connecting)
            .await
            .map_err(|_| unreachable(url, &"no answer"))?
            .map_err(|error| match error {
                tungstenite::Error::Io(error) => unreachable(url, &error),
                tungstenite::Error::Tls(error) => unreachable(url, &error),
                tungstenite::Error::Http(answer) => Trouble::Passing(format!(
                    "{url} does not answer as Home Assistant does ({}): check homeassistant.url",
                    answer.status()
                )),
                error => unreachable(url, &error),
            })?;
        let mut client = Self { socket, last_id: 0 };
        client.receive(|answer| (answer.kind == "auth_required").then_some(())).await?;
        client.send(&json!({ "type": "auth", "access_token": token.expose() })).await?;
        let is_welcome = client
            .receive(|answer| match answer.kind.as_str() {
                "auth_ok" => Some(true),
                "auth_invalid" => Some(false),
                _ => None,
            })
            .await?;
        match is_welcome {
            true => Ok(client),
            false => {
                Err(Trouble::Denied("Home Assistant does not accept homeassistant.token".into()))
            }
        }
    }

    /// Makes sure that it would take statistics, and returns whose the token is.
    pub(crate) async fn check(&mut self) -> Result<String, Trouble> {
        #[derive(Deserialize)]
        struct User {
            name: String,
            is_admin: bool,
        }

        let user: User = self.call(&json!({ "type": "auth/current_user" })).await?;
        if !user.is_admin {
            return Err(not_administrator());
        }
        // Without its recorder, it has no such command.
        let command = json!({ "type": "recorder/list_statistic_ids", "statistic_type": "sum" });
        self.call::<Value>(&command).await?;
        Ok(user.name)
    }

    /// Writes hours of a statistic. They are there once [`hours`](Self::hours) has them.
    pub(crate) async fn import(
        &mut self,
        statistic: &Statistic,
        hours: &[StatisticHour],
    ) -> Result<(), Trouble> {
        self.call::<Option<Value>>(&ImportStatistics { statistic, hours }).await.map(drop)
    }

    /// What it has of a statistic in a span of time, oldest first: by the hour, or only the last
    /// of each month.
    pub(crate) async fn hours(
        &mut self,
        statistic: &Statistic,
        from: OffsetDateTime,
        until: OffsetDateTime,
        period: Period,
    ) -> Result<Vec<StatisticHour>, Trouble> {
        #[derive(Deserialize)]
        struct Row {
            /// In milliseconds.
            start: i64,
            state: Option<f64>,
            sum: Option<f64>,
        }

        let time = |time: OffsetDateTime| {
            let format = &time::format_description::well_known::Rfc3339;
            time.format(format).context("a time without a form")
        };
        let (Ok(start_time), Ok(end_time)) = (time(from), time(until)) else {
            return Ok(Vec::new());
        };
        let command = json!({
            "type": "recorder/statistics_during_period",
            "start_time": start_time,
            "end_time": end_time,
            "statistic_ids": [statistic.id()],
            "period": match period { Period::Hour => "hour", Period::Month => "month" },
            "types": ["state", "sum"],
        });
        let mut found: std::collections::HashMap<String, Vec<Row>> = self.call(&command).await?;
        let rows = found.remove(statistic.id()).unwrap_or_default().into_iter();
        let hours = rows.filter_map(|Row { start, state, sum }| {
            let start = OffsetDateTime::from_unix_timestamp(start.div_euclid(1000)).ok()?;
            Some(StatisticHour { start, state: state?, sum: sum? })
        });
        Ok(hours.collect())
    }

    async fn call<T: DeserializeOwned>(&mut self, command: &impl Serialize) -> Result<T, Trouble> {
        #[derive(Serialize)]
        struct Numbered<'c, C> {
            id: u64,
            #[serde(flatten)]
            command: &'c C,
        }

        self.last_id += 1;
        let id = self.last_id;
        self.send(&Numbered { id, command }).await?;
        self.receive(|answer| {
            if answer.kind != "result" || answer.id != Some(id) {
                return None;
            }
            if !answer.success {
                return Some(Err(refused(answer.error.as_ref())));
            }
            let result = answer.result.map_or("null", RawValue::get);
            Some(serde_json::from_str(result).map_err(|error| {
                Trouble::Passing(format!("Home Assistant answers otherwise than expected: {error}"))
            }))
        })
        .await?
    }

    async fn send(&mut self, message: &impl Serialize) -> Result<(), Trouble> {
        let text = serde_json::to_string(message).map_err(|error| lost(&error))?;
        let sending = self.socket.send(Message::text(text));
        timeout(PATIENCE, sending)
            .await
            .map_err(|error| lost(&error))?
            .map_err(|error| lost(&error))
    }

    /// Waits for what is wanted; passes over all else.
    async fn receive<T>(
        &mut self,
        mut wanted: impl FnMut(&Answer<'_>) -> Option<T>,
    ) -> Result<T, Trouble> {
        let receiving = async {
            loop {
                let message = self.socket.next().await;
                let message = message.ok_or_else(|| lost(&"it has hung up"))?;
                let Message::Text(text) = message.map_err(|error| lost(&error))? else { continue };
                let answer = serde_json::from_str(&text).map_err(|error| lost(&error))?;
                if let Some(found) = wanted(&answer) {
                    return Ok(found);
                }
            }
        };
        timeout(PATIENCE, receiving).await.map_err(|_| lost(&"no answer"))?
    }
}

/// How much each part of what [`Client::hours`] returns stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Period {
    Hour,
    Month,
}

fn unreachable(url: &str, cause: &dyn fmt::Display) -> Trouble {
    let cause = cause.to_string();
    let place = if cause.contains("certificate") { "ca_file" } else { "url" };
    Trouble::Passing(format!(
        "Home Assistant at {url} cannot be reached: {cause} (homeassistant.{place})"
    ))
}

fn not_administrator() -> Trouble {
    Trouble::Denied("homeassistant.token is not that of an administrator".into())
}

fn lost(cause: &dyn fmt::Display) -> Trouble {
    Trouble::Passing(format!("the connection to Home Assistant was lost: {cause}"))
}

fn refused(error: Option<&AnswerError>) -> Trouble {
    match error {
        Some(AnswerError { code, .. }) if code == "unauthorized" => not_administrator(),
        Some(AnswerError { code, message }) => {
            Trouble::Denied(format!("Home Assistant refuses statistics: {message} ({code})"))
        }
        None => Trouble::Denied("Home Assistant refuses statistics".into()),
    }
}
