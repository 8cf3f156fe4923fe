//! All settings, as people see them.

use crate::backend::Section;

/// A setting, as people see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownSetting {
    /// Its section.
    pub section: Section,
    /// The name of its key.
    pub key: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// What it is for, with an example.
    pub help: &'static str,
    /// What can be set.
    pub kind: SettingKind,
    /// What it is unless it is set, as one would write it without quotes.
    pub default: Option<&'static str>,
    /// Whether hardly anybody has to change it.
    pub is_advanced: bool,
}

/// What a setting can be set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// Any text.
    Text,
    /// A number of this unit.
    Number(&'static str),
    /// `true` or `false`.
    Switch,
    /// A text that is never shown.
    Secret,
    /// One of these, each with what it is called.
    Choice(&'static [(&'static str, &'static str)]),
    /// A time zone's name in the IANA database.
    TimeZone,
    /// The path of a file.
    File,
}

/// All settings, section by section, each section's in the order in which they are shown.
#[must_use]
pub fn catalogue() -> &'static [KnownSetting] {
    &CATALOGUE
}

/// What a section is called.
pub(crate) const fn title(section: Section) -> &'static str {
    match section {
        Section::Mqtt => "Broker",
        Section::Meter => "Meter",
        Section::HomeAssistant => "Home Assistant",
        Section::InfluxDb => "InfluxDB",
        Section::Store => "Storage",
        Section::Web => "This page",
    }
}

/// What a section is about, in a sentence or two.
pub(crate) const fn about(section: Section) -> &'static str {
    match section {
        Section::Mqtt => "The MQTT broker that the meter's module sends to.",
        Section::Meter => "Where its messages come from, and what it is called.",
        Section::HomeAssistant => {
            "Meters appear in Home Assistant by themselves, if its MQTT integration uses the same \
             broker."
        }
        Section::InfluxDb => {
            "Each reading is forwarded to an InfluxDB (version 2, or one that takes what it takes). \
             Without an address, nothing is forwarded and all is kept here."
        }
        Section::Store => {
            "Readings are kept in a file on this machine: for the charts, and until \
                           InfluxDB has them."
        }
        Section::Web => "Where this page can be seen, and by whom.",
    }
}

const fn setting(
    section: Section,
    key: &'static str,
    kind: SettingKind,
    label: &'static str,
    help: &'static str,
) -> KnownSetting {
    KnownSetting { section, key, label, help, kind, default: None, is_advanced: false }
}

impl KnownSetting {
    const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    const fn advanced(self) -> Self {
        Self { is_advanced: true, ..self }
    }
}

const CA_FILE_HELP: &str = "The path of a file (PEM) with certificates to trust besides the \
                            system's, such as /etc/ssl/my-ca.pem. Only for TLS.";

