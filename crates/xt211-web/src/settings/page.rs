//! All settings on one page.

use std::path::PathBuf;

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};

use crate::{
    app::App,
    backend::{Section, Settings},
    failure::Failure,
    frame::{Frame, Here, Page, render},
    visitor::Visitor,
};

use super::{
    catalogue,
    sheet::{Sheet, trial},
    zones,
};

/// All settings on one page.
#[derive(Template)]
#[template(path = "settings.html")]
pub(super) struct SettingsPage {
    frame: Frame,
    file: PathBuf,
    read_only: Option<String>,
    cards: Vec<Card>,
    zones: Vec<String>,
    /// Whether a meter was just removed.
    pub(super) is_removed: bool,
}

/// A form with what is around it.
struct Card {
    title: String,
    about: &'static str,
    sheet: Sheet,
    can_be_tried: bool,
    /// Whether it is a meter, and not the only one.
    can_be_removed: bool,
    /// Whether it is a meter that is yet to be added.
    is_new: bool,
    /// Whether it was just saved.
    is_saved: bool,
}

impl SettingsPage {
    pub(super) fn new(app: &App, visitor: &Visitor) -> Self {
        let settings = app.backend.settings();
        Self {
            frame: Frame::new(Here::Settings, visitor, app.backend.as_ref()),
            cards: cards(&settings),
            file: settings.file,
            read_only: settings.read_only,
            zones: zones(),
            is_removed: false,
        }
    }

    /// With one of the forms as somebody has filled it in.
    pub(super) fn with(app: &App, visitor: &Visitor, sheet: Sheet) -> Result<Response, Failure> {
        let mut page = Self::new(app, visitor);
        let status = match sheet.is_wrong() {
            true => StatusCode::UNPROCESSABLE_ENTITY,
            false => StatusCode::OK,
        };
        let which = (sheet.section, sheet.meter);
        if let Some(card) = page.cards.iter_mut().find(|card| card.which() == which) {
            card.sheet = sheet;
        }
        Ok((status, page.render()?).into_response())
    }

    /// Says that one of the forms was saved.
    pub(super) fn note_saved(&mut self, anchor: &str) {
        for card in &mut self.cards {
            card.is_saved = !card.is_new && card.sheet.anchor() == anchor;
        }
    }

    pub(super) fn render(&self) -> Page {
        render(self)
    }
}

impl Card {
    fn which(&self) -> (Section, usize) {
        (self.sheet.section, self.sheet.meter)
    }

    /// Where it is sent.
    fn address(&self) -> String {
        match self.sheet.section {
            Section::Meter => format!("settings/meter/{}", self.sheet.meter),
            section => format!("settings/{}", section.name()),
        }
    }
}

fn cards(settings: &Settings) -> Vec<Card> {
    let mut cards = Vec::new();
    for section in Section::ALL {
        let card = |sheet: Sheet| Card {
            title: catalogue::title(section).into(),
            about: catalogue::about(section),
            can_be_tried: trial(section).is_some(),
            can_be_removed: false,
            is_new: false,
            is_saved: false,
            sheet,
        };
        if section != Section::Meter {
            cards.push(card(Sheet::new(settings, section, 0)));
            continue;
        }
        let count = settings.meters.len().max(1);
        for meter in 0..count {
            let mut sheet = Sheet::new(settings, section, meter);
            let name = sheet.field_mut("name").map(|field| field.value.clone()).unwrap_or_default();
            let can_be_removed = count > 1 && settings.read_only.is_none();
            cards.push(Card { title: name, can_be_removed, ..card(sheet) });
        }
        if settings.read_only.is_none() {
            let sheet = Sheet::new_meter(settings);
            cards.push(Card { title: "Add a meter".into(), is_new: true, ..card(sheet) });
        }
    }
    cards
}
