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
    /// Passes over a string behind its first quote.
    pub(super) fn pass_string(&mut self) -> Decoded<Shape> {
        let mut shape = Shape::Text;
        loop {
            self.rest = self.rest.get(plain(self.rest)..).unwrap_or_default();
            match self.rest {
                [b'"', rest @ ..] => {
                    self.rest = rest;
                    return Ok(shape);
                }
                [b'\\', rest @ ..] => {
                    self.rest = rest;
                    shape = Shape::Escaped;
                    self.pass_escape()?;
                }
                [_, ..] => return self.fail(Syntax::Control),
                [] => return self.fail(Syntax::EndInString),
            }
        }
    }

    /// Passes over an escape behind its backslash.
    #[cold]
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

    /// Reads a string, at its first quote.
    pub(super) fn text(&mut self) -> Decoded<Cow<'a, str>> {
        let start = self.rest;
        self.advance();
        match self.pass_string() {
            Ok(Shape::Text) => Ok(Cow::Borrowed(unquoted(self.since(start)))),
            Ok(_) | Err(_) => self.reread(start).map(Cow::Owned),
        }
    }
}

/// The text of a string without escapes.
pub(super) fn unquoted(json: &str) -> &str {
    json.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(json)
}

/// The text of a string with escapes, unless they make no characters.
#[cold]
pub(super) fn unescaped(json: &str) -> serde_json::Result<String> {
    serde_json::from_str(json)
}

/// How many bytes of a string are next that stand for themselves.
fn plain(bytes: &[u8]) -> usize {
    let is_special = |byte: &u8| matches!(byte, 0..=0x1f | b'"' | b'\\');
    bytes.iter().position(is_special).unwrap_or(bytes.len())
}
