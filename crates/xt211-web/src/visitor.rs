//! Who looks at the page, as far as that matters.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};
use jiff::tz::TimeZone;

use crate::failure::Failure;

/// Who looks at the page. Every request that gets as far as a page has one.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    /// The path below which the page is, without a slash at its end: empty, or that of an ingress.
    pub(crate) base: String,
    /// Where they are: the path and what is asked for behind it, below the base, beginning with a
    /// slash.
    pub(crate) place: String,
    /// What has to come along with a change, to show that it was our own page that asked for it.
    pub(crate) token: String,
    /// Their time zone.
    pub(crate) zone: TimeZone,
    /// Whether they have shown the password, and so can take it away again.
    pub(crate) can_leave: bool,
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get().cloned().ok_or(Failure::Fault("a page without a visitor".into()))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Visitor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Failure> {
        Ok(parts.extensions.get().cloned())
    }
}
