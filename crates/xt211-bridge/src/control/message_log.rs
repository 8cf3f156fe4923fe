//! The last messages, and what became of each.

use std::collections::VecDeque;

use time::OffsetDateTime;

use crate::metering_point::Refusal;

/// How many messages are remembered.
const MOST_MESSAGES: usize = 200;

/// How many bytes of each.
const MOST_BYTES: usize = 2 << 10;

/// A message, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedMessage {
    /// Which one it is since the program was started, from 1 on.
    pub number: u64,
    /// When it was taken.
    pub at: OffsetDateTime,
    /// Its topic.
    pub topic: String,
    /// How long it is, in bytes.
    pub bytes: usize,
    /// The id of the meter that it is from, if that is known.
    pub meter: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// It itself as it came; of a long one, the first 2 KiB.
    pub payload: Vec<u8>,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// So many records of it are kept that were not before, and some of it may be set aside.
    Kept {
        /// How many.
        records: u64,
        /// What is set aside of it, if anything.
        set_aside: Vec<SetAsideReason>,
    },
    /// It is set aside, or all of it that is new.
    SetAside(Vec<SetAsideReason>),
    /// It says nothing new, or nothing that is kept.
    NothingNew,
    /// Its topic is none that the configuration has.
    NotOurs,
}

/// Why something is set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAsideReason {
    /// A stable name.
    pub code: &'static str,
    /// For people.
    pub reason: String,
}

/// A message that is to be remembered.
pub(crate) struct Logged<'m> {
    pub(crate) topic: &'m str,
    pub(crate) payload: &'m [u8],
    pub(crate) fate: Fate<'m>,
}

/// The same as an [`Outcome`], nothing of it being copied.
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
    messages: VecDeque<LoggedMessage>,
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
        let mut place = oldest.flatten().unwrap_or_else(|| LoggedMessage {
            number: 0,
            at,
            topic: String::new(),
            bytes: 0,
            meter: None,
            outcome: Outcome::NotOurs,
            payload: Vec::new(),
        });
        self.count += 1;
        let &Logged { topic, payload, ref fate } = logged;
        (place.number, place.at, place.bytes) = (self.count, at, payload.len());
        topic.clone_into(&mut place.topic);
        payload.get(..MOST_BYTES).unwrap_or(payload).clone_into(&mut place.payload);
        match (fate.meter(), &mut place.meter) {
            (Some(id), Some(place)) => id.clone_into(place),
            (id, place) => *place = id.map(String::from),
        }
        place.outcome = fate.outcome();
        self.messages.push_back(place);
    }

    /// All that it remembers, newest first.
    pub(crate) fn newest_first(&self) -> Vec<LoggedMessage> {
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

    fn outcome(&self) -> Outcome {
        match self {
            Self::Meters { records: 0, refusals: [], .. } | Self::Strangers([]) => {
                Outcome::NothingNew
            }
            Self::Meters { records: 0, refusals, .. } | Self::Strangers(refusals) => {
                Outcome::SetAside(reasons(refusals))
            }
            Self::Meters { records, refusals, .. } => {
                Outcome::Kept { records: *records, set_aside: reasons(refusals) }
            }
            Self::Nobodys => Outcome::NotOurs,
        }
    }
}

fn reasons(refusals: &[Refusal]) -> Vec<SetAsideReason> {
    let reason =
        |refusal: &Refusal| SetAsideReason { code: refusal.code, reason: refusal.text.clone() };
    refusals.iter().map(reason).collect()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-12-24 18:00 UTC);

    fn push(log: &mut MessageLog, payload: &[u8], fate: Fate<'_>) -> LoggedMessage {
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
        assert!(messages.iter().all(|it| it.payload == it.number.to_string().as_bytes()));
        assert_eq!((messages[0].meter.as_deref(), &messages[0].outcome), (None, &Outcome::NotOurs));
        assert_eq!(messages[1].meter.as_deref(), Some("299"));
        log.pass_over(1_000);
        assert_eq!(push(&mut log, b"", Fate::Nobodys).number, 1_301);
    }

    #[test]
    fn of_a_long_one_the_beginning() {
        let mut log = MessageLog::default();
        let long = [b'x'; 5_000];
        let message = push(&mut log, &long, Fate::Strangers(&[]));
        assert_eq!((message.bytes, message.payload.len()), (5_000, MOST_BYTES));
        assert_eq!(message.outcome, Outcome::NothingNew);
        assert_eq!(push(&mut log, b"short", Fate::Nobodys).payload, b"short");
    }

    #[test]
    fn what_is_set_aside_says_why() {
        let mut log = MessageLog::default();
        let refusals = [Refusal { code: "a.b", text: "no".into() }];
        let set_aside = vec![SetAsideReason { code: "a.b", reason: "no".into() }];
        let meters = |records| Fate::Meters { id: "m", records, refusals: &refusals };
        let message = push(&mut log, b"1", meters(2));
        let both = Outcome::Kept { records: 2, set_aside: set_aside.clone() };
        assert_eq!(message.outcome, both);
        assert_eq!(push(&mut log, b"1", meters(0)).outcome, Outcome::SetAside(set_aside.clone()));
        let strangers = Fate::Strangers(&refusals);
        assert_eq!(push(&mut log, b"1", strangers).outcome, Outcome::SetAside(set_aside));
    }
}
