//! Whether something works.

use std::sync::Arc;

use xt211_homeassistant::InfluxdbStatus;

/// Whether something works, such as forwarding, and if not, why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Condition {
    /// It is not wanted: there is, say, nowhere to forward to.
    #[default]
    Off,
    /// It does.
    Good,
    /// The last try failed.
    Trouble(Arc<str>),
}

impl Condition {
    pub(crate) const fn status(&self) -> InfluxdbStatus {
        match self {
            Self::Off => InfluxdbStatus::Off,
            Self::Good => InfluxdbStatus::Ok,
            Self::Trouble(_) => InfluxdbStatus::Error,
        }
    }

    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::Trouble(reason) => Some(reason),
            Self::Off | Self::Good => None,
        }
    }
}
