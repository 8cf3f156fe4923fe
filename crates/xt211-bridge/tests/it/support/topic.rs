//! The topics of the default configuration.

/// What the module says.
pub(crate) const DATA: &str = "elektromer/data";
pub(crate) const STATUS: &str = "elektromer/status";

/// What the bridge says.
pub(crate) const DISCOVERY: &str = "homeassistant/device/xt211_meter/config";
pub(crate) const AVAILABILITY: &str = "xt211/bridge/availability";
pub(crate) const BRIDGE: &str = "xt211/meter/bridge";
pub(crate) const ENERGY: &str = "xt211/meter/energy";
pub(crate) const LIVE: &str = "xt211/meter/live";
pub(crate) const MODULE: &str = "xt211/meter/module";

/// What Home Assistant says.
pub(crate) const BIRTH: &str = "homeassistant/status";
