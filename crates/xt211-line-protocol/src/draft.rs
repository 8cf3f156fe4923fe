//! What is taken back unless it is kept.

/// The buffer, and where to cut it off if the line does not get finished.
#[derive(Debug)]
pub(crate) struct Draft<'b> {
    pub(crate) buffer: &'b mut String,
    start: usize,
}

impl<'b> Draft<'b> {
    pub(crate) fn new(buffer: &'b mut String) -> Self {
        Self { start: buffer.len(), buffer }
    }

    /// Keeps what was written.
    pub(crate) fn keep(mut self) {
        self.start = self.buffer.len();
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        // Cannot panic: the buffer once ended here.
        self.buffer.truncate(self.start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_or_taken_back() {
        let mut buffer = String::from("ž\n");
        Draft::new(&mut buffer).buffer.push('a');
        assert_eq!(buffer, "ž\n");
        let draft = Draft::new(&mut buffer);
        draft.buffer.push('b');
        draft.keep();
        assert_eq!(buffer, "ž\nb");
    }
}
