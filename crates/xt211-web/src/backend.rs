//! What the page asks of the program behind it.

use std::{collections::BTreeMap, fmt, io, path::PathBuf, str::FromStr, sync::Arc};

use futures_util::{future::BoxFuture, stream::BoxStream};
use time::OffsetDateTime;
use tokio::sync::watch;

/// What the page asks of the program behind it. What is kept, it reads from the
/// [`store`](Self::store) by itself.
pub trait Backend: Send + Sync + 'static {
    /// How things stand. The receiver sees every change.
    fn vital_signs(&self) -> watch::Receiver<VitalSigns>;

    /// The last messages and what became of them, the newest first.
    fn log(&self) -> Vec<LogEntry>;

    /// The file in which readings are kept, at the moment.
    fn store(&self) -> PathBuf;

    /// What people call a meter, by its id; the id itself if it has no name.
    fn meter_name(&self, id: &str) -> String;

    /// Whether anything of a meter is still listened for, by its id and the topic that the store has
    /// of it.
    fn follows(&self, id: &str, topic: Option<&str>) -> bool;

    /// Something was changed in the store that is to be seen to: a release, a forwarding.
    fn look(&self);

    /// Writes what is kept of a range of time. Takes as long as the writer takes; blocks.
    ///
    /// # Errors
    ///
    /// Of the writer; or the store cannot be read, in words for people.
    fn export(&self, request: &ExportRequest, out: &mut dyn io::Write) -> io::Result<()>;

    /// Whether nothing was ever configured, so that a setup is in order. Every page asks for it, so it
    /// has to be known without looking anywhere.
    fn needs_setup(&self) -> bool;

    /// All settings as they are.
    fn settings(&self) -> Settings;

    /// Saves changed settings, and has them take effect; all of them or none.
    ///
    /// # Errors
    ///
    /// All that is wrong with them, or why they cannot be saved.
    fn save(&self, edit: Edit) -> BoxFuture<'_, Result<(), Vec<Refusal>>>;

    /// Tries out whether something works with changed settings, and changes nothing.
    ///
    /// # Errors
    ///
    /// All that is wrong with the settings it is about, or what does not work.
    fn attempt(&self, trial: Trial, edit: Edit) -> BoxFuture<'_, Result<String, Vec<Refusal>>>;

    /// Listens to all that can be heard at the broker of changed settings, for as long as the
    /// stream is kept. Ends with an error if the broker cannot be reached.
    fn listen(&self, edit: Edit) -> BoxStream<'static, Result<Heard, Refusal>>;
}

/// How things stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VitalSigns {
    /// The broker.
    pub broker: BrokerSign,
    /// InfluxDB.
    pub influxdb: Condition,
    /// The statistics of Home Assistant.
    pub statistics: Condition,
    /// Where readings are kept. Never off, once the bridge has begun.
    pub store: Condition,
    /// Whether any meter was ever heard of.
    pub has_meters: bool,
    /// Rises when something in the store has changed.
    pub revision: u64,
}

/// How it stands with the broker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BrokerSign {
    /// A connection is being made.
    #[default]
    Connecting,
    /// There is one, since then, in UTC.
    Connected(OffsetDateTime),
    /// There is none, for this reason.
    Trouble(Arc<str>),
}

/// Whether something works that is written to, and if not, why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// Nothing is to be written to it.
    #[default]
    Off,
    /// It takes what it is sent.
    Good,
    /// The last try failed, for this reason.
    Trouble(Arc<str>),
}

impl Condition {
    /// Why it does not work, if so.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Trouble(reason) => Some(reason),
            Self::Off | Self::Good => None,
        }
    }
}

/// A message, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Rises by one with each message since the start.
    pub number: u64,
    /// When it came, in UTC.
    pub at: OffsetDateTime,
    /// Its topic.
    pub topic: String,
    /// Its size in bytes.
    pub size: usize,
    /// Its beginning, as it came.
    pub excerpt: Vec<u8>,
    /// The id of its meter, if it has one.
    pub meter: Option<String>,
    /// What became of it; more than one if parts of it differ.
    pub outcomes: Vec<Outcome>,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// So many records of it were kept.
    Kept(u64),
    /// It says nothing new.
    NothingNew,
    /// It was set aside.
    SetAside {
        /// The reason, as a text that never changes.
        code: String,
        /// The reason, for people.
        reason: String,
    },
    /// It is nothing to us.
    NotOurs,
}

