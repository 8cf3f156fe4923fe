//! A meter as a device of Home Assistant.

mod sharing;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, btree_map},
    ops::BitOr as _,
    time::Duration,
};

use time::OffsetDateTime;
use xt211_message::{Battery, Message, ModuleStatus, Reading, Value};
use xt211_obis::ObisCode;

pub use self::sharing::{Merged, Shared};
use crate::{
    Availability, AvailabilityTopic, Changed, Component, Device, Discovery, Entity, Language,
    MeterId, Origin, StateMessage, StateTopic, Topics,
    entity::{self, Description},
    key::{BridgeKey, Key, ModuleKey},
    slug::slug,
    state::{Found, State, States},
    told::Told,
};

/// What is known of a meter before it sends anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeterInfo {
    /// What it is recognised by.
    pub id: MeterId,
    /// What the user calls it. May change at any time.
    pub name: String,
    /// Its serial number; without one, the number that the messages tell.
    pub serial: Option<String>,
    /// The URL of a page about it. Left out if it does not begin with `http://` or `https://`,
    /// which Home Assistant would not take.
    pub page: Option<String>,
    /// How long instantaneous values are true; whole seconds, rounded up. Home Assistant counts
    /// from when they were published. `None` or zero: until the next ones.
    pub expire_after: Option<Duration>,
}

/// What Home Assistant is to show of one meter.
///
/// It takes what the meter's module says, in the order in which it is to be shown, and says which
/// messages are to be published for it. A value has an entity from when it was first seen; the
/// bridge's own entities are always there.
///
/// After a restart, [`restore`](Self::restore) what [`told`](Self::told) said before, so that no
/// entity is missing until its next value, and apply the last reading, status and battery if they
/// are still at hand. What this version does not tell of any more is then to be removed:
/// [`take_removal`](Self::take_removal).
#[derive(Clone, Debug)]
pub struct MeterDevice {
    info: MeterInfo,
    /// From the messages.
    serial: Option<Box<str>>,
    firmware: Option<Box<str>>,
    states: States,
    /// What Home Assistant was told of and is not told of any more.
    gone: Vec<Told>,
    /// The time of the last reading, in seconds since 1970.
    last_reading: i64,
    /// When the serial number was told, in seconds since 1970.
    serial_told: i64,
    /// Whether other bridges have a part in it: then what is older than what they say is not shown.
    is_shared: bool,
}

impl MeterDevice {
    /// A meter of which nothing was seen yet.
    #[must_use]
    pub fn new(info: MeterInfo) -> Self {
        Self {
            info,
            serial: None,
            firmware: None,
            states: States::default(),
            gone: Vec::new(),
            last_reading: i64::MIN,
            serial_told: i64::MIN,
            is_shared: false,
        }
    }

    /// What the meter was made with.
    #[must_use]
    pub fn info(&self) -> &MeterInfo {
        &self.info
    }

    /// Changes how long instantaneous values are true.
    pub fn set_expire_after(&mut self, after: Option<Duration>) -> Changed {
        let before = self.expire_after();
        self.info.expire_after = after;
        let is_live = |key: Key| key.topic() == StateTopic::Live;
        let discovery = before != self.expire_after() && self.states.keys().any(is_live);
        Changed { discovery, ..Changed::NONE }
    }

    /// Shows the registers of a reading.
    ///
    /// A text in a register that is known to hold a number is not shown, nor is a serial number
    /// that the module does not know yet.
    pub fn apply_reading(&mut self, reading: &Reading<'_>) -> Changed {
        let mut changed = Changed::NONE;
        let serial = reading.serial();
        let read = reading.time.unix_timestamp();
        self.last_reading = if self.is_shared { self.last_reading.max(read) } else { read };
        let read = Some(read);
        for register in &reading.registers {
            let key = Key::Register(register.code);
            if register.is_serial() && serial.is_none() {
                continue;
            }
            let is_text = matches!(register.value, Value::Text(_));
            if is_text && is_number(key) {
                continue;
            }
            changed |= self.set(key, State::from(&register.value), read);
        }
        changed |= self.set_module(ModuleKey::LastReading, Some(State::Time(reading.time)), read);
        changed |= self.set_module(ModuleKey::LastWait, reading.wait_time.map(State::Number), read);
        changed.discovery |= self.learn_serial(serial, read);
        changed
    }

