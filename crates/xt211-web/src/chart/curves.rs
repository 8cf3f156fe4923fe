//! Power, voltage and current, as curves.

use std::{collections::BTreeMap, fmt::Write as _};

use jiff::Timestamp;
use svg::node::element::{Path, SVG};

use super::{
    axis::Axis,
    course::{Curve, Quantity},
    drawing::{Caption, Drawing, Key, PLOT, Scale, mark, share},
    period::{Period, Span},
    sampler::Sample,
    words,
};

/// The colours.
const SERIES: [&str; 4] = ["series-1", "series-2", "series-3", "series-4"];

/// How wide the curves' own coordinates are; it is stretched to the width that there is.
const WIDTH: f64 = 10_000.0;

/// Draws how a quantity went.
pub(crate) fn curves(curves: &[Curve], quantity: Quantity, period: &Period) -> String {
    let samples = || curves.iter().flat_map(|curve| curve.runs.iter().flatten());
    let mut low = samples().map(|sample| sample.low).fold(f64::INFINITY, f64::min);
    let mut high = samples().map(|sample| sample.high).fold(f64::NEG_INFINITY, f64::max);
    if quantity != Quantity::Voltage {
        (low, high) = (low.min(0.0), high.max(0.0));
    }
    let factor = if large_unit(quantity, low, high).is_some() { 1_000.0 } else { 1.0 };
    // Ticks are round in the unit that is written.
    let axis = Axis::around(low / factor, high / factor);
    let mut drawing = Drawing::new(&caption(curves, quantity, period), axis, |tick| tick);
    drawing.label(period, Scale::Time);
    let whole = period.span();
    let mut plot = SVG::new()
        .set("class", "curves")
        .set("width", "100%")
        .set("height", PLOT)
        .set("y", drawing.height_of(drawing.axis.high))
        .set("viewBox", format!("0 0 {WIDTH} {PLOT}"))
        .set("preserveAspectRatio", "none");
    let pen = Pen { axis: &drawing.axis, factor, whole };
    for curve in curves {
        let class = SERIES.get(curve.series).copied().unwrap_or_default();
        if curves.len() == 1 {
            plot = plot
                .add(Path::new().set("class", format!("band {class}")).set("d", pen.band(curve)));
        }
        plot =
            plot.add(Path::new().set("class", format!("curve {class}")).set("d", pen.line(curve)));
    }
    drawing.add(plot);
    for (from, to, said) in marks(curves, quantity, period) {
        drawing.add(mark("mark", from, to, &said));
    }
    drawing.finish()
}

/// Kilowatts, where watts would be long.
pub(crate) fn large_unit(quantity: Quantity, low: f64, high: f64) -> Option<&'static str> {
    (quantity == Quantity::Power && low.abs().max(high.abs()) >= 2_000.0).then_some("kW")
}

/// The unit that is written beside curves.
pub(crate) fn unit(curves: &[Curve], quantity: Quantity) -> &'static str {
    let samples = curves.iter().flat_map(|curve| curve.runs.iter().flatten());
    let most = samples.map(|it| it.low.abs().max(it.high.abs())).fold(0.0, f64::max);
    large_unit(quantity, most, most).unwrap_or(quantity.unit())
}

struct Pen<'a> {
    axis: &'a Axis,
    factor: f64,
    whole: Span,
}

impl Pen<'_> {
    fn x(&self, time: Timestamp) -> f64 {
        share(time, self.whole) * WIDTH
    }

    fn y(&self, value: f64) -> f64 {
        PLOT * (1.0 - self.axis.place(value / self.factor))
    }

    /// From sample to sample; what is an average, as a step.
    fn line(&self, curve: &Curve) -> String {
        let mut path = String::new();
        for run in &curve.runs {
            let mut command = 'M';
            for sample in run {
                let y = self.y(sample.mean);
                let xs = if curve.is_average {
                    [self.x(sample.from), self.x(sample.to)]
                } else {
                    [self.x(middle(sample)); 2]
                };
                // A line of no length is a dot, for a sample that has no neighbours.
                for x in xs {
                    // Writing to a string cannot fail.
                    let _ = write!(path, "{command}{x:.1} {y:.1}");
                    command = 'L';
                }
            }
        }
        path
    }

    /// Between the lowest and the highest values.
    fn band(&self, curve: &Curve) -> String {
        let mut path = String::new();
        for run in &curve.runs {
            let mut command = 'M';
            let ends = |sample: &Sample| {
                if curve.is_average { [sample.from, sample.to] } else { [middle(sample); 2] }
            };
            let there = run.iter().flat_map(|it| ends(it).map(|time| (time, it.high)));
            let back = run.iter().rev().flat_map(|it| {
                let [from, to] = ends(it);
                [(to, it.low), (from, it.low)]
            });
            for (time, value) in there.chain(back) {
                let _ = write!(path, "{command}{:.1} {:.1}", self.x(time), self.y(value));
                command = 'L';
            }
            path.push('Z');
        }
        path
    }
}

