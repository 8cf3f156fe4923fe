//! Names of entities in other languages than English.
//!
//! The English names stand with what they name (`entity`), and make the default entity ids. Each
//! other language is a table of phrases in a file of its own. To add one, copy
//! `translation/czech.rs` and translate it, and add the language to [`Language`](crate::Language):
//! the compiler asks for every phrase, and the tests look at every name.

mod czech;

use xt211_obis::{Direction, Meaning, Quantity, RegisterKind, Tariff};

pub(crate) use self::czech::CZECH;
use crate::key::{BridgeKey, Key, ModuleKey};

/// The phrases of one language, as they stand within a sentence: a name begins with a capital letter
/// in any case. `{number}` and `{name}` are filled in.
pub(crate) struct Translation {
    // Energy. What is counted in all tariffs together or in one is said by `total` and `tariff`.
    import_energy: &'static str,
    export_energy: &'static str,
    /// Import and export together.
    absolute_energy: &'static str,
    /// Import less export.
    net_energy: &'static str,
    energy_in_quadrant: &'static str,
    import_reactive_energy: &'static str,
    export_reactive_energy: &'static str,
    reactive_energy_in_quadrant: &'static str,
    import_apparent_energy: &'static str,
    export_apparent_energy: &'static str,

    // What is true for the moment. A phase (`L1`) is put behind.
    /// Import less export.
    active_power: &'static str,
    active_power_import: &'static str,
    active_power_export: &'static str,
    active_power_absolute: &'static str,
    active_power_in_quadrant: &'static str,
    reactive_power_import: &'static str,
    reactive_power_export: &'static str,
    reactive_power_in_quadrant: &'static str,
    apparent_power_import: &'static str,
    apparent_power_export: &'static str,
    current: &'static str,
    voltage: &'static str,
    frequency: &'static str,
    power_factor: &'static str,

    // The meter's other objects.
    limiter: &'static str,
    disconnector: &'static str,
    relay: &'static str,
    active_tariff: &'static str,
    consumer_message: &'static str,
    serial_number: &'static str,
    logical_device_name: &'static str,

    // What is said around the name of a register.
    /// All tariffs together.
    total: &'static str,
    /// One tariff.
    tariff: &'static str,
    /// The highest average of the billing period.
    maximum: &'static str,
    /// Another channel than the usual one.
    channel: &'static str,

    // The module and its battery.
    status: &'static str,
    wakeups: &'static str,
    resets: &'static str,
    signal: &'static str,
    last_wait: &'static str,
    shortest_wait: &'static str,
    longest_wait: &'static str,
    adaptive_shift: &'static str,
    clock_drift: &'static str,
    first_boot: &'static str,
    last_reading: &'static str,
    battery: &'static str,
    battery_voltage: &'static str,

    // What the bridge does.
    influxdb: &'static str,
    last_success: &'static str,
    waiting: &'static str,
    set_aside: &'static str,
    overdue: &'static str,
}

impl Translation {
    /// The name of an entity; `None` if that is a code without a meaning.
    pub(crate) fn name(&self, key: Key) -> Option<String> {
        match key {
            Key::Register(code) => self.register(&code.meaning()?).map(|name| capitalised(&name)),
            Key::Module(key) => Some(capitalised(self.module(key))),
            Key::Bridge(key) => Some(capitalised(self.bridge(key))),
        }
    }

    fn register(&self, meaning: &Meaning) -> Option<String> {
        let mut name = self.measured(meaning)?;
        if meaning.kind == RegisterKind::Maximum {
            name = filled(self.maximum, &name, 0);
        }
        name = match meaning.tariff {
            Some(Tariff::Rate(rate)) => filled(self.tariff, &name, rate),
            // A maximum is of all tariffs unless it says otherwise.
            Some(Tariff::Total) if meaning.kind == RegisterKind::Total => {
                filled(self.total, &name, 0)
            }
            _ => name,
        };
        if let Some(phase) = meaning.phase {
            name = format!("{name} {phase}");
        }
        // That of a relay is its number.
        if meaning.channel != 0 && meaning.quantity != Quantity::Relay {
            name = filled(self.channel, &name, meaning.channel);
        }
        Some(name)
    }

