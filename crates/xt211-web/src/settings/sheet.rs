//! Some settings of a section, as a form.

use std::collections::BTreeMap;

use crate::{
    app::App,
    backend::{Edit, Place, Refusal, Section, Setting, Settings, Trial},
    form::Fields,
};

use super::{
    catalogue::{KnownSetting, catalogue, title},
    field::Field,
};

/// The field that tells which meter a form is about, for meters are counted, and somebody may have
/// removed one meanwhile.
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
    /// The id of the meter that it is about, as it is.
    pub(crate) about: String,
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
        let about = match section {
            Section::Meter => meter_id(settings, meter),
            _ => String::new(),
        };
        let (more_title, errors, success) = ("More settings", Vec::new(), None);
        Self { section, meter, fields, more, more_title, errors, success, about }
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

    /// Whether a form that was sent is about the same meter, which is noted if not.
    pub(crate) fn is_same(&mut self, entered: &Fields) -> bool {
        let is_same = entered.get(ABOUT).unwrap_or_default() == self.about;
        if !is_same {
            let message = "The meters were changed meanwhile. Look whether this is the right one, \
                           and try again.";
            self.errors.push(message.into());
        }
        is_same
    }

    /// What was changed.
    pub(crate) fn edit(&self) -> Edit {
        let changes = self.all().filter_map(|field| Some((field.place.clone(), field.change()?)));
        Edit { set: changes.collect(), remove_meter: None }
    }

    /// Saves what was changed. Returns whether that worked; if not, all that is wrong is noted.
    pub(crate) async fn save(&mut self, app: &App) -> bool {
        let edit = self.edit();
        if edit == Edit::default() {
            return true;
        }
        match app.backend.save(edit).await {
            Ok(()) => true,
            Err(refusals) => {
                self.refuse(refusals);
                false
            }
        }
    }

    /// Tries out what was entered. Returns whether it works; what came of it is noted.
    pub(crate) async fn attempt(&mut self, app: &App) -> bool {
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

/// The id of a meter; nothing if there is none of that number.
fn meter_id(settings: &Settings, meter: usize) -> String {
    let is_there = meter < settings.meters.len();
    let mut fields = fields(settings, Section::Meter, meter).filter(|_| is_there);
    fields.find(|field| field.known.key == "id").map(|field| field.value).unwrap_or_default()
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
