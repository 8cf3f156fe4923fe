//! Input of a type of its own.

use std::fmt::Debug;

use arbitrary::{Arbitrary, Unstructured};

/// Makes the input of bytes, and asserts a property of it.
pub(crate) fn structured<'a, T: Arbitrary<'a> + Debug>(data: &'a [u8], property: impl Fn(&T)) {
    if let Ok(input) = T::arbitrary_take_rest(Unstructured::new(data)) {
        let shown = Shown(&input);
        property(shown.0);
    }
}

/// Shows an input that fails, where that unwinds: in tests.
struct Shown<'t, T: Debug>(&'t T);

impl<T: Debug> Drop for Shown<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{:#?}", self.0);
        }
    }
}
