//! Some settings of a section, as a form.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hasher as _},
};

use crate::{
    app::App,
    backend::{Edit, Place, Refusal, Section, Setting, Settings, Trial},
    form::Fields,
};

use super::{
    catalogue::{KnownSetting, catalogue, title},
    field::Field,
};

/// The field that tells what a form was made from, for somebody may have changed it meanwhile.
const ABOUT: &str = "about";

/// Some settings of a section, as a form.
pub(crate) struct Sheet {
    pub(crate) section: Section,
    /// Which meter's, counted from 0; 0 of other sections.
    pub(crate) meter: usize,
    pub(crate) fields: Vec<Field>,
    /// What hardly anybody needs.
    pub(crate) more: Vec<Field>,
    /// What that is called.
    pub(crate) more_title: &'static str,
    /// What is wrong, as far as it is not a field's.
    pub(crate) errors: Vec<String>,
    /// What works.
    pub(crate) success: Option<String>,
    /// What it was made from, in few characters.
    pub(crate) about: String,
    /// Why nothing can be saved, if so.
    pub(crate) read_only: Option<String>,
}

impl Sheet {
    /// All of a section.
    pub(crate) fn new(settings: &Settings, section: Section, meter: usize) -> Self {
        let (more, fields) =
            fields(settings, section, meter).partition(|field| field.known.is_advanced);
        Self::of(settings, section, meter, fields, more)
    }

    /// Some of a section: those to be shown, and those that hardly anybody needs.
    pub(crate) fn some(
        settings: &Settings,
        (section, meter): (Section, usize),
        keys: &[&str],
        more: &[&str],
    ) -> Self {
        let among = |keys: &[&str]| {
            let is_among = |field: &Field| keys.contains(&field.known.key);
            fields(settings, section, meter).filter(is_among).collect()
        };
        Self::of(settings, section, meter, among(keys), among(more))
    }

    fn of(
        settings: &Settings,
        section: Section,
        meter: usize,
        fields: Vec<Field>,
        more: Vec<Field>,
    ) -> Self {
        let mut hasher = DefaultHasher::new();
        fields.iter().chain(&more).for_each(|field| field.hash(&mut hasher));
        Self {
            section,
            meter,
            fields,
            more,
            more_title: "More settings",
            errors: Vec::new(),
            success: None,
            about: format!("{:x}", hasher.finish()),
            read_only: settings.read_only.clone(),
        }
    }

    /// A meter that is yet to be added, with what says which one it is left to be entered.
    pub(crate) fn new_meter(settings: &Settings) -> Self {
        const OWN: [&str; 3] = ["id", "data_topic", "status_topic"];
        let mut sheet = Self::new(settings, Section::Meter, settings.meters.len().max(1));
        sheet.write_always(&OWN);
        for field in sheet.all_mut().filter(|field| OWN.contains(&field.known.key)) {
            // Those of the usual meter are another's.
            field.value.clear();
        }
        sheet
    }

    /// Settings that are written even if they are what they are without being written.
    pub(crate) fn write_always(&mut self, keys: &[&str]) {
        for field in self.all_mut().filter(|field| keys.contains(&field.known.key)) {
            field.is_always_written = true;
        }
    }

    /// Takes what was entered.
    pub(crate) fn enter(&mut self, entered: &Fields) {
        self.all_mut().for_each(|field| field.enter(|name| entered.get(name)));
    }

    /// Refuses a form that was made from something else than what is there now: from other values, or
    /// from another meter, for these are counted.
    pub(crate) fn compare(&mut self, entered: &Fields) {
        if entered.get(ABOUT).is_some_and(|about| about != self.about) {
            let message = "This was changed meanwhile, and nothing of yours is saved yet. Look \
                           whether it is right, and try again.";
            self.errors.push(message.into());
            self.all_mut().for_each(Field::tell_what_it_is);
        }
    }

    /// What was changed.
    pub(crate) fn edit(&self) -> Edit {
        let changes = self.all().filter_map(|field| Some((field.place.clone(), field.change()?)));
        Edit { set: changes.collect(), remove_meter: None }
    }

    /// Saves what was changed. Returns whether that worked; if not, all that is wrong is noted.
    pub(crate) async fn save(&mut self, app: &App) -> bool {
        let edit = self.edit();
        if edit == Edit::default() && self.can_be_saved() {
            return true;
        }
        self.send(app, edit).await
    }

    /// Removes the meter that it is about. Returns whether that worked, as [`save`](Self::save).
    pub(crate) async fn remove_meter(&mut self, app: &App) -> bool {
        self.send(app, Edit { remove_meter: Some(self.meter), ..Edit::default() }).await
    }

