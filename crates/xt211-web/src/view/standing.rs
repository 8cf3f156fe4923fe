//! How things stand, in numbers and signs.

use std::{io, path::Path};

use serde::Serialize;
use utoipa::ToSchema;
use xt211_store::{Queries, StoreError};

use super::Moment;
use crate::backend::{BrokerSign, Condition, VitalSigns};

/// How things stand.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Standing {
    /// The broker.
    pub(crate) broker: SignView,
    /// Since when the broker is connected, if it is.
    pub(crate) connected_at: Option<Moment>,
    /// InfluxDB.
    pub(crate) influxdb: SignView,
    /// When InfluxDB last took something.
    pub(crate) forwarded_at: Option<Moment>,
    /// How many records wait for InfluxDB; 0 if nothing is forwarded.
    pub(crate) waiting: u64,
    /// The statistics of Home Assistant.
    pub(crate) statistics: SignView,
    /// The store.
    pub(crate) store: SignView,
    /// The store's file.
    pub(crate) file: String,
    /// How large it is, with what belongs to it, in bytes.
    pub(crate) size: u64,
    /// How many meters it knows.
    pub(crate) meters: u64,
    /// How much is set aside.
    pub(crate) set_aside: u64,
}

/// How something is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct SignView {
    /// Whether it works.
    pub(crate) state: State,
    /// Why it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// Whether something works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Nothing is wanted of it.
    Off,
    /// It is not known yet.
    Waiting,
    /// It works.
    Good,
    /// It does not.
    Trouble,
}

impl SignView {
    fn trouble(reason: &str) -> Self {
        Self { state: State::Trouble, reason: Some(reason.to_owned()) }
    }

    /// The class of its sign.
    pub(crate) fn class(&self) -> &'static str {
        match self.state {
            State::Off => "sign",
            State::Waiting => "sign warn",
            State::Good => "sign good",
            State::Trouble => "sign bad",
        }
    }

    pub(crate) fn is_off(&self) -> bool {
        self.state == State::Off
    }
}

impl From<&BrokerSign> for SignView {
    fn from(sign: &BrokerSign) -> Self {
        match sign {
            BrokerSign::Connecting => Self { state: State::Waiting, reason: None },
            BrokerSign::Connected(_) => Self { state: State::Good, reason: None },
            BrokerSign::Trouble(reason) => Self::trouble(reason),
        }
    }
}

impl From<&Condition> for SignView {
    fn from(condition: &Condition) -> Self {
        match condition {
            Condition::Off => Self { state: State::Off, reason: None },
            Condition::Good => Self { state: State::Good, reason: None },
            Condition::Trouble(reason) => Self::trouble(reason),
        }
    }
}

impl Standing {
    pub(crate) fn new(store: &Queries, signs: &VitalSigns) -> Result<Self, StoreError> {
        let influxdb = SignView::from(&signs.influxdb);
        let sum = |counts: &mut dyn Iterator<Item = u64>| counts.sum();
        let waiting = if influxdb.is_off() { Vec::new() } else { store.waiting_counts()? };
        Ok(Self {
            broker: (&signs.broker).into(),
            connected_at: match signs.broker {
                BrokerSign::Connected(since) => Some(Moment(since)),
                BrokerSign::Connecting | BrokerSign::Trouble(_) => None,
            },
            influxdb,
            forwarded_at: store.last_forwarded()?.map(Moment),
            waiting: sum(&mut waiting.into_iter().map(|(_, count)| count)),
            statistics: (&signs.statistics).into(),
            store: (&signs.store).into(),
            file: store.path().display().to_string(),
            size: size(store.path()).unwrap_or(0),
            meters: store.meter_count()?,
            set_aside: sum(&mut store.set_aside_counts()?.into_iter().map(|(_, count)| count)),
        })
    }

    /// The store's size, for people.
    pub(crate) fn size_text(&self) -> String {
        // Precise enough for people.
        let size = self.size as f64;
        match self.size {
            0..1_000_000 => format!("{:.0} kB", size / 1e3),
            1_000_000..1_000_000_000 => format!("{:.1} MB", size / 1e6),
            _ => format!("{:.1} GB", size / 1e9),
        }
    }
}

/// The size of a database with its write-ahead log.
fn size(path: &Path) -> io::Result<u64> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let log = Path::new(&log).metadata().map_or(0, |metadata| metadata.len());
    Ok(path.metadata()?.len() + log)
}
