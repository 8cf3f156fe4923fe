//! What a code means, by the rules of its value groups.

use core::fmt;

use crate::ObisCode;

/// What a code means: what is measured, in which direction, phase and tariff, and how.
///
/// Derived from value groups C, D and E of IEC 62056-61 for electricity, and from the list of
/// abstract objects that the XT211 pushes (the grid operator's, 2025-02-01). A code that neither
/// covers has no meaning here; its value can still be kept under the code itself.
///
/// ```
/// use xt211_obis::{Direction, Meaning, ObisCode, Phase, Quantity, Unit};
///
/// let meaning = Meaning::of(ObisCode::reduced(41, 7, 0)).ok_or("unknown")?;
/// assert_eq!(meaning.quantity, Quantity::ActivePower);
/// assert_eq!(meaning.direction, Some(Direction::Import));
/// assert_eq!(meaning.phase, Some(Phase::L2));
/// assert_eq!(meaning.unit(), Unit::Watt);
/// assert_eq!(meaning.name().to_string(), "Active Power Import L2");
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Meaning {
    /// What is measured or told.
    pub quantity: Quantity,
    /// Which way the energy flows; `None` where that says nothing (voltage, texts).
    pub direction: Option<Direction>,
    /// The conductor; `None` for all together.
    pub phase: Option<Phase>,
    /// The tariff of an energy or maximum register; `None` for other kinds.
    pub tariff: Option<Tariff>,
    /// How the value behaves over time.
    pub kind: RegisterKind,
    /// Group B: the measuring channel, or the number of a relay; 0 where there is only one.
    pub channel: u8,
}

/// What a register measures or tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Quantity {
    /// Active energy, in kWh.
    ActiveEnergy,
    /// Reactive energy, in kvarh.
    ReactiveEnergy,
    /// Apparent energy, in kVAh.
    ApparentEnergy,
    /// Active power, in W.
    ActivePower,
    /// Reactive power, in var.
    ReactivePower,
    /// Apparent power, in VA.
    ApparentPower,
    /// Current, in A.
    Current,
    /// Voltage, in V.
    Voltage,
    /// Power factor, without a unit.
    PowerFactor,
    /// Frequency of the grid, in Hz.
    Frequency,
    /// The power above which the meter disconnects, in W.
    Limiter,
    /// The switch that connects the installation to the grid.
    Disconnector,
    /// A relay of the meter that switches a load by tariff.
    Relay,
    /// The tariff in force, as the meter names it.
    ActiveTariff,
    /// What the grid operator tells the consumer.
    ConsumerMessage,
    /// The number on the meter.
    SerialNumber,
    /// The COSEM logical device name.
    LogicalDeviceName,
}

/// Which way the energy flows, seen from the consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the grid (`+`).
    Import,
    /// To the grid (`-`).
    Export,
    /// Either way, counted as positive (group C 15).
    Absolute,
    /// Import less export (group C 16): negative while more is exported.
    Net,
    /// One of the four quadrants of active and reactive power, 1 to 4.
    Quadrant(u8),
}

/// A conductor of the three-phase grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The first phase.
    L1,
    /// The second phase.
    L2,
    /// The third phase.
    L3,
    /// The neutral conductor.
    N,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::L1 => "L1",
            Self::L2 => "L2",
            Self::L3 => "L3",
            Self::N => "N",
        })
    }
}

/// Group E of an energy register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tariff {
    /// All tariffs together (0).
    Total,
    /// One tariff, from 1 to 63.
    Rate(u8),
}

/// How a value behaves over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegisterKind {
    /// A counter: what has passed since the meter was made. Only a net one (group C 16) may fall.
    Total,
    /// True for the moment it was read.
    Instantaneous,
    /// The highest average of the billing period.
    Maximum,
    /// Words.
    Text,
    /// On (1) or off (0).
    Switch,
}

/// The unit in which the XT211's module sends a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// kWh
    KilowattHour,
    /// kvarh
    KilovarHour,
    /// kVAh
    KilovoltAmpereHour,
    /// W
    Watt,
    /// var
    Var,
    /// VA
    VoltAmpere,
    /// A
    Ampere,
    /// V
    Volt,
    /// Hz
    Hertz,
    /// A pure number, a state or a text.
    None,
}

