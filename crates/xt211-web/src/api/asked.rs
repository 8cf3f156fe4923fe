//! What programs ask for; what they may not is refused in words for them.

use axum::{
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;

use super::failure::Refused;
use crate::{failure::Failure, form, query::Query};

/// What an address says behind its question mark.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let Query(it) = Query::from_request_parts(parts, state).await?;
        Ok(Self(it))
    }
}

/// What an address names.
pub(super) struct Named<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(it)) => Ok(Self(it)),
            Err(error) => Err(Failure::Refused(StatusCode::BAD_REQUEST, error.body_text()).into()),
        }
    }
}

/// What is sent to an address.
pub(super) struct Sent<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let form::Json(it) = form::Json::from_request(request, state).await?;
        Ok(Self(it))
    }
}

/// How many of many are told at once, if anybody asks for more or fewer than usual.
pub(super) fn limited(limit: Option<usize>, usual: usize, most: usize) -> Result<usize, Failure> {
    match limit {
        None => Ok(usual),
        Some(limit) if (1..=most).contains(&limit) => Ok(limit),
        Some(_) => {
            let message = format!("`limit` is from 1 to {most}.");
            Err(Failure::Refused(StatusCode::BAD_REQUEST, message))
        }
    }
}
