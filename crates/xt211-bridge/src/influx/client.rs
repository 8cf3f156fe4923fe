//! The client, and what its answers mean.

use std::{borrow::Cow, error::Error as _, time::Duration};

use anyhow::{Context, Result};
use futures_util::stream;
use influxdb2::{Client, ClientBuilder, RequestError};
use reqwest::redirect::Policy;
use serde::Deserialize;
use xt211_line_protocol::Lines;

use crate::{config, tls};

/// How long the server may take to answer a write.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long it may take to be reached.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest part of a server's message that is passed on.
const LONGEST_MESSAGE: usize = 300;

/// One bucket of an InfluxDB.
pub(crate) struct InfluxClient {
    client: Client,
    bucket: String,
    address: String,
    token: Option<config::Secret>,
}

/// Why a write did not succeed, and so what to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// At least one of the lines cannot be stored, now or later.
    Refused(Refusal),
    /// The server does not want them from us: the configuration is wrong.
    Denied(String),
    /// The server cannot take them now.
    Passing(String),
}

/// What the server has against lines.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// A stable name.
    pub(crate) code: &'static str,
    /// For people.
    pub(crate) reason: String,
    /// Whether it is InfluxDB that says so. A proxy, or whatever else is found at the address, may
    /// refuse everything.
    pub(crate) is_influxdbs: bool,
}

impl InfluxClient {
    pub(crate) fn new(influxdb: &config::InfluxDb) -> Result<Self> {
        let connector = tls::connector(&influxdb.tls)?;
        let http = reqwest::Client::builder()
            .http1_only()
            // A write that is sent elsewhere becomes a read there, and so does its success.
            .redirect(Policy::none())
            .use_preconfigured_tls(connector)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .user_agent(concat!("xt211-bridge/", env!("CARGO_PKG_VERSION")));
        let token = influxdb.token.as_ref().map_or("", |token| token.expose());
        // This panics on a bad URL; the configuration holds only good ones.
        let client = ClientBuilder::with_builder(http, &influxdb.url, &influxdb.org, token)
            .build()
            .context("the InfluxDB client cannot be set up")?;
        let (bucket, address) = (influxdb.bucket.clone(), influxdb.url.clone());
        Ok(Self { client, bucket, address, token: influxdb.token.clone() })
    }

    /// Writes lines, all or (if one of them is refused) perhaps some. Writing a line again changes
    /// nothing.
    pub(crate) async fn write(&self, lines: String) -> Result<(), Failure> {
        let points = stream::iter([Lines(lines)]);
        let answer = self.client.write(&self.bucket, points).await;
        answer.map_err(|error| self.failure(&error))
    }

    /// Asks the server to write nothing, which it refuses for another reason than its address,
    /// organisation, bucket or token only if those are right.
    pub(crate) async fn probe(&self) -> Result<(), Failure> {
        match self.write("# nothing\n".to_owned()).await {
            Err(Failure::Refused(Refusal { is_influxdbs: true, .. })) => Ok(()),
            answer => answer,
        }
    }

