//! What holds for any input: a function for each fuzz target, which panics if it does not hold.
//!
//! They need neither a fuzzer nor a nightly compiler: `tests/replay.rs` gives them every seed, and
//! every input that failed.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a property that does not hold is to be seen"
)]

#[cfg(feature = "configuration")]
mod configuration;
mod decision;
mod home_assistant;
mod line;
mod line_protocol;
mod memory;
mod message;
mod obis;
mod structured;
mod time;
mod whole_way;

#[cfg(feature = "configuration")]
pub use self::configuration::configuration;
pub use self::{
    decision::decision, home_assistant::home_assistant, line_protocol::line_protocol,
    message::message, obis::obis, time::time, whole_way::whole_way,
};

/// A property, by the name of its fuzz target.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] = &[
    #[cfg(feature = "configuration")]
    ("configuration", configuration),
    ("decision", decision),
    ("home_assistant", home_assistant),
    ("line_protocol", line_protocol),
    ("message", message),
    ("obis", obis),
    ("time", time),
    ("whole_way", whole_way),
];
