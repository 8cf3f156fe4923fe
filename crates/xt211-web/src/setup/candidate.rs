//! From what is heard at a broker to meters that somebody may have.
//!
//! A module sends to topics with a common parent: `elektromer/data`, `elektromer/status`,
//! `elektromer/battery`. Which is which is told by what they hold, not by their names.

use std::collections::{BTreeMap, BTreeSet};

use crate::backend::{Heard, Refusal};

use super::wildcard;

/// The most topics that are remembered: one more is hardly of a meter.
const MAX_TOPICS: usize = 1_000;

/// The longest topic that is offered, in bytes: longer ones are hardly of a meter.
const MAX_LENGTH: usize = 4_000;

/// And the one with the most levels.
const MAX_LEVELS: usize = 16;

/// The longest serial number that is shown, in bytes. A message may hold any text.
const MAX_SERIAL: usize = 64;

/// What was heard of each topic.
#[derive(Clone, Debug, Default)]
pub(crate) struct Topics(BTreeMap<String, Sound>);

/// What was heard of a topic.
#[derive(Clone, Debug, Default)]
struct Sound {
    has_reading: bool,
    has_state: bool,
    serial: Option<String>,
    value: Option<String>,
}

/// What may be a meter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// What would be its id.
    pub(crate) id: String,
    /// What it would be called.
    pub(crate) name: String,
    pub(crate) data_topic: String,
    pub(crate) status_topic: String,
    pub(crate) battery_topic: Option<String>,
    /// What else was heard beside, and would not be listened to.
    pub(crate) others: Vec<String>,
    /// Whether a reading of it was heard.
    pub(crate) has_reading: bool,
    pub(crate) serials: BTreeSet<String>,
    /// Its last value, for people.
    pub(crate) value: Option<String>,
    /// How many it stands for, if there is a `+` in its topics.
    pub(crate) stands_for: Option<usize>,
}

impl Candidate {
    /// The topics that it listens to.
    pub(super) fn listened(&self) -> impl Iterator<Item = &String> {
        [&self.data_topic, &self.status_topic].into_iter().chain(&self.battery_topic)
    }
}

impl Topics {
    /// Takes what was heard. Returns why nothing can be heard, if so.
    pub(crate) fn take(&mut self, heard: Result<Heard, Refusal>) -> Option<String> {
        match heard {
            Ok(heard) => {
                self.add(heard);
                None
            }
            Err(refusal) => Some(refusal.message),
        }
    }

    fn add(&mut self, heard: Heard) {
        let Heard { topic, parts: [has_reading, has_state, _], serial, value } = heard;
        let is_full = self.0.len() >= MAX_TOPICS && !self.0.contains_key(&topic);
        if is_full || !can_be_set(&topic) {
            return;
        }
        let sound = self.0.entry(topic).or_default();
        sound.has_reading |= has_reading;
        sound.has_state |= has_state;
        let serial = serial.filter(|serial| serial.len() <= MAX_SERIAL);
        sound.serial = serial.or(sound.serial.take());
        sound.value = value.or(sound.value.take());
    }

    /// What may be meters: those that stand for several, then each of its own. Every topic that
    /// was heard belongs to one of the latter. `taken` are ids that other meters have.
    pub(crate) fn candidates(&self, taken: &BTreeSet<String>) -> Vec<Candidate> {
        let mut families: BTreeMap<&str, Family<'_>> = BTreeMap::new();
        for (topic, sound) in &self.0 {
            families.entry(parent(topic)).or_default().insert(topic, sound);
        }
        let mut single: Vec<_> = families.values().flat_map(|it| self.members(it)).collect();
        name(&mut single, taken);
        let mut all = wildcard::candidates(&single);
        all.append(&mut single);
        all
    }

    /// The meters among topics with a common parent.
    fn members(&self, family: &Family<'_>) -> Vec<Candidate> {
        let (readings, rest): (Family<'_>, Family<'_>) =
            family.iter().partition(|(_, sound)| sound.has_reading);
        let mut members: BTreeMap<Option<&str>, Family<'_>> =
            readings.keys().map(|data| (Some(*data), Family::new())).collect();
        for (topic, sound) in rest {
            let data = nearest(topic, readings.keys().copied());
            members.entry(data).or_default().insert(topic, sound);
        }
        members.iter().map(|(data, own)| self.member(*data, &readings, own)).collect()
    }

