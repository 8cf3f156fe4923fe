//! The overview: every meter's current values.

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use crate::{
    app::App,
    frame::{Frame, Here, Page, render},
    query::{Query, filled},
    view::{Clock, MeterView, Standing, State as Is},
    visitor::Visitor,
};

/// How many meters one page shows.
const PER_PAGE: usize = 100;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    frame: Frame,
    clock: Clock,
    standing: Standing,
    meters: Vec<MeterView>,
    search: String,
    /// Whether these are not the first ones.
    is_later: bool,
    next: Option<i64>,
}

impl Overview {
    fn has_more_than_a_page(&self) -> bool {
        self.standing.meters > PER_PAGE as u64
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    search: Option<String>,
    after: Option<i64>,
}

pub(crate) async fn overview(
    State(app): State<App>,
    visitor: Visitor,
    Query(Parameters { search, after }): Query<Parameters>,
) -> Page {
    let search = filled(search).unwrap_or_default().trim().to_owned();
    let meters = app.meters(search.clone(), after, PER_PAGE, visitor.zone.clone()).await?;
    render(&Overview {
        frame: Frame::new(Here::Overview, &visitor, app.backend.as_ref()),
        clock: Clock::in_zone(&visitor.zone),
        standing: app.standing().await?,
        next: meters.next,
        meters: meters.items,
        search,
        is_later: after.is_some(),
    })
}
