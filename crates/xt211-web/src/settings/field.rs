//! A field of a form.

use std::hash::{Hash as _, Hasher};

use crate::backend::{Place, Setting, SettingValue};

use super::catalogue::{KnownSetting, SettingKind};

/// What the name of a field begins with that says that a secret is to be removed.
const REMOVE: &str = "remove:";

/// A field of a form: a setting as it is, and what somebody has entered for it.
pub(crate) struct Field {
    pub(crate) known: &'static KnownSetting,
    pub(crate) place: Place,
    /// What is shown. Of a secret, nothing.
    pub(crate) value: String,
    /// Whether something is set.
    pub(crate) is_set: bool,
    /// The environment variable that it comes from.
    pub(crate) variable: Option<String>,
    /// Whether it cannot be changed, for that reason or another.
    pub(crate) is_locked: bool,
    /// Whether it is written even if it is what it is without being written.
    pub(crate) is_always_written: bool,
    pub(crate) error: Option<String>,
    /// Whether it is a secret that was entered, and would have to be entered again.
    pub(crate) is_lost: bool,
    /// What it is, before anything was entered.
    was: String,
    /// What was entered for a secret. It is never shown.
    secret: Option<String>,
    pub(crate) is_removed: bool,
}

impl Field {
    pub(crate) fn new(
        known: &'static KnownSetting,
        meter: usize,
        setting: Option<&Setting>,
        read_only: bool,
    ) -> Self {
        let value = match setting.map(|it| &it.value) {
            Some(SettingValue::Shown(_)) if known.kind == SettingKind::Secret => String::new(),
            Some(SettingValue::Shown(value)) => value.clone(),
            Some(SettingValue::Secret) => String::new(),
            None => known.default.unwrap_or_default().to_owned(),
        };
        let variable = setting.and_then(|it| it.variable.clone());
        Self {
            known,
            place: Place { section: known.section, meter, key: known.key.into() },
            was: value.clone(),
            value,
            is_set: setting.is_some(),
            is_locked: read_only || variable.is_some(),
            variable,
            is_always_written: false,
            error: None,
            is_lost: false,
            secret: None,
            is_removed: false,
        }
    }

    /// Takes what was entered. What cannot be changed stays, whatever was sent.
    pub(crate) fn enter<'e>(&mut self, entered: impl Fn(&str) -> Option<&'e str>) {
        let name = self.name();
        let value = entered(&name);
        if self.is_locked {
            if let (Some(variable), Some(_)) = (&self.variable, value) {
                self.error = Some(format!(
                    "It is set by the environment variable {variable}, and can only be changed there."
                ));
            }
            return;
        }
        if self.is_secret() {
            // A space may be part of it.
            self.secret = value.filter(|value| !value.is_empty()).map(String::from);
            self.is_removed = entered(&format!("{REMOVE}{name}")).is_some();
            self.is_lost = self.secret.is_some();
        } else if let Some(value) = value {
            value.trim().clone_into(&mut self.value);
        }
    }

    /// Notes what it is, if that is not what was entered. Of a secret, nothing is told.
    pub(crate) fn tell_what_it_is(&mut self) {
        if !self.is_secret() && self.value != self.was {
            let was = if self.was.is_empty() { "not set" } else { &self.was };
            self.error = Some(format!("At the moment it is {was}."));
        }
    }

    /// Adds what it is to what a form was made from.
    pub(crate) fn hash(&self, hasher: &mut impl Hasher) {
        (self.name(), &self.was, self.is_set).hash(hasher);
    }

    /// What is to be set, if anything: to a text, or to nothing.
    pub(crate) fn change(&self) -> Option<Option<String>> {
        if self.is_locked {
            return None;
        }
        if self.is_secret() {
            let is_removed = self.is_removed && self.is_set;
            return self.secret.clone().map(Some).or(is_removed.then_some(None));
        }
        let is_new = self.value != self.was;
        if self.is_always_written && (is_new || !self.is_set) {
            return Some(Some(self.value.clone()));
        }
        match self.value.as_str() {
            // Its default is there already.
            "" if !self.is_set => None,
            "" if is_new => Some(None),
            value => is_new.then(|| Some(value.to_owned())),
        }
    }

    /// Its name in the form, which is its id in the page too.
    pub(crate) fn name(&self) -> String {
        self.place.to_string()
    }

    /// The name of the field that removes it.
    pub(crate) fn removal(&self) -> String {
        format!("{REMOVE}{}", self.place)
    }

    /// The ids of what describes it.
    pub(crate) fn described_by(&self) -> String {
        let name = self.name();
        match self.error {
            Some(_) => format!("{name}-error {name}-help"),
            None => format!("{name}-help"),
        }
    }

    pub(crate) fn is_switch(&self) -> bool {
        self.known.kind == SettingKind::Switch
    }

    pub(crate) fn is_on(&self) -> bool {
        self.value == "true"
    }

    pub(crate) fn is_secret(&self) -> bool {
        self.known.kind == SettingKind::Secret
    }

    pub(crate) fn is_choice(&self) -> bool {
        matches!(self.known.kind, SettingKind::Choice(_))
    }

    pub(crate) fn is_time_zone(&self) -> bool {
        self.known.kind == SettingKind::TimeZone
    }

    pub(crate) fn unit(&self) -> Option<&'static str> {
        match self.known.kind {
            SettingKind::Number(unit) => Some(unit),
            _ => None,
        }
    }

    /// What can be chosen: each value, what it is called, and whether it is chosen. What is set
    /// stays among them, even if it is none of them.
    pub(crate) fn choices(&self) -> Vec<(&str, &str, bool)> {
        let SettingKind::Choice(choices) = self.known.kind else { return Vec::new() };
        let choice = |(value, label): &(&'static str, &'static str)| -> (&str, &str, bool) {
            (value, label, *value == self.value)
        };
        let mut choices: Vec<_> = choices.iter().map(choice).collect();
        if choices.iter().all(|(_, _, is_chosen)| !is_chosen) {
            choices.push((&self.value, &self.value, true));
        }
        choices
    }
}
