//! What was set aside.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;
use xt211_store::{MeterKey, Queries, SetAside, SetAsideContent, StoreError};

use super::{Moment, RegisterView, as_text};

/// The most bytes of a message that are shown. It may be of any size.
const LONGEST: usize = 1 << 20;

/// Something that was set aside.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SetAsideView {
    /// What it is known by.
    pub(crate) id: i64,
    /// Why, as a text that never changes.
    #[schema(example = "reading.total.fell")]
    pub(crate) code: String,
    /// Why, for people.
    pub(crate) reason: String,
    /// When it was set aside.
    pub(crate) at: Moment,
    /// When the very same came last.
    pub(crate) last_at: Moment,
    /// How often it came.
    pub(crate) times: u64,
    /// Its meter's id, if it has one.
    pub(crate) meter: Option<String>,
    /// The topic that it came from; may be empty.
    pub(crate) topic: String,
    /// Whether it is about to be released.
    pub(crate) release_requested: bool,
    /// Why it could not be released.
    pub(crate) obstacle: Option<String>,
    /// What it is.
    pub(crate) content: ContentView,
}

/// What was set aside.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum ContentView {
    /// A message.
    Message {
        /// Its size in bytes.
        size: u64,
        /// Its beginning as text, up to 1 MiB of it, or 16 KiB in a list; what is no text, and what
        /// cannot be seen, as escapes.
        text: String,
    },
    /// Registers of a reading.
    Reading {
        /// When the meter was read.
        time: Moment,
        /// The serial number that the message gave.
        serial: Option<String>,
        /// The registers.
        registers: Vec<RegisterView>,
    },
    /// A line that InfluxDB refused; empty if its record could not be read.
    Line {
        /// The line.
        text: String,
    },
    /// Something that cannot be read any more.
    Unreadable {
        /// Its size in bytes.
        size: u64,
    },
}

impl SetAsideView {
    /// Shows entries.
    pub(crate) fn all(store: &Queries, entries: Vec<SetAside>) -> Result<Vec<Self>, StoreError> {
        let mut ids = HashMap::new();
        let mut views = Vec::new();
        for entry in entries {
            let meter = entry.meter.map(|key| id_of(store, &mut ids, key)).transpose()?.flatten();
            views.push(Self::new(entry, meter));
        }
        Ok(views)
    }

    fn new(entry: SetAside, meter: Option<String>) -> Self {
        let SetAside { id, times, code, release_requested, .. } = entry;
        let seen = |text: &str| as_text(text.as_bytes());
        let (topic, reason) = (seen(&entry.topic), seen(&entry.reason));
        let obstacle = entry.obstacle.as_deref().map(seen);
        let (at, last_at) = (Moment(entry.at), Moment(entry.last_at));
        let content = ContentView::new(entry.content, entry.size);
        Self {
            id,
            code,
            reason,
            at,
            last_at,
            times,
            meter,
            topic,
            release_requested,
            obstacle,
            content,
        }
    }
}

/// The id of a meter; those that are known are not asked for again.
fn id_of(
    store: &Queries,
    known: &mut HashMap<MeterKey, Option<String>>,
    key: MeterKey,
) -> Result<Option<String>, StoreError> {
    if let Some(id) = known.get(&key) {
        return Ok(id.clone());
    }
    let id = store.meter_of(key)?.map(|meter| meter.id);
    known.insert(key, id.clone());
    Ok(id)
}

impl ContentView {
    fn new(content: SetAsideContent, size: u64) -> Self {
        match content {
            SetAsideContent::Message(bytes) => {
                let shown = bytes.get(..LONGEST).unwrap_or(&bytes);
                Self::Message { size, text: as_text(shown) }
            }
            SetAsideContent::Reading { time, registers, serial } => Self::Reading {
                time: Moment(time),
                serial,
                registers: registers.iter().map(|it| RegisterView::new(it, time)).collect(),
            },
            SetAsideContent::Line { line, .. } => Self::Line { text: as_text(line.as_bytes()) },
            SetAsideContent::Unreadable(_) => Self::Unreadable { size },
        }
    }

    /// All of it as a text, for an excerpt.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Message { text, .. } | Self::Line { text } => text.clone(),
            Self::Reading { registers, .. } => {
                let one = |register: &RegisterView| {
                    format!("{} = {} {}", register.code, register.text(), register.unit)
                };
                registers.iter().map(one).collect::<Vec<_>>().join(", ")
            }
            Self::Unreadable { size } => format!("{size} bytes that cannot be read any more"),
        }
    }
}
