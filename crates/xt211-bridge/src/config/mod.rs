//! The configuration: read from a file and the environment, checked, and then never wrong.

mod check;
mod edit;
mod error;
mod origin;
mod raw;
mod secret;
mod settings;
mod source;
mod zone;

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use xt211_homeassistant::{Language, MeterId, Topics};
use xt211_line_protocol::Measurement;

#[doc(hidden)]
pub use self::edit::edit;
pub(crate) use self::origin::{Draft, folder};
pub use self::{
    error::{ConfigError, Problem},
    origin::Origin,
    secret::Secret,
    zone::TimeZone,
};

/// The default configuration, with a comment for each key.
pub const DEFAULT: &str = include_str!("default.toml");

/// All settings, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file they came from, if there is one.
    pub file: Option<PathBuf>,
    /// Whether nobody has chosen anything yet. Whoever installs the program (as an app of Home
    /// Assistant, say) may have told it where things are, and that is no choice.
    pub is_new: bool,
    /// The broker.
    pub mqtt: Mqtt,
    /// The meters, at least one.
    pub meters: Vec<Meter>,
    /// Where Home Assistant is told something, if it is.
    pub topics: Topics,
    /// What it is told; `None` if it is told nothing.
    pub homeassistant: Option<HomeAssistant>,
    /// Where readings are forwarded to; `None` if nowhere.
    pub influxdb: Option<InfluxDb>,
    /// Where readings are kept.
    pub store: Store,
    /// The page.
    pub web: Web,
}

/// The broker and who we are to it.
#[derive(Clone, Debug)]
pub struct Mqtt {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// `None` for a connection in the clear.
    pub tls: Option<Tls>,
    /// User name and password.
    pub login: Option<(String, Option<Secret>)>,
    /// The name under which the broker keeps our session.
    pub client_id: String,
    /// The name of the shared subscriptions, if each message is to go to one of several bridges.
    pub share_name: Option<String>,
}

impl Mqtt {
    /// The broker's address for logs: `mqtts://host:port`.
    #[must_use]
    pub fn address(&self) -> String {
        let scheme = if self.tls.is_some() { "mqtts" } else { "mqtt" };
        format!("{scheme}://{}:{}", self.host, self.port)
    }

    /// What to subscribe to for a topic of a meter, or several: itself, or our share of it.
    #[must_use]
    pub fn filter(&self, topic: &str) -> String {
        match &self.share_name {
            Some(name) => format!("$share/{name}/{topic}"),
            None => topic.to_owned(),
        }
    }

    /// Whether the same broker would see the same client, with the same rights.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let login = |mqtt: &Self| {
            let login = mqtt.login.as_ref()?;
            Some((login.0.clone(), login.1.as_ref().map(|secret| secret.expose().to_owned())))
        };
        let ca_file = |mqtt: &Self| mqtt.tls.as_ref().and_then(|tls| tls.ca_file.clone());
        self.address() == other.address()
            && self.client_id == other.client_id
            && login(self) == login(other)
            && ca_file(self) == ca_file(other)
    }
}

/// How a server has to prove who it is.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// Certificates (PEM) to trust besides the system's.
    pub ca_file: Option<PathBuf>,
}

/// A meter, or one for each value of the level that is `+` in its topics.
#[derive(Clone, Debug)]
pub struct Meter {
    /// Its id, unless the topic tells it.
    pub id: MeterId,
    /// Its name for people.
    pub name: String,
    /// Where its readings come from.
    pub data_topic: String,
    /// Where its module's state comes from.
    pub status_topic: String,
    /// Where its battery's state comes from, if from a topic of its own.
    pub battery_topic: Option<String>,
    /// Its serial number, if it should not be taken from the messages.
    pub serial: Option<String>,
    /// For times that come without a zone.
    pub timezone: TimeZone,
    /// The most that can flow through it, in kW.
    pub max_power_kw: f64,
}

impl Meter {
    /// Whether it stands for many meters, whose ids are in their topics.
    #[must_use]
    pub fn is_wild(&self) -> bool {
        self.data_topic.contains('+')
    }

    /// The topics it listens to.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        [&self.data_topic, &self.status_topic]
            .into_iter()
            .chain(&self.battery_topic)
            .map(String::as_str)
    }
}

/// How Home Assistant is told.
#[derive(Clone, Debug)]
pub struct HomeAssistant {
    /// The language of the entities' names.
    pub language: Language,
    /// Where its statistics are written; `None` if they are not.
    pub statistics: Option<Statistics>,
}

/// Home Assistant's own address.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// Its address: scheme, host, port and path.
    pub url: String,
    /// How it has to prove who it is.
    pub tls: Tls,
    /// An administrator's long-lived access token.
    pub token: Secret,
}

/// The database.
#[derive(Clone, Debug)]
pub struct InfluxDb {
    /// Its address: scheme, host and port.
    pub url: String,
    /// How it has to prove who it is.
    pub tls: Tls,
    /// The organisation.
    pub org: String,
    /// The bucket.
    pub bucket: String,
    /// The API token; a server that asks for none gets none.
    pub token: Option<Secret>,
    /// The measurement of readings.
    pub measurement: Measurement,
    /// Whether the module's and the battery's state are forwarded too.
    pub status: bool,
}

/// Where readings are kept.
#[derive(Clone, Debug)]
pub struct Store {
    /// The database file.
    pub path: PathBuf,
    /// How long a forwarded reading is kept, in days.
    pub keep_days: u32,
}

/// The page.
#[derive(Clone, Debug, PartialEq)]
pub struct Web {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Who may see it: whoever knows this; in the clear, or as argon2 makes of it.
    pub password: Option<Secret>,
    /// Whether Home Assistant shows it to its own users.
    pub ingress: bool,
}

impl Config {
    /// Reads and checks the configuration: the given file, else `xt211-bridge.toml` here or
    /// `/etc/xt211-bridge/config.toml` if there, and over it the environment.
    ///
    /// # Errors
    ///
    /// All that is wrong with it, each naming the file or variable, the key and the remedy.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        check::check(source::Source::read(file, environment)?)
    }

    /// Checks a configuration that is at hand as text.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        check::check(source::Source::new(text, None, std::iter::empty())?)
    }
}

#[cfg(test)]
mod tests;
