//! Chance that can be repeated.

use std::env;

use fastrand::Rng;

/// The seeds that a test by chance is to be run with, each printed when its turn comes: as many as
/// `XT211_TEST_SEEDS` says, from `XT211_TEST_SEED` on; one that nobody knows unless they say so.
pub(crate) fn seeds() -> impl Iterator<Item = Rng> {
    let number = |name| env::var(name).ok().map(|text| text.parse::<u64>().expect(name));
    let first = number("XT211_TEST_SEED").unwrap_or_else(|| fastrand::u64(..1 << 32));
    (first..first + number("XT211_TEST_SEEDS").unwrap_or(1)).map(|seed| {
        println!("XT211_TEST_SEED={seed}");
        Rng::with_seed(seed)
    })
}
