//! Where messages go.

use std::{collections::BTreeSet, fmt, str::FromStr, sync::Arc};

/// What names a meter in topics and unique ids: ASCII letters, digits, `_` and `-`, which is what
/// Home Assistant allows in a discovery topic; and not `bridge`, whose place in the topics is taken.
///
/// It must stay the same for as long as the meter is to keep its entities and their history.
///
/// ```
/// use xt211_homeassistant::MeterId;
///
/// let id: MeterId = "garden-2".parse()?;
/// assert_eq!(id.as_str(), "garden-2");
/// assert!("bridge".parse::<MeterId>().is_err());
/// # Ok::<(), xt211_homeassistant::MeterIdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MeterId(Arc<str>);

/// Why a text is not a [`MeterId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MeterIdError {
    /// There is none.
    #[error("expected a letter, a digit, `_` or `-`, found the end at byte 0")]
    Empty,
    /// A character that Home Assistant does not allow there.
    #[error("expected a letter, a digit, `_` or `-`, found `{}` at byte {offset}", found.escape_debug())]
    Character {
        /// Where in the text, in bytes from its start.
        offset: usize,
        /// What is there.
        found: char,
    },
    /// It would make topics longer than brokers take.
    #[error("expected at most {max} characters, found {found}", max = MeterId::MAX_LENGTH)]
    TooLong {
        /// How many there are.
        found: usize,
    },
    /// `bridge`, which is the bridge's own.
    #[error("expected the id of a meter, found `bridge`, which is reserved")]
    Reserved,
}

impl MeterId {
    /// The most characters that an id may have.
    pub const MAX_LENGTH: usize = 64;

    /// The id of a meter that is called anything, such as a level of its topic: that itself where
    /// it can be an id, else what is readable of it and a checksum of all, so that two names hardly
    /// ever share an id.
    ///
    /// ```
    /// use xt211_homeassistant::MeterId;
    ///
    /// assert_eq!(MeterId::from_name("garden-2").as_str(), "garden-2");
    /// assert_eq!(MeterId::from_name("bridge").as_str(), "bridge_eab80610");
    /// assert_eq!(MeterId::from_name("d\u{16f}m 1").as_str(), "d_m_1_73a46601");
    /// ```
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        /// The longest readable part.
        const READABLE: usize = 32;

        name.parse().unwrap_or_else(|_| {
            let character = |c: char| if is_allowed(c) { c } else { '_' };
            let readable: String = name.chars().take(READABLE).map(character).collect();
            Self(format!("{readable}_{:08x}", fnv1a(name.as_bytes())).into())
        })
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MeterId {
    type Err = MeterIdError;

    fn from_str(text: &str) -> Result<Self, MeterIdError> {
        match text.char_indices().find(|(_, c)| !is_allowed(*c)) {
            Some((offset, found)) => Err(MeterIdError::Character { offset, found }),
            None if text.is_empty() => Err(MeterIdError::Empty),
            None if text.len() > Self::MAX_LENGTH => {
                Err(MeterIdError::TooLong { found: text.len() })
            }
            None if text == "bridge" => Err(MeterIdError::Reserved),
            None => Ok(Self(text.into())),
        }
    }
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// The checksum FNV-1a, 32 bits.
pub(crate) fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

impl fmt::Display for MeterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The state messages of a meter, each with a topic of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateTopic {
    /// Totals, maxima, texts and switches, which stay true until the next reading.
    Energy,
    /// Instantaneous values, which do not.
    Live,
    /// What the module says of itself and its battery.
    Module,
    /// What the bridge does with the meter's readings.
    Bridge,
}

impl StateTopic {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Energy, Self::Live, Self::Module, Self::Bridge];

    /// Whether the broker shall keep the last message for Home Assistant's next start. Not so for
    /// values that expire: a kept one would come back to life.
    #[must_use]
    pub const fn is_retained(self) -> bool {
        !matches!(self, Self::Live)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Energy => "energy",
            Self::Live => "live",
            Self::Module => "module",
            Self::Bridge => "bridge",
        }
    }
}

/// The topics that the bridge and Home Assistant share.
///
/// ```
/// use xt211_homeassistant::{StateTopic, Topics};
///
/// let topics = Topics::new("homeassistant", "xt211");
/// let meter = "meter".parse()?;
/// assert_eq!(topics.discovery(&meter), "homeassistant/device/xt211_meter/config");
/// assert_eq!(topics.state(&meter, StateTopic::Energy), "xt211/meter/energy");
/// assert_eq!(topics.availability(), "xt211/bridge/availability");
/// # Ok::<(), xt211_homeassistant::MeterIdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    discovery_prefix: String,
    topic_prefix: String,
    group: Option<Group>,
}

