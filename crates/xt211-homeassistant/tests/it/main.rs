//! What others rely on: discovery and state messages, as JSON.

// A test says what it expects by failing.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod contract;
mod fixture;
mod home_assistant;
mod languages;
mod removal;
mod samples;
