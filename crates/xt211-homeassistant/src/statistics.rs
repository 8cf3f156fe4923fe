//! Long-term statistics: what was used in which hour.
//!
//! Home Assistant dates a state by its arrival. Statistics carry hours of their own, so that what a
//! module sends hours later still counts when it was used.

use serde::{Serialize, Serializer, ser::SerializeStruct};
use time::OffsetDateTime;
use xt211_obis::ObisCode;

use crate::{
    DeviceClass, Language, MeterId,
    entity::{self, Description},
    key::Key,
    slug::slug,
    state::serialize_time,
    topics::fnv1a,
};

/// Under which domain they are. They are our own, so that nothing that Home Assistant records itself
/// is overwritten.
const SOURCE: &str = "xt211";

/// The statistics of one total of energy.
///
/// ```
/// use xt211_homeassistant::{Language, Statistic};
///
/// let meter = "meter".parse()?;
/// let statistic = Statistic::of(&meter, "House", "1.8.0".parse()?, Language::English).unwrap();
/// assert_eq!(statistic.id(), "xt211:meter_1_8_0");
/// // What is no total of energy has none.
/// assert_eq!(Statistic::of(&meter, "House", "16.7.0".parse()?, Language::English), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Statistic {
    has_sum: bool,
    /// 0 is none.
    mean_type: u8,
    name: String,
    source: &'static str,
    statistic_id: String,
    unit_class: &'static str,
    unit_of_measurement: &'static str,
}

impl Statistic {
    /// Those of a register, if it is a total of energy; `name` is what the user calls the meter.
    #[must_use]
    pub fn of(meter: &MeterId, name: &str, code: ObisCode, language: Language) -> Option<Self> {
        let key = Key::Register(code);
        let Description { device_class, unit, .. } = Description::of(key)?;
        let unit_of_measurement = unit.filter(|_| device_class == Some(DeviceClass::Energy))?;
        Some(Self {
            has_sum: true,
            mean_type: 0,
            name: format!("{name} {}", entity::name(key, language)),
            source: SOURCE,
            statistic_id: format!("{SOURCE}:{}_{}", word(meter), slug(&code.to_string())),
            unit_class: "energy",
            unit_of_measurement,
        })
    }

    /// What Home Assistant knows it by. Like an entity's, it never changes.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.statistic_id
    }
}

/// A meter's id in the few letters that a statistic's may have. Two meters hardly ever share one.
fn word(meter: &MeterId) -> String {
    let word = slug(meter.as_str());
    if word == meter.as_str() {
        return word;
    }
    let checksum = format!("{:08x}", fnv1a(meter.as_str().as_bytes()));
    if word.is_empty() { checksum } else { format!("{word}_{checksum}") }
}

/// One hour of a [`Statistic`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StatisticHour {
    /// When it begins: a full hour.
    #[serde(serialize_with = "serialize_hour")]
    pub start: OffsetDateTime,
    /// What the register held at its end.
    pub state: f64,
    /// What was counted since the first hour. It goes on when the register starts anew.
    pub sum: f64,
}

fn serialize_hour<S: Serializer>(time: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serialize_time(*time, serializer)
}

/// The command of Home Assistant's websocket API that writes hours of a statistic over those of the
/// same start: serialise it as JSON, beside its `id`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImportStatistics<'a> {
    /// Whose hours they are.
    pub statistic: &'a Statistic,
    /// They.
    pub hours: &'a [StatisticHour],
}

impl Serialize for ImportStatistics<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut command = serializer.serialize_struct("ImportStatistics", 3)?;
        command.serialize_field("type", "recorder/import_statistics")?;
        command.serialize_field("metadata", self.statistic)?;
        command.serialize_field("stats", self.hours)?;
        command.end()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn id(meter: &str, code: &str) -> Option<String> {
        let statistic = Statistic::of(
            &meter.parse().unwrap(),
            "House",
            code.parse().unwrap(),
            Language::English,
        )?;
        Some(statistic.id().to_owned())
    }

    #[test]
    fn ids_are_what_home_assistant_takes() {
        assert_eq!(id("garden_2", "2.8.1").as_deref(), Some("xt211:garden_2_2_8_1"));
        assert_eq!(id("Garden-2", "1.8.0").as_deref(), Some("xt211:garden_2_8c9900ab_1_8_0"));
        assert_eq!(id("a__b", "1.8.0").as_deref(), Some("xt211:a_b_749bc500_1_8_0"));
        assert_eq!(id("_", "1.8.0").as_deref(), Some("xt211:da0c196e_1_8_0"));
        assert_eq!(id("m", "1-1:1.8.0").as_deref(), Some("xt211:m_1_1_1_8_0_255"));
    }

    #[test]
    fn only_totals_of_energy_have_them() {
        for code in ["16.7.0", "3.8.0", "32.7.0", "96.1.1", "1.6.0", "99.99.99"] {
            assert_eq!(id("meter", code), None, "{code}");
        }
    }

    #[test]
    fn the_command() {
        let statistic = Statistic::of(
            &"meter".parse().unwrap(),
            "House",
            "1.8.0".parse().unwrap(),
            Language::Czech,
        )
        .unwrap();
        let start = datetime!(2026-02-21 20:00 UTC);
        let hours = [StatisticHour { start, state: 7369.066, sum: 0.5 }];
        let command = ImportStatistics { statistic: &statistic, hours: &hours };
        insta::assert_snapshot!(serde_json::to_string_pretty(&command).unwrap());
    }
}
