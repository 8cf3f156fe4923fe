//! Why there is no answer, for programs.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{backend::Refusal, failure::Failure};

/// Why there is no answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// What is wrong.
    error: ErrorView,
    /// What else is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    others: Vec<ErrorView>,
}

/// Something that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorView {
    /// What is wrong and what to do, for people.
    message: String,
    /// With which setting, if it is one's.
    #[schema(example = "mqtt.url")]
    place: Option<String>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Refused {
    status: StatusCode,
    body: ErrorBody,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        let (status, message) = (failure.status(), failure.message());
        if status.is_server_error() {
            tracing::warn!("a question could not be answered: {message}");
        }
        let error = ErrorView { message, place: None };
        Self { status, body: ErrorBody { error, others: Vec::new() } }
    }
}

impl From<Vec<Refusal>> for Refused {
    fn from(refusals: Vec<Refusal>) -> Self {
        let view = |Refusal { place, message }: Refusal| ErrorView {
            message,
            place: place.map(|place| place.to_string()),
        };
        let mut errors = refusals.into_iter().map(view);
        let unknown = || ErrorView { message: "It was refused.".into(), place: None };
        let error = errors.next().unwrap_or_else(unknown);
        let body = ErrorBody { error, others: errors.collect() };
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, body }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}
