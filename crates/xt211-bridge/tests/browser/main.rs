//! The page as people see it, in a real browser, with the program behind it between a real broker
//! and a real database.
//!
//! Not run unless they are asked for, since they need Chromium, which they install as root on Debian:
//!
//! ```console
//! # cargo test -p xt211-bridge --test browser -- --ignored
//! ```
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod axe;
mod changes;
mod charts;
mod found;
mod ingress;
mod inspection;
mod keyboard;
mod pages;
mod password;
mod refused;
mod set_aside;
mod setup;
mod supervisor;
#[allow(dead_code, unused_imports, reason = "it is the other tests' as well")]
#[path = "../it/support/mod.rs"]
mod support;

use std::time::Duration;

use serde_json::json;

use self::support::{Bridge, browser::Browser};

/// A page at a port that the system chooses.
const ANYWHERE: &str = "[web]\nlisten = \"127.0.0.1:0\"\n";

/// A browser that looks at a page of a bridge.
async fn look_at(bridge: &Bridge, path: &str) -> Browser {
    let mut browser = return_to(bridge).await;
    browser.visit(&format!("{}{path}", bridge.page().await)).await;
    browser
}

/// A browser that has been there before: at its first visit, a page is loaded twice as soon as its
/// script has found out the time zone.
async fn return_to(bridge: &Bridge) -> Browser {
    let mut browser = Browser::start().await;
    browser.screen([1100, 900], "light").await;
    let zone = "encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone)";
    let zone = browser.evaluate(zone).await;
    let cookie = json!({ "url": bridge.page().await, "name": "xt211_zone", "value": zone });
    browser.call("Network.setCookie", cookie).await;
    browser
}

/// Publishes something again and again, as modules do, until the page shows this: it does not say
/// since when it listens.
async fn heard(page: &mut Browser, texts: &[&str], mut publish: impl AsyncFnMut()) {
    let again = async {
        loop {
            publish().await;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    tokio::select! {
        () = again => {}
        _ = page.shows(texts) => {}
    }
}
