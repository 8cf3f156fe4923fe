//! The last messages.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{asked::Asked, failure::Refused};
use crate::{
    app::App,
    backend::{LogEntry, Outcome},
    view::Moment,
};

/// The last messages.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Log {
    /// The messages, the newest first.
    messages: Vec<MessageView>,
}

/// A message, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
struct MessageView {
    /// Rises by one with each message since the start.
    number: u64,
    /// When it came.
    at: Moment,
    /// Its topic.
    topic: String,
    /// Its size in bytes.
    size: u64,
    /// Its beginning as text; what is no text, and what cannot be seen, as escapes.
    excerpt: String,
    /// The id of its meter, if it has one.
    meter: Option<String>,
    /// What became of it; more than one if parts of it differ.
    outcomes: Vec<OutcomeView>,
}

/// What became of a message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum OutcomeView {
    /// So many records of it were kept.
    Kept {
        /// How many.
        records: u64,
    },
    /// It says nothing new.
    NothingNew,
    /// It was set aside.
    SetAside {
        /// Why, as a text that never changes.
        code: String,
        /// Why, for people.
        reason: String,
    },
    /// It is of no meter.
    NotOurs,
}

impl From<LogEntry> for MessageView {
    fn from(entry: LogEntry) -> Self {
        let excerpt = entry.text();
        let LogEntry { number, at, topic, size, meter, outcomes, .. } = entry;
        let outcomes = outcomes.into_iter().map(OutcomeView::from).collect();
        // No platform's sizes are wider than 64 bits.
        Self { number, at: Moment(at), topic, size: size as u64, excerpt, meter, outcomes }
    }
}

impl From<Outcome> for OutcomeView {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Kept(records) => Self::Kept { records },
            Outcome::NothingNew => Self::NothingNew,
            Outcome::SetAside { code, reason } => Self::SetAside { code, reason },
            Outcome::NotOurs => Self::NotOurs,
        }
    }
}

/// The last messages, and what became of each
#[utoipa::path(get, path = "/api/log", responses((status = 200, body = Log)))]
pub(super) async fn log(
    State(app): State<App>,
    Asked(()): Asked<()>,
) -> Result<Json<Log>, Refused> {
    Ok(Json(Log { messages: app.backend.log().into_iter().map(Into::into).collect() }))
}