    /// A meter with the topic of its readings, if that was heard, and what else is its own.
    fn member(&self, data: Option<&str>, readings: &Family<'_>, own: &Family<'_>) -> Candidate {
        let of_data = data.and_then(|topic| Some((topic, *readings.get(topic)?)));
        let mut state = own.iter().filter(|(_, sound)| sound.has_state).map(|(topic, _)| *topic);
        let mut battery = own.iter().filter(|(_, sound)| !sound.has_state).map(|(topic, _)| *topic);
        let (status_heard, battery) = (state.next(), battery.next());
        let unheard = |topic: &str, from: &str, to: &str| {
            let sibling = sibling(topic, from, to)?;
            (!self.0.contains_key(&sibling)).then_some(sibling)
        };
        let any = data.or(status_heard).or(battery).unwrap_or_default();
        let data_topic = match data {
            Some(data) => data.to_owned(),
            None => unheard(any, "status", "data")
                .or_else(|| unheard(any, "battery", "data"))
                .unwrap_or_else(|| any.to_owned()),
        };
        let status_topic = match status_heard {
            Some(status) => status.to_owned(),
            // If there is none of its own, its state comes along with its readings.
            None if of_data.is_some_and(|(_, sound)| sound.has_state) => data_topic.clone(),
            None => unheard(&data_topic, "data", "status").unwrap_or_else(|| data_topic.clone()),
        };
        let is_other = |topic: &&&str| Some(**topic) != status_heard && Some(**topic) != battery;
        let others = own.keys().filter(is_other).map(|topic| (*topic).to_owned()).collect();
        let sounds = of_data.into_iter().chain(own.iter().map(|(topic, sound)| (*topic, *sound)));
        let sounds: Vec<_> = sounds.map(|(_, sound)| sound).collect();
        Candidate {
            data_topic,
            status_topic,
            battery_topic: battery.map(String::from),
            others,
            has_reading: data.is_some(),
            serials: sounds.iter().filter_map(|sound| sound.serial.clone()).collect(),
            value: sounds.iter().find_map(|sound| sound.value.clone()),
            ..Candidate::default()
        }
    }
}

/// Topics with a common parent.
type Family<'t> = BTreeMap<&'t str, &'t Sound>;

/// Whether a topic can be one of a meter, as far as it is a single one.
fn can_be_set(topic: &str) -> bool {
    (1..=MAX_LENGTH).contains(&topic.len())
        && topic.split('/').count() <= MAX_LEVELS
        && !topic.contains(|c: char| matches!(c, '+' | '#') || c.is_control())
        && !topic.starts_with('$')
}

fn parent(topic: &str) -> &str {
    topic.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// The topic beside it with another word in its last level.
fn sibling(topic: &str, from: &str, to: &str) -> Option<String> {
    let start = topic.rfind('/').map_or(0, |slash| slash + 1);
    let (parent, last) = topic.split_at_checked(start)?;
    last.contains(from).then(|| format!("{parent}{}", last.replacen(from, to, 1)))
}

/// Of some topics, the one that is most like it; the first, if several are.
fn nearest<'t>(topic: &str, among: impl Iterator<Item = &'t str>) -> Option<&'t str> {
    let likeness = |other: &str| {
        topic.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count()
    };
    // The greatest, and of equals the first, which `max_by_key` would not give.
    among.min_by_key(|other| std::cmp::Reverse(likeness(other)))
}

/// Suggests ids and names: the usual ones for one that is alone, else what tells them apart.
fn name(candidates: &mut [Candidate], taken: &BTreeSet<String>) {
    if let ([only], true) = (&mut *candidates, taken.is_empty()) {
        only.id = "meter".into();
        only.name = "XT211 Meter".into();
        return;
    }
    let topics: BTreeSet<_> = candidates.iter().map(|it| it.data_topic.clone()).collect();
    // In how many of them each level is.
    let mut levels: BTreeMap<&str, usize> = BTreeMap::new();
    for topic in &topics {
        for level in topic.split('/').collect::<BTreeSet<_>>() {
            *levels.entry(level).or_default() += 1;
        }
    }
    let is_of_one = |level: &&str| !level.is_empty() && levels.get(level) == Some(&1);
    let mut taken = taken.clone();
    for candidate in candidates {
        let data_topic = candidate.data_topic.clone();
        let mut levels = parent(&data_topic).rsplit('/').chain(data_topic.rsplit('/').take(1));
        let own = levels.find(is_of_one);
        let level = own.or(data_topic.rsplit('/').nth(1)).unwrap_or(&data_topic);
        candidate.name = format!("XT211 Meter {level}").trim_end().to_owned();
        let id = id(level);
        let numbered = (2..).map(|number: u32| format!("{id}-{number}"));
        let mut ids = std::iter::once(id.clone()).chain(numbered);
        candidate.id = ids.find(|id| !taken.contains(id)).unwrap_or_default();
        taken.insert(candidate.id.clone());
    }
}

/// What can be an id, as like a text as may be.
fn id(text: &str) -> String {
    /// The longest: it stands in many topics.
    const MAX_LENGTH: usize = 32;

    let character = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let id: String = text.chars().take(MAX_LENGTH).map(character).collect();
    match id.to_ascii_lowercase().trim_matches('_') {
        "" => "meter".into(),
        // Its place in the topics is taken.
        "bridge" => "bridge-meter".into(),
        id => id.to_owned(),
    }
}
