//! How often a conversion asks for memory, once it has what it needs.
#![allow(clippy::unwrap_used)]

use std::{fs, path::Path};

use allocation_counter::measure;
use time::UtcOffset;
use xt211_examples::{
    Failure,
    conversion::{Line, State},
};
use xt211_message::Message;

/// How often a conversion is done before it is watched, and while it is.
const TIMES: u64 = 100;

/// The samples that hold a reading, with their names.
fn samples() -> Vec<(String, Vec<u8>)> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/xt211-message/corpus");
    let files = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path());
    let json = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let samples = json.map(|path| (path.display().to_string(), fs::read(path).unwrap()));
    let has_reading =
        |bytes: &[u8]| Message::decode(bytes, &UtcOffset::UTC).unwrap().reading.is_some();
    samples.filter(|(_, bytes)| has_reading(bytes)).collect()
}

/// How often one conversion asks for memory.
fn allocations(mut convert: impl FnMut() -> Result<(), Failure>) -> u64 {
    (0..TIMES).for_each(|_| convert().unwrap());
    let info = measure(|| (0..TIMES).for_each(|_| convert().unwrap()));
    info.count_total.div_ceil(TIMES)
}

#[test]
fn a_line_takes_none() {
    let samples = samples();
    assert_eq!(samples.len(), 7);
    for (name, bytes) in samples {
        let mut line = Line::default();
        assert_eq!(allocations(|| line.convert(&bytes)), 0, "{name}");
        assert!(line.text().ends_with('\n'), "{name}");
    }
}

#[test]
fn with_the_decision_and_the_state_message_two_at_most() {
    for (name, bytes) in samples() {
        let mut state = State::new().unwrap();
        let count = allocations(|| state.convert(&bytes));
        assert!(count <= 2, "{count} in {name}");
        assert!(state.message().starts_with('{') && state.line().ends_with('\n'), "{name}");
    }
}

#[test]
fn allocations_are_seen() {
    let allocate = || {
        std::hint::black_box(vec![1]);
        Ok(())
    };
    assert_eq!(allocations(allocate), 1);
}