impl Unit {
    /// The unit's symbol; empty where there is none.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::KilowattHour => "kWh",
            Self::KilovarHour => "kvarh",
            Self::KilovoltAmpereHour => "kVAh",
            Self::Watt => "W",
            Self::Var => "var",
            Self::VoltAmpere => "VA",
            Self::Ampere => "A",
            Self::Volt => "V",
            Self::Hertz => "Hz",
            Self::None => "",
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

impl Meaning {
    /// The meaning of a code, or `None` for one that the rules do not cover.
    #[must_use]
    #[inline]
    pub const fn of(code: ObisCode) -> Option<Self> {
        match (code.a(), code.f()) {
            (0, 255) => abstract_object(code),
            (1, 255) => electricity(code),
            _ => None,
        }
    }

    /// The unit in which the value is sent.
    #[must_use]
    pub const fn unit(&self) -> Unit {
        match self.quantity {
            Quantity::ActiveEnergy => Unit::KilowattHour,
            Quantity::ReactiveEnergy => Unit::KilovarHour,
            Quantity::ApparentEnergy => Unit::KilovoltAmpereHour,
            Quantity::ActivePower | Quantity::Limiter => Unit::Watt,
            Quantity::ReactivePower => Unit::Var,
            Quantity::ApparentPower => Unit::VoltAmpere,
            Quantity::Current => Unit::Ampere,
            Quantity::Voltage => Unit::Volt,
            Quantity::Frequency => Unit::Hertz,
            Quantity::PowerFactor
            | Quantity::Disconnector
            | Quantity::Relay
            | Quantity::ActiveTariff
            | Quantity::ConsumerMessage
            | Quantity::SerialNumber
            | Quantity::LogicalDeviceName => Unit::None,
        }
    }
}

impl ObisCode {
    /// The meaning of this code; short for [`Meaning::of`].
    #[must_use]
    #[inline]
    pub const fn meaning(self) -> Option<Meaning> {
        Meaning::of(self)
    }
}

/// The abstract objects (A = 0) that the XT211 pushes.
#[inline]
const fn abstract_object(code: ObisCode) -> Option<Meaning> {
    use Quantity as Q;
    use RegisterKind as K;

    let (quantity, kind) = match (code.b(), code.c(), code.d(), code.e()) {
        (0, 17, 0, 0) => (Q::Limiter, K::Instantaneous),
        (0, 42, 0, 0) => (Q::LogicalDeviceName, K::Text),
        (0, 96, 1, 0 | 1) => (Q::SerialNumber, K::Text),
        (0, 96, 3, 10) => (Q::Disconnector, K::Switch),
        (1..=6, 96, 3, 10) => (Q::Relay, K::Switch),
        (0, 96, 13, 0) => (Q::ConsumerMessage, K::Text),
        (0, 96, 14, 0) => (Q::ActiveTariff, K::Text),
        _ => return None,
    };
    Some(Meaning { quantity, direction: None, phase: None, tariff: None, kind, channel: code.b() })
}

/// The registers of electricity (A = 1): group C tells the quantity, D the kind, E the tariff.
#[inline]
const fn electricity(code: ObisCode) -> Option<Meaning> {
    use RegisterKind as K;

    let Some((measured, direction, phase)) = group_c(code.c()) else {
        return None;
    };
    let (kind, tariff) = match (code.d(), code.e()) {
        (6, e @ 0..=63) => (K::Maximum, Some(group_e(e))),
        // With E, currents and voltages would be harmonics.
        (7, 0) => (K::Instantaneous, None),
        (8, e @ 0..=63) => (K::Total, Some(group_e(e))),
        _ => return None,
    };
    let Some(quantity) = measured.quantity(kind) else {
        return None;
    };
    Some(Meaning { quantity, direction, phase, tariff, kind, channel: code.b() })
}

#[inline]
const fn group_e(e: u8) -> Tariff {
    match e {
        0 => Tariff::Total,
        rate => Tariff::Rate(rate),
    }
}

/// What group C measures, before group D says whether as power or as energy.
#[derive(Clone, Copy)]
enum Measured {
    Active,
    Reactive,
    Apparent,
    Current,
    Voltage,
    PowerFactor,
    Frequency,
}

impl Measured {
    #[inline]
    const fn quantity(self, kind: RegisterKind) -> Option<Quantity> {
        Some(match (self, kind) {
            (Self::Active, RegisterKind::Total) => Quantity::ActiveEnergy,
            (Self::Reactive, RegisterKind::Total) => Quantity::ReactiveEnergy,
            (Self::Apparent, RegisterKind::Total) => Quantity::ApparentEnergy,
            // The time integral of a voltage, current or frequency is no quantity of this meter.
            (_, RegisterKind::Total) => return None,
            (Self::Active, _) => Quantity::ActivePower,
            (Self::Reactive, _) => Quantity::ReactivePower,
            (Self::Apparent, _) => Quantity::ApparentPower,
            (Self::Current, _) => Quantity::Current,
            (Self::Voltage, _) => Quantity::Voltage,
            (Self::PowerFactor, _) => Quantity::PowerFactor,
            (Self::Frequency, _) => Quantity::Frequency,
        })
    }
}

/// Group C: 1 to 20 for all phases together, 20, 40 and 60 more for L1, L2 and L3.
#[inline]
const fn group_c(c: u8) -> Option<(Measured, Option<Direction>, Option<Phase>)> {
    use Direction as D;
    use Measured as M;

    let (base, phase) = match c {
        91 => return Some((M::Current, None, Some(Phase::N))),
        92 => return Some((M::Voltage, None, Some(Phase::N))),
        1..=20 => (c, None),
        21..=40 => (c - 20, Some(Phase::L1)),
        41..=60 => (c - 40, Some(Phase::L2)),
        61..=80 => (c - 60, Some(Phase::L3)),
        _ => return None,
    };
    let (measured, direction) = match base {
        1 => (M::Active, Some(D::Import)),
        2 => (M::Active, Some(D::Export)),
        3 => (M::Reactive, Some(D::Import)),
        4 => (M::Reactive, Some(D::Export)),
        5..=8 => (M::Reactive, Some(D::Quadrant(base - 4))),
        9 => (M::Apparent, Some(D::Import)),
        10 => (M::Apparent, Some(D::Export)),
        11 => (M::Current, None),
        12 => (M::Voltage, None),
        13 => (M::PowerFactor, None),
        14 => (M::Frequency, None),
        15 => (M::Active, Some(D::Absolute)),
        16 => (M::Active, Some(D::Net)),
        // 17 to 20; anything else was sorted out above.
        _ => (M::Active, Some(D::Quadrant(base - 16))),
    };
    Some((measured, direction, phase))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(text: &str) -> Option<Meaning> {
        text.parse::<ObisCode>().unwrap().meaning()
    }

    #[test]
    fn energy() {
        let expected = Meaning {
            quantity: Quantity::ActiveEnergy,
            direction: Some(Direction::Import),
            phase: None,
            tariff: Some(Tariff::Rate(2)),
            kind: RegisterKind::Total,
            channel: 0,
        };
        assert_eq!(meaning("1.8.2"), Some(expected));
        assert_eq!(meaning("1-3:1.8.2"), Some(Meaning { channel: 3, ..expected }));
        assert_eq!(meaning("1.8.63").unwrap().tariff, Some(Tariff::Rate(63)));
        assert_eq!(meaning("1.8.0").unwrap().tariff, Some(Tariff::Total));
    }

    #[test]
    fn every_code_of_the_meter() {
        let of = |text| {
            let meaning = meaning(text).unwrap();
            (meaning.quantity, meaning.phase, meaning.kind, meaning.unit().symbol())
        };
        use {Phase::*, Quantity::*, RegisterKind::*};
        assert_eq!(of("2.8.0"), (ActiveEnergy, None, Total, "kWh"));
        assert_eq!(of("3.8.0"), (ReactiveEnergy, None, Total, "kvarh"));
        assert_eq!(of("9.8.0"), (ApparentEnergy, None, Total, "kVAh"));
        assert_eq!(of("16.7.0"), (ActivePower, None, Instantaneous, "W"));
        assert_eq!(of("76.7.0"), (ActivePower, Some(L3), Instantaneous, "W"));
        assert_eq!(of("23.7.0"), (ReactivePower, Some(L1), Instantaneous, "var"));
        assert_eq!(of("9.7.0"), (ApparentPower, None, Instantaneous, "VA"));
        assert_eq!(of("52.7.0"), (Voltage, Some(L2), Instantaneous, "V"));
        assert_eq!(of("71.7.0"), (Current, Some(L3), Instantaneous, "A"));
        assert_eq!(of("91.7.0"), (Current, Some(N), Instantaneous, "A"));
        assert_eq!(of("92.7.0"), (Voltage, Some(N), Instantaneous, "V"));
        assert_eq!(of("14.7.0"), (Frequency, None, Instantaneous, "Hz"));
        assert_eq!(of("13.7.0"), (PowerFactor, None, Instantaneous, ""));
        assert_eq!(of("1.6.0"), (ActivePower, None, Maximum, "W"));
        assert_eq!(of("17.0.0"), (Limiter, None, Instantaneous, "W"));
        assert_eq!(of("96.3.10"), (Disconnector, None, Switch, ""));
        assert_eq!(of("0-6:96.3.10"), (Relay, None, Switch, ""));
        assert_eq!(of("96.14.0"), (ActiveTariff, None, Text, ""));
        assert_eq!(of("96.13.0"), (ConsumerMessage, None, Text, ""));
        assert_eq!(of("96.1.0"), (SerialNumber, None, Text, ""));
        assert_eq!(of("96.1.1"), (SerialNumber, None, Text, ""));
        assert_eq!(of("42.0.0"), (LogicalDeviceName, None, Text, ""));
    }

    #[test]
    fn a_unit_is_its_symbol() {
        let shown = |text| std::format!("{}", meaning(text).unwrap().unit());
        assert_eq!([shown("1.8.0"), shown("3.8.0")], ["kWh", "kvarh"]);
        assert_eq!(shown("96.1.1"), "");
    }

    #[test]
    fn only_abstract_codes_mean_words() {
        let codes =
            (0..=255).flat_map(|a| (0..=255).flat_map(move |c| (0..=15).map(move |d| (a, c, d))));
        for (a, c, d) in codes {
            let code = ObisCode::new(a, 0, c, d, 0, 255);
            let is_text = code.meaning().is_some_and(|meaning| meaning.kind == RegisterKind::Text);
            assert!(!is_text || code.is_abstract(), "{code}");
        }
    }

    #[test]
    fn directions() {
        let direction = |text| meaning(text).unwrap().direction.unwrap();
        assert_eq!(direction("21.7.0"), Direction::Import);
        assert_eq!(direction("42.7.0"), Direction::Export);
        assert_eq!(direction("15.7.0"), Direction::Absolute);
        assert_eq!(direction("56.7.0"), Direction::Net);
        assert_eq!(direction("5.8.0"), Direction::Quadrant(1));
        assert_eq!(direction("8.8.0"), Direction::Quadrant(4));
        assert_eq!(direction("17.7.0"), Direction::Quadrant(1));
        assert_eq!(direction("80.7.0"), Direction::Quadrant(4));
    }

    #[test]
    fn codes_without_a_meaning() {
        assert_eq!(meaning("1.8.64"), None); // not a tariff
        assert_eq!(meaning("32.7.3"), None); // a harmonic
        assert_eq!(meaning("12.8.0"), None); // volt hours
        assert_eq!(meaning("1.9.0"), None); // another integral
        assert_eq!(meaning("1.8.0*1"), None); // a past billing period
        assert_eq!(meaning("0-0:1.8.0"), None); // not electricity
        assert_eq!(meaning("7-0:3.0.0"), None); // gas
        assert_eq!(meaning("0-7:96.3.10"), None); // no such relay
        assert_eq!(meaning("0-1:17.0.0"), None);
        assert_eq!(meaning("0.7.0"), None);
        assert_eq!(meaning("81.7.0"), None);
        assert_eq!(meaning("255.7.0"), None);
    }
}