    /// Shows what the module says of itself, and when it said so.
    pub fn apply_status(
        &mut self,
        status: &ModuleStatus<'_>,
        sent: Option<OffsetDateTime>,
    ) -> Changed {
        let text = State::Text;
        let told = sent.map(OffsetDateTime::unix_timestamp);
        let mut changed = Changed::NONE;
        for (key, state) in [
            (ModuleKey::Status, status.status.as_deref().map(text)),
            (ModuleKey::StatusText, status.status_text.as_deref().map(text)),
            (ModuleKey::PlannedStart, status.planned_start.as_deref().map(text)),
            (ModuleKey::RealStart, status.real_start.as_deref().map(text)),
            (ModuleKey::Sent, sent.map(State::Time)),
            (ModuleKey::Wakeups, status.wakeups.map(State::Count)),
            (ModuleKey::Resets, status.resets.map(State::Count)),
            (ModuleKey::Signal, status.wifi.or(status.rssi).map(State::Number)),
            (ModuleKey::LastWait, status.last_wait.map(State::Number)),
            (ModuleKey::ShortestWait, status.last_wait_min.map(State::Number)),
            (ModuleKey::LongestWait, status.last_wait_max.map(State::Number)),
            (ModuleKey::AdaptiveShift, status.last_adaptive.map(State::Number)),
            (ModuleKey::ClockDrift, status.ntp_drift.map(State::Number)),
            (ModuleKey::FirstBoot, status.first_boot.map(State::Time)),
        ] {
            let is_attribute = ModuleKey::STATUS_ATTRIBUTES.contains(&key);
            if state.is_none() && is_attribute && status.status.is_some() {
                // An older status had it, and it would mislead about this one.
                let key = Key::Module(key);
                if let Some(read) = self.time_of(key, told) {
                    changed.module |= self.states.clear(key, read);
                }
            }
            changed |= self.set_module(key, state, told);
        }
        changed.discovery |= self.learn_serial(status.serial.as_deref(), told);
        changed.discovery |= replace(&mut self.firmware, status.build.as_deref());
        changed
    }

    /// Shows the state of the module's battery, and when it was told.
    pub fn apply_battery(&mut self, battery: &Battery, sent: Option<OffsetDateTime>) -> Changed {
        let told = sent.map(OffsetDateTime::unix_timestamp);
        let soc = battery.soc.map(State::Number);
        let voltage = battery.voltage.map(State::Number);
        self.set_module(ModuleKey::Battery, soc, told)
            | self.set_module(ModuleKey::BatteryVoltage, voltage, told)
    }

    /// Takes all that a message says. A reading that is not to be shown, a late one, has to be taken
    /// out before.
    pub fn apply_message(&mut self, message: &Message<'_>) -> Changed {
        let Message { sent, reading, status, battery, .. } = message;
        let reading = reading.as_ref().map(|reading| self.apply_reading(reading));
        let status = status.as_ref().map(|status| self.apply_status(status, *sent));
        let battery = battery.as_ref().map(|battery| self.apply_battery(battery, *sent));
        [reading, status, battery].into_iter().flatten().fold(Changed::NONE, Changed::bitor)
    }

