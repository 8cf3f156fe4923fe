//! The steps that are a form: the broker, InfluxDB, Home Assistant.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};

use crate::{
    app::App,
    backend::{Section, Settings},
    failure::Failure,
    form::Fields,
    frame::{Frame, Here, Page, render},
    settings::{BUTTON, Sheet},
    visitor::Visitor,
};

use super::{step::Step, to};

#[derive(Template)]
#[template(path = "setup/sheet.html")]
struct SheetPage {
    frame: Frame,
    step: Step,
    read_only: Option<String>,
    sheet: Sheet,
    /// Whether it was tried out, and does not work.
    has_failed: bool,
}

pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Page {
    let (step, sheet) = sheet(&app.backend.settings(), &name).ok_or(Failure::NotFound)?;
    render(&page(&app, &visitor, step, sheet, false))
}

pub(super) async fn take(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
    entered: Fields,
) -> Result<Response, Failure> {
    let (step, mut sheet) = sheet(&app.backend.settings(), &name).ok_or(Failure::NotFound)?;
    sheet.enter(&entered);
    sheet.compare(&entered);
    let is_wanted = step != Step::HomeAssistant
        || sheet.field_mut("url").is_some_and(|url| !url.value.is_empty());
    let works = entered.get(BUTTON) == Some("save") || !is_wanted || sheet.attempt(&app).await;
    if works && sheet.save(&app).await {
        return Ok(to(step.next(), &visitor).into_response());
    }
    let page = page(&app, &visitor, step, sheet, !works);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)?).into_response())
}

fn page(app: &App, visitor: &Visitor, step: Step, sheet: Sheet, has_failed: bool) -> SheetPage {
    let frame = Frame::new(Here::Setup, visitor, app.backend.as_ref());
    SheetPage { frame, step, read_only: sheet.read_only.clone(), sheet, has_failed }
}

/// The form of a step, if it has one.
fn sheet(settings: &Settings, name: &str) -> Option<(Step, Sheet)> {
    let sheet =
        |section, keys: &[&str], more: &[&str]| Sheet::some(settings, (section, 0), keys, more);
    let is_it = |step: &Step| step.address().strip_prefix("setup/") == Some(name);
    let step = Step::ALL.into_iter().find(is_it)?;
    let mut sheet = match step {
        Step::Broker => {
            sheet(Section::Mqtt, &["url", "username", "password"], &["client_id", "ca_file"])
        }
        Step::InfluxDb => {
            let keys = ["url", "org", "bucket", "token"];
            sheet(Section::InfluxDb, &keys, &["measurement", "ca_file", "status"])
        }
        Step::HomeAssistant => Sheet {
            more_title: "Hourly statistics for the Energy Dashboard",
            ..sheet(Section::HomeAssistant, &["enabled", "language"], &["url", "token", "ca_file"])
        },
        Step::Meters | Step::Done => return None,
    };
    // So that it is seen in the file that it was decided.
    match step {
        Step::Broker => sheet.write_always(&["url"]),
        Step::HomeAssistant => sheet.write_always(&["enabled"]),
        Step::InfluxDb | Step::Meters | Step::Done => {}
    }
    Some((step, sheet))
}
