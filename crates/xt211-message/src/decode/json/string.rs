//! Strings.
//!
//! ```text
//! string = %x22 *( plain / escape ) %x22
//! plain  = %x20-21 / %x23-5B / %x5D-10FFFF
//! escape = "\" ( %x22 / "\" / "/" / "b" / "f" / "n" / "r" / "t" / "u" 4hexdigit )
//! ```

use std::borrow::Cow;

use super::{Reader, scalar::Shape, syntax::Syntax};
use crate::decode::Decoded;

impl<'a> Reader<'a> {
    /// Reads a string, at its first quote.
    pub(super) fn text(&mut self) -> Decoded<Cow<'a, [u8]>> {
        if let Some((text, rest)) = plain_string(self.rest) {
            self.rest = rest;
            return Ok(Cow::Borrowed(text));
        }
        let start = self.rest;
        self.advance();
        let _ = self.pass_escapes();
        self.reread::<String>(start).map(|text| Cow::Owned(text.into_bytes()))
    }

    /// Passes over a string, at its first quote.
    pub(super) fn pass_string(&mut self) -> Decoded<Shape> {
        if let Some((_, rest)) = plain_string(self.rest) {
            self.rest = rest;
            return Ok(Shape::Text);
        }
        self.advance();
        self.pass_escapes()
    }

    /// Passes over a string with escapes, or that does not end, behind its first quote.
    #[cold]
    fn pass_escapes(&mut self) -> Decoded<Shape> {
        loop {
            self.rest = self.rest.get(plain(self.rest)..).unwrap_or_default();
            match self.rest {
                [b'"', rest @ ..] => {
                    self.rest = rest;
                    return Ok(Shape::Escaped);
                }
                [b'\\', rest @ ..] => {
                    self.rest = rest;
                    self.pass_escape()?;
                }
                [_, ..] => return self.fail(Syntax::Control),
                [] => return self.fail(Syntax::EndInString),
            }
        }
    }

    /// Passes over an escape behind its backslash.
    fn pass_escape(&mut self) -> Decoded {
        match self.next() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(()),
            Some(b'u') => {
                let (digits, rest) = self.rest.split_at_checked(4).unwrap_or((&[], &[]));
                self.rest = rest;
                match digits {
                    [] => self.fail(Syntax::EndInString),
                    _ if digits.iter().all(u8::is_ascii_hexdigit) => Ok(()),
                    _ => self.fail(Syntax::BadEscape),
                }
            }
            Some(_) => self.fail(Syntax::BadEscape),
            None => self.fail(Syntax::EndInString),
        }
    }
}

/// The string without escapes that a text begins with, without its quotes, and what follows it.
#[inline]
pub(super) fn plain_string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let [b'"', string @ ..] = text else { return None };
    let (string, rest) = string.split_at_checked(plain(string))?;
    let [b'"', rest @ ..] = rest else { return None };
    Some((string, rest))
}

/// How many bytes of a string are next that stand for themselves.
#[inline]
fn plain(bytes: &[u8]) -> usize {
    let mut count = 0;
    let mut rest = bytes;
    while let Some((chunk, tail)) = rest.split_first_chunk() {
        let special = special(u64::from_le_bytes(*chunk));
        if special != 0 {
            // The lowest flag is at the first byte.
            return count + special.trailing_zeros() as usize / 8;
        }
        count += chunk.len();
        rest = tail;
    }
    let is_special = |byte: &u8| matches!(byte, 0..=0x1f | b'"' | b'\\');
    count + rest.iter().position(is_special).unwrap_or(rest.len())
}

/// Flags the bytes of a word that are quotes, backslashes or control characters, by their highest
/// bits. Flags above the lowest one may be wrong, as subtraction borrows from there.
///
/// Eight bytes at once, since most of a message is strings: see Mycroft's test for a zero byte,
/// <https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord>.
const fn special(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const fn below(word: u64, limit: u8) -> u64 {
        word.wrapping_sub(ONES * limit as u64) & !word
    }
    let quote = below(word ^ (ONES * b'"' as u64), 1);
    let backslash = below(word ^ (ONES * b'\\' as u64), 1);
    (below(word, 0x20) | quote | backslash) & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_at_each_place() {
        for (place, byte) in (0..20).flat_map(|place| (0..=255).map(move |byte| (place, byte))) {
            let mut text = *b"a string of 20 bytes";
            text[place] = byte;
            let is_special = byte < b' ' || byte == b'"' || byte == b'\\';
            assert_eq!(plain(&text), if is_special { place } else { 20 }, "{byte:#x}");
        }
    }
}
