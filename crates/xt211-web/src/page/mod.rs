//! The pages.

mod overview;

pub(crate) use self::overview::overview;
