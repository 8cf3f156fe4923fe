//! What the benches run on: the corpus of `xt211-message`.

use std::{fs, io, path::Path};

/// The first message that the project promises to decode.
pub const SEED: &[u8] = include_bytes!("../../crates/xt211-message/corpus/seed-data.json");

/// The line that it becomes.
pub const SEED_LINE: &str = "home_energy,meter=5100025085 1_8_0=7369.066,1_8_1=1338.005,1_8_2=6031.06,1_8_3=0,1_8_4=0 1771705629000000000\n";

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
