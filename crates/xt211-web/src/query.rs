//! What an address says behind its question mark.

use axum::{
    extract::{FromRequestParts, Query as Parameters},
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;

use crate::failure::Failure;

/// What an address says behind its question mark. What it should not say is refused: a misspelled
/// filter would else select everything.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        match Parameters::from_request_parts(parts, state).await {
            Ok(Parameters(it)) => Ok(Self(it)),
            Err(error) => Err(Failure::Refused(StatusCode::BAD_REQUEST, error.body_text())),
        }
    }
}

/// A field that was left empty says nothing.
pub(crate) fn filled(field: Option<String>) -> Option<String> {
    field.filter(|text| !text.trim().is_empty())
}
