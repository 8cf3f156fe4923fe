//! The log: the last messages, and what became of each.

use askama::Template;
use axum::extract::State;

use crate::{
    app::App,
    backend::{LogEntry, Outcome},
    frame::{Frame, Here, Page, render},
    query::Query,
    view::{Clock, Moment, as_text},
    visitor::Visitor,
};

#[derive(Template)]
#[template(path = "log.html")]
struct Log {
    frame: Frame,
    clock: Clock,
    entries: Vec<LogEntry>,
}

impl LogEntry {
    fn moment(&self) -> Moment {
        Moment(self.at)
    }

    pub(crate) fn text(&self) -> String {
        as_text(&self.excerpt)
    }

    fn seen_topic(&self) -> String {
        as_text(self.topic.as_bytes())
    }

    fn is_cut(&self) -> bool {
        self.excerpt.len() < self.size
    }
}

impl Outcome {
    /// The class of its sign.
    fn class(&self) -> &'static str {
        match self {
            Self::Kept(_) => "sign good",
            Self::NothingNew | Self::NotOurs => "sign",
            Self::SetAside { .. } => "sign warn",
        }
    }

    /// For people.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Kept(1) => "kept".into(),
            Self::Kept(count) => format!("kept: {count} records"),
            Self::NothingNew => "nothing new".into(),
            Self::SetAside { reason, .. } => format!("set aside: {}", as_text(reason.as_bytes())),
            Self::NotOurs => "not of a meter".into(),
        }
    }
}

pub(crate) async fn log(State(app): State<App>, visitor: Visitor, Query(()): Query<()>) -> Page {
    render(&Log {
        frame: Frame::new(Here::Log, &visitor, app.backend.as_ref()),
        clock: Clock::in_zone(&visitor.zone),
        entries: app.backend.log(),
    })
}
