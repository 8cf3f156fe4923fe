//! What totals have counted, by readings of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use xt211_message::Decimal;
use xt211_obis::ObisCode;

use super::period::Span;

/// What a total held at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) time: Timestamp,
    pub(crate) value: Decimal,
}

/// What totals held, each at its own time.
pub(crate) type Totals = BTreeMap<ObisCode, Point>;

/// The readings of a meter.
pub(crate) trait Readings {
    /// Why they cannot be looked up.
    type Error;

    /// The last of each total before a time.
    fn before(&self, time: Timestamp) -> Result<Totals, Self::Error>;

    /// The first of each total from a time on.
    fn from(&self, time: Timestamp) -> Result<Totals, Self::Error>;
}

/// From when on totals are not to be compared with what was before: all of them or one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cuts(Vec<(Option<ObisCode>, Timestamp)>);

impl Cuts {
    /// Those of a total after one time and not after another, in order.
    pub(crate) fn between(
        &self,
        code: ObisCode,
        after: Timestamp,
        until: Timestamp,
    ) -> impl Iterator<Item = Timestamp> + '_ {
        let is_of = move |other: &Option<ObisCode>| other.is_none_or(|other| other == code);
        let cuts = self.0.iter().filter(move |(other, _)| is_of(other)).map(|(_, at)| *at);
        cuts.filter(move |at| after < *at && *at <= until)
    }
}

impl FromIterator<(Option<ObisCode>, Timestamp)> for Cuts {
    fn from_iter<I: IntoIterator<Item = (Option<ObisCode>, Timestamp)>>(cuts: I) -> Self {
        let mut cuts: Vec<_> = cuts.into_iter().collect();
        cuts.sort_by_key(|(_, at)| *at);
        Self(cuts)
    }
}

/// What a total has counted in a span of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Counted {
    /// In its unit.
    pub(crate) amount: f64,
    /// From which reading on.
    pub(crate) from: Timestamp,
    /// Up to which reading.
    pub(crate) to: Timestamp,
    /// How many decimals its readings have.
    pub(crate) decimals: u8,
}

/// What totals held around a span of time.
pub(crate) struct Around<'t, R> {
    pub(crate) readings: &'t R,
    pub(crate) cuts: &'t Cuts,
    pub(crate) span: Span,
    /// Before it began.
    pub(crate) start: &'t Totals,
    /// First of all in it. Looked at where the one before is missing.
    pub(crate) first: &'t Totals,
    /// Before it ended.
    pub(crate) end: &'t Totals,
}

impl<R: Readings> Around<'_, R> {
    /// What a total has counted: from the last reading before the span to the last one in it.
    /// Where it began anew in between, both parts; what was used between them, nobody knows.
    /// `None` if that is not known of any moment, so that it is not taken for nothing.
    pub(crate) fn count(&self, code: ObisCode) -> Result<Option<Counted>, R::Error> {
        let start = self.start.get(&code).or_else(|| self.first.get(&code));
        let (Some(start), Some(end)) = (start, self.end.get(&code)) else { return Ok(None) };
        if end.time < self.span.start || end.time <= start.time {
            return Ok(None);
        }
        let mut parts = Vec::new();
        let mut from = *start;
        for cut in self.cuts.between(code, start.time, end.time) {
            if let Some(until) = self.readings.before(cut)?.get(&code) {
                parts.push((from, *until));
            }
            let Some(next) = self.readings.from(cut)?.get(&code).copied() else { return Ok(None) };
            from = next;
        }
        parts.push((from, *end));
        parts.retain(|(from, to)| from.time < to.time);
        // A total does not fall. If it did, nobody knows what was used.
        if parts.is_empty() || parts.iter().any(|(from, to)| to.value < from.value) {
            return Ok(None);
        }
        let amounts = parts.iter().map(|(from, to)| to.value.to_f64() - from.value.to_f64());
        let decimals = parts.iter().flat_map(|(from, to)| [from.value, to.value]);
        Ok(Some(Counted {
            amount: rounded(amounts.sum()),
            from: start.time,
            to: end.time,
            decimals: decimals.map(|value| value.parts().1).max().unwrap_or(0),
        }))
    }
}

/// Free of what binary fractions add: to a thousandth of the last digit that a meter has.
pub(crate) fn rounded(amount: f64) -> f64 {
    (amount * 1e6).round() / 1e6
}
