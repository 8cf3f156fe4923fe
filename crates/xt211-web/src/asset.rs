//! Style and scripts, which are part of the program.

use axum::{
    extract::Path,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    response::{IntoResponse, Response},
};

use crate::failure::Failure;

/// Part of the addresses, so that browsers may keep what they have.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Each with its type.
const ASSETS: [(&str, &str, &str); 9] = [
    ("style.css", CSS, include_str!("../assets/style.css")),
    ("chart.css", CSS, include_str!("../assets/chart.css")),
    ("chart.js", SCRIPT, include_str!("../assets/chart.js")),
    ("page.js", SCRIPT, include_str!("../assets/page.js")),
    ("forms.css", CSS, include_str!("../assets/forms.css")),
    ("forms.js", SCRIPT, include_str!("../assets/forms.js")),
    ("setup.js", SCRIPT, include_str!("../assets/setup.js")),
    ("live.js", SCRIPT, include_str!("../assets/live.js")),
    ("icon.svg", SVG, include_str!("../assets/icon.svg")),
];

pub(crate) async fn asset(Path((_, name)): Path<(String, String)>) -> Result<Response, Failure> {
    let found = ASSETS.into_iter().find(|(known, ..)| *known == name);
    let (_, kind, content) = found.ok_or(Failure::NotFound)?;
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, content).into_response())
}
