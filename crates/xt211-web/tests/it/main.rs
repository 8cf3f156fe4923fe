//! The page as a browser sees it, with a real store and a program behind it that does as it is told.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod api;
mod charts;
mod fixture;
mod frame;
mod live;
mod safety;
mod sample;
mod server;
mod settings;
mod setup;
mod views;