    /// The codes of the registers that were seen.
    pub fn registers(&self) -> impl Iterator<Item = ObisCode> + '_ {
        self.states.keys().filter_map(|key| match key {
            Key::Register(code) => Some(code),
            Key::Module(_) | Key::Bridge(_) => None,
        })
    }

    /// What Home Assistant is told of, and what is yet to be removed there: a text for each
    /// component. To be remembered, and given back to [`restore`](Self::restore) after a restart.
    pub fn told(&self) -> impl Iterator<Item = String> + '_ {
        let gone = self.gone.iter().map(Told::to_string);
        self.keys().filter_map(Told::of).map(|told| told.to_string()).chain(gone)
    }

    /// Takes up what Home Assistant was told of before a restart: the entities of values that were
    /// seen are there again, and what is none any more, or of another platform, is gone. Texts that
    /// mean nothing are passed over.
    pub fn restore<'t>(&mut self, told: impl IntoIterator<Item = &'t str>) {
        for told in told.into_iter().filter_map(|text| text.parse::<Told>().ok()) {
            let key = told.key.parse::<Key>().ok();
            let now = key.and_then(Told::of);
            if let (Some(key @ (Key::Register(_) | Key::Module(_))), Some(_)) = (key, &now) {
                self.states.restore(key);
            }
            if now.as_ref() != Some(&told) && !self.gone.contains(&told) {
                self.gone.push(told);
            }
        }
    }

    /// The message of [`StateTopic::Energy`], if anything for it is known.
    #[must_use]
    pub fn energy(&self) -> Option<StateMessage<'_>> {
        self.states.message(StateTopic::Energy, i64::MIN)
    }

    /// The message of [`StateTopic::Live`], if anything for it is known: the values that were read
    /// within the `expire_after` before `now` (or before the last reading, if the clock that says
    /// so is behind). An older one would come back to life if it was published again.
    #[must_use]
    pub fn live(&self, now: OffsetDateTime) -> Option<StateMessage<'_>> {
        let since = self.expire_after().map(|seconds| {
            let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
            now.unix_timestamp().max(self.last_reading).saturating_sub(seconds)
        });
        self.states.message(StateTopic::Live, since.unwrap_or(i64::MIN))
    }

    /// The message of [`StateTopic::Module`], if anything for it is known.
    #[must_use]
    pub fn module(&self) -> Option<StateMessage<'_>> {
        self.states.message(StateTopic::Module, i64::MIN)
    }

    /// The meter and its entities, named in a language.
    #[must_use]
    pub fn discovery(&self, topics: &Topics, origin: &Origin, language: Language) -> Discovery {
        let (mut ids, mut names) = (Given::default(), Given::default());
        // From the last to the first: of the two codes for a serial number, the last is the usual.
        let components = self.keys().rev().filter_map(|key| {
            let description = Description::of(key)?;
            let id = slug(&ids.give(entity::name(key, Language::English), key));
            let name = names.give(entity::name(key, language), key);
            let entity = self.entity(key, description, id, name, topics);
            Some((key.to_string(), Component::Entity(Box::new(entity))))
        });
        self.message(topics, origin, components.collect())
    }

    /// The message that makes Home Assistant forget what it is not told of any more, if there is
    /// anything: each of these components with only its platform. (One that a discovery only leaves
    /// out would stay.)
    ///
    /// It is to be published once, before the discovery, on the same topic; not retained, as it
    /// does not replace the discovery. Home Assistant forgets only what it was told of since it
    /// started.
    #[must_use]
    pub fn take_removal(&mut self, topics: &Topics, origin: &Origin) -> Option<Discovery> {
        let mut components = BTreeMap::new();
        // A key that stood for both platforms keeps one of them for the next time.
        self.gone.retain(|Told { platform, key }| match components.entry(key.clone()) {
            btree_map::Entry::Vacant(entry) => {
                entry.insert(Component::Removed { platform: *platform });
                false
            }
            btree_map::Entry::Occupied(_) => true,
        });
        (!components.is_empty()).then(|| self.message(topics, origin, components))
    }

    fn message(
        &self,
        topics: &Topics,
        origin: &Origin,
        components: BTreeMap<String, Component>,
    ) -> Discovery {
        Discovery {
            device: self.device(),
            origin: origin.clone(),
            availability: match topics.is_in_group() {
                false => Availability::One { availability_topic: topics.availability() },
                true => Availability::Any {
                    availability: topics
                        .availabilities()
                        .map(|topic| AvailabilityTopic { topic })
                        .collect(),
                    availability_mode: "any",
                },
            },
            qos: 1,
            components,
        }
    }

    /// What may be an entity.
    fn keys(&self) -> impl DoubleEndedIterator<Item = Key> {
        let bridge = BridgeKey::ALL.iter().map(|key| Key::Bridge(*key));
        self.states.keys().chain(bridge)
    }

    /// Notes a serial number that was told, and when. Says whether another one is to be shown for it:
    /// not where it is known from elsewhere.
    fn learn_serial(&mut self, serial: Option<&str>, told: Option<i64>) -> bool {
        let told = told.unwrap_or(self.last_reading.max(self.serial_told));
        if serial.is_none() || (self.is_shared && told < self.serial_told) {
            return false;
        }
        self.serial_told = told;
        replace(&mut self.serial, serial) && self.info.serial.is_none()
    }

    /// Sets what a message of the module tells; what it does not tell stays as it is.
    fn set_module(
        &mut self,
        key: ModuleKey,
        state: Option<State<&str>>,
        told: Option<i64>,
    ) -> Changed {
        state.map_or(Changed::NONE, |state| self.set(Key::Module(key), state, told))
    }

    /// Of when a state is that is set now, with the time that was told for it, if it was. `None` if
    /// it is not to be set: another bridge has told a newer one.
    fn time_of(&mut self, key: Key, told: Option<i64>) -> Option<i64> {
        if !self.is_shared {
            return Some(told.unwrap_or(self.last_reading));
        }
        let known = self.states.read(key).unwrap_or(i64::MIN);
        let time = told.unwrap_or(self.last_reading.max(known));
        (time >= known).then_some(time)
    }

    fn set(&mut self, key: Key, state: State<&str>, told: Option<i64>) -> Changed {
        let Some(read) = self.time_of(key, told) else { return Changed::NONE };
        let (found, topic) = self.states.set(key, state, read);
        let discovery = found == Found::New && Description::of(key).is_some();
        // Of a live one, Home Assistant has to hear that it is still so.
        let is_to_be_said = found != Found::Same || topic == StateTopic::Live;
        let changed = if is_to_be_said { change_of(topic) } else { Changed::NONE };
        Changed { discovery, ..changed }
    }

    fn device(&self) -> Device {
        let serial = self.info.serial.as_deref().or(self.serial.as_deref());
        let is_web = |page: &&String| page.starts_with("http://") || page.starts_with("https://");
        Device {
            identifiers: [format!("xt211_{}", self.info.id)],
            name: self.info.name.clone(),
            manufacturer: "Sagemcom".into(),
            model: "XT211".into(),
            serial_number: serial.map(str::to_owned),
            sw_version: self.firmware.as_deref().map(str::to_owned),
            configuration_url: self.info.page.as_ref().filter(is_web).cloned(),
        }
    }

    fn entity(
        &self,
        key: Key,
        description: Description,
        default_id: String,
        name: String,
        topics: &Topics,
    ) -> Entity {
        let id = &self.info.id;
        let (platform, prefix) = (description.platform, slug(&format!("xt211_{id}")));
        let state_topic = topics.state(id, key.topic());
        let attributes = description.template.attributes(key);
        Entity {
            platform,
            unique_id: format!("xt211_{id}_{key}"),
            default_entity_id: format!("{}.{prefix}_{default_id}", platform.as_str()),
            name,
            value_template: description.template.state(key),
            device_class: description.device_class,
            state_class: description.state_class,
            unit_of_measurement: description.unit,
            suggested_display_precision: description.precision,
            options: description.options,
            entity_category: description.category,
            icon: description.icon,
            expire_after: match key.topic() {
                StateTopic::Live => self.expire_after(),
                _ => None,
            },
            json_attributes_topic: attributes.is_some().then(|| state_topic.clone()),
            json_attributes_template: attributes,
            state_topic,
        }
    }

    fn expire_after(&self) -> Option<u64> {
        let after = self.info.expire_after?;
        let seconds = after.as_secs().saturating_add(u64::from(after.subsec_nanos() > 0));
        (seconds > 0).then_some(seconds)
    }
}

/// The names that entities of one device were given, each once.
#[derive(Default)]
struct Given(BTreeSet<String>);

impl Given {
    /// The name, with the key behind it if another entity has it.
    fn give(&mut self, name: Cow<'_, str>, key: Key) -> String {
        let name = if self.0.contains(&*name) { format!("{name} {key}") } else { name.into() };
        self.0.insert(name.clone());
        name
    }
}

/// A change of a state that is told on a topic.
fn change_of(topic: StateTopic) -> Changed {
    let mut changed = Changed::NONE;
    match topic {
        StateTopic::Energy => changed.energy = true,
        StateTopic::Live => changed.live = true,
        StateTopic::Module | StateTopic::Bridge => changed.module = true,
    }
    changed
}

/// Whether the state of a key is known to be a number, so that a text there is not shown.
fn is_number(key: Key) -> bool {
    Description::of(key).is_some_and(|entity| entity.is_numeric())
}

/// Puts a text that was told in the place of the one told before; says whether it differs.
fn replace(old: &mut Option<Box<str>>, new: Option<&str>) -> bool {
    match new {
        Some(new) if old.as_deref() != Some(new) => {
            *old = Some(new.into());
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