/// The bridges that share their meters, by what names them in topics.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    ours: MeterId,
    /// Ours, too.
    all: BTreeSet<MeterId>,
}

impl Topics {
    /// Where Home Assistant says [`ONLINE`](Self::ONLINE) after a start, whatever its discovery
    /// prefix is: everything has to be published again then.
    pub const BIRTH: &'static str = "homeassistant/status";

    /// What is said on [`availability`](Self::availability) while the bridge runs.
    pub const ONLINE: &'static str = "online";

    /// What is said on [`availability`](Self::availability) once it does not: its last will.
    pub const OFFLINE: &'static str = "offline";

    /// Topics below Home Assistant's discovery prefix (`homeassistant`, unless changed there) and
    /// below our own (such as `xt211`).
    #[must_use]
    pub fn new(discovery_prefix: impl Into<String>, topic_prefix: impl Into<String>) -> Self {
        Self {
            discovery_prefix: discovery_prefix.into(),
            topic_prefix: topic_prefix.into(),
            group: None,
        }
    }

    /// The same for one of several bridges that share their meters. It has a name that no other one
    /// of them has, such as its client id.
    ///
    /// ```
    /// # use xt211_homeassistant::Topics;
    /// let topics = Topics::new("homeassistant", "xt211").in_group("xt211-bridge-1");
    /// assert_eq!(topics.availability(), "xt211/bridge/availability/xt211-bridge-1");
    /// let shared = topics.shared(&"meter".parse()?);
    /// assert_eq!(shared.as_deref(), Some("xt211/bridge/shared/xt211-bridge-1/meter"));
    /// # Ok::<(), xt211_homeassistant::MeterIdError>(())
    /// ```
    #[must_use]
    pub fn in_group(self, name: &str) -> Self {
        let ours = MeterId::from_name(name);
        let all = BTreeSet::from([ours.clone()]);
        Self { group: Some(Group { ours, all }), ..self }
    }

    /// The same for a bridge that shares its meters with no other.
    #[must_use]
    pub fn alone(self) -> Self {
        Self { group: None, ..self }
    }

    /// Whether this is one of several bridges.
    #[must_use]
    pub fn is_in_group(&self) -> bool {
        self.group.is_some()
    }

    /// Whether it is this one of several that is called so in topics.
    #[must_use]
    pub fn is_ours(&self, bridge: &MeterId) -> bool {
        self.group.as_ref().is_some_and(|group| group.ours == *bridge)
    }

    /// Another bridge of the group is known now, or not any more. Returns whether that is new; then
    /// all discoveries are to be published again.
    pub fn note_bridge(&mut self, bridge: &MeterId, is_there: bool) -> bool {
        let Some(group) = self.group.as_mut().filter(|group| group.ours != *bridge) else {
            return false;
        };
        if is_there { group.all.insert(bridge.clone()) } else { group.all.remove(bridge) }
    }

    /// Home Assistant's discovery prefix.
    #[must_use]
    pub fn discovery_prefix(&self) -> &str {
        &self.discovery_prefix
    }

    /// What our own topics begin with.
    #[must_use]
    pub fn topic_prefix(&self) -> &str {
        &self.topic_prefix
    }

    /// The topic of a meter's device discovery, retained. An empty retained message there removes
    /// the device.
    #[must_use]
    pub fn discovery(&self, meter: &MeterId) -> String {
        format!("{}/device/xt211_{meter}/config", self.discovery_prefix)
    }

    /// What to subscribe to for all that is said of any device.
    #[must_use]
    pub fn every_discovery(&self) -> String {
        format!("{}/device/+/config", self.discovery_prefix)
    }

    /// The topic of one of a meter's state messages.
    #[must_use]
    pub fn state(&self, meter: &MeterId, topic: StateTopic) -> String {
        format!("{}/{meter}/{}", self.topic_prefix, topic.name())
    }

    /// What to subscribe to for the states of all meters, and for whether the bridge runs; see
    /// [`is_state`](Self::is_state).
    #[must_use]
    pub fn every_state(&self) -> String {
        format!("{}/+/+", self.topic_prefix)
    }

