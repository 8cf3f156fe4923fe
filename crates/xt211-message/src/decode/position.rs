//! Lines and columns of a message.

/// The line in which a text ends, from 1, and how many bytes are on it.
pub(super) fn end_of(text: &[u8]) -> (usize, usize) {
    let lines = text.iter().filter(|byte| **byte == b'\n').count();
    let last = text.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    (lines + 1, last.len())
}

/// Line and column, both from 1, of what follows a text.
pub(super) fn behind(text: &[u8]) -> (usize, usize) {
    let (line, bytes) = end_of(text);
    (line, bytes + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns() {
        assert_eq!(end_of(b""), (1, 0));
        assert_eq!(end_of(b"{\r"), (1, 2));
        assert_eq!(end_of(b"{\n"), (2, 0));
        assert_eq!(behind(b"{\n\n  "), (3, 3));
    }
}
