//! What is set aside.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, IntoResponses, ToSchema};

use super::{
    asked::{Asked, Named, Sent, limited},
    failure::{ErrorBody, Refused},
};
use crate::{
    app::App,
    failure::Failure,
    question::{Decision, Wish},
    view::SetAsideView,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Parameters {
    /// The id of a meter.
    meter: Option<String>,
    /// A reason, by its code.
    code: Option<String>,
    /// Those up to this id: `next` of the last answer.
    up_to: Option<i64>,
    /// How many at most, up to 1000; 100 unless told.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// A few of what is set aside.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Entries {
    /// The entries, the newest first.
    entries: Vec<SetAsideView>,
    /// What to ask for the next ones with, if there are more.
    next: Option<i64>,
}

/// Which entries are meant: all of them, unless more is said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Chosen {
    /// The id of a meter.
    meter: Option<String>,
    /// A reason, by its code.
    code: Option<String>,
    /// Up to this id, which is to be said so that nothing is meant that came later.
    up_to: i64,
}

/// To how many something was done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Count {
    /// How many.
    pub(super) count: u64,
}

/// What comes of a decision.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "it describes what is sent")]
pub(super) enum Decided {
    /// It is done
    #[response(status = 200)]
    Done(Count),
    /// No such entry, or no such meter
    #[response(status = 404)]
    NotFound(ErrorBody),
    /// It is not as described
    #[response(status = 422)]
    Wrong(ErrorBody),
    /// The store cannot be written
    #[response(status = 503)]
    NotKept(ErrorBody),
}

/// What is set aside, the newest first
#[utoipa::path(get, path = "/api/set-aside", params(Parameters), responses(
    (status = 200, body = Entries),
    (status = 400, body = ErrorBody),
    (status = 404, description = "No such meter", body = ErrorBody),
    (status = 503, body = ErrorBody),
))]
pub(super) async fn list(
    State(app): State<App>,
    Asked(Parameters { meter, code, up_to, limit }): Asked<Parameters>,
) -> Result<Json<Entries>, Refused> {
    let limit = limited(limit, 100, 1000)?;
    let entries = app.set_aside(Wish { meter, code, up_to }, limit).await?;
    Ok(Json(Entries { entries: entries.items, next: entries.next }))
}

/// One entry that is set aside
#[utoipa::path(get, path = "/api/set-aside/{id}", params(("id" = i64, Path)), responses(
    (status = 200, body = SetAsideView),
    (status = 404, body = ErrorBody),
    (status = 503, body = ErrorBody),
))]
pub(super) async fn entry(
    State(app): State<App>,
    Named(id): Named<i64>,
    Asked(()): Asked<()>,
) -> Result<Json<SetAsideView>, Refused> {
    let entry = app.read(move |store| {
        SetAsideView::all(store, store.set_aside_entry(id)?.into_iter().collect())
    });
    Ok(Json(entry.await?.pop().ok_or(Failure::NotFound)?))
}

/// Release an entry: the bridge does so within seconds
#[utoipa::path(post, path = "/api/set-aside/{id}/release", params(("id" = i64, Path)),
    request_body = Nothing, responses(Decided))]
pub(super) async fn release(
    State(app): State<App>,
    Named(id): Named<i64>,
    Sent(Nothing {}): Sent<Nothing>,
) -> Result<Json<Count>, Refused> {
    app.decide(Decision::Release, id).await?;
    Ok(Json(Count { count: 1 }))
}

/// Put an entry out of sight
#[utoipa::path(post, path = "/api/set-aside/{id}/discard", params(("id" = i64, Path)),
    request_body = Nothing, responses(Decided))]
pub(super) async fn discard(
    State(app): State<App>,
    Named(id): Named<i64>,
    Sent(Nothing {}): Sent<Nothing>,
) -> Result<Json<Count>, Refused> {
    app.decide(Decision::Discard, id).await?;
    Ok(Json(Count { count: 1 }))
}

/// Release all entries that are chosen
#[utoipa::path(post, path = "/api/set-aside/release", request_body = Chosen,
    responses(Decided))]
pub(super) async fn release_all(
    State(app): State<App>,
    Sent(chosen): Sent<Chosen>,
) -> Result<Json<Count>, Refused> {
    Ok(Json(Count { count: app.decide_all(Decision::Release, chosen.into()).await? }))
}

/// Put all entries that are chosen out of sight
#[utoipa::path(post, path = "/api/set-aside/discard", request_body = Chosen,
    responses(Decided))]
pub(super) async fn discard_all(
    State(app): State<App>,
    Sent(chosen): Sent<Chosen>,
) -> Result<Json<Count>, Refused> {
    Ok(Json(Count { count: app.decide_all(Decision::Discard, chosen.into()).await? }))
}

/// There is nothing to say: `{}`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

impl From<Chosen> for Wish {
    fn from(Chosen { meter, code, up_to }: Chosen) -> Self {
        Self { meter, code, up_to: Some(up_to) }
    }
}
