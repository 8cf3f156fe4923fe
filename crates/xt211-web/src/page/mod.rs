//! The pages.

mod charts;
mod export;
mod log;
mod overview;
mod set_aside;

use axum::{
    Router,
    middleware::from_fn_with_state,
    routing::{get, post},
};

pub(crate) use self::export::require_forwarding;
use crate::{app::App, setup};

/// The pages that show what is known.
pub(crate) fn routes(app: &App) -> Router<App> {
    Router::new()
        .route("/", get(overview::overview).layer(from_fn_with_state(app.clone(), setup::first)))
        .route("/charts", get(charts::charts))
        .route("/set-aside", get(set_aside::set_aside))
        .route("/set-aside/{id}", get(set_aside::set_aside_entry))
        .route("/set-aside/all/{decision}", get(set_aside::confirm_decision))
        .route("/set-aside/decide/{decision}", post(set_aside::decide))
        .route("/log", get(log::log))
        .route("/export", get(export::export))
        .route("/export/file", get(export::export_file))
        .route("/export/forward", get(export::confirm_forward).post(export::forward))
}
