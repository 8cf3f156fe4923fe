//! Energy, as bars.

use std::ops::Range;

use svg::node::element::{Group, Rectangle};

use super::{
    axis::Axis,
    consumption::{Bucket, Sums},
    drawing::{Caption, Drawing, Key, Scale, mark, percent, pixels},
    period::{Period, View},
    words,
};

/// The tariffs' colours.
const TARIFFS: [&str; 4] = ["series-1", "series-2", "series-3", "series-4"];

/// What has no tariff, beside what has.
const WITHOUT_TARIFF: &str = "series-5";

/// How much of its room a bar takes, and how much of the drawing at most.
const WIDTH: f64 = 0.76;
const MOST_WIDTH: f64 = 0.12;

/// Draws what was used: above zero by tariff, and below it what was fed in, as hollow bars.
pub(crate) fn bars(buckets: &[Bucket], sums: &Sums, period: &Period) -> String {
    let most =
        |value: fn(&Bucket) -> Option<f64>| buckets.iter().filter_map(value).fold(0.0, f64::max);
    let axis = Axis::around(-most(|bucket| bucket.export), most(|bucket| bucket.import));
    let mut drawing = Drawing::new(&caption(buckets, sums, period), axis, f64::abs);
    drawing.label(period, Scale::Parts);
    let reach = reach(buckets);
    for (index, bucket) in buckets.iter().enumerate() {
        let room = (index as f64 / buckets.len() as f64, 1.0 / buckets.len() as f64);
        let is_gap = !bucket.is_known() && reach.contains(&index);
        let class = if is_gap { "mark gap" } else { "mark" };
        let group = mark(class, room.0, room.0 + room.1, &said(bucket, sums, period));
        drawing.add(stack(&drawing, group, bucket, sums, room));
    }
    drawing.finish()
}

/// The pieces of a bar, in the room that it has.
fn stack(
    drawing: &Drawing,
    mut group: Group,
    bucket: &Bucket,
    sums: &Sums,
    (left, width): (f64, f64),
) -> Group {
    let bar = (width * WIDTH).min(MOST_WIDTH);
    let piece = |class: &str, from: f64, to: f64| {
        let (top, bottom) = (drawing.height_of(from.max(to)), drawing.height_of(from.min(to)));
        // What was nothing, and is known, is to be seen.
        let height = (bottom - top).max(1.0);
        Rectangle::new()
            .set("class", class)
            .set("x", percent(left + (width - bar) / 2.0))
            .set("width", percent(bar))
            .set("y", pixels(bottom - height))
            .set("height", pixels(height))
    };
    let mut below = 0.0;
    for (tariff, class) in (1..).zip(TARIFFS) {
        let Some(energy) = bucket.of_tariff(tariff).filter(|energy| *energy > 0.0) else {
            continue;
        };
        group = group.add(piece(class, below, below + energy));
        below += energy;
    }
    if below == 0.0
        && let Some(import) = bucket.import
    {
        let class =
            if sums.tariffs.is_empty() || import == 0.0 { TARIFFS[0] } else { WITHOUT_TARIFF };
        group = group.add(piece(class, 0.0, import));
    }
    match bucket.export {
        Some(export) if export > 0.0 => group.add(piece("export", -export, 0.0)),
        _ => group,
    }
}

/// Which of the bars are to be expected: not those of before the first reading of all, nor those
/// that are still to come.
fn reach(buckets: &[Bucket]) -> Range<usize> {
    let begins = |bucket: &Bucket| bucket.from.is_some_and(|from| from >= bucket.span.start);
    let first = buckets.iter().position(Bucket::is_known).unwrap_or(0);
    let is_first_of_all = buckets.get(first).is_some_and(begins);
    let last = buckets.iter().rposition(Bucket::is_known).unwrap_or(0);
    if is_first_of_all { first..last } else { 0..last }
}

/// What the colours stand for.
pub(crate) fn legend(buckets: &[Bucket], sums: &Sums) -> Vec<Key> {
    let key = |class, name: &str| Key { class, name: name.to_owned() };
    let mut keys = Vec::new();
    for (tariff, class) in (1..).zip(TARIFFS) {
        if sums.tariffs.iter().any(|it| it.tariff == tariff) {
            keys.push(key(class, &format!("Tariff {tariff}")));
        }
    }
    match (sums.without_tariff, keys.is_empty()) {
        (_, true) => keys.push(key(TARIFFS[0], "Import")),
        (Some(_), false) => keys.push(key(WITHOUT_TARIFF, "Import, tariff unknown")),
        (None, false) => (),
    }
    if sums.export.is_some_and(|export| export > 0.0) {
        keys.push(key("export", "Export, below zero"));
    }
    let mut reached = buckets.get(reach(buckets)).into_iter().flatten();
    if reached.any(|bucket| !bucket.is_known()) {
        keys.push(key("gap", "No reading"));
    }
    keys
}

/// What is said of a bar: a line for each of its numbers.
fn said(bucket: &Bucket, sums: &Sums, period: &Period) -> String {
    let mut lines = vec![words::part(bucket.span, period)];
    if !bucket.is_known() {
        lines.push("No reading".into());
        return lines.join("\n");
    }
    let mut line = |name: &str, energy: Option<f64>| {
        lines.extend(energy.map(|energy| format!("{name}: {} kWh", words::energy(energy))));
    };
    for tariff in &sums.tariffs {
        line(&format!("Tariff {}", tariff.tariff), bucket.of_tariff(tariff.tariff));
    }
    line("Import", bucket.import);
    line("Export", bucket.export.filter(|export| *export > 0.0 || sums.export != Some(0.0)));
    lines.extend(remark(bucket, period));
    lines.join("\n")
}

/// What is odd about a bar.
pub(crate) fn remark(bucket: &Bucket, period: &Period) -> Option<String> {
    bucket.odd_start().map(|since| format!("since {}", words::moment(since, period)))
}

fn caption(buckets: &[Bucket], sums: &Sums, period: &Period) -> Caption {
    let title = format!("Energy {}: {}", by_what(period.view), words::title(period));
    let mut said = Vec::new();
    if let Some(import) = sums.import {
        said.push(format!("Import {} kWh in all", words::rough_energy(import)));
    }
    if let Some(export) = sums.export.filter(|export| *export > 0.0) {
        said.push(format!("export {} kWh", words::rough_energy(export)));
    }
    let import = |bucket: &&Bucket| bucket.import.unwrap_or(f64::NEG_INFINITY);
    let most = buckets.iter().max_by(|one, other| import(one).total_cmp(&import(other)));
    if let Some((bucket, energy)) = most.and_then(|bucket| Some((bucket, bucket.import?))) {
        let when = words::part(bucket.span, period);
        said.push(format!("the most {when}: {} kWh", words::rough_energy(energy)));
    }
    let description = if said.is_empty() { "No readings".into() } else { said.join("; ") };
    Caption { title, description: format!("{description}. The table below has all numbers.") }
}

/// What each bar stands for.
pub(crate) const fn by_what(view: View) -> &'static str {
    match view {
        View::Day => "by the hour",
        View::Week | View::Month => "by the day",
        View::Year => "by the month",
        View::All => "by the year",
    }
}
