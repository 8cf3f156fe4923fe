//! What the benches run on: the corpus of `xt211-message`.

use std::{fs, io, path::Path};

use time::{OffsetDateTime, PrimitiveDateTime, macros::format_description};

/// A reading as modules send it today.
pub const MESSAGE: &[u8] = include_bytes!("../../crates/xt211-message/corpus/fw-2026-04-data.json");

/// The line that it becomes.
pub const LINE: &str = "home_energy,meter=5100025085 1_8_0=443.451,1_8_1=83.769,1_8_2=359.682,1_8_3=0,1_8_4=0 1777221622000000000\n";

/// Every message of the corpus by its name without the extension, sorted.
///
/// # Errors
///
/// The corpus cannot be read.
pub fn corpus() -> io::Result<Vec<(String, Vec<u8>)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/xt211-message/corpus");
    let mut messages = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if let (Some(name), true) =
            (path.file_stem(), path.extension().is_some_and(|it| it == "json"))
        {
            messages.push((name.to_string_lossy().into_owned(), fs::read(&path)?));
        }
    }
    messages.sort();
    Ok(messages)
}

/// Reads the time of the message by `time`'s own parser, as one would without `xt211-message`.
#[must_use]
pub fn time_by_description(text: &str) -> Option<OffsetDateTime> {
    let form = format_description!(
        "[weekday repr:short] [year]-[month]-[day] [hour]:[minute]:[second] GMT"
    );
    Some(PrimitiveDateTime::parse(text, form).ok()?.assume_utc())
}
