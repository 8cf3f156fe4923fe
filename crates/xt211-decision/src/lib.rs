#![doc = include_str!("../README.md")]

mod candidate;
mod eras;
mod history;
mod meter;
mod moment;
mod next;
mod reason;
mod run;
mod scene;
mod serial;
#[cfg(test)]
mod tests;
mod time_rule;
mod total;

pub use self::{
    candidate::Waiting,
    eras::{Era, Eras},
    history::{History, Point},
    meter::{Accepted, Change, Judgement, Meter, Refused},
    moment::utc,
    reason::Reason,
    scene::{BEGINNING, END, MOST_WAITING},
    time_rule::{AHEAD, EARLIEST, RELEASED, horizon, judge_time},
    total::{Limit, PUSH_INTERVAL},
};
