//! A strict JSON reader that borrows from its text and needs no memory.
//!
//! ```text
//! value  = object / array / string / number / "true" / "false" / "null"     ; RFC 8259
//! object = "{" [ string ":" value *( "," string ":" value ) ] "}"
//! array  = "[" [ value *( "," value ) ] "]"
//! ```
//!
//! It accepts what `serde_json` accepts, nested to any depth, and refuses the rest in the same words
//! and at the same place. Numbers stay as they are written. That escapes in a string make characters
//! is checked when its text is asked for; what is passed over need only look like escapes.

mod nesting;
mod number;
mod register;
mod scalar;
mod string;
mod syntax;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub(super) use self::scalar::{Scalar, Token};
use self::{
    nesting::{Container, Nesting},
    register::code_and_number,
    scalar::Shape,
    string::plain_string,
    syntax::Syntax,
};
use xt211_obis::ObisCode;

use super::Decoded;
use crate::Decimal;

/// A JSON text, and what of it is not read yet.
pub(super) struct Reader<'a> {
    /// Valid UTF-8.
    text: &'a [u8],
    /// A tail of `text`.
    rest: &'a [u8],
}

/// What is there where an object is wanted.
pub(super) enum Start {
    /// An object, whose first key is next.
    Object,
    /// `null`.
    Null,
    /// Something else, in words.
    Other(&'static str),
}

impl<'a> Reader<'a> {
    /// Reads a text that is known to be UTF-8.
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, rest: text }
    }

    /// Reads where an object is wanted. Of an array, only as much is read as `serde_json` does before
    /// it says where it stands.
    pub(super) fn start(&mut self) -> Decoded<Start> {
        let first = self.peek();
        Ok(match first {
            Some(b'{') => {
                self.advance();
                Start::Object
            }
            Some(b'[') => {
                self.advance();
                if !self.pass_if(b']') && self.pass_if(b',') {
                    self.peek();
                }
                Start::Other("an array")
            }
            Some(b'"') => {
                self.text()?;
                Start::Other("a string")
            }
            Some(b'-' | b'0'..=b'9') => {
                let start = self.rest;
                let _ = self.pass_number();
                self.reread::<f64>(start)?;
                Start::Other("a number")
            }
            _ => match self.pass_simple(first)? {
                Shape::Null => Start::Null,
                Shape::True => Start::Other("true"),
                _ => Start::Other("false"),
            },
        })
    }

    /// Reads the next key of an object, or its end.
    #[inline(always)]
    pub(super) fn key(&mut self, is_first: bool) -> Decoded<Option<Cow<'a, [u8]>>> {
        // As modules write it, without white space and escapes.
        let next = if is_first { Some(self.rest) } else { self.rest.strip_prefix(b",") };
        match next.and_then(plain_string) {
            Some((key, rest)) => {
                self.rest = rest;
                Ok(Some(Cow::Borrowed(key)))
            }
            None => self.any_key(is_first),
        }
    }

    #[cold]
    fn any_key(&mut self, is_first: bool) -> Decoded<Option<Cow<'a, [u8]>>> {
        match self.peek() {
            Some(b'}') => {
                self.advance();
                return Ok(None);
            }
            Some(b'"') if is_first => {}
            Some(_) if is_first => return self.fail_at_next(Syntax::KeyNotString),
            Some(b',') => {
                self.advance();
                match self.peek() {
                    Some(b'"') => {}
                    Some(b'}') => return self.fail_at_next(Syntax::TrailingComma),
                    Some(_) => return self.fail_at_next(Syntax::KeyNotString),
                    None => return self.fail_at_next(Syntax::EndInValue),
                }
            }
            Some(_) => return self.fail_at_next(Syntax::NoObjectEnd),
            None => return self.fail_at_next(Syntax::EndInObject),
        }
        self.text().map(Some)
    }

    /// Reads the colon behind a key.
    #[inline]
    pub(super) fn colon(&mut self) -> Decoded {
        match self.peek() {
            Some(b':') => {
                self.advance();
                Ok(())
            }
            Some(_) => self.fail_at_next(Syntax::NoColon),
            None => self.fail_at_next(Syntax::EndInObject),
        }
    }

    /// Reads keys that are a code and have a number for their value, `"C.D.E":NUMBER`, and hands
    /// them on, as long as that is what is next, without white space. Says whether there was one.
    #[inline]
    pub(super) fn codes_and_numbers(
        &mut self,
        is_first: bool,
        is_wanted: impl Fn(ObisCode) -> bool,
        mut take: impl FnMut(ObisCode, Decimal),
    ) -> bool {
        let start = self.rest;
        let mut next = if is_first { Some(start) } else { start.strip_prefix(b",") };
        while let Some((code, number, rest)) = next.and_then(code_and_number) {
            if !is_wanted(code) {
                break;
            }
            take(code, number);
            self.rest = rest;
            next = rest.strip_prefix(b",");
        }
        self.rest.len() < start.len()
    }

    /// Reads a value, whole; `None` for `null`.
    #[inline]
    pub(super) fn value(&mut self) -> Decoded<Option<Scalar<'a>>> {
        let start = self.rest;
        if let Some((_, rest)) = plain_string(start) {
            self.rest = rest;
            return Ok(Some(Scalar::new(self.since(start), Shape::Text)));
        }
        self.any_value()
    }

    fn any_value(&mut self) -> Decoded<Option<Scalar<'a>>> {
        let first = self.peek();
        let start = self.rest;
        let shape = match first {
            Some(b'[' | b'{') => {
                self.pass_nested()?;
                Shape::Nested
            }
            _ => self.pass_simple(first)?,
        };
        Ok((shape != Shape::Null).then(|| Scalar::new(self.since(start), shape)))
    }

    /// Sees to it that nothing follows.
    pub(super) fn end(&mut self) -> Decoded {
        match self.peek() {
            Some(_) => self.fail_at_next(Syntax::Trailing),
            None => Ok(()),
        }
    }

    /// Passes over a value that is neither array nor object.
    #[inline]
    fn pass_simple(&mut self, first: Option<u8>) -> Decoded<Shape> {
        match first {
            Some(b'"') => self.pass_string(),
            Some(b'-' | b'0'..=b'9') => self.pass_number(),
            Some(b't') => self.pass_word(b"true", Shape::True),
            Some(b'f') => self.pass_word(b"false", Shape::False),
            Some(b'n') => self.pass_word(b"null", Shape::Null),
            Some(_) => self.fail_at_next(Syntax::NoValue),
            None => self.fail_at_next(Syntax::EndInValue),
        }
    }

    fn pass_word(&mut self, word: &'static [u8], shape: Shape) -> Decoded<Shape> {
        for expected in word {
            match self.next() {
                Some(byte) if byte == *expected => {}
                Some(_) => return self.fail(Syntax::NoWord),
                None => return self.fail(Syntax::EndInValue),
            }
        }
        Ok(shape)
    }

    /// Passes over an array or an object. Not by recursion: whoever sends a message says how deep
    /// it is.
    fn pass_nested(&mut self) -> Decoded {
        let mut nesting = Nesting::default();
        loop {
            let is_first = match self.peek() {
                Some(b'[') => {
                    self.advance();
                    nesting.enter(Container::Array);
                    true
                }
                Some(b'{') => {
                    self.advance();
                    nesting.enter(Container::Object);
                    true
                }
                first => {
                    self.pass_simple(first)?;
                    false
                }
            };
            if !self.pass_to_next(&mut nesting, is_first)? {
                return Ok(());
            }
        }
    }

    /// Passes over what ends here, to where the next value begins, if there is one.
    fn pass_to_next(&mut self, nesting: &mut Nesting, mut is_first: bool) -> Decoded<bool> {
        while let Some(innermost) = nesting.innermost() {
            match (self.peek(), innermost) {
                (Some(b']'), Container::Array) | (Some(b'}'), Container::Object) => {
                    self.advance();
                    nesting.leave();
                    is_first = false;
                    continue;
                }
                (Some(b','), _) if !is_first => self.advance(),
                (Some(_), _) if is_first => {}
                (Some(_), Container::Array) => return self.fail_at_next(Syntax::NoArrayEnd),
                (Some(_), Container::Object) => return self.fail_at_next(Syntax::NoObjectEnd),
                (None, Container::Array) => return self.fail_at_next(Syntax::EndInArray),
                (None, Container::Object) => return self.fail_at_next(Syntax::EndInObject),
            }
            if innermost == Container::Object {
                match self.peek() {
                    Some(b'"') => self.pass_string()?,
                    Some(_) => return self.fail_at_next(Syntax::KeyNotString),
                    None => return self.fail_at_next(Syntax::EndInObject),
                };
                self.colon()?;
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// The next byte behind white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.rest {
                [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] => self.rest = rest,
                [byte, ..] => return Some(*byte),
                [] => return None,
            }
        }
    }

    /// Passes over a byte if it is the next one behind white space, and says whether it is.
    pub(super) fn pass_if(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        if is_next {
            self.advance();
        }
        is_next
    }

    /// Passes over a byte, if there is one.
    #[inline]
    fn advance(&mut self) {
        if let [_, rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    #[inline]
    fn next(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    /// How much is read.
    fn offset(&self) -> usize {
        // `rest` is a tail of `text`, so this cannot be less than zero.
        self.text.len().saturating_sub(self.rest.len())
    }

    /// What was read since there was this rest.
    #[inline]
    fn since(&self, start: &'a [u8]) -> &'a [u8] {
        start.get(..start.len().saturating_sub(self.rest.len())).unwrap_or_default()
    }
}
