//! The log: to standard error, one line an event.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

/// Begins to log. `XT211_LOG` says how much, else `default` does.
pub fn start(default: &str) {
    let filter = EnvFilter::builder();
    let filter = match std::env::var("XT211_LOG") {
        Ok(wanted) => filter.parse_lossy(wanted),
        Err(_) => filter.parse_lossy(default),
    };
    // Only the first call counts; there is no second one outside tests.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .try_init();
}
