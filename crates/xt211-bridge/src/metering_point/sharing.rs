//! What the bridges of a group tell each other of a metering point.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use xt211_homeassistant::{MeterId, Shared};
use xt211_web::Condition;

use super::presence::Said;

/// What we say may arrive behind what another bridge says, if both speak at the same time. After so
/// long, it certainly did not.
const OVERLAP: Duration = Duration::from_secs(15);

/// What one bridge tells the others.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Letter {
    pub(crate) meter: Shared,
    pub(crate) work: Work,
}

/// What a bridge does with a meter's readings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Work {
    influxdb: Influxdb,
    /// In seconds since 1970.
    last_success: Option<i64>,
    waiting: u64,
    set_aside: u64,
    /// How many messages of the meter it has heard since it was started.
    pub(super) heard: u64,
    /// When it has last heard one, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) heard_at: Option<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Influxdb {
    #[default]
    Off,
    Ok,
    Error(String),
}

/// What is known of the other bridges, and what they were told.
#[derive(Debug, Default)]
pub(super) struct Sharing {
    /// What each of them does.
    pub(super) works: BTreeMap<MeterId, Work>,
    /// Whether there is something new for them.
    pub(super) is_unsaid: bool,
    /// What they were last told of our work.
    pub(super) told: Option<Work>,
    /// How many messages we have heard.
    pub(super) heard: u64,
    /// When we have last heard one, in seconds since 1970.
    pub(super) heard_at: Option<i64>,
    /// When we last said something to Home Assistant.
    pub(super) spoke: Option<Instant>,
}

impl Sharing {
    /// Whether what we have said may stand in the place of what another bridge says now.
    pub(super) fn overlaps(&self, now: Instant) -> bool {
        self.spoke.is_some_and(|spoke| now.saturating_duration_since(spoke) < OVERLAP)
    }

    /// What we do, for the others.
    pub(super) fn work(&self, own: &Said) -> Work {
        Work {
            influxdb: match &own.condition {
                Condition::Off => Influxdb::Off,
                Condition::Good => Influxdb::Ok,
                Condition::Trouble(reason) => Influxdb::Error(reason.to_string()),
            },
            last_success: own.counts.last_success.map(OffsetDateTime::unix_timestamp),
            waiting: own.counts.waiting,
            set_aside: own.counts.set_aside,
            heard: self.heard,
            heard_at: self.heard_at,
        }
    }

    /// What all of them do together.
    pub(super) fn sum(&self, own: Said) -> Said {
        self.works.values().fold(own, |mut sum, work| {
            match (&sum.condition, &work.influxdb) {
                (Condition::Trouble(_), _) | (_, Influxdb::Off) => {}
                (_, Influxdb::Ok) => sum.condition = Condition::Good,
                (_, Influxdb::Error(reason)) => {
                    sum.condition = Condition::Trouble(reason.as_str().into());
                }
            }
            let counts = &mut sum.counts;
            let success = work.last_success.map(OffsetDateTime::from_unix_timestamp);
            counts.last_success = counts.last_success.max(success.and_then(Result::ok));
            counts.waiting = counts.waiting.saturating_add(work.waiting);
            counts.set_aside = counts.set_aside.saturating_add(work.set_aside);
            sum
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::presence::Counts, *};

    #[test]
    fn all_that_is_done_is_counted_together() {
        let said = |condition, waiting, second| Said {
            condition,
            counts: Counts {
                waiting,
                set_aside: 1,
                last_success: OffsetDateTime::from_unix_timestamp(second).ok(),
            },
            is_overdue: false,
        };
        let mut sharing = Sharing::default();
        for (name, condition, second) in [
            ("a", Condition::Off, 5),
            ("b", Condition::Good, 7),
            ("c", Condition::Trouble("away".into()), 6),
        ] {
            let work = sharing.work(&said(condition, 10, second));
            let json = serde_json::to_string(&work).unwrap();
            sharing.works.insert(name.parse().unwrap(), serde_json::from_str(&json).unwrap());
        }
        let own = said(Condition::Good, 2, 4);
        let sum = sharing.sum(own.clone());
        assert_eq!(sum.condition, Condition::Trouble("away".into()));
        assert_eq!((sum.counts.waiting, sum.counts.set_aside), (32, 4));
        assert_eq!(sum.counts.last_success, OffsetDateTime::from_unix_timestamp(7).ok());
        assert_eq!(Sharing::default().sum(own.clone()), own);
    }
}
