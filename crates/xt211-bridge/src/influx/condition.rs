//! Whether readings can be forwarded.

use std::sync::Arc;

use xt211_homeassistant::InfluxdbStatus;

/// Whether readings can be forwarded, and if not, why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Condition {
    /// There is nowhere to forward them to.
    #[default]
    Off,
    /// They can.
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
