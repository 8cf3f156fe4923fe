//! Charts of energy, power, voltage and current.

use askama::Template;
use axum::extract::State;
use jiff::{Timestamp, civil::Date};
use xt211_store::{Queries, StoreError, StoredMeter};

use crate::{
    app::App,
    chart::{
        self, Asked, Bucket, Consumption, Course, Key, Quantity, Question, Subject, View, What,
        address,
    },
    failure::Failure,
    frame::{Frame, Here, Page, render},
    query::Query,
    visitor::Visitor,
};

#[derive(Template)]
#[template(path = "charts.html")]
struct Charts {
    frame: Frame,
    /// Nothing without a meter.
    chart: Option<Chart>,
}

struct Chart {
    meters: Vec<Choice>,
    what: What,
    view: View,
    date: Date,
    /// What can be chosen instead.
    tabs: Vec<Link>,
    views: Vec<Link>,
    previous: Option<String>,
    next: Option<String>,
    today: String,
    title: String,
    zone: String,
    /// Nothing if there is no reading in the period; then the reason.
    figure: Result<Figure, String>,
}

/// A meter that can be chosen.
struct Choice {
    id: String,
    name: String,
    is_chosen: bool,
}

struct Link {
    address: String,
    name: &'static str,
    is_here: bool,
}

