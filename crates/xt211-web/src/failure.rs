//! Why there is no page, as a page.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use xt211_store::StoreError;

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum Failure {
    /// There is no such thing.
    NotFound,
    /// What was sent makes no sense, or was not sent by our page.
    Refused(StatusCode, String),
    /// The store cannot be read.
    Store(StoreError),
    /// A fault of the program.
    Fault(String),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<askama::Error> for Failure {
    fn from(error: askama::Error) -> Self {
        Self::Fault(error.to_string())
    }
}

impl Failure {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Refused(status, _) => *status,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Fault(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// For people.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::NotFound => "There is no such page.".into(),
            Self::Refused(_, message) => message.clone(),
            Self::Store(error) => error.to_string(),
            Self::Fault(message) => format!("This is a fault of the program: {message}"),
        }
    }
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage<'m> {
    status: StatusCode,
    message: &'m str,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, message) = (self.status(), self.message());
        if status.is_server_error() {
            tracing::warn!("a page could not be shown: {message}");
        }
        // It needs nothing that could fail.
        let page = FailurePage { status, message: &message }.render().unwrap_or_default();
        (status, Html(page)).into_response()
    }
}