/// What to export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportRequest {
    /// In which form.
    pub form: ExportForm,
    /// The id of a meter; all of them without one.
    pub meter: Option<String>,
    /// From this time on.
    pub from: Option<OffsetDateTime>,
    /// Before this time.
    pub to: Option<OffsetDateTime>,
}

/// A form of export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportForm {
    /// The lines that InfluxDB gets.
    Lines,
    /// A row for each value.
    Csv,
}

/// All settings as they are.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The file that they are saved to.
    pub file: PathBuf,
    /// Why nothing can be saved, if so.
    pub read_only: Option<String>,
    /// What is set of each section but the meters, by the name of its key. A setting that is not
    /// listed has no value.
    pub sections: BTreeMap<Section, BTreeMap<String, Setting>>,
    /// The same of each meter.
    pub meters: Vec<BTreeMap<String, Setting>>,
}

/// A section of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "their names say it, and the program's README says the rest")]
pub enum Section {
    Mqtt,
    Meter,
    HomeAssistant,
    InfluxDb,
    Store,
    Web,
}

impl Section {
    /// All of them, in the order in which they are written.
    pub const ALL: [Self; 6] =
        [Self::Mqtt, Self::Meter, Self::HomeAssistant, Self::InfluxDb, Self::Store, Self::Web];

    /// Its name in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mqtt => "mqtt",
            Self::Meter => "meter",
            Self::HomeAssistant => "homeassistant",
            Self::InfluxDb => "influxdb",
            Self::Store => "store",
            Self::Web => "web",
        }
    }
}

/// A setting as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// What it is.
    pub value: SettingValue,
    /// The environment variable that it comes from, if it does. It then cannot be changed here.
    pub variable: Option<String>,
}

/// The value of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingValue {
    /// A text, a number, or `true` or `false`, as one would write it without quotes.
    Shown(String),
    /// A secret: it is there, and not told.
    Secret,
}

/// Where a setting stands: `mqtt.url`, or of the second meter `meter.1.name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Its section.
    pub section: Section,
    /// Which meter's, counted from 0; 0 for other sections.
    pub meter: usize,
    /// The name of its key.
    pub key: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { section, meter, key } = self;
        match section {
            Section::Meter => write!(f, "meter.{meter}.{key}"),
            _ => write!(f, "{}.{key}", section.name()),
        }
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (name, rest) = text.split_once('.').ok_or(())?;
        let section = Section::ALL.into_iter().find(|it| it.name() == name).ok_or(())?;
        let (meter, key) = match section {
            Section::Meter => {
                let (number, key) = rest.split_once('.').ok_or(())?;
                (number.parse().map_err(drop)?, key)
            }
            _ => (0, rest),
        };
        if key.is_empty() {
            return Err(());
        }
        Ok(Self { section, meter, key: key.to_owned() })
    }
}

/// A change of settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// What is set: to a text, as in [`SettingValue::Shown`], or to nothing, so that it has its
    /// default. Whatever is not named stays. A meter whose number is the count of meters is added.
    pub set: BTreeMap<Place, Option<String>>,
    /// The number of a meter that is removed, after the others were set.
    pub remove_meter: Option<usize>,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// With which setting, if it is one's.
    pub place: Option<Place>,
    /// What is wrong and what to do, for people.
    pub message: String,
}

/// Something that can be tried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// Connects to the broker, and subscribes.
    Broker,
    /// Asks InfluxDB whether it would take something.
    InfluxDb,
    /// Shows Home Assistant the token for statistics.
    HomeAssistant,
}

/// A message that was heard, and that is of a meter's module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Its topic.
    pub topic: String,
    /// Whether it holds a reading, a module's state, a battery's.
    pub parts: [bool; 3],
    /// The serial number that it tells.
    pub serial: Option<String>,
    /// Its most telling value, for people: `Total Import Energy: 7369.066 kWh`.
    pub value: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for text in ["mqtt.url", "meter.0.name", "meter.12.data_topic", "web.password"] {
            assert_eq!(text.parse::<Place>().map(|place| place.to_string()).as_deref(), Ok(text));
        }
        for text in ["", "mqtt", "mqtt.", "meter.name", "meter.x.name", "mqqt.url"] {
            assert_eq!(text.parse::<Place>(), Err(()), "{text}");
        }
    }
}
