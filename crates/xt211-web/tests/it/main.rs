//! The page as a browser sees it, with a real store and a program behind it that does as it is told.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod fixture;
mod frame;
