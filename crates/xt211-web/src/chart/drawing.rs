//! What bars and curves have in common: scales, lines and words.
//!
//! The drawing is as wide as the page, and its texts stay as large as they are: positions from left
//! to right are in per cent of its width, heights in pixels. The numbers beside it are outside of its
//! box, where the style sheet leaves room. All looks come from classes, as the page allows no inline
//! styles, and both themes share it.

use svg::{
    Document,
    node::element::{Group, Line, Rectangle, Text, Title},
};

use super::{
    axis::Axis,
    period::{Period, View},
    words::{self, Room},
};

/// How high the part for the values is, and what is above and below it.
pub(crate) const PLOT: f64 = 240.0;
const ABOVE: f64 = 12.0;
const BELOW: f64 = 26.0;

/// What the drawing is, for those who do not see it.
#[derive(Clone, Debug)]
pub(crate) struct Caption {
    pub(crate) title: String,
    pub(crate) description: String,
}

/// A line of the legend: the class of the colour, and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) class: &'static str,
    pub(crate) name: String,
}

/// A chart that is being drawn.
pub(crate) struct Drawing {
    svg: Document,
    pub(crate) axis: Axis,
}

impl Drawing {
    /// With the lines and numbers of its scale. A number is the value itself, in units so large.
    pub(crate) fn new(caption: &Caption, axis: Axis, number: impl Fn(f64) -> f64) -> Self {
        let mut svg = Document::new()
            .set("class", "chart")
            .set("height", ABOVE + PLOT + BELOW)
            .set("role", "img")
            .set("aria-labelledby", "chart-title chart-description")
            .set("tabindex", 0)
            .add(Title::new(caption.title.as_str()).set("id", "chart-title"))
            .add(
                svg::node::element::Description::new()
                    .set("id", "chart-description")
                    .add(svg::node::Text::new(caption.description.as_str())),
            );
        for tick in &axis.ticks {
            let y = height_of(&axis, *tick);
            let is_zero = tick.abs() < 1e-9;
            let class = if is_zero { "zero" } else { "grid" };
            let line = Line::new().set("class", class).set("x1", 0).set("x2", "100%");
            let text = words::number(number(*tick), axis.decimals);
            svg = svg
                .add(line.set("y1", y).set("y2", y))
                .add(Text::new(text).set("class", "tick").set("x", -8).set("y", pixels(y + 4.0)));
        }
        Self { svg, axis }
    }

    /// The names of a period's parts, at the bottom: in the middle of the room that each has, or on
    /// a scale of time, where a full hour is where it begins.
    pub(crate) fn label(&mut self, period: &Period, scale: Scale) {
        let parts = period.parts();
        let whole = period.span();
        for (index, part) in parts.iter().enumerate() {
            let Some((text, room)) = words::label(*part, period) else { continue };
            let (start, end) = (share(part.start, whole), share(part.end, whole));
            let x = match (scale, period.view) {
                (Scale::Parts, _) => (index as f64 + 0.5) / parts.len() as f64,
                (Scale::Time, View::Day) => start,
                (Scale::Time, _) => (start + end) / 2.0,
            };
            let class = match room {
                Room::Narrow => "label",
                Room::Wide => "label wide",
            };
            if scale == Scale::Time {
                let line = Line::new().set("class", class.replace("label", "notch"));
                let (top, bottom) = (ABOVE + PLOT, ABOVE + PLOT + 5.0);
                let x = percent(start);
                self.add(line.set("x1", x.clone()).set("x2", x).set("y1", top).set("y2", bottom));
            }
            let y = ABOVE + PLOT + 19.0;
            self.add(Text::new(text).set("class", class).set("x", percent(x)).set("y", y));
        }
    }

    pub(crate) fn height_of(&self, value: f64) -> f64 {
        height_of(&self.axis, value)
    }

    pub(crate) fn add(&mut self, node: impl Into<Box<dyn svg::Node>>) {
        svg::Node::append(&mut self.svg, node);
    }

    /// Text that is well-formed XML as well as HTML.
    pub(crate) fn finish(self) -> String {
        self.svg.to_string()
    }
}

/// What is drawn from left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// A period's parts, each as wide as the others.
    Parts,
    /// Time.
    Time,
}

fn height_of(axis: &Axis, value: f64) -> f64 {
    ABOVE + PLOT * (1.0 - axis.place(value))
}

/// What can be pointed at, and what is said of it then: over the whole height, from one place to
/// another, in shares of the width. The script shows the title by itself.
pub(crate) fn mark(class: &str, from: f64, to: f64, said: &str) -> Group {
    let ground = Rectangle::new()
        .set("class", "ground")
        .set("x", percent(from))
        .set("width", percent(to - from))
        .set("y", ABOVE)
        .set("height", PLOT);
    let middle = format!("{:.2}", (from + to) * 50.0);
    Group::new().set("class", class).set("data-x", middle).add(Title::new(said)).add(ground)
}

/// How far into a period a time is, from 0 to 1.
pub(crate) fn share(time: jiff::Timestamp, whole: super::period::Span) -> f64 {
    let share = time.duration_since(whole.start).as_secs_f64() / whole.duration().as_secs_f64();
    share.clamp(0.0, 1.0)
}

pub(crate) fn percent(share: f64) -> String {
    format!("{:.3}%", share * 100.0)
}

pub(crate) fn pixels(height: f64) -> String {
    format!("{height:.1}")
}
