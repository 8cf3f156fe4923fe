//! What is open while nested values are passed over.

/// A value that has others in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    Array,
    Object,
}

/// The arrays and objects that are open, a bit for each: 1 is an object.
#[derive(Default)]
pub(super) struct Nesting {
    depth: usize,
    /// The innermost, up to 64 of them; the last one is the lowest bit.
    inner: u64,
    /// The others, 64 in each. Only what is nested deeper than that takes memory.
    outer: Vec<u64>,
}

impl Nesting {
    pub(super) fn enter(&mut self, container: Container) {
        if self.is_full() {
            self.outer.push(self.inner);
        }
        self.inner = self.inner << 1 | u64::from(container == Container::Object);
        self.depth += 1;
    }

    /// Leaves the innermost.
    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.inner >>= 1;
        if self.is_full() {
            // Cannot fail: it was put there when there were as many.
            self.inner = self.outer.pop().unwrap_or_default();
        }
    }

    pub(super) fn innermost(&self) -> Option<Container> {
        match (self.depth, self.inner & 1) {
            (0, _) => None,
            (_, 0) => Some(Container::Array),
            (_, _) => Some(Container::Object),
        }
    }

    /// Whether each bit stands for one that is open.
    fn is_full(&self) -> bool {
        self.depth > 0 && self.depth.is_multiple_of(64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_entered_last_is_left_first() {
        let container = |number: u32| match number % 3 {
            0 => Container::Array,
            _ => Container::Object,
        };
        let mut nesting = Nesting::default();
        assert_eq!(nesting.innermost(), None);
        for number in 0..300 {
            nesting.enter(container(number));
            assert_eq!(nesting.innermost(), Some(container(number)));
        }
        for number in (0..300).rev() {
            assert_eq!(nesting.innermost(), Some(container(number)));
            nesting.leave();
        }
        assert_eq!(nesting.innermost(), None);
    }
}