    fn failure(&self, error: &RequestError) -> Failure {
        match error {
            RequestError::Http { status, text } => {
                judge(status.as_u16(), &Said::new(text, self.token.as_ref()))
            }
            RequestError::ReqwestProcessing { source } => {
                Failure::Passing(self.unreachable(source))
            }
            other => Failure::Passing(other.to_string()),
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> String {
        let address = &self.address;
        if error.is_timeout() {
            return format!("InfluxDB at {address} does not answer");
        }
        let mut cause = error.source();
        while let Some(deeper) = cause.and_then(|cause| cause.source()) {
            cause = Some(deeper);
        }
        // Without its cause, the client's error is no more than "error sending request".
        let cause = cause.map_or_else(|| "unknown cause".into(), ToString::to_string);
        let remedy =
            if cause.contains("certificate") { "see influxdb.ca_file" } else { "influxdb.url" };
        format!("InfluxDB at {address} cannot be reached: {cause} ({remedy})")
    }
}

/// What an answer other than success means.
fn judge(status: u16, said: &Said) -> Failure {
    let Said { message, is_influxdbs } = said;
    let text = |what: &str| {
        let colon = if message.is_empty() { "" } else { ": " };
        format!("{what} ({status}){colon}{message}")
    };
    let refused = |code, what| {
        Failure::Refused(Refusal { code, reason: text(what), is_influxdbs: *is_influxdbs })
    };
    match status {
        400 | 422 => refused("influxdb.refused", "InfluxDB refuses"),
        500 if message.contains("partial write") => refused("influxdb.refused", "InfluxDB refuses"),
        413 => refused("influxdb.too_large", "InfluxDB finds it too large"),
        401 => Failure::Denied(text("InfluxDB does not accept influxdb.token")),
        403 => Failure::Denied(text("influxdb.token may not write to influxdb.bucket")),
        404 if message.contains("bucket") => {
            Failure::Denied(text("InfluxDB does not find influxdb.bucket"))
        }
        404 if message.contains("organization") => {
            Failure::Denied(text("InfluxDB does not find influxdb.org"))
        }
        404 => Failure::Denied(text("InfluxDB does not find influxdb.org or influxdb.bucket")),
        300..=399 => Failure::Denied(text("InfluxDB is elsewhere: check influxdb.url")),
        _ => Failure::Passing(text("InfluxDB cannot write now")),
    }
}

/// What an answer says, on one line, not long, and without the token: whatever is found at the address
/// may quote what it was sent.
struct Said {
    message: String,
    /// Whether it has the form in which InfluxDB says it.
    is_influxdbs: bool,
}

impl Said {
    fn new(body: &str, token: Option<&config::Secret>) -> Self {
        #[derive(Deserialize)]
        struct Wrapped<'b> {
            #[serde(borrow)]
            code: Option<Cow<'b, str>>,
            #[serde(borrow)]
            message: Cow<'b, str>,
        }

        let (message, is_influxdbs) = match serde_json::from_str(body) {
            Ok(Wrapped { code, message }) => (message, code.is_some()),
            Err(_) => (body.into(), false),
        };
        let token = token.map(config::Secret::expose).filter(|token| !token.is_empty());
        // Before it is made shorter, which could leave a part of it.
        let message = token.map_or_else(|| message.to_string(), |it| message.replace(it, "…"));
        Self { message: shortened(&message), is_influxdbs }
    }
}

fn shortened(message: &str) -> String {
    let words = message.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", words.get(..end).unwrap_or_default()),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        let judge = |status, body: &str| judge(status, &Said::new(body, None));
        let refused = |code, reason: &str, is_influxdbs| {
            Failure::Refused(Refusal { code, reason: reason.into(), is_influxdbs })
        };
        let denied = |text: &str| Failure::Denied(text.into());
        let passing = |text: &str| Failure::Passing(text.into());
        assert_eq!(
            judge(400, r#"{"code":"invalid","message":"unable to\nparse"}"#),
            refused("influxdb.refused", "InfluxDB refuses (400): unable to parse", true)
        );
        assert_eq!(
            judge(400, r#"{"message":"no"}"#),
            refused("influxdb.refused", "InfluxDB refuses (400): no", false)
        );
        assert_eq!(judge(422, ""), refused("influxdb.refused", "InfluxDB refuses (422)", false));
        assert_eq!(
            judge(500, "partial write: x"),
            refused("influxdb.refused", "InfluxDB refuses (500): partial write: x", false)
        );
        assert_eq!(
            judge(413, "<html>\n no"),
            refused("influxdb.too_large", "InfluxDB finds it too large (413): <html> no", false)
        );
        assert_eq!(judge(500, "x"), passing("InfluxDB cannot write now (500): x"));
        assert_eq!(judge(401, "x"), denied("InfluxDB does not accept influxdb.token (401): x"));
        assert_eq!(
            judge(404, r#"{"code":"not found","message":"bucket \"b\" not found"}"#),
            denied("InfluxDB does not find influxdb.bucket (404): bucket \"b\" not found")
        );
        assert_eq!(
            judge(404, r#"{"code":"not found","message":"organization name \"o\" not found"}"#),
            denied("InfluxDB does not find influxdb.org (404): organization name \"o\" not found")
        );
        assert_eq!(judge(429, ""), passing("InfluxDB cannot write now (429)"));
        assert_eq!(judge(302, ""), denied("InfluxDB is elsewhere: check influxdb.url (302)"));
    }

    #[test]
    fn a_message_is_not_long() {
        let Said { message, .. } = Said::new(&"ü".repeat(400), None);
        assert_eq!(message.chars().count(), LONGEST_MESSAGE + 1);
    }

    #[test]
    fn a_message_does_not_hold_the_token() {
        let said = |body: &str, token: &str| {
            Said::new(body, Some(&config::Secret::from(token.to_owned()))).message
        };
        assert_eq!(said("Authorization: Token geheim", "geheim"), "Authorization: Token …");
        let json = r#"{"code":"invalid","message":"not gehe\u0069m"}"#;
        assert_eq!(said(json, "geheim"), "not …");
        let cut = format!("{}geheim", "x".repeat(LONGEST_MESSAGE - 3));
        assert_eq!(said(&cut, "geheim"), format!("{}…", "x".repeat(LONGEST_MESSAGE - 3)));
        assert_eq!(said("abc", ""), "abc");
    }
}