    /// What is measured, and which way it flows. `None` for what a later version of the code model
    /// adds.
    fn measured(&self, meaning: &Meaning) -> Option<String> {
        use Direction as D;
        use Quantity as Q;

        let phrase = match (meaning.quantity, meaning.direction) {
            (Q::ActiveEnergy, Some(D::Import)) => self.import_energy,
            (Q::ActiveEnergy, Some(D::Export)) => self.export_energy,
            (Q::ActiveEnergy, Some(D::Absolute)) => self.absolute_energy,
            (Q::ActiveEnergy, Some(D::Net)) => self.net_energy,
            (Q::ActiveEnergy, Some(D::Quadrant(_))) => self.energy_in_quadrant,
            (Q::ReactiveEnergy, Some(D::Import)) => self.import_reactive_energy,
            (Q::ReactiveEnergy, Some(D::Export)) => self.export_reactive_energy,
            (Q::ReactiveEnergy, Some(D::Quadrant(_))) => self.reactive_energy_in_quadrant,
            (Q::ApparentEnergy, Some(D::Import)) => self.import_apparent_energy,
            (Q::ApparentEnergy, Some(D::Export)) => self.export_apparent_energy,
            (Q::ActivePower, Some(D::Net)) => self.active_power,
            (Q::ActivePower, Some(D::Import)) => self.active_power_import,
            (Q::ActivePower, Some(D::Export)) => self.active_power_export,
            (Q::ActivePower, Some(D::Absolute)) => self.active_power_absolute,
            (Q::ActivePower, Some(D::Quadrant(_))) => self.active_power_in_quadrant,
            (Q::ReactivePower, Some(D::Import)) => self.reactive_power_import,
            (Q::ReactivePower, Some(D::Export)) => self.reactive_power_export,
            (Q::ReactivePower, Some(D::Quadrant(_))) => self.reactive_power_in_quadrant,
            (Q::ApparentPower, Some(D::Import)) => self.apparent_power_import,
            (Q::ApparentPower, Some(D::Export)) => self.apparent_power_export,
            (Q::Current, None) => self.current,
            (Q::Voltage, None) => self.voltage,
            (Q::Frequency, None) => self.frequency,
            (Q::PowerFactor, None) => self.power_factor,
            (Q::Limiter, None) => self.limiter,
            (Q::Disconnector, None) => self.disconnector,
            (Q::Relay, None) => self.relay,
            (Q::ActiveTariff, None) => self.active_tariff,
            (Q::ConsumerMessage, None) => self.consumer_message,
            (Q::SerialNumber, None) => self.serial_number,
            (Q::LogicalDeviceName, None) => self.logical_device_name,
            _ => return None,
        };
        let number = match meaning.direction {
            Some(D::Quadrant(quadrant)) => quadrant,
            _ => meaning.channel,
        };
        Some(filled(phrase, "", number))
    }

    const fn module(&self, key: ModuleKey) -> &'static str {
        match key {
            ModuleKey::Status => self.status,
            ModuleKey::Wakeups => self.wakeups,
            ModuleKey::Resets => self.resets,
            ModuleKey::Signal => self.signal,
            ModuleKey::LastWait => self.last_wait,
            ModuleKey::ShortestWait => self.shortest_wait,
            ModuleKey::LongestWait => self.longest_wait,
            ModuleKey::AdaptiveShift => self.adaptive_shift,
            ModuleKey::ClockDrift => self.clock_drift,
            ModuleKey::FirstBoot => self.first_boot,
            ModuleKey::LastReading => self.last_reading,
            ModuleKey::Battery => self.battery,
            ModuleKey::BatteryVoltage => self.battery_voltage,
            // Attributes of the status are shown by their keys.
            ModuleKey::StatusText
            | ModuleKey::PlannedStart
            | ModuleKey::RealStart
            | ModuleKey::Sent => key.as_str(),
        }
    }

    const fn bridge(&self, key: BridgeKey) -> &'static str {
        match key {
            BridgeKey::Influxdb => self.influxdb,
            BridgeKey::LastSuccess => self.last_success,
            BridgeKey::Waiting => self.waiting,
            BridgeKey::SetAside => self.set_aside,
            BridgeKey::Overdue => self.overdue,
        }
    }
}

/// A phrase with a name and a number filled in.
fn filled(phrase: &str, name: &str, number: u8) -> String {
    phrase.replace("{number}", &number.to_string()).replace("{name}", name)
}

fn capitalised(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next();
    first.into_iter().flat_map(char::to_uppercase).chain(characters).collect()
}

#[cfg(test)]
mod tests;
