//! The pages.

mod charts;
mod overview;

pub(crate) use self::{charts::charts, overview::overview};
