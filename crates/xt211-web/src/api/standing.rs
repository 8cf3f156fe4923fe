//! How things stand.

use axum::{Json, extract::State};

use super::{
    asked::Asked,
    failure::{ErrorBody, Refused},
};
use crate::{app::App, view::Standing};

/// How things stand: the broker, InfluxDB, the store
#[utoipa::path(get, path = "/api/vital-signs", responses(
    (status = 200, body = Standing),
    (status = 503, body = ErrorBody),
))]
pub(super) async fn standing(
    State(app): State<App>,
    Asked(()): Asked<()>,
) -> Result<Json<Standing>, Refused> {
    Ok(Json(app.standing().await?))
}
