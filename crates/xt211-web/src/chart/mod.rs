//! Charts of what the store keeps.
//!
//! ```text
//! Question ─▶ Period ─▶ parts ─▶ consumption (bars)
//!                    └─▶ course: samples (curves)     ─▶ Drawing ─▶ SVG
//! ```
//!
//! What is asked of the store are the readings at the boundaries of the parts (bars), or those of
//! the period one after the other (curves). All the rest is pure.

mod answer;
mod axis;
mod bars;
mod consumption;
mod course;
mod csv;
mod curves;
mod drawing;
mod kept;
mod period;
mod question;
mod sampler;
mod totals;
mod words;

pub(crate) use self::{
    answer::{Consumption, Course, Subject, consumption_of, course_of, no_meter, too_far},
    bars::{bars, by_what, legend as bars_legend, remark},
    consumption::{Bucket, EXPORT, IMPORT},
    course::{Curve, Quantity, newest_average},
    curves::{curves, legend as curves_legend, rows, unit, value, words_of},
    drawing::Key,
    kept::{to_time, to_timestamp},
    period::View,
    question::{Asked, Form, Question, What, address, numbers_address},
    words::{
        comparison, energy, moment, number, part, rough_energy, the_one_before, title, zone_name,
    },
};
