//! Quotes from a message, fit for a log: short, and on one line.

use std::fmt::{self, Write};

/// How many characters are quoted at most.
const MAX: usize = 40;

/// A part of a message.
pub(super) struct Excerpt<'a>(pub(super) &'a str);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.0.chars();
        for character in characters.by_ref().take(MAX) {
            match character {
                // The quotes and escapes of JSON stay as they are.
                '"' | '\'' | '\\' => f.write_char(character)?,
                _ => write!(f, "{}", character.escape_debug())?,
            }
        }
        if characters.next().is_some() {
            f.write_char('…')?;
        }
        Ok(())
    }
}

/// A key as one step of a path: `key`, or `["1.8.0"]`.
pub(crate) struct Segment<'a>(pub(crate) &'a str);

impl fmt::Display for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.0;
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if (1..=MAX).contains(&key.len()) && key.bytes().all(is_word) {
            f.write_str(key)
        } else {
            write!(f, "[\"{}\"]", Excerpt(key))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts() {
        let excerpt = |text: &str| Excerpt(text).to_string();
        assert_eq!(excerpt(""), "");
        assert_eq!(excerpt("\"a\\n\""), "\"a\\n\"");
        assert_eq!(excerpt("{\n\t\"a\": 1}"), "{\\n\\t\"a\": 1}");
        assert_eq!(excerpt("\u{7f}\u{85}\u{202e}\u{1b}"), "\\u{7f}\\u{85}\\u{202e}\\u{1b}");
        assert_eq!(excerpt("příliš"), "příliš");
        assert_eq!(excerpt(&"é".repeat(40)), "é".repeat(40));
        assert_eq!(excerpt(&"é".repeat(41)), format!("{}…", "é".repeat(40)));
    }

    #[test]
    fn segments() {
        let segment = |key: &str| Segment(key).to_string();
        assert_eq!(segment("reading_datetime"), "reading_datetime");
        assert_eq!(segment("1.8.0"), "[\"1.8.0\"]");
        assert_eq!(segment(""), "[\"\"]");
        assert_eq!(segment("a\nb"), "[\"a\\nb\"]");
        assert_eq!(segment(&"k".repeat(41)), format!("[\"{}…\"]", "k".repeat(40)));
    }
}
