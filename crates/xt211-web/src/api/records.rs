//! What is kept.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::{IntoParams, ToSchema};

use super::{
    asked::{Asked, Sent},
    failure::{ErrorBody, Refused},
    set_aside::Count,
};
use crate::{app::App, download::download, failure::Failure, page::require_forwarding, span::Span};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Parameters {
    /// `csv` (a row for each value) or `lines` (as InfluxDB gets it).
    #[param(pattern = "^(csv|lines)$")]
    form: String,
    /// The id of a meter; all of them without one.
    meter: Option<String>,
    /// From this time on.
    #[param(format = DateTime)]
    from: Option<String>,
    /// Before this time.
    #[param(format = DateTime)]
    to: Option<String>,
}

/// Which records are meant: all of them, unless more is said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Records {
    /// The id of a meter.
    meter: Option<String>,
    /// From this time on.
    #[schema(format = DateTime)]
    from: Option<String>,
    /// Before this time.
    #[schema(format = DateTime)]
    to: Option<String>,
}

/// What is kept of a range of time
#[utoipa::path(get, path = "/api/export", params(Parameters), responses(
    (status = 200, description = "The records, the oldest first", content(
        (String = "text/csv"), (String = "text/plain"),
    )),
    (status = 400, body = ErrorBody),
    (status = 404, description = "No such meter", body = ErrorBody),
    (status = 429, description = "Other exports are under way", body = ErrorBody),
    (status = 503, body = ErrorBody),
))]
pub(super) async fn export(
    State(app): State<App>,
    Asked(Parameters { form, meter, from, to }): Asked<Parameters>,
) -> Result<Response, Refused> {
    let span = span(meter, from.as_deref(), to.as_deref())?;
    Ok(download(&app, &form, span, [None, None]).await?)
}

/// Forward to InfluxDB again what was forwarded before
#[utoipa::path(post, path = "/api/forward", request_body = Records, responses(
    (status = 200, body = Count),
    (status = 400, body = ErrorBody),
    (status = 404, description = "No such meter", body = ErrorBody),
    (status = 409, description = "InfluxDB is not set up", body = ErrorBody),
    (status = 422, description = "It is not as described", body = ErrorBody),
    (status = 503, body = ErrorBody),
))]
pub(super) async fn forward(
    State(app): State<App>,
    Sent(Records { meter, from, to }): Sent<Records>,
) -> Result<Json<Count>, Refused> {
    require_forwarding(&app)?;
    let span = span(meter, from.as_deref(), to.as_deref())?;
    Ok(Json(Count { count: app.forward(span).await? }))
}

fn span(meter: Option<String>, from: Option<&str>, to: Option<&str>) -> Result<Span, Failure> {
    let time = |name: &str, text: Option<&str>| {
        let time = text.map(|text| OffsetDateTime::parse(text, &Rfc3339)).transpose();
        time.map_err(|_| {
            let message = format!("`{name}` is no time: write it as 2026-02-21T20:27:09Z.");
            Failure::Refused(StatusCode::BAD_REQUEST, message)
        })
    };
    Ok(Span { meter, from: time("from", from)?, to: time("to", to)? })
}
