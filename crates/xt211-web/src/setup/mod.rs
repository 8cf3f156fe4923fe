//! The setup: step by step from nothing to values on the screen. Each step is saved at once, and
//! nothing but the settings is remembered of it.

mod candidate;
mod done;
mod meters;
mod sheets;
mod step;
#[cfg(test)]
mod tests;
mod wildcard;

use axum::{
    Router,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};

use crate::{app::App, visitor::Visitor};

use self::step::Step;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/setup", get(begin))
        .route("/setup/{step}", get(sheets::show).post(sheets::take))
        .route("/setup/meters", get(meters::show).post(meters::choose))
        .route("/setup/meters/heard", get(meters::heard))
        .route("/setup/done", get(done::show))
}

/// Shows the setup instead of a page, as long as nothing is configured.
pub(crate) async fn first(
    State(app): State<App>,
    visitor: Visitor,
    request: Request,
    next: Next,
) -> Response {
    match app.backend.needs_setup() {
        true => begin(visitor).await.into_response(),
        false => next.run(request).await,
    }
}

async fn begin(visitor: Visitor) -> Redirect {
    to(Step::Broker, &visitor)
}

fn to(step: Step, visitor: &Visitor) -> Redirect {
    Redirect::to(&format!("{}/{}", visitor.base, step.address()))
}
