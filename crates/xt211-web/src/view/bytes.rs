//! Bytes that anybody may have sent, as text.

use std::fmt::Write as _;

/// Bytes as text: what is no text as `\xff`, and what would not be seen, or would change how the
/// rest is seen, as an escape. Lines and tabs stay.
pub(crate) fn as_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' | '\'' | '\\' | '\n' | '\t' => text.push(character),
                // Cannot fail: a string takes everything.
                _ => _ = write!(text, "{}", character.escape_debug()),
            }
        }
        for byte in chunk.invalid() {
            _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// The beginning of a text on one line, so many characters long at the most.
pub(crate) fn excerpt(text: &str, length: usize) -> String {
    let mut words = text.split_whitespace();
    let mut line = String::new();
    for word in &mut words {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.chars().nth(length).is_some() {
            let mut line: String = line.chars().take(length).collect();
            line.push('…');
            return line;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_seen_all_the_same() {
        let json = "{\"a\":\n\t\"C:\\žluť\"}";
        assert_eq!(as_text(json.as_bytes()), json);
        assert_eq!(as_text(b"a\x1b[2J\r\0\xff\xfeb"), r"a\u{1b}[2J\r\0\xff\xfeb");
        // What follows this is shown from right to left.
        assert_eq!(as_text("\u{202e}c".as_bytes()), r"\u{202e}c");
    }

    #[test]
    fn excerpts() {
        assert_eq!(excerpt("", 5), "");
        assert_eq!(excerpt(" a\n b ", 5), "a b");
        assert_eq!(excerpt("12345", 5), "12345");
        assert_eq!(excerpt("123456", 5), "12345…");
        assert_eq!(excerpt("žluťoučký", 3), "žlu…");
    }
}
