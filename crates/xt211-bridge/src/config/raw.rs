//! The configuration as it is written, before anything in it is checked.

use std::path::PathBuf;

use serde::Deserialize;

use super::Secret;

/// The whole document. Whatever is missing has a default; what is unknown is an error.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawConfig {
    pub(super) mqtt: RawMqtt,
    pub(super) meter: Vec<RawMeter>,
    pub(super) homeassistant: RawHomeAssistant,
    pub(super) influxdb: RawInfluxDb,
    pub(super) store: RawStore,
    pub(super) web: RawWeb,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawMqtt {
    pub(super) url: String,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) username: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) client_id: String,
    pub(super) share_name: Option<String>,
}

impl Default for RawMqtt {
    fn default() -> Self {
        Self {
            url: "mqtt://localhost:1883".into(),
            ca_file: None,
            username: None,
            password: None,
            client_id: "xt211-bridge".into(),
            share_name: None,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawMeter {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) data_topic: String,
    pub(super) status_topic: String,
    pub(super) battery_topic: Option<String>,
    pub(super) serial: Option<String>,
    pub(super) timezone: String,
    pub(super) max_power_kw: f64,
}

impl Default for RawMeter {
    fn default() -> Self {
        Self {
            id: "meter".into(),
            name: "XT211 Meter".into(),
            data_topic: "elektromer/data".into(),
            status_topic: "elektromer/status".into(),
            battery_topic: None,
            serial: None,
            timezone: "UTC".into(),
            max_power_kw: 100.0,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawHomeAssistant {
    pub(super) enabled: bool,
    pub(super) discovery_prefix: String,
    pub(super) topic_prefix: String,
    pub(super) language: String,
    pub(super) url: Option<String>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) token: Option<Secret>,
}

impl Default for RawHomeAssistant {
    fn default() -> Self {
        Self {
            enabled: true,
            discovery_prefix: "homeassistant".into(),
            topic_prefix: "xt211".into(),
            language: "en".into(),
            url: None,
            ca_file: None,
            token: None,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawInfluxDb {
    pub(super) url: Option<String>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) org: Option<String>,
    pub(super) bucket: Option<String>,
    pub(super) token: Option<Secret>,
    pub(super) measurement: String,
    pub(super) status: bool,
}

impl Default for RawInfluxDb {
    fn default() -> Self {
        Self {
            url: None,
            ca_file: None,
            org: None,
            bucket: None,
            token: None,
            measurement: "home_energy".into(),
            status: true,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawStore {
    pub(super) path: PathBuf,
    pub(super) keep_days: u32,
}

impl Default for RawStore {
    fn default() -> Self {
        Self { path: "xt211-bridge.db".into(), keep_days: 400 }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawWeb {
    pub(super) listen: String,
    pub(super) password: Option<Secret>,
    pub(super) ingress: bool,
}

impl Default for RawWeb {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8099".into(), password: None, ingress: false }
    }
}