/// What is drawn, with its numbers.
struct Figure {
    heading: String,
    /// Name, number, unit.
    sums: Vec<(String, String, &'static str)>,
    comparison: Option<String>,
    note: Option<&'static str>,
    svg: String,
    legend: Vec<Key>,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
    numbers: String,
}

/// What the store knows of what is asked.
struct Found {
    meters: Vec<StoredMeter>,
    subject: Subject,
    numbers: Numbers,
}

enum Numbers {
    Energy(Consumption),
    Course(Quantity, Course),
}

pub(crate) async fn charts(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Page {
    let question = asked.read(&visitor)?;
    let now = Timestamp::now();
    let frame = Frame::new(Here::Charts, &visitor, app.backend.as_ref());
    let found = {
        let question = question.clone();
        app.read(move |reader| reader.at_once(|queries| find(queries, asked, &question, now)))
    };
    let Some(found) = found.await?? else { return render(&Charts { frame, chart: None }) };
    let name = |id: &str| app.backend.meter_name(id);
    let chart = Chart::of(found, &question, now, &name)?;
    render(&Charts { frame, chart: Some(chart) })
}

/// Nothing if there is no meter yet.
fn find(
    queries: &Queries,
    asked: Asked,
    question: &Question,
    now: Timestamp,
) -> Result<Result<Option<Found>, Failure>, StoreError> {
    let meters = queries.meters()?;
    let meter = match asked.meter.filter(|id| !id.is_empty()) {
        None => meters.first(),
        Some(id) => match meters.iter().find(|meter| meter.id == id) {
            None => return Ok(Err(chart::no_meter(&id))),
            found => found,
        },
    };
    let Some(meter) = meter.cloned() else { return Ok(Ok(None)) };
    let Some(subject) = Subject::of(queries, meter, question, now)? else {
        return Ok(Err(chart::too_far()));
    };
    let numbers = match question.what {
        What::Energy => Numbers::Energy(subject.consumption(queries)?),
        What::Course(quantity) => Numbers::Course(quantity, subject.course(queries, quantity)?),
    };
    Ok(Ok(Some(Found { meters, subject, numbers })))
}

impl Chart {
    fn of(
        found: Found,
        question: &Question,
        now: Timestamp,
        name: &dyn Fn(&str) -> String,
    ) -> Result<Self, Failure> {
        let Found { meters, subject, numbers } = found;
        let Question { what, view, zone, .. } = question;
        let (what, view) = (*what, *view);
        let Subject { meter, reach, period, shown } = &subject;
        let today = zone.to_datetime(now).date();
        let newest = reach.map_or(today, |(_, newest)| zone.to_datetime(newest).date());
        let date = question.date.unwrap_or(newest);
        let to = |what, view, date| address(&meter.id, what, view, date);
        // Of what has no such view, the longest that it has.
        let view_of = |what: What| {
            let has = what.views().contains(&view);
            if has { view } else { what.views().last().copied().unwrap_or(View::Day) }
        };
        let tab = |other: &What| Link {
            address: to(*other, view_of(*other), date),
            name: other.title(),
            is_here: *other == what,
        };
        let other_view = |other: &View| Link {
            address: to(what, *other, date),
            name: other.title(),
            is_here: *other == view,
        };
        let first = reach.map_or(now, |(first, _)| first);
        let is_one = view != View::All;
        let previous = period.previous().filter(|it| is_one && it.span().end > first);
        let next = period.next().filter(|it| is_one && it.span().start <= now);
        let place = numbers_place(&subject, what, view, date);
        Ok(Self {
            meters: meters
                .iter()
                .map(|it| Choice {
                    name: name(&it.id),
                    is_chosen: it.id == meter.id,
                    id: it.id.clone(),
                })
                .collect(),
            what,
            view,
            date,
            tabs: shown.iter().map(tab).collect(),
            views: what.views().iter().map(other_view).collect(),
            previous: previous.map(|it| to(what, view, it.first())),
            next: next.map(|it| to(what, view, it.first())),
            today: to(what, view, today),
            title: chart::title(period),
            zone: chart::zone_name(zone),
            figure: Figure::of(&subject, &numbers, place),
        })
    }
}

fn numbers_place(subject: &Subject, what: What, view: View, date: Date) -> String {
    chart::numbers_address(&subject.meter.id, what, view, date)
}

impl Figure {
    fn of(subject: &Subject, numbers: &Numbers, place: String) -> Result<Self, String> {
        let Some((first, last)) = subject.reach else {
            let message = "Nothing was read of this meter yet. Modules wake every few minutes, and \
                           send what they have read every few times: the first bar comes with the \
                           second reading.";
            return Err(message.into());
        };
        let period = &subject.period;
        let nothing = || {
            let [first, last] = [first, last].map(|time| chart::moment(time, period));
            Err(format!(
                "Nothing was read in this time. There are readings from {first} to {last}."
            ))
        };
        match numbers {
            Numbers::Energy(it) if it.buckets.iter().any(Bucket::is_known) => {
                Ok(Self::of_energy(it, subject, place))
            }
            Numbers::Course(quantity, it) if it.curves.iter().any(|it| !it.runs.is_empty()) => {
                Ok(Self::of_course(it, *quantity, subject, place))
            }
            _ => nothing(),
        }
    }

    fn of_energy(answer: &Consumption, subject: &Subject, numbers: String) -> Self {
        let Consumption { sums: totals, buckets, .. } = answer;
        let period = &subject.period;
        let mut sums = Vec::new();
        let mut sum = |name: String, energy: Option<f64>| {
            sums.extend(energy.map(|energy| (name, chart::rough_energy(energy), "kWh")));
        };
        sum("Import".into(), totals.import);
        for tariff in &totals.tariffs {
            sum(format!("Tariff {}", tariff.tariff), Some(tariff.import));
        }
        if !totals.tariffs.is_empty() {
            sum("Tariff unknown".into(), totals.without_tariff);
        }
        let has_export = totals.export.is_some_and(|export| export > 0.0);
        sum("Export".into(), totals.export.filter(|_| has_export));
        let mut head = vec![answer.about.view.part_name().to_owned()];
        head.extend(totals.tariffs.iter().map(|it| format!("Tariff {}", it.tariff)));
        head.push("Import".into());
        head.extend(has_export.then(|| "Export".into()));
        let energy = |energy: Option<f64>| energy.map_or_else(|| "–".into(), chart::energy);
        let row = |bucket: &Bucket| {
            let when = chart::part(bucket.span, period);
            let remark = chart::remark(bucket, period).map(|remark| format!(" ({remark})"));
            let mut row = vec![when + &remark.unwrap_or_default()];
            row.extend(totals.tariffs.iter().map(|it| energy(bucket.of_tariff(it.tariff))));
            row.push(energy(bucket.import));
            row.extend(has_export.then(|| energy(bucket.export)));
            row
        };
        Self {
            heading: format!("Energy {}, in kWh", chart::by_what(period.view)),
            sums,
            comparison: comparison(answer),
            note: None,
            svg: chart::bars(buckets, totals, period),
            legend: chart::bars_legend(buckets, totals),
            head,
            rows: buckets.iter().map(row).collect(),
            numbers,
        }
    }

    fn of_course(answer: &Course, quantity: Quantity, subject: &Subject, numbers: String) -> Self {
        let Course { curves, .. } = answer;
        let period = &subject.period;
        let number = |value: f64| chart::number(value, quantity.decimals());
        let samples = || curves.iter().flat_map(|curve| curve.runs.iter().flatten());
        let high = samples().map(|it| it.high).fold(f64::NEG_INFINITY, f64::max);
        let low = samples().map(|it| it.low).fold(f64::INFINITY, f64::min);
        let sums = vec![
            ("Highest".to_owned(), number(high), quantity.unit()),
            ("Lowest".to_owned(), number(low), quantity.unit()),
        ];
        let mut head = vec!["Time".to_owned()];
        head.extend(curves.iter().map(|curve| curve.name.to_owned()));
        let rows = chart::rows(curves).into_iter().map(|(span, values)| {
            let cell = |curve: &chart::Curve| {
                let found = values.iter().find(|(it, _)| it.series == curve.series);
                found.map_or_else(|| "–".into(), |(_, it)| chart::value(it, quantity))
            };
            let when = chart::words_of(span, period);
            std::iter::once(when).chain(curves.iter().map(cell)).collect()
        });
        let is_average = curves.iter().any(|curve| curve.is_average);
        let note = "This meter's module sends no power. What is drawn is the average between two \
                    readings of its totals.";
        Self {
            heading: format!(
                "{}, in {}",
                What::Course(quantity).title(),
                chart::unit(curves, quantity)
            ),
            sums,
            comparison: None,
            note: is_average.then_some(note),
            svg: chart::curves(curves, quantity, period),
            legend: chart::curves_legend(curves),
            head,
            rows: rows.collect(),
            numbers,
        }
    }
}

/// How the energy is to that of the period before.
fn comparison(answer: &Consumption) -> Option<String> {
    let before = answer.before?;
    let other = chart::the_one_before(answer.about.view);
    let text = chart::comparison(answer.sums.import?, before.import, other)?;
    Some(if before.until.is_some() { text + ", up to the same time" } else { text })
}
