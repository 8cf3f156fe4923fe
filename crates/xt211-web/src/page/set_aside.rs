//! What was set aside: why, and what is to become of it.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Redirect,
};
use serde::Deserialize;

use crate::{
    app::App,
    failure::Failure,
    form::Fields,
    frame::{Frame, Here, Page, render},
    query::{Query, filled},
    question::{Decision, Wish},
    view::{Clock, ContentView, SetAsideView, excerpt},
    visitor::Visitor,
};

/// How many entries one page shows.
const PER_PAGE: usize = 50;

/// Up to how many meters can be chosen from a list.
const LISTED: usize = 100;

/// How much of a content is shown among others.
const EXCERPT: usize = 160;

#[derive(Template)]
#[template(path = "set-aside.html")]
struct SetAsidePage {
    frame: Frame,
    clock: Clock,
    entries: Vec<SetAsideView>,
    next: Option<i64>,
    total: u64,
    /// How many of each code there are, whichever is chosen.
    codes: Vec<(String, u64)>,
    /// The ids of all meters, if they are few.
    meters: Option<Vec<String>>,
    meter: String,
    code: String,
}

impl SetAsidePage {
    fn excerpt(&self, entry: &SetAsideView) -> String {
        excerpt(&entry.content.text(), EXCERPT)
    }

    fn is_some_chosen(&self) -> bool {
        !self.code.is_empty() || !self.meter.is_empty()
    }
}

#[derive(Template)]
#[template(path = "set-aside-entry.html")]
struct EntryPage {
    frame: Frame,
    clock: Clock,
    entry: SetAsideView,
}

#[derive(Template)]
#[template(path = "set-aside-confirm.html")]
struct ConfirmPage {
    frame: Frame,
    decision: &'static str,
    count: u64,
    meter: String,
    code: String,
    up_to: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    meter: Option<String>,
    code: Option<String>,
    up_to: Option<i64>,
}

impl Parameters {
    fn wish(self) -> Wish {
        Wish { meter: filled(self.meter), code: filled(self.code), up_to: self.up_to }
    }
}

pub(crate) async fn set_aside(
    State(app): State<App>,
    visitor: Visitor,
    Query(parameters): Query<Parameters>,
) -> Page {
    let wish = parameters.wish();
    let all = Wish { code: None, up_to: None, ..wish.clone() };
    let codes = app.ask_about(all, |store, selection| store.set_aside_codes(selection)).await?;
    let entries = app.set_aside(wish.clone(), PER_PAGE).await?;
    let meters = app.read(|store| store.find_meters("", None, LISTED + 1)).await?;
    let meters = (meters.len() <= LISTED).then(|| meters.into_iter().map(|meter| meter.id));
    let (meter, code) = (wish.meter.unwrap_or_default(), wish.code.unwrap_or_default());
    let is_chosen = |(it, _): &&(String, u64)| code.is_empty() || code == *it;
    render(&SetAsidePage {
        frame: Frame::new(Here::SetAside, &visitor, app.backend.as_ref()),
        clock: Clock::in_zone(&visitor.zone),
        entries: entries.items,
        next: entries.next,
        total: codes.iter().filter(is_chosen).map(|(_, count)| count).sum(),
        codes,
        meters: meters.map(Iterator::collect),
        meter,
        code,
    })
}

pub(crate) async fn set_aside_entry(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<i64>,
) -> Page {
    let entry = app
        .read(move |store| {
            SetAsideView::all(store, store.set_aside_entry(id)?.into_iter().collect())
        })
        .await?
        .pop()
        .ok_or_else(|| {
            let message = "This is not set aside any more: it was released or discarded.";
            Failure::Refused(StatusCode::NOT_FOUND, message.into())
        })?;
    render(&EntryPage {
        frame: Frame::new(Here::SetAside, &visitor, app.backend.as_ref()),
        clock: Clock::in_zone(&visitor.zone),
        entry,
    })
}

/// Asks whether something is to be done to all that is chosen.
pub(crate) async fn confirm_decision(
    State(app): State<App>,
    visitor: Visitor,
    Path(decision): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Page {
    let wish = parameters.wish();
    let chosen = wish.clone();
    let (codes, up_to) = app
        .ask_about(wish, |store, selection| {
            Ok((store.set_aside_codes(selection)?, store.last_set_aside()?))
        })
        .await?;
    let decision = match decision_of(&decision)? {
        Decision::Release => "release",
        Decision::Discard => "discard",
    };
    render(&ConfirmPage {
        frame: Frame::new(Here::SetAside, &visitor, app.backend.as_ref()),
        decision,
        count: codes.into_iter().map(|(_, count)| count).sum(),
        meter: chosen.meter.unwrap_or_default(),
        code: chosen.code.unwrap_or_default(),
        up_to,
    })
}

/// Does something to one entry (`id`), or to all that were chosen (`meter`, `code`, `up_to`).
pub(crate) async fn decide(
    State(app): State<App>,
    visitor: Visitor,
    Path(decision): Path<String>,
    fields: Fields,
) -> Result<Redirect, Failure> {
    let decision = decision_of(&decision)?;
    let number = |name| match fields.get(name).map(str::parse::<i64>) {
        Some(Ok(number)) => Ok(Some(number)),
        Some(Err(_)) => {
            let message = format!("{name} is not a number.");
            Err(Failure::Refused(StatusCode::BAD_REQUEST, message))
        }
        None => Ok(None),
    };
    match (number("id")?, number("up_to")?) {
        (Some(id), _) => app.decide(decision, id).await?,
        (None, Some(up_to)) => {
            let text = |name| filled(fields.get(name).map(str::to_owned));
            let wish = Wish { meter: text("meter"), code: text("code"), up_to: Some(up_to) };
            app.decide_all(decision, wish).await?;
        }
        (None, None) => {
            let message = "What is meant is missing: id, or up_to.";
            return Err(Failure::Refused(StatusCode::BAD_REQUEST, message.into()));
        }
    }
    Ok(Redirect::to(&format!("{}/set-aside", visitor.base)))
}

fn decision_of(name: &str) -> Result<Decision, Failure> {
    match name {
        "release" => Ok(Decision::Release),
        "discard" => Ok(Decision::Discard),
        _ => Err(Failure::NotFound),
    }
}
