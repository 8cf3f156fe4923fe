//! What is wrong with a configuration: every problem, each in one line.

use std::fmt;

use xt211_web::{Place, Refusal};

use super::{InfluxDb, Mqtt, Statistics, Store};

/// A configuration that cannot be used, with all that is wrong with it.
#[derive(Debug)]
pub struct ConfigError {
    problems: Vec<Problem>,
    mqtt: Option<Box<Mqtt>>,
    influxdb: Option<Box<InfluxDb>>,
    statistics: Option<Box<Statistics>>,
    store: Option<Store>,
}

/// One thing that is wrong: where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands: a file with its line, or a variable.
    place: String,
    /// The setting that it is about, if it is about one.
    setting: Option<Place>,
    /// Whether there are other meters, so that it has to be said which one it is about.
    is_of_several: bool,
    message: String,
}

impl Problem {
    pub(super) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        let (place, message) = (place.into(), message.into());
        Self { place, setting: None, is_of_several: false, message }
    }

    /// The same about a setting, written as in the file (`mqtt.url`); of meters, that of this number.
    pub(super) fn about(self, key: &str, meter: usize) -> Self {
        let setting = match key.split_once('.') {
            Some(("meter", key)) => format!("meter.{meter}.{key}").parse().ok(),
            _ => key.parse().ok(),
        };
        Self { setting, ..self }
    }

    /// The same of one of several meters.
    pub(super) fn of_several(self) -> Self {
        Self { is_of_several: true, ..self }
    }

    /// As it is said beside the setting.
    fn refusal(&self) -> Refusal {
        let message = match self.setting {
            Some(_) => self.message.clone(),
            None => self.to_string(),
        };
        Refusal { place: self.setting.clone(), message }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, message, .. } = self;
        match &self.setting {
            Some(Place { meter, .. }) if self.is_of_several => {
                write!(f, "{place}: of meter {}: {message}", meter + 1)
            }
            _ => write!(f, "{place}: {message}"),
        }
    }
}

impl ConfigError {
    pub(super) fn new(
        problems: Vec<Problem>,
        mqtt: Option<Mqtt>,
        influxdb: Option<InfluxDb>,
        statistics: Option<Statistics>,
        store: Option<Store>,
    ) -> Self {
        let (mqtt, influxdb) = (mqtt.map(Box::new), influxdb.map(Box::new));
        Self { problems, mqtt, influxdb, statistics: statistics.map(Box::new), store }
    }

    /// All that is wrong.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The same, as it is said beside settings.
    pub(crate) fn refusals(&self) -> Vec<Refusal> {
        self.problems.iter().map(Problem::refusal).collect()
    }

    /// The broker, if what is said of it is right.
    #[must_use]
    pub fn mqtt(&self) -> Option<&Mqtt> {
        self.mqtt.as_deref()
    }

    /// The database, if there is one and what is said of it is right.
    #[must_use]
    pub fn influxdb(&self) -> Option<&InfluxDb> {
        self.influxdb.as_deref()
    }

    /// Where statistics are written, if they are and what is said of it is right.
    #[must_use]
    pub fn statistics(&self) -> Option<&Statistics> {
        self.statistics.as_deref()
    }

    /// Where readings are kept, if what is said of it is right.
    #[must_use]
    pub fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }
}

impl From<Vec<Problem>> for ConfigError {
    fn from(problems: Vec<Problem>) -> Self {
        Self::new(problems, None, None, None, None)
    }
}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        vec![problem].into()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
