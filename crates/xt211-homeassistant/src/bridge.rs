//! What the bridge does with the readings of a meter.

use serde::{Serialize, Serializer};
use time::OffsetDateTime;

use crate::state::serialize_time;

/// The message of [`StateTopic::Bridge`](crate::StateTopic::Bridge): serialise it as JSON.
///
/// ```
/// use xt211_homeassistant::{BridgeState, InfluxdbStatus};
///
/// let state = BridgeState {
///     influxdb: InfluxdbStatus::Error,
///     reason: Some("InfluxDB cannot write now (503)"),
///     last_success: None,
///     waiting: 12,
///     set_aside: 0,
///     overdue: false,
/// };
/// assert_eq!(
///     serde_json::to_string(&state)?,
///     r#"{"influxdb":"Error","reason":"InfluxDB cannot write now (503)","waiting":12,"set_aside":0,"overdue":false}"#
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BridgeState<'a> {
    /// Whether readings can be forwarded.
    pub influxdb: InfluxdbStatus,
    /// Why they cannot, for people: an attribute of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
    /// When InfluxDB last took a reading.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "serialize_some_time")]
    pub last_success: Option<OffsetDateTime>,
    /// How many readings wait to be forwarded.
    pub waiting: u64,
    /// How many were not accepted and are kept aside.
    pub set_aside: u64,
    /// Whether the module should have sent something by now.
    pub overdue: bool,
}

/// Whether readings can be forwarded to InfluxDB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InfluxdbStatus {
    /// They can.
    Ok,
    /// The last try failed.
    Error,
    /// It is not configured.
    Off,
}

impl InfluxdbStatus {
    /// Every status as Home Assistant shows it.
    pub(crate) const OPTIONS: &'static [&'static str] = &["OK", "Error", "Off"];

    /// The status as Home Assistant shows it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Error => "Error",
            Self::Off => "Off",
        }
    }
}

impl Serialize for InfluxdbStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

fn serialize_some_time<S: Serializer>(
    time: &Option<OffsetDateTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serialize_time(*time, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn all_fields() {
        let state = BridgeState {
            influxdb: InfluxdbStatus::Ok,
            reason: None,
            last_success: Some(datetime!(2026-02-21 20:27:40 UTC)),
            waiting: 0,
            set_aside: 3,
            overdue: true,
        };
        assert_eq!(
            serde_json::to_string(&state).unwrap(),
            r#"{"influxdb":"OK","last_success":"2026-02-21T20:27:40Z","waiting":0,"set_aside":3,"overdue":true}"#
        );
    }

    #[test]
    fn every_status_is_an_option() {
        let all = [InfluxdbStatus::Ok, InfluxdbStatus::Error, InfluxdbStatus::Off];
        assert_eq!(all.map(InfluxdbStatus::as_str), *InfluxdbStatus::OPTIONS);
    }
}