    async fn send(&mut self, app: &App, edit: Edit) -> bool {
        if !self.can_be_saved() {
            return false;
        }
        match app.backend.save(edit).await {
            Ok(()) => true,
            Err(refusals) => {
                self.refuse(refusals);
                false
            }
        }
    }

    /// Whether it is worth trying to; if not, why is noted.
    fn can_be_saved(&mut self) -> bool {
        if let Some(reason) = &self.read_only {
            self.errors.push(format!("Nothing can be changed here: {reason}"));
        }
        !self.is_wrong()
    }

    /// Tries out what was entered. Returns whether it works; what came of it is noted.
    pub(crate) async fn attempt(&mut self, app: &App) -> bool {
        if self.is_wrong() {
            return false;
        }
        let Some(trial) = trial(self.section) else { return true };
        if let Some(url) =
            self.all_mut().find(|field| field.known.key == "url" && field.value.is_empty())
        {
            url.error = Some("There is nothing to try: write an address.".into());
            return false;
        }
        match app.backend.attempt(trial, self.edit()).await {
            Ok(success) => self.success = Some(success),
            Err(refusals) => self.refuse(refusals),
        }
        self.success.is_some()
    }

    /// Notes all that is wrong, each beside its field if that is here.
    pub(crate) fn refuse(&mut self, refusals: Vec<Refusal>) {
        for Refusal { place, message } in refusals {
            let message = sentence(&message);
            let field = self.all_mut().find(|field| Some(&field.place) == place.as_ref());
            match (field, place) {
                (Some(field), _) => match &mut field.error {
                    Some(error) => *error = format!("{error} {message}"),
                    None => field.error = Some(message),
                },
                (None, Some(place)) => {
                    self.errors.push(format!("{}: {message}", name_of(&place)));
                }
                (None, None) => self.errors.push(message),
            }
        }
    }

    pub(crate) fn field_mut(&mut self, key: &str) -> Option<&mut Field> {
        self.all_mut().find(|field| field.known.key == key)
    }

    /// Its id in the page.
    pub(crate) fn anchor(&self) -> String {
        match self.section {
            Section::Meter => format!("meter-{}", self.meter),
            section => section.name().into(),
        }
    }

    /// Whether anything in it can be changed.
    pub(crate) fn is_locked(&self) -> bool {
        self.all().all(|field| field.is_locked)
    }

    /// Whether what hardly anybody needs has to be seen.
    pub(crate) fn is_more_open(&self) -> bool {
        self.more.iter().any(|field| field.error.is_some())
    }

    /// Whether there is something wrong with any of it.
    pub(crate) fn is_wrong(&self) -> bool {
        !self.errors.is_empty() || self.all().any(|field| field.error.is_some())
    }

    fn all(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().chain(&self.more)
    }

    fn all_mut(&mut self) -> impl Iterator<Item = &mut Field> {
        self.fields.iter_mut().chain(&mut self.more)
    }
}

/// What can be tried out of a section.
pub(crate) const fn trial(section: Section) -> Option<Trial> {
    match section {
        Section::Mqtt => Some(Trial::Broker),
        Section::HomeAssistant => Some(Trial::HomeAssistant),
        Section::InfluxDb => Some(Trial::InfluxDb),
        Section::Meter | Section::Store | Section::Web => None,
    }
}

/// The number of the next meter: one of which nothing is set is there only because there is
/// always one.
pub(crate) fn free_number(settings: &Settings) -> usize {
    let is_set = |meter: &BTreeMap<String, Setting>| !meter.is_empty();
    if settings.meters.iter().any(is_set) { settings.meters.len() } else { 0 }
}

fn fields(settings: &Settings, section: Section, meter: usize) -> impl Iterator<Item = Field> {
    let set = match section {
        Section::Meter => settings.meters.get(meter),
        _ => settings.sections.get(&section),
    };
    let read_only = settings.read_only.is_some();
    let known = catalogue().iter().filter(move |known| known.section == section);
    known.map(move |known| {
        Field::new(known, meter, set.and_then(|set| set.get(known.key)), read_only)
    })
}

/// What people call a setting.
fn name_of(place: &Place) -> String {
    let Place { section, meter, key } = place;
    let is_known = |known: &&KnownSetting| (known.section, known.key) == (*section, key);
    let label = catalogue().iter().find(is_known).map_or(key.as_str(), |known| known.label);
    match section {
        Section::Meter => format!("{} {}, {label}", title(*section), meter + 1),
        _ => format!("{}, {label}", title(*section)),
    }
}

/// A message that was to follow the name of what it is about, to stand by itself.
fn sentence(message: &str) -> String {
    let mut rest = message.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    let end = if message.ends_with(['.', '!', '?']) { "" } else { "." };
    first.chain(rest).chain(end.chars()).collect()
}
