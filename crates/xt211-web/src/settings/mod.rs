//! The settings: each section a form, which can be tried out and saved.

mod catalogue;
mod field;
mod page;
mod sheet;

use std::cmp::Ordering;

use axum::{
    Router,
    extract::{Path, Query, State},
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;

use crate::{
    app::App, backend::Section, failure::Failure, form::Fields, frame::Page, visitor::Visitor,
};

pub use self::catalogue::{KnownSetting, SettingKind, catalogue};
pub(crate) use self::sheet::{Sheet, free_number};

/// The field that tells which button was pressed.
pub(crate) const BUTTON: &str = "do";

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/settings", get(show))
        .route("/settings/{section}", post(change_section).get(go_back))
        .route("/settings/meter/{number}", post(change_meter).get(go_back))
        .route("/settings/meter/{number}/remove", post(remove_meter).get(go_back))
}

/// What has just been done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Done {
    /// What was saved, by its id in the page.
    saved: Option<String>,
    /// Whether a meter was removed.
    removed: Option<String>,
}

async fn show(State(app): State<App>, visitor: Visitor, Query(done): Query<Done>) -> Page {
    let mut page = page::SettingsPage::new(&app, &visitor);
    page.is_removed = done.removed.is_some();
    if let Some(saved) = done.saved {
        page.note_saved(&saved);
    }
    page.render()
}

/// For those who load the answer to a form again.
async fn go_back(visitor: Visitor) -> Redirect {
    Redirect::to(&format!("{}/settings", visitor.base))
}

async fn change_section(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
    entered: Fields,
) -> Result<Response, Failure> {
    let is_it = |section: &Section| *section != Section::Meter && section.name() == name;
    let section = Section::ALL.into_iter().find(is_it).ok_or(Failure::NotFound)?;
    let sheet = Sheet::new(&app.backend.settings(), section, 0);
    settle(&app, &visitor, sheet, &entered).await
}

async fn change_meter(
    State(app): State<App>,
    visitor: Visitor,
    Path(number): Path<usize>,
    entered: Fields,
) -> Result<Response, Failure> {
    let settings = app.backend.settings();
    // There is always one, even if nothing is said of it.
    let count = settings.meters.len().max(1);
    let sheet = match number.cmp(&count) {
        Ordering::Less => Sheet::new(&settings, Section::Meter, number),
        Ordering::Equal => Sheet::new_meter(&settings),
        Ordering::Greater => return Err(Failure::NotFound),
    };
    settle(&app, &visitor, sheet, &entered).await
}

/// Tries out or saves what was entered.
async fn settle(
    app: &App,
    visitor: &Visitor,
    mut sheet: Sheet,
    entered: &Fields,
) -> Result<Response, Failure> {
    sheet.enter(entered);
    sheet.compare(entered);
    if entered.get(BUTTON) == Some("try") {
        sheet.attempt(app).await;
    } else if sheet.save(app).await {
        let anchor = sheet.anchor();
        let address = format!("{}/settings?saved={anchor}#{anchor}", visitor.base);
        return Ok(Redirect::to(&address).into_response());
    }
    page::SettingsPage::with(app, visitor, sheet)
}

async fn remove_meter(
    State(app): State<App>,
    visitor: Visitor,
    Path(number): Path<usize>,
    entered: Fields,
) -> Result<Response, Failure> {
    let settings = app.backend.settings();
    if number >= settings.meters.len() {
        return Err(Failure::NotFound);
    }
    let mut sheet = Sheet::new(&settings, Section::Meter, number);
    sheet.compare(&entered);
    if sheet.remove_meter(&app).await {
        let address = format!("{}/settings?removed=meter", visitor.base);
        return Ok(Redirect::to(&address).into_response());
    }
    page::SettingsPage::with(&app, &visitor, sheet)
}

/// The names of all time zones.
pub(crate) fn zones() -> Vec<String> {
    jiff::tz::db().available().map(|name| name.to_string()).collect()
}
