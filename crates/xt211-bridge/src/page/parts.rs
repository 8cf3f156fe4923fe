//! What can be tried out of a configuration, even if something else in it is wrong.

use xt211_web::{Refusal, Section};

use super::refusal::refusal;
use crate::config::{Config, ConfigError, InfluxDb, Meter, Mqtt, Statistics};

/// What can be tried out of a configuration. What is missing is wrong, or not configured.
pub(super) struct Parts {
    pub(super) mqtt: Option<Mqtt>,
    pub(super) meters: Vec<Meter>,
    pub(super) influxdb: Option<InfluxDb>,
    pub(super) statistics: Option<Statistics>,
    refusals: Vec<Refusal>,
}

impl Parts {
    pub(super) fn of(config: Result<Config, ConfigError>) -> Self {
        match config {
            Ok(Config { mqtt, meters, influxdb, homeassistant, .. }) => Self {
                mqtt: Some(mqtt),
                meters,
                influxdb,
                statistics: homeassistant.and_then(|it| it.statistics),
                refusals: Vec::new(),
            },
            Err(error) => Self {
                mqtt: error.mqtt().cloned(),
                meters: Vec::new(),
                influxdb: error.influxdb().cloned(),
                statistics: error.statistics().cloned(),
                refusals: error.refusals(),
            },
        }
    }

    /// Why a section cannot be tried out.
    pub(super) fn wrong_in(self, section: Section) -> Vec<Refusal> {
        let is_there =
            |refusal: &Refusal| refusal.place.as_ref().is_none_or(|place| place.section == section);
        let refusals: Vec<_> = self.refusals.into_iter().filter(is_there).collect();
        if refusals.is_empty() {
            return vec![refusal(&format!("{}.url is missing", section.name()))];
        }
        refusals
    }
}
