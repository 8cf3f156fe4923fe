//! The log: to standard error, one line an event.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

/// Begins to log. `XT211_LOG` says how much, else `default` does.
pub fn start(default: &str) {
    let wanted = std::env::var("XT211_LOG").unwrap_or_default();
    let is_known = wanted.is_empty() || is_level(&wanted);
    let filter = if wanted.is_empty() || !is_known { default } else { &wanted };
    // Only the first call counts; there is no second one outside tests.
    let _ = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .finish()
        .with(targets(filter))
        .try_init();
    if !is_known {
        tracing::warn!("XT211_LOG is {wanted:?}: expected error, warn, info or debug");
    }
}

/// What is logged of which parts. (`EnvFilter` does the same with regular expressions, which take a
/// megabyte.)
fn targets(filter: &str) -> Targets {
    filter.split(',').map(str::trim).fold(Targets::new(), |targets, part| {
        match part.split_once('=') {
            Some((target, level)) => targets.with_target(target, level_of(level)),
            None => targets.with_default(level_of(part)),
        }
    })
}

/// What is no level of a part is most likely a wish to see all of it.
fn level_of(text: &str) -> LevelFilter {
    text.parse().unwrap_or(LevelFilter::TRACE)
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
    use tracing::Level;

    use super::{is_level, targets};

    #[test]
    fn parts_have_levels_of_their_own() {
        let info = targets("info");
        assert!(info.would_enable("xt211_bridge::bridge", &Level::INFO));
        assert!(!info.would_enable("xt211_bridge::bridge", &Level::DEBUG));
        let some = targets("warn, xt211_bridge=trace,rumqttc=off,url=all");
        assert!(some.would_enable("xt211_bridge::bridge", &Level::TRACE));
        assert!(!some.would_enable("rumqttc::state", &Level::ERROR));
        assert!(some.would_enable("url", &Level::TRACE));
        assert!(some.would_enable("hyper", &Level::WARN));
        assert!(!some.would_enable("hyper", &Level::INFO));
    }

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
