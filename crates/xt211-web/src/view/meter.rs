//! Meters, with all that is known of them now.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use xt211_store::{MeterKey, Queries, StoreError, StoredMeter};

use super::{
    ModuleView, Moment, Readout, RegisterView, as_text,
    readout::{Group, Used},
};

/// How long a module may be silent as long as its rhythm is not known; as the bridge has it.
const UNKNOWN_PATIENCE: std::time::Duration = std::time::Duration::from_secs(3 * 3600);

/// A meter, with all that is known of it now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct MeterView {
    /// Its id.
    pub(crate) id: String,
    /// What people call it.
    pub(crate) name: String,
    /// Its serial number, if it was told.
    pub(crate) serial: Option<String>,
    /// Where its messages come from.
    pub(crate) topic: Option<String>,
    /// When it was last read.
    pub(crate) read_at: Option<Moment>,
    /// When its module was last heard, to the minute.
    pub(crate) heard_at: Option<Moment>,
    /// Whether its module is silent for longer than it uses to be; never, if it is not followed any
    /// more.
    pub(crate) is_overdue: bool,
    /// When InfluxDB last took something of it.
    pub(crate) forwarded_at: Option<Moment>,
    /// How many records of it wait for InfluxDB; 0 if nothing is forwarded.
    pub(crate) waiting: u64,
    /// How much of it is set aside.
    pub(crate) set_aside: u64,
    /// What was used since the day before, in the visitor's zone (UTC, if they told none).
    pub(crate) today: Option<Used>,
    /// What its registers held when they were last read, by code.
    pub(crate) registers: Vec<RegisterView>,
    /// What its module last said of itself.
    pub(crate) module: ModuleView,
    #[serde(skip)]
    pub(crate) key: MeterKey,
    /// How long its module may be silent.
    #[serde(skip)]
    patience: std::time::Duration,
}

impl MeterView {
    /// What is its own among all meters.
    pub(crate) fn number(&self) -> i64 {
        self.key.into()
    }

    /// Its registers by themselves.
    pub(crate) fn readout(&self) -> Option<Readout> {
        let at = self.read_at?.0;
        Some(Readout { at, registers: self.registers.clone() })
    }

    /// The power at the moment, unless that is long ago.
    pub(crate) fn power<'r>(&self, readout: &'r Readout, now: &Moment) -> Option<&'r RegisterView> {
        readout.power().filter(|power| now.0 - power.time.0 <= self.patience)
    }

    /// What is not shown large, in groups.
    pub(crate) fn groups<'r>(&self, readout: &'r Readout, now: &Moment) -> Vec<Group<'r>> {
        let large = [readout.import(), readout.export(), self.power(readout, now)];
        let shown: Vec<_> = large.into_iter().flatten().map(|register| register.code).collect();
        readout.groups(&shown)
    }
}

/// Shows meters as they are at a time.
pub(crate) fn show_meters(
    store: &Queries,
    meters: Vec<StoredMeter>,
    is_forwarding: bool,
    now: OffsetDateTime,
    zone: &TimeZone,
) -> Result<Vec<MeterView>, StoreError> {
    let waiting = if is_forwarding { store.waiting_counts()? } else { Vec::new() };
    let waiting: HashMap<_, _> = waiting.into_iter().collect();
    let set_aside: HashMap<_, _> = store.set_aside_counts()?.into_iter().collect();
    let midnight = Moment(now).midnight(zone);
    let show = |meter: StoredMeter| {
        let readout = Readout::of(store, meter.key, now)?;
        let today = match (&readout, midnight) {
            (Some(readout), Some(midnight)) => readout.used_since(store, meter.key, midnight)?,
            _ => None,
        };
        let module = ModuleView::of(store, &meter)?;
        let patience = meter.patience.unwrap_or(UNKNOWN_PATIENCE);
        Ok(MeterView {
            name: meter.id.clone(),
            read_at: readout.as_ref().map(|readout| Moment(readout.at)),
            heard_at: meter.heard_at.map(Moment),
            is_overdue: meter.heard_at.is_some_and(|heard_at| now - heard_at > patience),
            forwarded_at: meter.forwarded_at.map(Moment),
            waiting: waiting.get(&meter.key).copied().unwrap_or(0),
            set_aside: set_aside.get(&Some(meter.key)).copied().unwrap_or(0),
            today,
            registers: readout.map(|readout| readout.registers).unwrap_or_default(),
            module,
            key: meter.key,
            patience,
            id: meter.id,
            serial: meter.serial.map(|serial| as_text(serial.as_bytes())),
            topic: meter.topic,
        })
    };
    meters.into_iter().map(show).collect()
}
