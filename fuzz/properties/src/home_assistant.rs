//! What Home Assistant is told.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use arbitrary::{Arbitrary, Result, Unstructured};
use serde_json::{Map, Value as Json, value::RawValue};
use time::{OffsetDateTime, macros::datetime};
use xt211_homeassistant::{
    BridgeState, Changed, InfluxdbStatus, Language, MeterDevice, MeterId, MeterInfo, Origin,
    StateMessage, StateTopic, Statistic, Topics,
};
use xt211_message::{Battery, Decimal, ModuleStatus, Reading, Register, Registers, Value};
use xt211_obis::ObisCode;

use crate::{memory, structured::structured};

/// Whatever a meter sends, what is published is valid JSON on valid topics, with ids and names that
/// are there once; each entity has a state and each state an entity; and a restart forgets none.
///
/// # Panics
///
/// This does not hold.
pub fn home_assistant(data: &[u8]) {
    structured(data, |life: &Life<'_>| {
        // All entities are told for each step and in each language: some hundred bytes of text, of which
        // the module's take most.
        life.live(1_000 * data.len() + (1 << 19));
    });
}

/// When things are shown.
const NOW: OffsetDateTime = datetime!(2026-12-24 18:00 UTC);

/// What is said of a meter, and what it says.
#[derive(Arbitrary, Debug)]
struct Life<'a> {
    id: &'a str,
    name: &'a str,
    serial: Option<&'a str>,
    page: Option<&'a str>,
    expire_after: Option<u16>,
    reason: Option<&'a str>,
    told: Vec<&'a str>,
    steps: Vec<Step<'a>>,
}

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    /// Of some seconds ago.
    Reading {
        ago: u16,
        wait_time: Option<u32>,
        registers: Vec<(Code, Content<'a>)>,
    },
    Status(Status<'a>),
    Battery {
        voltage: Option<u32>,
        soc: Option<u32>,
    },
    Restart,
}

/// Of a status, one of each type.
#[derive(Arbitrary, Debug)]
struct Status<'a> {
    sent: Option<i64>,
    texts: [Option<&'a str>; 6],
    counts: [Option<u64>; 2],
    numbers: [Option<u32>; 7],
    first_boot: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
struct Code(ObisCode);

impl<'a> Arbitrary<'a> for Code {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self(match u.arbitrary()? {
            // Mostly those that mean something.
            0..=192_u8 => {
                ObisCode::reduced(u.arbitrary()?, u.int_in_range(5..=9)?, u.int_in_range(0..=4)?)
            }
            193..=224 => ObisCode::reduced(
                u.int_in_range(94..=97)?,
                u.int_in_range(0..=14)?,
                u.int_in_range(0..=10)?,
            ),
            _ => {
                let [a, b, c, d, e, f] = u.arbitrary()?;
                ObisCode::new(a, b, c, d, e, f)
            }
        }))
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Content<'a> {
    Number { mantissa: i32, scale: u8 },
    Text(&'a str),
}

impl<'a> From<Content<'a>> for Value<'a> {
    fn from(content: Content<'a>) -> Self {
        match content {
            Content::Number { mantissa, scale } => {
                let number = format!("{mantissa}e-{}", scale % 20).parse();
                Self::Number(number.expect("a number of ten digits"))
            }
            Content::Text(text) => Self::Text(text.into()),
        }
    }
}

impl Life<'_> {
    /// With so many bytes of memory at most for each step, and for each language.
    fn live(&self, memory: usize) {
        let mut device = self.device();
        memory::within(memory, || device.restore(self.told.iter().copied()));
        for step in &self.steps {
            memory::within(memory, || step.take(self, &mut device));
        }
        for language in Language::ALL {
            memory::within(memory, || check(&mut device.clone(), *language, self.reason));
        }
    }

    /// The meter after a start.
    fn device(&self) -> MeterDevice {
        MeterDevice::new(MeterInfo {
            id: MeterId::from_name(self.id),
            name: self.name.to_owned(),
            serial: self.serial.map(str::to_owned),
            page: self.page.map(str::to_owned),
            expire_after: self.expire_after.map(|seconds| Duration::from_secs(seconds.into())),
        })
    }
}

