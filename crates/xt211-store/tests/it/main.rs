//! Databases in folders of their own: what is kept, what is not, and who may do what.

// A test says what it expects by failing.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod beside;
mod crash;
mod damage;
mod fixture;
mod history;
mod model;
mod open;
mod outbox;
mod set_aside;
mod subscription;
