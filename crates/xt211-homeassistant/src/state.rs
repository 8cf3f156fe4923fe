//! What was last seen under each key, and the messages that say so.

use std::{cmp::Ordering, fmt, str::FromStr};

use serde::{Serialize, Serializer, ser::SerializeMap};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use xt211_message::{Decimal, Value};
use xt211_obis::ObisCode;

use crate::{StateTopic, json::push_string, key::Key};

/// A value that Home Assistant is told. Its text is borrowed until it is known to be another one
/// than before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum State<T = Box<str>> {
    Number(Decimal),
    Count(u64),
    Text(T),
    Time(OffsetDateTime),
}

impl<'v> From<&'v Value<'_>> for State<&'v str> {
    fn from(value: &'v Value<'_>) -> Self {
        match value {
            Value::Number(number) => Self::Number(*number),
            Value::Text(text) => Self::Text(text),
        }
    }
}

impl State {
    /// The same value with a text that is borrowed.
    fn borrowed(&self) -> State<&str> {
        match self {
            Self::Number(number) => State::Number(*number),
            Self::Count(count) => State::Count(*count),
            Self::Text(text) => State::Text(text),
            Self::Time(time) => State::Time(*time),
        }
    }
}

impl From<State<&str>> for State {
    fn from(state: State<&str>) -> Self {
        match state {
            State::Number(number) => Self::Number(number),
            State::Count(count) => Self::Count(count),
            State::Text(text) => Self::Text(text.into()),
            State::Time(time) => Self::Time(time),
        }
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => number.serialize(serializer),
            Self::Count(count) => serializer.serialize_u64(*count),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Time(time) => serialize_time(*time, serializer),
        }
    }
}

/// A state as bridges tell it each other: a letter that says what it is, and its text.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "n{number}"),
            Self::Count(count) => write!(f, "c{count}"),
            Self::Text(text) => write!(f, "t{text}"),
            Self::Time(time) => write!(f, "@{}", time.unix_timestamp_nanos()),
        }
    }
}

/// A text that is no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotAState;

impl FromStr for State {
    type Err = NotAState;

    fn from_str(text: &str) -> Result<Self, NotAState> {
        let mut letters = text.chars();
        let (kind, rest) = (letters.next(), letters.as_str());
        let state = match kind {
            Some('n') => rest.parse().ok().map(Self::Number),
            Some('c') => rest.parse().ok().map(Self::Count),
            Some('t') => Some(Self::Text(rest.into())),
            Some('@') => {
                let time = rest.parse().ok().map(OffsetDateTime::from_unix_timestamp_nanos);
                time.and_then(Result::ok).map(Self::Time)
            }
            _ => None,
        };
        state.ok_or(NotAState)
    }
}

/// A time as RFC 3339; one that this cannot write (before the year 0) is not known.
pub(crate) fn serialize_time<S: Serializer>(
    time: OffsetDateTime,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time.format(&Rfc3339) {
        Ok(text) => serializer.serialize_str(&text),
        Err(_) => serializer.serialize_none(),
    }
}

/// A key that was seen.
#[derive(Clone, Debug)]
struct Entry {
    key: Key,
    /// The one of the key.
    topic: StateTopic,
    /// `None` if it was seen before a restart and not since.
    state: Option<State>,
    /// Of when it is, in seconds since 1970.
    read: i64,
}

/// For how many more keys there is to be room when there is none.
const MORE: usize = 4;

/// Everything that was seen of one meter, by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct States {
    /// Sorted by key, each once.
    entries: Vec<Entry>,
    /// Where the next key is, most likely: messages name them in their order.
    next: usize,
}

/// What [`States::merge`] found: what was told, beside what was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Merge {
    New,
    Newer,
    Same,
    Older,
}

/// What [`States::set`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The key was never seen.
    New,
    /// It had another state, or none since the restart.
    Different,
    /// It had this state.
    Same,
}