impl Step<'_> {
    fn take(&self, life: &Life<'_>, device: &mut MeterDevice) {
        match self {
            Self::Reading { ago, wait_time, registers } => {
                let registers = registers.iter().map(|(Code(code), content)| Register {
                    code: *code,
                    value: Value::from(*content),
                });
                // One that contradicts itself is none.
                let Ok(registers) = Registers::from_vec(registers.collect()) else { return };
                let time = NOW - Duration::from_secs((*ago).into());
                let wait_time = wait_time.map(Decimal::from);
                let reading = Reading { wait_time, ..Reading::new(time, registers) };
                changes(device, |device| device.apply_reading(&reading));
                assert!(!device.apply_reading(&reading).energy);
            }
            Self::Status(status) => {
                let sent = status.sent.and_then(instant);
                let status = ModuleStatus::from(status);
                changes(device, |device| device.apply_status(&status, sent));
            }
            Self::Battery { voltage, soc } => {
                let [voltage, soc] = [voltage, soc].map(|number| number.map(Decimal::from));
                changes(device, |device| device.apply_battery(&Battery { voltage, soc }, None));
            }
            Self::Restart => {
                let told: BTreeSet<_> = device.told().collect();
                *device = life.device();
                device.restore(told.iter().map(String::as_str));
                assert_eq!(device.told().collect::<BTreeSet<_>>(), told);
            }
        }
    }
}

fn instant(seconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}

impl<'a> From<&Status<'a>> for ModuleStatus<'a> {
    fn from(status: &Status<'a>) -> Self {
        let [state, text, build, serial, planned, real] =
            status.texts.map(|text| text.map(std::borrow::Cow::Borrowed));
        let [last_wait, shortest, longest, adaptive, wifi, rssi, drift] =
            status.numbers.map(|number| number.map(Decimal::from));
        let [wakeups, resets] = status.counts;
        Self {
            status: state,
            status_text: text,
            wakeups,
            resets,
            last_wait,
            last_wait_min: shortest,
            last_wait_max: longest,
            last_adaptive: adaptive,
            first_boot: status.first_boot.and_then(instant),
            build,
            wifi,
            rssi,
            ntp_drift: drift,
            serial,
            planned_start: planned,
            real_start: real,
        }
    }
}

/// What is said to have changed is what has.
fn changes(device: &mut MeterDevice, change: impl FnOnce(&mut MeterDevice) -> Changed) {
    let before = Messages::of(device);
    let changed = change(device);
    let after = Messages::of(device);
    assert_eq!(changed.discovery, after.discovery != before.discovery);
    assert_eq!(changed.energy, after.energy != before.energy);
    assert_eq!(changed.module, after.module != before.module);
    assert!(changed.live || after.live == before.live);
}

/// All that is published of a meter, as text.
struct Messages {
    discovery: String,
    energy: Option<String>,
    live: Option<String>,
    module: Option<String>,
}

impl Messages {
    fn of(device: &MeterDevice) -> Self {
        let discovery = device.discovery(&topics(), &origin(), Language::English);
        Self {
            discovery: serde_json::to_string(&discovery).expect("JSON"),
            energy: device.energy().as_ref().map(text),
            live: device.live(NOW).as_ref().map(text),
            module: device.module().as_ref().map(text),
        }
    }
}

/// A state message, which both ways of writing agree on.
pub(crate) fn text(message: &StateMessage<'_>) -> String {
    let mut json = Vec::new();
    message.write_json(&mut json);
    let json = String::from_utf8(json).expect("UTF-8");
    assert_eq!(states(&json), states(&serde_json::to_string(message).expect("JSON")));
    json
}

/// What a state message says. Numbers are read exactly, which `serde_json` does not do.
fn states(message: &str) -> BTreeMap<String, (Option<f64>, String)> {
    let states: BTreeMap<String, Box<RawValue>> = serde_json::from_str(message).expect("JSON");
    let state = |state: &RawValue| match state.get().parse::<f64>() {
        Ok(number) => (Some(number), String::new()),
        Err(_) => (None, state.get().to_owned()),
    };
    states.into_iter().map(|(key, value)| (key, state(&value))).collect()
}

