//! What a meter's module last said of itself.

use serde::Serialize;
use time::UtcOffset;
use utoipa::ToSchema;
use xt211_message::{Battery, Decimal, Message, ModuleStatus};
use xt211_store::{Queries, StoreError, StoredMeter};

use super::as_text;

/// How many messages are looked through: a later one may lack what an earlier one has.
const MOST_STATES: usize = 20;

/// What a meter's module last said of itself. What it never said is missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct ModuleView {
    /// `OK`, or what went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<String>,
    /// More about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status_text: Option<String>,
    /// The battery's state of charge, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub(crate) battery_percent: Option<Decimal>,
    /// The battery's voltage.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub(crate) battery_volts: Option<Decimal>,
    /// The signal's strength, in dBm.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub(crate) signal_dbm: Option<Decimal>,
    /// How often it has woken since it was switched on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wakeups: Option<u64>,
    /// How often it has restarted by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resets: Option<u64>,
    /// How far its clock was off when it was last set, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub(crate) clock_drift_seconds: Option<Decimal>,
    /// When its firmware was built, as it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) firmware: Option<String>,
}

impl ModuleView {
    pub(crate) fn of(store: &Queries, meter: &StoredMeter) -> Result<Self, StoreError> {
        let states = store.last_states(meter.key, MOST_STATES)?;
        let last = [&meter.battery, &meter.status].into_iter().flatten();
        let mut module = Self::default();
        for message in states.iter().chain(last) {
            // It was decoded when it came; if it cannot be any more, the others are shown.
            if let Ok(message) = Message::decode(message, &UtcOffset::UTC) {
                module.apply(&message);
            }
        }
        Ok(module)
    }

    fn apply(&mut self, message: &Message<'_>) {
        if let Some(status) = &message.status {
            let ModuleStatus { wakeups, resets, ntp_drift, wifi, rssi, .. } = *status;
            // These two belong together: a state that is good again has no text.
            if let Some(word) = &status.status {
                self.status = Some(seen(word));
                self.status_text = status.status_text.as_deref().map(seen);
            }
            replace(&mut self.wakeups, wakeups);
            replace(&mut self.resets, resets);
            replace(&mut self.signal_dbm, wifi.or(rssi));
            replace(&mut self.clock_drift_seconds, ntp_drift);
            replace(&mut self.firmware, status.build.as_deref().map(seen));
        }
        if let Some(Battery { voltage, soc }) = message.battery {
            replace(&mut self.battery_volts, voltage);
            replace(&mut self.battery_percent, soc);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether its battery is to be charged soon.
    pub(crate) fn is_battery_low(&self) -> bool {
        self.battery_percent.is_some_and(|percent| percent.to_f64() < 15.0)
    }

    /// Whether it says that all is well, if it says anything.
    pub(crate) fn is_well(&self) -> Option<bool> {
        self.status.as_ref().map(|status| status.eq_ignore_ascii_case("ok"))
    }
}

/// What anybody may have sent, without what would not be seen.
fn seen(text: &str) -> String {
    as_text(text.as_bytes())
}

fn replace<T>(known: &mut Option<T>, new: Option<T>) {
    if new.is_some() {
        *known = new;
    }
}