impl States {
    /// Sets the state of a key; returns the topic that it is told on, too.
    pub(crate) fn set(&mut self, key: Key, state: State<&str>, read: i64) -> (Found, StateTopic) {
        match self.entry(key) {
            Ok(entry) => {
                entry.read = read;
                if entry.state.as_ref().is_some_and(|old| old.borrowed() == state) {
                    return (Found::Same, entry.topic);
                }
                entry.state = Some(state.into());
                (Found::Different, entry.topic)
            }
            Err(index) => {
                let (topic, state) = (key.topic(), Some(state.into()));
                self.insert(index, Entry { key, topic, state, read });
                (Found::New, topic)
            }
        }
    }

    /// Forgets the state of a key, but not that it was seen. Says whether there was one.
    pub(crate) fn clear(&mut self, key: Key, read: i64) -> bool {
        self.entry(key).is_ok_and(|entry| {
            entry.read = read;
            entry.state.take().is_some()
        })
    }

    /// Of when the state of a key is, if it was seen.
    pub(crate) fn read(&mut self, key: Key) -> Option<i64> {
        self.entry(key).ok().map(|entry| entry.read)
    }

    /// Every key that was seen, its state, and of when that is.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, Option<&State>, i64)> {
        self.entries.iter().map(|entry| (entry.key, entry.state.as_ref(), entry.read))
    }

    /// Takes what somebody else has seen, if it is newer. Of two states of the same time, everybody
    /// has to take the same: the one whose text is the last.
    pub(crate) fn merge(&mut self, key: Key, state: Option<State>, read: i64) -> Merge {
        match self.entry(key) {
            Ok(entry) => {
                let text = |state: &Option<State>| state.as_ref().map(ToString::to_string);
                match (read, text(&state)).cmp(&(entry.read, text(&entry.state))) {
                    Ordering::Less => Merge::Older,
                    Ordering::Equal => Merge::Same,
                    Ordering::Greater => {
                        (entry.state, entry.read) = (state, read);
                        Merge::Newer
                    }
                }
            }
            Err(index) => {
                let topic = key.topic();
                self.insert(index, Entry { key, topic, state, read });
                Merge::New
            }
        }
    }

    /// Sees a key that was seen before a restart.
    pub(crate) fn restore(&mut self, key: Key) {
        if let Err(index) = self.entry(key) {
            let (topic, state, read) = (key.topic(), None, 0);
            self.insert(index, Entry { key, topic, state, read });
        }
    }

    fn insert(&mut self, index: usize, entry: Entry) {
        // A meter has its registers within minutes, and then no more for years: memory for twice as
        // many would be lost.
        if self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact(MORE);
        }
        self.entries.insert(index, entry);
    }

    /// Every key that was seen.
    pub(crate) fn keys(&self) -> impl DoubleEndedIterator<Item = Key> {
        self.entries.iter().map(|entry| entry.key)
    }

    /// The message of a topic, without what was read before `since`.
    pub(crate) fn message(&self, topic: StateTopic, since: i64) -> Option<StateMessage<'_>> {
        let message = StateMessage { entries: &self.entries, topic, since };
        let is_empty = message.iter().next().is_none();
        (!is_empty).then_some(message)
    }

    /// The entry of a key, or where it would be.
    fn entry(&mut self, key: Key) -> Result<&mut Entry, usize> {
        let is_next = self.entries.get(self.next).is_some_and(|entry| entry.key == key);
        let index = match is_next {
            true => self.next,
            false => self.entries.binary_search_by_key(&key, |entry| entry.key)?,
        };
        self.next = index + 1;
        // It was just found there.
        self.entries.get_mut(index).ok_or(index)
    }
}

/// A state message: an object of states by key.
#[derive(Debug)]
pub struct StateMessage<'a> {
    entries: &'a [Entry],
    topic: StateTopic,
    since: i64,
}

