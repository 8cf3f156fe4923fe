//! What of a meter's readings is believed. Pure: no I/O, no clock; the time and the history are
//! arguments.
//!
//! A reading is judged by what was accepted just before and just after it, in the order of the
//! readings' own times, for each register by itself:
//!
//! ```text
//! time rule ──▶ repeated? contradicted? ──▶ between its neighbours? ──yes──▶ accepted
//!     │                   │                            │no
//!     ▼                   ▼                            ▼
//! set aside           set aside            waits, set aside, until its neighbours
//!                                          or a run of its like make it credible
//! ```
//!
//! What was accepted stays so. What waits is looked at again whenever something was accepted, so
//! that the order in which readings arrive does not matter.

mod candidate;
mod eras;
mod history;
mod meter;
mod reason;
mod run;
mod scene;
#[cfg(test)]
mod tests;
mod time_rule;
mod total;

pub use self::{
    candidate::Waiting,
    eras::{Era, Eras},
    history::{History, Point},
    meter::{Accepted, Change, Judgement, Meter, Refused},
    reason::Reason,
    scene::{BEGINNING, END, MOST_WAITING},
    time_rule::{AHEAD, EARLIEST, RELEASED, horizon, judge_time},
    total::{Limit, PUSH_INTERVAL},
};
