//! The program with a real Home Assistant: what comes of it there, in Home Assistant's own words.
//!
//! `build.sh` builds that, once; it is why these tests are not run unless they are asked for:
//!
//! ```console
//! # cargo test -p xt211-bridge --test home_assistant -- --ignored
//! ```
//!
//! Each test has a Home Assistant of its own, which starts in a few seconds, on a network of its own
//! that leads nowhere else. A test is a story with several scenes when they go on from one another.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod alone;
mod browser;
mod configuration;
mod connection;
mod energy;
mod entity;
mod house;
mod instance;
mod migration;
mod outages;
mod pages;
mod removal;
mod samples;
mod statistics;
#[allow(dead_code, unused_imports, reason = "it is the other tests' as well")]
#[path = "../it/support/mod.rs"]
mod support;

use time::OffsetDateTime;

use self::{alone::alone, entity::Entity, instance::HomeAssistant};

/// A sample of a reading, as if it was read at another time.
fn sample_of(time: OffsetDateTime, name: &str) -> String {
    let sample = String::from_utf8(support::sample(name)).unwrap();
    let (_, values) = sample.split_once("\"values\":{").unwrap();
    support::reading(time, values.split_once('}').unwrap().0)
}