    /// Whether this is where a bridge says whether it runs, or the topic of a state of any meter, or
    /// of what bridges tell each other.
    #[must_use]
    pub fn is_state(&self, topic: &str) -> bool {
        let is_state = |(meter, name): (&str, &str)| {
            meter.parse::<MeterId>().is_ok() && StateTopic::ALL.iter().any(|it| it.name() == name)
        };
        self.below(topic).and_then(|it| it.split_once('/')).is_some_and(is_state)
            || self.is_availability(topic)
            || self.shared_by(topic).is_some()
    }

    fn below<'t>(&self, topic: &'t str) -> Option<&'t str> {
        topic.strip_prefix(&self.topic_prefix)?.strip_prefix('/')
    }

    /// Where the broker keeps something of a meter: its discovery and its retained states. An empty
    /// retained message on each of them leaves nothing.
    pub fn retained(&self, meter: &MeterId) -> impl Iterator<Item = String> {
        let states = StateTopic::ALL.into_iter().filter(|topic| topic.is_retained());
        std::iter::once(self.discovery(meter)).chain(states.map(|topic| self.state(meter, topic)))
    }

    /// Where the bridge says whether it runs, retained.
    #[must_use]
    pub fn availability(&self) -> String {
        self.availability_of(self.group.as_ref().map(|group| &group.ours))
    }

    /// Where a bridge of the group says whether it runs; without one, a bridge that has no group.
    fn availability_of(&self, bridge: Option<&MeterId>) -> String {
        let prefix = &self.topic_prefix;
        match bridge {
            Some(bridge) => format!("{prefix}/bridge/availability/{bridge}"),
            None => format!("{prefix}/bridge/availability"),
        }
    }

    /// The same of each bridge of the group that is known; a meter is available while one of them is.
    pub(crate) fn availabilities(&self) -> impl Iterator<Item = String> {
        let bridges = self.group.iter().flat_map(|group| &group.all);
        bridges.map(|bridge| self.availability_of(Some(bridge)))
    }

    /// Whether a bridge says here whether it runs, in a group or not.
    #[must_use]
    pub fn is_availability(&self, topic: &str) -> bool {
        topic == self.availability_of(None) || self.available(topic).is_some()
    }

    /// The bridge of a group that says here whether it runs.
    #[must_use]
    pub fn available(&self, topic: &str) -> Option<MeterId> {
        self.below(topic)?.strip_prefix("bridge/availability/")?.parse().ok()
    }

    /// Where this bridge tells the others of its group what it knows of a meter, retained.
    #[must_use]
    pub fn shared(&self, meter: &MeterId) -> Option<String> {
        Some(self.shared_of(&self.group.as_ref()?.ours, meter))
    }

    /// Where a bridge of the group tells the others what it knows of a meter.
    #[must_use]
    pub fn shared_of(&self, bridge: &MeterId, meter: &MeterId) -> String {
        format!("{}/bridge/shared/{bridge}/{meter}", self.topic_prefix)
    }

    /// The bridge that tells here what it knows of a meter, and that.
    #[must_use]
    pub fn shared_by(&self, topic: &str) -> Option<(MeterId, MeterId)> {
        let (bridge, meter) = self.below(topic)?.strip_prefix("bridge/shared/")?.split_once('/')?;
        Some((bridge.parse().ok()?, meter.parse().ok()?))
    }

    /// What to subscribe to for what the bridges of a group tell each other: whether they run, and
    /// what they know.
    #[must_use]
    pub fn group(&self) -> [String; 2] {
        let prefix = &self.topic_prefix;
        [format!("{prefix}/bridge/availability/+"), format!("{prefix}/bridge/shared/+/+")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_of_a_meter() {
        let topics = Topics::new("ha", "home/xt211");
        let meter = "A_1".parse().unwrap();
        let states = StateTopic::ALL.map(|topic| topics.state(&meter, topic));
        assert_eq!(
            states,
            ["energy", "live", "module", "bridge"].map(|name| format!("home/xt211/A_1/{name}"))
        );
        assert_eq!(topics.discovery(&meter), "ha/device/xt211_A_1/config");
        assert_eq!(topics.availability(), "home/xt211/bridge/availability");
        assert_eq!([topics.discovery_prefix(), topics.topic_prefix()], ["ha", "home/xt211"]);
    }

    #[test]
    fn what_is_kept_of_a_meter_is_found() {
        let topics = Topics::new("ha", "home/xt211");
        let retained: Vec<_> = topics.retained(&"A_1".parse().unwrap()).collect();
        let states = ["energy", "module", "bridge"].map(|name| format!("home/xt211/A_1/{name}"));
        assert_eq!(retained[0], "ha/device/xt211_A_1/config");
        assert_eq!(retained[1..], states);
        assert_eq!(topics.every_discovery(), "ha/device/+/config");
        assert_eq!(topics.every_state(), "home/xt211/+/+");
        assert!(states.iter().all(|topic| topics.is_state(topic)));
        assert!(topics.is_state("home/xt211/bridge/availability"));
        for other in [
            "home/xt211",
            "home/xt211/A_1",
            "home/xt211/A_1/other",
            "home/xt211/A_1/energy/total",
            "home/xt211/A.1/energy",
            "home/xt211/A_1/availability",
            "home/xt211/bridge/energy",
            "home/xt2112/A_1/energy",
            "other/home/xt211/A_1/energy",
            "ha/device/xt211_A_1/config",
        ] {
            assert!(!topics.is_state(other), "{other}");
        }
    }

    #[test]
    fn bridges_of_a_group() {
        let alone = Topics::new("ha", "home/xt211");
        let mut topics = alone.clone().in_group("our bridge");
        let ours = MeterId::from_name("our bridge");
        let other = MeterId::from_name("other");
        assert!(topics.is_ours(&ours) && !topics.is_ours(&other) && !alone.is_ours(&ours));
        let availability = format!("home/xt211/bridge/availability/{ours}");
        assert_eq!(topics.availability(), availability);
        assert_eq!(topics.available(&availability), Some(ours.clone()));
        assert_eq!(topics.available("home/xt211/bridge/availability"), None);

        let all = |topics: &Topics| topics.availabilities().collect::<Vec<_>>();
        assert!(!topics.note_bridge(&ours, false) && topics.note_bridge(&other, true));
        assert!(!topics.note_bridge(&other, true));
        let other_availability = "home/xt211/bridge/availability/other".to_owned();
        assert_eq!(all(&topics), [other_availability, availability.clone()]);
        assert!(topics.note_bridge(&other, false));
        assert_eq!(all(&topics), [availability.as_str()]);

        let meter = "A_1".parse().unwrap();
        let shared = topics.shared(&meter).unwrap();
        assert_eq!(topics.shared_by(&shared), Some((ours, meter.clone())));
        assert_eq!(topics.shared_by("home/xt211/bridge/shared/a/b/c"), None);
        for topics in [&topics, &alone] {
            assert!([&availability, &shared].iter().all(|topic| topics.is_state(topic)));
        }
        assert_eq!(topics.alone(), alone);
        assert_eq!(alone.shared(&meter), None);
    }

    #[test]
    fn only_live_values_are_not_retained() {
        let retained = StateTopic::ALL.map(StateTopic::is_retained);
        assert_eq!(retained, [true, false, true, true]);
    }

    #[test]
    fn ids() {
        let failed = |text: &str| text.parse::<MeterId>().unwrap_err().to_string();
        assert_eq!(failed(""), "expected a letter, a digit, `_` or `-`, found the end at byte 0");
        assert_eq!(
            failed("my meter"),
            "expected a letter, a digit, `_` or `-`, found ` ` at byte 2"
        );
        assert_eq!(
            failed("a\u{e9}"),
            "expected a letter, a digit, `_` or `-`, found `\u{e9}` at byte 1"
        );
        assert_eq!(failed("a\n"), "expected a letter, a digit, `_` or `-`, found `\\n` at byte 1");
        assert_eq!(
            failed("bridge"),
            "expected the id of a meter, found `bridge`, which is reserved"
        );
        assert_eq!(failed(&"a".repeat(65)), "expected at most 64 characters, found 65");
        assert_eq!("a".repeat(64).parse::<MeterId>().unwrap().as_str().len(), 64);
        assert!(MeterId::from_name(&"a".repeat(65_000)).as_str().len() < 64);
        assert_ne!(MeterId::from_name("a b"), MeterId::from_name("a.b"));
        assert_ne!(MeterId::from_name("a b"), MeterId::from_name("a_b"));
        assert_eq!(MeterId::from_name("").as_str(), "_811c9dc5");
        assert!(MeterId::from_name(&"\u{17e}".repeat(5_000)).as_str().len() < 64);
        assert_eq!("bridge2".parse::<MeterId>().unwrap().to_string(), "bridge2");
    }
}
