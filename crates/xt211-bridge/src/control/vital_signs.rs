//! How the bridge does.

use std::sync::Arc;

use time::OffsetDateTime;

use super::Condition;

/// How the bridge does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VitalSigns {
    /// The way to the broker.
    pub broker: BrokerCondition,
    /// The way to InfluxDB.
    pub influxdb: Condition,
    /// Whether something can be kept. Never off.
    pub store: Condition,
    /// Whether Home Assistant takes statistics.
    pub statistics: Condition,
    /// Rises with whatever changes in the store: something was kept, forwarded, set aside or
    /// released. Not more than once for all that is written at once.
    pub revision: u64,
}

/// How the way to the broker is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BrokerCondition {
    /// The first try since the configuration was applied goes on.
    #[default]
    Connecting,
    /// It is there, and subscribed, since then.
    Connected(OffsetDateTime),
    /// It is not, and is tried again.
    Trouble(Arc<str>),
}

impl VitalSigns {
    /// Sets one of the signs. Returns whether it was another one.
    pub(crate) fn set<T: PartialEq>(sign: &mut T, now: T) -> bool {
        let is_news = *sign != now;
        *sign = now;
        is_news
    }
}
