//! The log: to standard error, one line an event.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

/// Begins to log. `XT211_LOG` says how much, else `default` does.
pub fn start(default: &str) {
    let wanted = std::env::var("XT211_LOG").unwrap_or_default();
    let is_known = wanted.is_empty() || is_level(&wanted);
    let filter = if wanted.is_empty() || !is_known { default } else { &wanted };
    // Only the first call counts; there is no second one outside tests.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::builder().parse_lossy(filter))
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .try_init();
    if !is_known {
        tracing::warn!("XT211_LOG is {wanted:?}: expected error, warn, info or debug");
    }
}

/// Whether this is a level, or a list of levels of parts, such as `info,rumqttc=debug`. A word alone
/// would be the name of a part, and silence all others.
fn is_level(wanted: &str) -> bool {
    let is_level = |part: &str| !part.is_empty() && part.parse::<LevelFilter>().is_ok();
    let is_part = |part: &str| part.contains('=') || is_level(part.trim());
    wanted.split(',').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::is_level;

    #[test]
    fn levels() {
        for known in ["info", "DEBUG", "off", "info,rumqttc=debug", "warn, xt211_bridge=trace"] {
            assert!(is_level(known), "{known}");
        }
        for unknown in ["loud", "info,", "verbose"] {
            assert!(!is_level(unknown), "{unknown}");
        }
    }
}
