//! What people call a register.

use core::fmt;

use crate::{Direction, Meaning, Quantity, RegisterKind, Tariff};

impl Meaning {
    /// The register's name in English, for display: the names that users of the XT211 know, and
    /// for any other register one made by the same rules.
    ///
    /// ```
    /// use xt211_obis::ObisCode;
    ///
    /// let name = |code: ObisCode| code.meaning().map(|meaning| meaning.name().to_string());
    /// assert_eq!(name("1.8.0".parse()?).as_deref(), Some("Total Import Energy"));
    /// assert_eq!(name("3.8.1".parse()?).as_deref(), Some("Import Reactive Energy Tariff 1"));
    /// # Ok::<(), xt211_obis::ParseError>(())
    /// ```
    #[must_use]
    pub const fn name(&self) -> Name<'_> {
        Name(self)
    }
}

/// Displays the English name of a register; made by [`Meaning::name`].
#[derive(Clone, Copy, Debug)]
pub struct Name<'a>(&'a Meaning);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meaning = self.0;
        match meaning.quantity {
            Quantity::ActiveEnergy => energy(meaning, "Energy", f)?,
            Quantity::ReactiveEnergy => energy(meaning, "Reactive Energy", f)?,
            Quantity::ApparentEnergy => energy(meaning, "Apparent Energy", f)?,
            Quantity::ActivePower => measured(meaning, "Active Power", f)?,
            Quantity::ReactivePower => measured(meaning, "Reactive Power", f)?,
            Quantity::ApparentPower => measured(meaning, "Apparent Power", f)?,
            Quantity::Current => measured(meaning, "Current", f)?,
            Quantity::Voltage => measured(meaning, "Voltage", f)?,
            Quantity::PowerFactor => measured(meaning, "Power Factor", f)?,
            Quantity::Frequency => measured(meaning, "Frequency", f)?,
            Quantity::Limiter => f.write_str("Limiter")?,
            Quantity::Disconnector => f.write_str("Disconnector")?,
            Quantity::Relay => return write!(f, "Relay {}", meaning.channel),
            Quantity::ActiveTariff => f.write_str("Active Tariff")?,
            Quantity::ConsumerMessage => f.write_str("Consumer Message")?,
            Quantity::SerialNumber => f.write_str("Serial Number")?,
            Quantity::LogicalDeviceName => f.write_str("Logical Device Name")?,
        }
        match meaning.channel {
            0 => Ok(()),
            channel => write!(f, " Channel {channel}"),
        }
    }
}

/// `[Total] DIRECTION Energy [Quadrant n] [Tariff n] [PHASE]`
fn energy(meaning: &Meaning, noun: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let total = if meaning.tariff == Some(Tariff::Total) { "Total " } else { "" };
    match meaning.direction {
        Some(Direction::Quadrant(quadrant)) => write!(f, "{total}{noun} Quadrant {quadrant}")?,
        Some(direction) => write!(f, "{total}{} {noun}", word(direction))?,
        None => write!(f, "{total}{noun}")?,
    }
    tariff_and_phase(meaning, f)
}

/// `[Maximum] NOUN [DIRECTION] [Tariff n] [PHASE]`; the net power is simply the power.
fn measured(meaning: &Meaning, noun: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let maximum = if meaning.kind == RegisterKind::Maximum { "Maximum " } else { "" };
    match meaning.direction {
        None | Some(Direction::Net) => write!(f, "{maximum}{noun}")?,
        Some(Direction::Quadrant(quadrant)) => write!(f, "{maximum}{noun} Quadrant {quadrant}")?,
        Some(direction) => write!(f, "{maximum}{noun} {}", word(direction))?,
    }
    tariff_and_phase(meaning, f)
}

fn tariff_and_phase(meaning: &Meaning, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let Some(Tariff::Rate(rate)) = meaning.tariff {
        write!(f, " Tariff {rate}")?;
    }
    match meaning.phase {
        Some(phase) => write!(f, " {phase}"),
        None => Ok(()),
    }
}

const fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Import => "Import",
        Direction::Export => "Export",
        Direction::Absolute => "Absolute",
        Direction::Net => "Net",
        Direction::Quadrant(_) => "Quadrant",
    }
}

#[cfg(test)]
mod tests {
    use std::{
        format,
        string::{String, ToString},
    };

    use crate::ObisCode;

    fn name(text: &str) -> String {
        text.parse::<ObisCode>().unwrap().meaning().unwrap().name().to_string()
    }

    #[test]
    fn names_that_users_know() {
        assert_eq!(name("1.8.0"), "Total Import Energy");
        assert_eq!(name("2.8.0"), "Total Export Energy");
        for tariff in 1..=4 {
            assert_eq!(name(&format!("1.8.{tariff}")), format!("Import Energy Tariff {tariff}"));
            assert_eq!(name(&format!("2.8.{tariff}")), format!("Export Energy Tariff {tariff}"));
        }
        assert_eq!(name("16.7.0"), "Active Power");
        assert_eq!(name("1.7.0"), "Active Power Import");
        assert_eq!(name("2.7.0"), "Active Power Export");
        for (phase, offset) in [("L1", 20), ("L2", 40), ("L3", 60)] {
            assert_eq!(name(&format!("{}.7.0", 16 + offset)), format!("Active Power {phase}"));
            assert_eq!(
                name(&format!("{}.7.0", 1 + offset)),
                format!("Active Power Import {phase}")
            );
            assert_eq!(
                name(&format!("{}.7.0", 2 + offset)),
                format!("Active Power Export {phase}")
            );
            assert_eq!(name(&format!("{}.7.0", 12 + offset)), format!("Voltage {phase}"));
            assert_eq!(name(&format!("{}.7.0", 11 + offset)), format!("Current {phase}"));
        }
        assert_eq!(name("14.7.0"), "Frequency");
        assert_eq!(name("13.7.0"), "Power Factor");
        assert_eq!(name("0-0:17.0.0"), "Limiter");
        assert_eq!(name("0-0:96.3.10"), "Disconnector");
        for relay in 1..=6 {
            assert_eq!(name(&format!("0-{relay}:96.3.10")), format!("Relay {relay}"));
        }
        assert_eq!(name("0-0:96.14.0"), "Active Tariff");
        assert_eq!(name("0-0:96.13.0"), "Consumer Message");
        assert_eq!(name("0-0:96.1.0"), "Serial Number");
        assert_eq!(name("0-0:96.1.1"), "Serial Number");
        assert_eq!(name("0-0:42.0.0"), "Logical Device Name");
    }

    #[test]
    fn names_made_by_rule() {
        assert_eq!(name("21.8.0"), "Total Import Energy L1");
        assert_eq!(name("41.8.2"), "Import Energy Tariff 2 L2");
        assert_eq!(name("3.8.0"), "Total Import Reactive Energy");
        assert_eq!(name("10.8.3"), "Export Apparent Energy Tariff 3");
        assert_eq!(name("16.8.0"), "Total Net Energy");
        assert_eq!(name("15.8.0"), "Total Absolute Energy");
        assert_eq!(name("5.8.0"), "Total Reactive Energy Quadrant 1");
        assert_eq!(name("15.7.0"), "Active Power Absolute");
        assert_eq!(name("18.7.0"), "Active Power Quadrant 2");
        assert_eq!(name("23.7.0"), "Reactive Power Import L1");
        assert_eq!(name("1.6.0"), "Maximum Active Power Import");
        assert_eq!(name("1.6.2"), "Maximum Active Power Import Tariff 2");
        assert_eq!(name("12.7.0"), "Voltage");
        assert_eq!(name("91.7.0"), "Current N");
        assert_eq!(name("1-2:1.8.0"), "Total Import Energy Channel 2");
    }
}
