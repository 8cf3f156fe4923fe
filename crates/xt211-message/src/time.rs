//! Times.
use ::time::{PrimitiveDateTime, UtcOffset};

/// How far local time is from UTC, for times that do not say so themselves.
pub trait Zone {
    /// The offset of local time from UTC at that local time.
    fn offset(&self, local: PrimitiveDateTime) -> UtcOffset;
}

impl Zone for UtcOffset {
    fn offset(&self, _: PrimitiveDateTime) -> UtcOffset {
        *self
    }
}

/// An instant as RFC 3339 text, for serde's `with`.
pub(crate) mod rfc3339 {
    use serde::{Serialize, Serializer, ser::Error};
    use time::{OffsetDateTime, format_description::well_known::Rfc3339};

    pub(crate) fn serialize<S: Serializer>(time: &OffsetDateTime, s: S) -> Result<S::Ok, S::Error> {
        time.format(&Rfc3339).map_err(S::Error::custom)?.serialize(s)
    }
}

/// The same for an instant that may be missing.
pub(crate) mod rfc3339_option {
    use serde::Serializer;
    use time::OffsetDateTime;

    pub(crate) fn serialize<S: Serializer>(
        time: &Option<OffsetDateTime>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::rfc3339::serialize(time, s),
            None => s.serialize_none(),
        }
    }
}