fn middle(sample: &Sample) -> Timestamp {
    sample.from + sample.to.duration_since(sample.from) / 2
}

/// What can be pointed at, from where to where, and what is said there: all curves' samples of a
/// time.
fn marks(curves: &[Curve], quantity: Quantity, period: &Period) -> Vec<(f64, f64, String)> {
    let rows = rows(curves);
    let whole = period.span();
    let places: Vec<_> =
        rows.iter().map(|(span, _)| share(span.start + span.duration() / 2, whole)).collect();
    let between = |one: Option<&f64>, other: Option<&f64>| Some((one? + other?) / 2.0);
    let lone = 1.0 / 200.0;
    let marks = rows.iter().zip(&places).enumerate().map(|(index, ((span, values), place))| {
        let before = index.checked_sub(1).and_then(|before| places.get(before));
        let from = between(before, Some(place)).unwrap_or(0.0).max(place - lone);
        let to = between(Some(place), places.get(index + 1)).unwrap_or(1.0).min(place + lone);
        let mut said = vec![words_of(*span, period)];
        said.extend(
            values
                .iter()
                .map(|(curve, sample)| format!("{}: {}", curve.name, value(sample, quantity))),
        );
        let (start, end) = (share(span.start, whole), share(span.end, whole));
        (from.min(start), to.max(end), said.join("\n"))
    });
    marks.collect()
}

/// What the curves were in the same span of time, each with its sample.
pub(crate) type Row<'c> = (Span, Vec<(&'c Curve, Sample)>);

/// All samples by time.
pub(crate) fn rows(curves: &[Curve]) -> Vec<Row<'_>> {
    let mut rows: BTreeMap<Timestamp, Row<'_>> = BTreeMap::new();
    for curve in curves {
        for sample in curve.runs.iter().flatten() {
            let new = || (Span { start: sample.from, end: sample.to }, Vec::new());
            let (span, values) = rows.entry(sample.from).or_insert_with(new);
            span.end = span.end.max(sample.to);
            values.push((curve, *sample));
        }
    }
    rows.into_values().collect()
}

/// When a sample was.
pub(crate) fn words_of(span: Span, period: &Period) -> String {
    let start = words::clock(span.start, period);
    let end = span.end.to_zoned(period.zone.clone());
    if span.duration().as_secs() < 60 {
        return start;
    }
    format!("{start}–{}", end.strftime("%H:%M"))
}

/// What it was, and between what it went.
pub(crate) fn value(sample: &Sample, quantity: Quantity) -> String {
    let number = |value| words::number(value, quantity.decimals());
    let [low, mean, high] = [sample.low, sample.mean, sample.high].map(number);
    let unit = quantity.unit();
    if low == high { format!("{mean} {unit}") } else { format!("{mean} {unit} ({low} to {high})") }
}

/// What the colours stand for.
pub(crate) fn legend(curves: &[Curve]) -> Vec<Key> {
    let key = |curve: &Curve| {
        let class = SERIES.get(curve.series).copied().unwrap_or_default();
        Key { class, name: curve.name.to_owned() }
    };
    curves.iter().filter(|curve| !curve.runs.is_empty()).map(key).collect()
}

fn caption(curves: &[Curve], quantity: Quantity, period: &Period) -> Caption {
    let name = super::question::What::Course(quantity).title();
    let samples = || curves.iter().flat_map(|curve| curve.runs.iter().flatten());
    let most = samples().max_by(|one, other| one.high.total_cmp(&other.high));
    let least = samples().min_by(|one, other| one.low.total_cmp(&other.low));
    let number = |value| words::number(value, quantity.decimals());
    let description = match (least, most) {
        (Some(least), Some(most)) => format!(
            "From {} {unit} ({}) to {} {unit} ({})",
            number(least.low),
            words::clock(least.from, period),
            number(most.high),
            words::clock(most.from, period),
            unit = quantity.unit(),
        ),
        _ => "No readings".into(),
    };
    Caption {
        title: format!("{name}: {}", words::title(period)),
        description: format!("{description}. The table below has all numbers."),
    }
}