const CATALOGUE: [KnownSetting; 33] = {
    use Section::{HomeAssistant, InfluxDb, Meter, Mqtt, Store, Web};
    use SettingKind::{Choice, File, Number, Secret, Switch, Text, TimeZone};
    [
        setting(
            Mqtt,
            "url",
            Text,
            "Address",
            "mqtt://HOST:1883, or mqtts://HOST:8883 for TLS. For a broker on this machine: \
             mqtt://localhost:1883.",
        )
        .or("mqtt://localhost:1883"),
        setting(Mqtt, "username", Text, "User name", "If the broker asks for one."),
        setting(Mqtt, "password", Secret, "Password", "The user's, if the broker asks for one."),
        setting(
            Mqtt,
            "client_id",
            Text,
            "Client name",
            "The broker keeps messages for this name while the bridge is away. Each client of a \
             broker needs a name of its own.",
        )
        .or("xt211-bridge")
        .advanced(),
        setting(
            Mqtt,
            "share_name",
            Text,
            "Share name",
            "For several bridges with the same meters: the broker gives each message to one of \
             those that have the same share name. Each of them needs a client name of its own.",
        )
        .advanced(),
        setting(Mqtt, "ca_file", File, "Certificate file", CA_FILE_HELP).advanced(),
        setting(Meter, "name", Text, "Name", "What it is called here and in Home Assistant.")
            .or("XT211 Meter"),
        setting(
            Meter,
            "id",
            Text,
            "Id",
            "Letters, digits, _ and -. Choose it once: with another id it is a new meter here and \
             a new device in Home Assistant, and what the old one has counted stays with the old.",
        )
        .or("meter"),
        setting(
            Meter,
            "data_topic",
            Text,
            "Topic of readings",
            "Where the module sends what it reads, such as elektromer/data. A + for one level \
             makes a meter of each value of that level: flats/+/data.",
        )
        .or("elektromer/data"),
        setting(
            Meter,
            "status_topic",
            Text,
            "Topic of the module's state",
            "Such as elektromer/status. If all comes on one topic, the same as above.",
        )
        .or("elektromer/status"),
        setting(
            Meter,
            "battery_topic",
            Text,
            "Topic of the battery's state",
            "Only if it has one of its own, such as elektromer/battery.",
        ),
        setting(
            Meter,
            "timezone",
            TimeZone,
            "Time zone of the module",
            "For times that come without a zone, such as Europe/Prague. Modules send UTC unless \
             they were told otherwise.",
        )
        .or("UTC"),
        setting(
            Meter,
            "serial",
            Text,
            "Serial number",
            "The tag of its series in InfluxDB, such as 5100025085. Without it, the one that the \
             messages tell.",
        )
        .advanced(),
        setting(
            Meter,
            "max_power_kw",
            Number("kW"),
            "Highest power",
            "A total that rises faster than this allows is not believed, and set aside.",
        )
        .or("100")
        .advanced(),
        setting(
            HomeAssistant,
            "enabled",
            Switch,
            "Show meters in Home Assistant",
            "Their sensors appear on the broker, where the MQTT integration finds them.",
        )
        .or("true"),
        setting(
            HomeAssistant,
            "language",
            Choice(&[("en", "English"), ("cs", "Čeština")]),
            "Language",
            "Of the sensors' names.",
        )
        .or("en"),
        setting(
            HomeAssistant,
            "url",
            Text,
            "Address for hourly statistics",
            "Such as http://homeassistant.local:8123. With it and a token, each hour's consumption \
             is written for the Energy Dashboard, even if a reading comes late.",
        ),
        setting(
            HomeAssistant,
            "token",
            Secret,
            "Access token",
            "A long-lived access token of an administrator: in Home Assistant, click your name, \
             then Security.",
        ),
        setting(HomeAssistant, "ca_file", File, "Certificate file", CA_FILE_HELP).advanced(),
        setting(
            HomeAssistant,
            "discovery_prefix",
            Text,
            "Discovery prefix",
            "As in the settings of Home Assistant's MQTT integration.",
        )
        .or("homeassistant")
        .advanced(),
        setting(
            HomeAssistant,
            "topic_prefix",
            Text,
            "Topic prefix",
            "What the bridge's own topics begin with; one of its own for each bridge on a broker.",
        )
        .or("xt211")
        .advanced(),
        setting(InfluxDb, "url", Text, "Address", "Such as http://localhost:8086."),
        setting(InfluxDb, "org", Text, "Organisation", "Its name in InfluxDB, such as home."),
        setting(InfluxDb, "bucket", Text, "Bucket", "Its name in InfluxDB, such as energy."),
        setting(
            InfluxDb,
            "token",
            Secret,
            "API token",
            "One that may write to the bucket: in InfluxDB, Load Data, then API Tokens.",
        ),
        setting(
            InfluxDb,
            "status",
            Switch,
            "Forward the state of module and battery too",
            "Into the measurement xt211_status.",
        )
        .or("true"),
        setting(
            InfluxDb,
            "measurement",
            Text,
            "Measurement",
            "Of the readings. With another one, new series begin.",
        )
        .or("home_energy")
        .advanced(),
        setting(InfluxDb, "ca_file", File, "Certificate file", CA_FILE_HELP).advanced(),
        setting(
            Store,
            "path",
            File,
            "File",
            "On a disk of this machine. With another file, the charts begin anew and what waits for \
             InfluxDB stays in the old one; nothing is moved or deleted.",
        )
        .or("xt211-bridge.db"),
        setting(
            Store,
            "keep_days",
            Number("days"),
            "How long",
            "Older readings are deleted. What waits for InfluxDB stays longer.",
        )
        .or("400"),
        setting(
            Web,
            "listen",
            Text,
            "Address and port",
            "127.0.0.1:8099 for this machine only, 0.0.0.0:8099 for others too, which needs a \
             password. After a change, open the page at its new address.",
        )
        .or("127.0.0.1:8099"),
        setting(
            Web,
            "password",
            Secret,
            "Password",
            "Who sees this page can change everything. A new password logs everybody out.",
        ),
        setting(
            Web,
            "ingress",
            Switch,
            "Shown by Home Assistant",
            "As an app of Home Assistant, which shows the page to its own users.",
        )
        .or("false")
        .advanced(),
    ]
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_setting_is_described_once() {
        let keys: BTreeSet<_> = catalogue().iter().map(|it| (it.section, it.key)).collect();
        assert_eq!(keys.len(), catalogue().len());
        for KnownSetting { key, label, help, .. } in catalogue() {
            assert!(!label.is_empty() && !label.ends_with('.'), "{key}: {label}");
            assert!(help.ends_with('.') && help.len() < 200, "{key}: {help}");
        }
    }

    #[test]
    fn defaults_are_of_their_kind() {
        for KnownSetting { key, kind, default, .. } in catalogue() {
            let Some(default) = *default else { continue };
            match kind {
                SettingKind::Number(_) => assert!(default.parse::<f64>().is_ok(), "{key}"),
                SettingKind::Switch => assert!(["true", "false"].contains(&default), "{key}"),
                SettingKind::Secret => panic!("{key}: a secret has no default"),
                SettingKind::Choice(choices) => {
                    assert!(choices.iter().any(|(value, _)| *value == default), "{key}");
                }
                SettingKind::TimeZone => {
                    assert!(jiff::tz::TimeZone::get(default).is_ok(), "{key}");
                }
                SettingKind::Text | SettingKind::File => assert!(!default.is_empty(), "{key}"),
            }
        }
    }
}
