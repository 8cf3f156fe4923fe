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
const ASSETS: [(&str, &str, &str); 3] = [
    ("style.css", CSS, include_str!("../assets/style.css")),
    ("page.js", SCRIPT, include_str!("../assets/page.js")),
    ("icon.svg", SVG, include_str!("../assets/icon.svg")),
];

pub(crate) async fn asset(Path((_, name)): Path<(String, String)>) -> Result<Response, Failure> {
    let found = ASSETS.into_iter().find(|(known, ..)| *known == name);
    let (_, kind, content) = found.ok_or(Failure::NotFound)?;
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, content).into_response())
}
