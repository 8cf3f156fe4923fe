//! What the program can be asked to do.

mod check;
mod decode;
mod export;
mod forward;
mod printable;
mod purge;
mod range;
mod registers;
mod run;
mod set_aside;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::Result;

pub(crate) use self::run::runtime;
#[cfg(feature = "demo")]
pub(crate) use self::run::stop_signal;
pub use self::{
    check::check, decode::decode, export::export, forward::forward, purge::purge, run::run,
    set_aside::set_aside,
};
use crate::config::DEFAULT;
#[cfg(feature = "demo")]
pub use crate::demo::demo;

/// Prints the default configuration.
///
/// # Errors
///
/// Standard output cannot be written.
pub fn print_default() -> Result<ExitCode> {
    io::stdout().write_all(DEFAULT.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