impl StateMessage<'_> {
    fn iter(&self) -> impl Iterator<Item = (Key, &State)> {
        self.entries
            .iter()
            .filter(|entry| entry.read >= self.since && entry.topic == self.topic)
            .filter_map(|entry| Some((entry.key, entry.state.as_ref()?)))
    }
}

impl StateMessage<'_> {
    /// Appends the message as JSON. It says what [`Serialize`] does, in a third of the time and
    /// without asking for memory but the buffer's (or for a time); and numbers have all their digits.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        let mut opening = b"{\"";
        for (key, state) in self.iter() {
            if let (Key::Register(code), State::Number(number)) = (key, state) {
                push_number(out, *opening, code, *number);
                opening = b",\"";
                continue;
            }
            out.extend_from_slice(opening);
            opening = b",\"";
            match key {
                Key::Register(code) => out.extend_from_slice(code.text().as_bytes()),
                Key::Module(key) => out.extend_from_slice(key.as_str().as_bytes()),
                Key::Bridge(key) => out.extend_from_slice(key.as_str().as_bytes()),
            }
            out.extend_from_slice(b"\":");
            match state {
                State::Number(number) => out.extend_from_slice(number.text().as_bytes()),
                State::Count(count) => out.extend_from_slice(count.to_string().as_bytes()),
                State::Text(text) => push_string(out, text),
                State::Time(time) => match time.format(&Rfc3339) {
                    Ok(text) => push_string(out, &text),
                    Err(_) => out.extend_from_slice(b"null"),
                },
            }
        }
        // Cannot be empty: then there is no message.
        out.push(b'}');
    }
}

/// Appends a register's key and number, as most of what a meter tells is: put together on the stack,
/// where room for both is known to be.
#[inline]
fn push_number(out: &mut Vec<u8>, [mark, quote]: [u8; 2], code: ObisCode, number: Decimal) {
    let mut room = [0; 64];
    let mut end = 2;
    if let Some((opening, key)) = room.split_first_chunk_mut() {
        *opening = [mark, quote];
        end += key.first_chunk_mut().map_or(0, |key| code.write_padded(b'.', key));
    }
    if let Some((colon, value)) = room.get_mut(end..).and_then(<[u8]>::split_first_chunk_mut) {
        *colon = *b"\":";
        end += 2 + value.first_chunk_mut().map_or(0, |value| number.write_padded(value));
    }
    out.extend_from_slice(room.get(..end).unwrap_or_default());
}

impl Serialize for StateMessage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, state) in self.iter() {
            map.serialize_entry(&key, state)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn key(text: &str) -> Key {
        text.parse().unwrap()
    }

    fn text(states: &States, topic: StateTopic, since: i64) -> Option<String> {
        let message = states.message(topic, since)?;
        let text = serde_json::to_string(&message).unwrap();
        let mut json = Vec::new();
        message.write_json(&mut json);
        assert_eq!(str::from_utf8(&json), Ok(text.as_str()));
        Some(text)
    }

    #[test]
    fn ten_thousand_meters_of_thirty_registers_take_twelve_megabytes() {
        assert_eq!(size_of::<Entry>(), 40);
    }

    #[test]
    fn there_is_never_room_for_many_more() {
        let mut states = States::default();
        for code in 0..100 {
            states.set(key(&format!("1.8.{code}")), State::Count(0), 0);
            assert!(states.entries.capacity() - states.entries.len() < MORE);
        }
    }

    #[test]
    fn setting_says_what_was_found() {
        let mut states = States::default();
        let count = |count| State::Count(count);
        assert_eq!(states.set(key("1.8.0"), count(1), 10).0, Found::New);
        assert_eq!(states.set(key("1.8.0"), count(1), 20).0, Found::Same);
        assert_eq!(states.set(key("1.8.0"), count(2), 20).0, Found::Different);
        states.restore(key("1.8.0"));
        assert_eq!(states.set(key("1.8.0"), count(2), 20).0, Found::Same);
        states.restore(key("2.8.0"));
        assert_eq!(states.set(key("2.8.0"), count(2), 20).0, Found::Different);
        assert!(states.clear(key("2.8.0"), 30));
        assert!(!states.clear(key("2.8.0"), 30));
        assert!(!states.clear(key("3.8.0"), 30));
        assert!(states.keys().eq([key("1.8.0"), key("2.8.0")]));
    }

