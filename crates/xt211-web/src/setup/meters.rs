//! The step in which meters are found: by listening, or because somebody knows their topics.

use std::{collections::BTreeSet, convert::Infallible, time::Duration};

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::{
        IntoResponse as _, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{Stream, StreamExt as _, stream::BoxStream};
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};

use crate::{
    app::App,
    backend::{Edit, Heard, Place, Refusal, Section, Settings},
    failure::Failure,
    form::Fields,
    frame::{Frame, Here, Page, render},
    live,
    settings::{Sheet, free_number, zones},
    visitor::Visitor,
};

use super::{
    candidate::{Candidate, Topics},
    step::Step,
    to, wildcard,
};

/// How long those wait whose browser runs no scripts, before the page asks again by itself.
const PATIENCE: Duration = Duration::from_secs(20);

/// How much longer, once something was heard: the rest comes right behind.
const BURST: Duration = Duration::from_secs(2);

/// The most messages that are looked at before what came of them is shown.
const AT_ONCE: usize = 100;

#[derive(Template)]
#[template(path = "setup/meters.html")]
struct MetersPage {
    frame: Frame,
    step: Step,
    read_only: Option<String>,
    chosen: Vec<Chosen>,
    found: Found,
    /// Whether the page listens without scripts.
    is_listening: bool,
    /// For those who know the topics.
    by_hand: Sheet,
    zones: Vec<String>,
}

/// A meter that is in the settings.
struct Chosen {
    /// Its place among the settings.
    anchor: String,
    id: String,
    name: String,
    data_topic: String,
}

/// What was heard, on its own.
#[derive(Template)]
#[template(path = "setup/found.html")]
struct Found {
    token: String,
    trouble: Option<String>,
    /// Each with whether it is in the settings.
    candidates: Vec<(bool, Candidate)>,
    can_choose: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wish {
    /// Whether to listen for a while before there is an answer.
    listen: Option<String>,
}

pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(wish): Query<Wish>,
) -> Page {
    let is_listening = wish.listen.is_some();
    let (topics, trouble) = match is_listening {
        true => listen_for_a_while(app.backend.listen(Edit::default())).await,
        false => (Topics::default(), None),
    };
    let settings = app.backend.settings();
    let found = Found::new(&visitor, &settings, &topics, trouble);
    let by_hand = by_hand(&settings);
    render(&MetersPage { is_listening, ..page(&app, &visitor, &settings, found, by_hand) })
}

/// Takes a meter, whether it was heard or entered by hand.
pub(super) async fn choose(
    State(app): State<App>,
    visitor: Visitor,
    entered: Fields,
) -> Result<Response, Failure> {
    let settings = app.backend.settings();
    let mut sheet = by_hand(&settings);
    sheet.enter(&of_meter(entered, sheet.meter));
    if sheet.save(&app).await {
        return Ok(to(Step::Meters, &visitor).into_response());
    }
    let found = Found::new(&visitor, &settings, &Topics::default(), None);
    let page = page(&app, &visitor, &settings, found, sheet);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)?).into_response())
}

/// Shows what may be meters as soon as something is heard.
pub(super) async fn heard(
    State(app): State<App>,
    visitor: Visitor,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failure> {
    let turn = live::turn(&app)?;
    let heard = app.backend.listen(Edit::default()).ready_chunks(AT_ONCE);
    let mut topics = Topics::default();
    let events = heard.map(move |messages| {
        let _turn = &turn;
        let trouble = messages.into_iter().filter_map(|message| topics.take(message)).last();
        let settings = app.backend.settings();
        let found = Found::new(&visitor, &settings, &topics, trouble);
        // It needs nothing that could fail.
        Ok(Event::default().data(found.render().unwrap_or_default()))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

async fn listen_for_a_while(
    mut heard: BoxStream<'static, Result<Heard, Refusal>>,
) -> (Topics, Option<String>) {
    let mut topics = Topics::default();
    let mut end = Instant::now() + PATIENCE;
    while let Ok(Some(message)) = timeout_at(end, heard.next()).await {
        if let Some(trouble) = topics.take(message) {
            return (topics, Some(trouble));
        }
        end = end.min(Instant::now() + BURST);
    }
    (topics, None)
}

fn page(
    app: &App,
    visitor: &Visitor,
    settings: &Settings,
    found: Found,
    by_hand: Sheet,
) -> MetersPage {
    MetersPage {
        frame: Frame::new(Here::Setup, visitor, app.backend.as_ref()),
        step: Step::Meters,
        read_only: settings.read_only.clone(),
        chosen: chosen(settings),
        found,
        is_listening: false,
        by_hand,
        zones: zones(),
    }
}

/// A meter that is yet to be added. The first is suggested to be the usual one.
fn by_hand(settings: &Settings) -> Sheet {
    let mut sheet = match free_number(settings) {
        0 => Sheet::new(settings, Section::Meter, 0),
        _ => Sheet::new_meter(settings),
    };
    sheet.write_always(&["id", "name", "data_topic", "status_topic"]);
    sheet
}

/// The same fields for the meter of this number: which is the next may have changed since the
/// form was made.
fn of_meter(mut entered: Fields, number: usize) -> Fields {
    for (name, _) in &mut entered.0 {
        if let Ok(place @ Place { section: Section::Meter, .. }) = name.parse() {
            *name = Place { meter: number, ..place }.to_string();
        }
    }
    entered
}

/// The meters of which something is set.
fn chosen(settings: &Settings) -> Vec<Chosen> {
    let meters = (0..settings.meters.len()).take(match free_number(settings) {
        0 => 0,
        _ => settings.meters.len(),
    });
    let value = |sheet: &mut Sheet, key| {
        sheet.field_mut(key).map(|field| field.value.clone()).unwrap_or_default()
    };
    meters
        .map(|number| {
            let mut sheet = Sheet::new(settings, Section::Meter, number);
            Chosen {
                anchor: sheet.anchor(),
                id: value(&mut sheet, "id"),
                name: value(&mut sheet, "name"),
                data_topic: value(&mut sheet, "data_topic"),
            }
        })
        .collect()
}

impl Found {
    fn new(
        visitor: &Visitor,
        settings: &Settings,
        topics: &Topics,
        trouble: Option<String>,
    ) -> Self {
        let chosen = chosen(settings);
        let taken: BTreeSet<_> = chosen.iter().map(|meter| meter.id.clone()).collect();
        let is_chosen = |it: &Candidate| {
            chosen.iter().any(|meter| {
                meter.data_topic == it.data_topic
                    || wildcard::covers(&meter.data_topic, &it.data_topic)
            })
        };
        let candidates = topics.candidates(&taken).into_iter();
        Self {
            token: visitor.token.clone(),
            trouble,
            candidates: candidates.map(|it| (is_chosen(&it), it)).collect(),
            can_choose: settings.read_only.is_none(),
        }
    }
}
