//! The numbers of a chart.

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use xt211_obis::ObisCode;
use xt211_store::{Queries, StoreError, StoredMeter};

use super::{
    consumption::{Bucket, Sums, consumption, energy_codes},
    course::{self, Curve, Quantity},
    kept::{self, Kept},
    period::{Period, Span, View},
    question::{Asked, Question, What, refused},
    words,
};
use crate::{app::App, failure::Failure, visitor::Visitor};

/// A meter, and the period that is looked at.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) meter: StoredMeter,
    /// Its first reading and its last, if there is any.
    pub(crate) reach: Option<(Timestamp, Timestamp)>,
    pub(crate) period: Period,
    /// What can be shown of it.
    pub(crate) shown: Vec<What>,
}

impl Subject {
    /// `None` if the date is too far away.
    pub(crate) fn of(
        queries: &Queries,
        meter: StoredMeter,
        question: &Question,
        now: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        let reach = kept::reach(queries, meter.key)?;
        let day_of = |time: Timestamp| question.zone.to_datetime(time).date();
        let newest = reach.map_or(now, |(_, newest)| newest);
        let zone = question.zone.clone();
        let period = match (question.view, reach) {
            (View::All, Some((first, last))) => Period::years(day_of(first), day_of(last), zone),
            (view, _) => Period::of(view, question.date.unwrap_or_else(|| day_of(newest)), zone),
        };
        let Some(period) = period else { return Ok(None) };
        let codes = kept::recent(queries, meter.key, newest + SignedDuration::from_secs(1))?;
        let codes = codes.into_keys().collect();
        let is_shown = |what: &What| match what {
            What::Energy => true,
            What::Course(quantity) => course::is_sent(*quantity, &codes),
        };
        let shown = What::ALL.into_iter().filter(is_shown).collect();
        Ok(Some(Self { meter, reach, period, shown }))
    }

    /// The energy of the period.
    pub(crate) fn consumption(&self, queries: &Queries) -> Result<Consumption, StoreError> {
        let Self { meter, period, .. } = self;
        let span = period.span();
        let cuts = kept::cuts(queries, meter.key)?;
        // A meter that was exchanged may have had other totals.
        let ends = [
            kept::recent(queries, meter.key, span.start)?,
            kept::recent(queries, meter.key, span.end)?,
        ];
        let is_sent = |code: &ObisCode| ends.iter().any(|end| end.contains_key(code));
        let kept = Kept::new(queries, meter.key, energy_codes().filter(is_sent));
        let buckets = consumption(&kept, &cuts, &period.parts())?;
        let whole = |span| {
            let bucket = consumption(&kept, &cuts, &[span])?.pop();
            Ok::<_, StoreError>(bucket.filter(|bucket| bucket.odd_start().is_none()))
        };
        let before = match (whole(span)?, period.previous()) {
            (Some(now), Some(previous)) => {
                let other = before(&now, previous.span());
                other.map(&whole).transpose()?.flatten().and_then(|other| Before::of(&now, &other))
            }
            _ => None,
        };
        Ok(Consumption {
            about: About::of(self),
            unit: "kWh",
            sums: Sums::of(&buckets),
            before: before.filter(|_| period.view != View::All),
            buckets,
        })
    }

    /// How a quantity went in the period.
    pub(crate) fn course(
        &self,
        queries: &Queries,
        quantity: Quantity,
    ) -> Result<Course, StoreError> {
        let Self { meter, period, .. } = self;
        let cuts = kept::cuts(queries, meter.key)?;
        let patience = meter.patience;
        let curves = course::course(queries, meter.key, patience, &cuts, quantity, period)?;
        Ok(Course { about: About::of(self), quantity, unit: quantity.unit(), curves })
    }
}

/// How late the last reading of a span may be, to stand for all of it.
const LATE: SignedDuration = SignedDuration::from_hours(1);

/// As much of an earlier span as is known of one.
fn before(now: &Bucket, earlier: Span) -> Option<Span> {
    let known = now.to?.duration_since(now.span.start);
    let is_whole = now.span.duration() - known <= LATE;
    let end = if is_whole { earlier.end } else { earlier.end.min(earlier.start + known) };
    Some(Span { end, ..earlier })
}

/// What a chart is about.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct About {
    /// The id of the meter.
    pub(crate) meter: String,
    pub(crate) view: View,
    #[serde(flatten)]
    pub(crate) span: Span,
    /// The time zone whose days they are.
    pub(crate) zone: String,
}

impl About {
    fn of(subject: &Subject) -> Self {
        let Subject { meter, period, .. } = subject;
        let zone = words::zone_name(&period.zone);
        Self { meter: meter.id.clone(), view: period.view, span: period.span(), zone }
    }
}

/// The energy of a period.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Consumption {
    #[serde(flatten)]
    pub(crate) about: About,
    /// Of all energies.
    pub(crate) unit: &'static str,
    pub(crate) sums: Sums,
    pub(crate) before: Option<Before>,
    pub(crate) buckets: Vec<Bucket>,
}

/// What was used in the period before: all of it, or as much of it as has passed of this one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Before {
    /// Drawn from the grid.
    pub(crate) import: f64,
    /// Up to when, if it is not all of it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) until: Option<Timestamp>,
}

impl Before {
    /// `None` if too little of it is known.
    fn of(now: &Bucket, before: &Bucket) -> Option<Self> {
        let is_known = before.span.end.duration_since(before.to?) <= LATE;
        let is_part = now.span.end.duration_since(now.to?) > LATE;
        let until = is_part.then_some(before.span.end);
        is_known.then_some(Self { import: before.import?, until })
    }
}

/// How a quantity went in a period.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Course {
    #[serde(flatten)]
    pub(crate) about: About,
    pub(crate) quantity: Quantity,
    /// Of all samples.
    pub(crate) unit: &'static str,
    pub(crate) curves: Vec<Curve>,
}

/// The energy of a meter, as the API gives it.
///
/// # Errors
///
/// There is no such meter, the question makes no sense, or the store cannot be read.
pub(crate) async fn consumption_of(
    app: &App,
    visitor: &Visitor,
    meter: String,
    asked: &Asked,
) -> Result<Consumption, Failure> {
    let question = asked.read(visitor)?;
    ask(app, meter, question, |queries, subject| subject.consumption(queries)).await
}

/// How power, voltage or current of a meter went, as the API gives it: power, unless another is
/// asked for.
///
/// # Errors
///
/// As of [`consumption_of`].
pub(crate) async fn course_of(
    app: &App,
    visitor: &Visitor,
    meter: String,
    asked: &Asked,
) -> Result<Course, Failure> {
    let (question, quantity) = asked.read_course(visitor)?;
    ask(app, meter, question, move |queries, subject| subject.course(queries, quantity)).await
}

async fn ask<T: Send + 'static>(
    app: &App,
    id: String,
    question: Question,
    answer: impl FnOnce(&Queries, &Subject) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Failure> {
    let now = Timestamp::now();
    let found = app.read(move |reader| {
        reader.at_once(|queries| {
            let Some(meter) = queries.meter(&id)? else { return Ok(Err(no_meter(&id))) };
            let Some(subject) = Subject::of(queries, meter, &question, now)? else {
                return Ok(Err(too_far()));
            };
            answer(queries, &subject).map(Ok)
        })
    });
    found.await?
}

pub(crate) fn no_meter(id: &str) -> Failure {
    Failure::Refused(StatusCode::NOT_FOUND, format!("There is no meter `{id}`."))
}

pub(crate) fn too_far() -> Failure {
    refused("This `date` is too far away; expected one from 1970 to 2261.".into())
}