fn topics() -> Topics {
    Topics::new("homeassistant", "xt211")
}

fn origin() -> Origin {
    Origin { name: "xt211-bridge".into(), sw_version: None, support_url: None }
}

/// The states that are attributes of another, and so have no entity.
const ATTRIBUTES: [&str; 5] = ["status_text", "planned_start", "real_start", "sent", "reason"];

fn check(device: &mut MeterDevice, language: Language, reason: Option<&str>) {
    let bridge = BridgeState {
        influxdb: InfluxdbStatus::Error,
        reason,
        last_success: Some(NOW),
        waiting: u64::MAX,
        set_aside: 0,
        overdue: true,
    };
    let Messages { energy, live, module, .. } = Messages::of(device);
    let states = [
        (StateTopic::Energy, energy),
        (StateTopic::Live, live),
        (StateTopic::Module, module),
        (StateTopic::Bridge, Some(serde_json::to_string(&bridge).expect("JSON"))),
    ]
    .map(|(topic, message)| {
        let message = message.map(|message| serde_json::from_str(&message).expect("JSON"));
        (topics().state(&device.info().id, topic), message.unwrap_or_default())
    });
    let discovery = json(&device.discovery(&topics(), &origin(), language));
    let components = discovery["components"].as_object().expect("an object");
    each_once(components, &device.info().id);
    for (topic, message) in &states {
        is_topic(topic);
        let message: &Map<String, Json> = message;
        for key in message.keys() {
            match components.get(key) {
                Some(component) => assert_eq!(component["state_topic"], **topic, "{key}"),
                None => assert!(ATTRIBUTES.contains(&key.as_str()), "{key}"),
            }
        }
    }
    for component in components.values() {
        let topic = component["state_topic"].as_str().expect("a topic");
        assert!(states.iter().any(|(other, _)| other == topic), "{topic}");
    }
    is_topic(&topics().discovery(&device.info().id));
    statistics(device, language);

    // What is taken back is taken back once, and is none of these.
    let mut most = device.told().count() + 1;
    while let Some(removal) = device.take_removal(&topics(), &origin()) {
        let removal = json(&removal);
        for (_, component) in removal["components"].as_object().expect("an object") {
            assert_eq!(component.as_object().map(Map::len), Some(1), "{component}");
        }
        most = most.checked_sub(1).expect("an end");
    }
}

/// What counts by the hour has an id that Home Assistant takes, and no two have one.
fn statistics(device: &MeterDevice, language: Language) {
    let MeterInfo { id, name, .. } = device.info();
    let mut ids = BTreeSet::new();
    for code in device.registers() {
        let Some(statistic) = Statistic::of(id, name, code, language) else { continue };
        let words = statistic.id().strip_prefix("xt211:").expect("one of ours");
        let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        assert!(
            words.split('_').all(|word| !word.is_empty() && word.chars().all(is_word)),
            "{words}"
        );
        assert!(ids.insert(words.to_owned()), "{words}");
    }
}

/// No two components have one id, name, or entity id.
fn each_once(components: &Map<String, Json>, meter: &MeterId) {
    let (mut unique_ids, mut entity_ids, mut names) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (key, component) in components {
        let text = |name: &str| component[name].as_str().expect("a text");
        assert_eq!(text("unique_id"), format!("xt211_{meter}_{key}"));
        let (domain, entity) = text("default_entity_id").split_once('.').expect("a domain");
        let is_slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(entity.chars().all(is_slug), "{component}");
        assert_eq!(domain, text("platform"));
        assert!(unique_ids.insert(text("unique_id")), "{component}");
        assert!(entity_ids.insert(text("default_entity_id")), "{component}");
        assert!(names.insert(text("name")) && !text("name").is_empty(), "{component}");
    }
}

fn is_topic(topic: &str) {
    assert!(!topic.is_empty() && topic.len() <= 65_535, "{topic:?}");
    assert!(!topic.contains(['+', '#', '\0']) && !topic.contains(char::is_control), "{topic:?}");
}

fn json(message: &impl serde::Serialize) -> Json {
    // Through the text, as it is sent.
    let text = serde_json::to_string(message).expect("JSON");
    serde_json::from_str(&text).expect("JSON")
}
