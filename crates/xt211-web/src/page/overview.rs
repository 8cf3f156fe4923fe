//! The overview: every meter's current values.

use askama::Template;
use axum::extract::State;

use crate::{
    app::App,
    frame::{Frame, Here, Page, render},
    visitor::Visitor,
};

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    frame: Frame,
}

pub(crate) async fn overview(State(app): State<App>, visitor: Visitor) -> Page {
    render(&Overview { frame: Frame::new(Here::Overview, &visitor, app.backend.as_ref()) })
}
