//! Meters and their current values.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    asked::{Asked, Named, limited},
    failure::{ErrorBody, Refused},
};
use crate::{app::App, view::MeterView, visitor::Visitor};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Parameters {
    /// A part of the id, the serial number or the topic.
    search: Option<String>,
    /// Those after this one: `next` of the last answer.
    after: Option<i64>,
    /// How many at most, up to 1000; 100 unless told.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// A few meters of all.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Meters {
    /// The meters, in the order in which they were added.
    meters: Vec<MeterView>,
    /// What to ask for the next ones with, if there are more.
    next: Option<i64>,
}

/// All meters and their current values
#[utoipa::path(get, path = "/api/meters", params(Parameters), responses(
    (status = 200, body = Meters),
    (status = 400, body = ErrorBody),
    (status = 503, body = ErrorBody),
))]
pub(super) async fn meters(
    State(app): State<App>,
    visitor: Visitor,
    Asked(Parameters { search, after, limit }): Asked<Parameters>,
) -> Result<Json<Meters>, Refused> {
    let limit = limited(limit, 100, 1000)?;
    let meters = app.meters(search.unwrap_or_default(), after, limit, visitor.zone).await?;
    Ok(Json(Meters { meters: meters.items, next: meters.next }))
}

/// One meter and its current values
#[utoipa::path(get, path = "/api/meters/{id}", params(("id" = String, Path)), responses(
    (status = 200, body = MeterView),
    (status = 404, body = ErrorBody),
    (status = 503, body = ErrorBody),
))]
pub(super) async fn meter(
    State(app): State<App>,
    visitor: Visitor,
    Named(id): Named<String>,
    Asked(()): Asked<()>,
) -> Result<Json<MeterView>, Refused> {
    Ok(Json(app.meter(id, visitor.zone).await?))
}