    #[test]
    fn states_as_text_and_back() {
        let time = datetime!(2026-02-21 20:27:09.5 UTC);
        let number = State::Number("7369.066".parse().unwrap());
        for (state, text) in [
            (number, "n7369.066"),
            (State::Count(u64::MAX), "c18446744073709551615"),
            (State::Text("n1".into()), "tn1"),
            (State::Text("".into()), "t"),
            (State::Time(time), "@1771705629500000000"),
        ] {
            assert_eq!(state.to_string(), text);
            assert_eq!(text.parse(), Ok(state));
        }
        for text in ["", "1", "n", "nx", "c-1", "@", "@1e300", "x1"] {
            assert_eq!(text.parse::<State>(), Err(NotAState), "{text}");
        }
    }

    #[test]
    fn the_newer_state_stays_whoever_tells_it() {
        let mut states = States::default();
        let count = |count| Some(State::Count(count));
        states.set(key("1.8.0"), State::Count(5), 10);
        assert_eq!(states.merge(key("1.8.0"), count(6), 9), Merge::Older);
        assert_eq!(states.merge(key("1.8.0"), count(5), 10), Merge::Same);
        assert_eq!(states.merge(key("1.8.0"), count(4), 10), Merge::Older);
        assert_eq!(states.merge(key("1.8.0"), count(6), 10), Merge::Newer);
        assert_eq!(states.merge(key("1.8.0"), None, 10), Merge::Older);
        assert_eq!(states.merge(key("1.8.0"), None, 11), Merge::Newer);
        assert_eq!(states.merge(key("2.8.0"), None, 0), Merge::New);
        let seen: Vec<_> =
            states.iter().map(|(key, state, read)| (key, state.is_some(), read)).collect();
        assert_eq!(seen, [(key("1.8.0"), false, 11), (key("2.8.0"), false, 0)]);
    }

    #[test]
    fn a_message_has_the_states_of_its_topic() {
        let mut states = States::default();
        states.set(key("16.7.0"), State::Number(Decimal::ZERO), 10);
        states.set(key("1.8.0"), State::Number("7369.066".parse().unwrap()), 10);
        states.set(key("96.14.0"), State::Text("T\"2"), 10);
        states.set(key("wakeups"), State::Count(u64::MAX), 0);
        let time = datetime!(2026-02-21 20:27:09 UTC);
        states.set(key("last_reading"), State::Time(time), 0);
        states.restore(key("2.8.0"));

        let message = |topic| text(&states, topic, 10);
        assert_eq!(
            message(StateTopic::Energy).as_deref(),
            Some(r#"{"96.14.0":"T\"2","1.8.0":7369.066}"#)
        );
        assert_eq!(message(StateTopic::Live).as_deref(), Some(r#"{"16.7.0":0}"#));
        assert_eq!(text(&states, StateTopic::Live, 11), None);
        assert_eq!(message(StateTopic::Module), None);
        assert_eq!(
            text(&states, StateTopic::Module, 0).as_deref(),
            Some(r#"{"wakeups":18446744073709551615,"last_reading":"2026-02-21T20:27:09Z"}"#)
        );
    }

    #[test]
    fn a_time_that_cannot_be_written_is_unknown() {
        let mut states = States::default();
        let time = datetime!(-0001-01-01 00:00 UTC);
        states.set(key("first_boot"), State::Time(time), 0);
        assert_eq!(text(&states, StateTopic::Module, 0).as_deref(), Some(r#"{"first_boot":null}"#));
    }
}
