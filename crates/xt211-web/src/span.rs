//! Which of what is kept somebody means.

use axum::http::StatusCode;
use jiff::{civil::Date, tz::TimeZone};
use time::OffsetDateTime;
use xt211_store::{Queries, Range, StoreError};

use crate::{
    app::App,
    failure::Failure,
    question::{key_of, no_such_meter},
};

/// Which of what is kept somebody means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    /// The id of a meter; all of them without one.
    pub(crate) meter: Option<String>,
    pub(crate) from: Option<OffsetDateTime>,
    pub(crate) to: Option<OffsetDateTime>,
}

impl Span {
    /// From the beginning of a day to the end of another; empty ones bound nothing.
    pub(crate) fn of_days(
        meter: Option<String>,
        from: &str,
        to: &str,
        zone: &TimeZone,
    ) -> Result<Self, Failure> {
        let (from, to) = (day("from", from)?, day("to", to)?);
        if from.zip(to).is_some_and(|(from, to)| to < from) {
            return Err(refused("The last day is before the first: exchange them."));
        }
        let from = from.map(|from| start(from, zone)).transpose()?;
        // Days have 23 to 25 hours.
        let to = to.map(|to| start(to.tomorrow().map_err(out_of_range)?, zone)).transpose()?;
        Ok(Self { meter, from, to })
    }

    /// None if there is no such meter.
    fn range(&self, store: &Queries) -> Result<Option<Range>, StoreError> {
        let Self { meter, from, to } = self;
        let meter = key_of(meter.as_deref(), store)?;
        Ok(meter.map(|meter| Range { meter, from: *from, to: *to }))
    }
}

impl App {
    /// How many records of a span could go to InfluxDB again.
    pub(crate) async fn forwardable(&self, span: Span) -> Result<u64, Failure> {
        let count = self.read(move |store| match span.range(store)? {
            Some(range) => store.forwardable_count(&range).map(Some),
            None => Ok(None),
        });
        count.await?.ok_or_else(no_such_meter)
    }

    /// Has them go there again, and returns how many they are.
    pub(crate) async fn forward(&self, span: Span) -> Result<u64, Failure> {
        let count = self.edit(move |editor| match span.range(editor)? {
            Some(range) => editor.write(|store| store.forward_range(&range)).map(Some),
            None => Ok(None),
        });
        count.await?.ok_or_else(no_such_meter)
    }
}

fn day(name: &str, text: &str) -> Result<Option<Date>, Failure> {
    if text.is_empty() {
        return Ok(None);
    }
    let day = text.parse().map(Some);
    day.map_err(|_| refused(&format!("`{name}` is no day: write it as 2026-02-21.")))
}

fn start(day: Date, zone: &TimeZone) -> Result<OffsetDateTime, Failure> {
    let start = day.to_zoned(zone.clone()).map_err(out_of_range)?.timestamp();
    OffsetDateTime::from_unix_timestamp_nanos(start.as_nanosecond())
        .map_err(|_| refused("A day is out of range."))
}

fn out_of_range(_: jiff::Error) -> Failure {
    refused("A day is out of range.")
}

fn refused(message: &str) -> Failure {
    Failure::Refused(StatusCode::BAD_REQUEST, message.into())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn days_are_the_visitors_and_inclusive() {
        let zone = TimeZone::get("Europe/Prague").unwrap();
        let span = |from, to| Span::of_days(None, from, to, &zone).ok();
        let (from, to) = (datetime!(2026-03-27 23:00 UTC), datetime!(2026-03-29 22:00 UTC));
        let expected = Span { meter: None, from: Some(from), to: Some(to) };
        assert_eq!(span("2026-03-28", "2026-03-29"), Some(expected));
        assert_eq!(span("", ""), Some(Span::default()));
        assert_eq!(span("2026-03-29", "2026-03-28"), None);
        assert_eq!(span("28.3.2026", ""), None);
        assert_eq!(span("", "9999-12-31"), None);
    }
}
