//! The last messages, and what became of each.

use std::collections::VecDeque;

use time::OffsetDateTime;
use xt211_web::{LogEntry, Outcome};

use crate::metering_point::Refusal;

/// How many messages are remembered.
const MOST_MESSAGES: usize = 200;

/// How many bytes of each.
const MOST_BYTES: usize = 2 << 10;

/// A message that is to be remembered.
pub(crate) struct Logged<'m> {
    pub(crate) topic: &'m str,
    pub(crate) payload: &'m [u8],
    pub(crate) fate: Fate<'m>,
}

/// What became of it, nothing being copied.
pub(crate) enum Fate<'m> {
    /// It is a meter's.
    Meters { id: &'m str, records: u64, refusals: &'m [Refusal] },
    /// No meter has sent it.
    Strangers(&'m [Refusal]),
    /// Its topic is none of ours.
    Nobodys,
}

/// The last messages. What it needs of memory is used again for the next ones.
#[derive(Default)]
pub(crate) struct MessageLog {
    /// How many there were.
    count: u64,
    /// Oldest first.
    messages: VecDeque<LogEntry>,
}

impl MessageLog {
    /// How many of the last messages of many it would remember.
    pub(crate) const CAPACITY: usize = MOST_MESSAGES;

    /// Passes over messages that would be forgotten at once, as so many others come behind them.
    pub(crate) fn pass_over(&mut self, messages: usize) {
        // Cannot truncate: no platform's sizes are wider than 64 bits.
        self.count += messages as u64;
    }

    /// Remembers a message, in the place of the oldest one.
    pub(crate) fn push(&mut self, logged: &Logged<'_>, at: OffsetDateTime) {
        let oldest = (self.messages.len() >= MOST_MESSAGES).then(|| self.messages.pop_front());
        let mut place = oldest.flatten().unwrap_or_else(|| LogEntry {
            number: 0,
            at,
            topic: String::new(),
            size: 0,
            excerpt: Vec::new(),
            meter: None,
            outcomes: Vec::new(),
        });
        self.count += 1;
        let &Logged { topic, payload, ref fate } = logged;
        (place.number, place.at, place.size) = (self.count, at, payload.len());
        topic.clone_into(&mut place.topic);
        payload.get(..MOST_BYTES).unwrap_or(payload).clone_into(&mut place.excerpt);
        match (fate.meter(), &mut place.meter) {
            (Some(id), Some(place)) => id.clone_into(place),
            (id, place) => *place = id.map(String::from),
        }
        place.outcomes.clear();
        fate.outcomes(&mut place.outcomes);
        self.messages.push_back(place);
    }

    /// All that it remembers, newest first.
    pub(crate) fn newest_first(&self) -> Vec<LogEntry> {
        self.messages.iter().rev().cloned().collect()
    }
}

impl Fate<'_> {
    fn meter(&self) -> Option<&str> {
        match self {
            Self::Meters { id, .. } => Some(id),
            Self::Strangers(_) | Self::Nobodys => None,
        }
    }

    fn outcomes(&self, outcomes: &mut Vec<Outcome>) {
        let (records, refusals) = match self {
            Self::Nobodys => return outcomes.push(Outcome::NotOurs),
            Self::Meters { records, refusals, .. } => (*records, *refusals),
            Self::Strangers(refusals) => (0, *refusals),
        };
        if records > 0 {
            outcomes.push(Outcome::Kept(records));
        }
        outcomes.extend(refusals.iter().map(|refusal| Outcome::SetAside {
            code: refusal.code.into(),
            reason: refusal.text.clone(),
        }));
        if outcomes.is_empty() {
            outcomes.push(Outcome::NothingNew);
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-12-24 18:00 UTC);

    fn push(log: &mut MessageLog, payload: &[u8], fate: Fate<'_>) -> LogEntry {
        log.push(&Logged { topic: "a/data", payload, fate }, NOW);
        log.newest_first().remove(0)
    }

    #[test]
    fn the_last_are_remembered() {
        let mut log = MessageLog::default();
        for number in 1..=300_u64 {
            let id = number.to_string();
            let fate = match number % 2 {
                0 => Fate::Nobodys,
                _ => Fate::Meters { id: &id, records: number, refusals: &[] },
            };
            push(&mut log, id.as_bytes(), fate);
        }
        let messages = log.newest_first();
        let numbers: Vec<_> = messages.iter().map(|message| message.number).collect();
        assert_eq!(numbers, (101..=300).rev().collect::<Vec<_>>());
        assert!(messages.iter().all(|it| it.excerpt == it.number.to_string().as_bytes()));
        assert_eq!(
            (messages[0].meter.as_deref(), &*messages[0].outcomes),
            (None, &[Outcome::NotOurs][..])
        );
        assert_eq!(messages[1].meter.as_deref(), Some("299"));
        log.pass_over(1_000);
        assert_eq!(push(&mut log, b"", Fate::Nobodys).number, 1_301);
    }

    #[test]
    fn of_a_long_one_the_beginning() {
        let mut log = MessageLog::default();
        let long = [b'x'; 5_000];
        let message = push(&mut log, &long, Fate::Strangers(&[]));
        assert_eq!((message.size, message.excerpt.len()), (5_000, MOST_BYTES));
        assert_eq!(message.outcomes, [Outcome::NothingNew]);
        assert_eq!(push(&mut log, b"short", Fate::Nobodys).excerpt, b"short");
    }

    #[test]
    fn what_is_set_aside_says_why() {
        let mut log = MessageLog::default();
        let refusals = [Refusal { code: "a.b", text: "no".into() }];
        let set_aside = Outcome::SetAside { code: "a.b".into(), reason: "no".into() };
        let meters = |records| Fate::Meters { id: "m", records, refusals: &refusals };
        let both = [Outcome::Kept(2), set_aside.clone()];
        assert_eq!(push(&mut log, b"1", meters(2)).outcomes, both);
        let set_aside = [set_aside];
        assert_eq!(push(&mut log, b"1", meters(0)).outcomes, set_aside);
        assert_eq!(push(&mut log, b"1", Fate::Strangers(&refusals)).outcomes, set_aside);
    }
}
