//! What a message leads to, once it is kept.

use time::OffsetDateTime;
use xt211_decision::Reason;
use xt211_message::{Battery, MessageError, ModuleStatus, Reading};
use xt211_store::StoreError;

/// What a message leads to.
#[derive(Debug, Default)]
pub(crate) struct Effect<'m> {
    /// Readings to be shown, oldest first.
    pub(crate) readings: Vec<Reading<'m>>,
    /// The module's state, if it is to be shown.
    pub(crate) status: Option<ModuleStatus<'m>>,
    /// The battery's state, if it is to be shown.
    pub(crate) battery: Option<Battery>,
    /// When they were sent, if that can be.
    pub(crate) sent: Option<OffsetDateTime>,
    /// How many records are kept that were not before, and so wait to be forwarded.
    pub(crate) records: u64,
    /// By how many there is more set aside than before.
    pub(crate) set_aside: i64,
    /// What was set aside for the first time.
    pub(crate) refusals: Vec<Refusal>,
    /// What is accepted after all: how many.
    pub(crate) released: u64,
}

/// Why something is not believed.
#[derive(Debug, thiserror::Error)]
#[error("{text} ({code})")]
pub(crate) struct Refusal {
    /// A stable name.
    pub(crate) code: &'static str,
    /// For people.
    pub(crate) text: String,
}

impl From<&MessageError> for Refusal {
    fn from(error: &MessageError) -> Self {
        Self { code: error.code(), text: error.to_string() }
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self { code: reason.code(), text: reason.to_string() }
    }
}

impl Refusal {
    /// `None` if there is no reason at all.
    pub(crate) fn of(reasons: &[Reason]) -> Option<Self> {
        let code = reasons.first()?.code();
        let texts: Vec<_> = reasons.iter().map(Reason::to_string).collect();
        Some(Self { code, text: texts.join("; ") })
    }
}

/// What comes of something that is done in the store.
pub(crate) type Stored<T> = Result<T, StoreError>;
