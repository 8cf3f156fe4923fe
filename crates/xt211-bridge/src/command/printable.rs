//! Texts that anybody may have sent.

use std::fmt::Write as _;

/// A text on one line, without what a terminal would obey.
pub(super) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            // Harmless, and JSON is full of them.
            '"' | '\'' | '\\' => printable.push(character),
            // Cannot fail: a string takes everything.
            _ => _ = write!(printable, "{}", character.escape_debug()),
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey() {
        let harmless = r#"{"key":"C:\\žluťoučký kůň"}"#;
        assert_eq!(printable(harmless), harmless);
        assert_eq!(printable("a\x1b[2J\r\n\t\0b\u{9b}c"), r"a\u{1b}[2J\r\n\t\0b\u{9b}c");
        // What follows this is shown from right to left.
        assert_eq!(printable("\u{202e}c"), r"\u{202e}c");
    }
}
