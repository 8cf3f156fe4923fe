//! Values as they stand in the text.

use std::borrow::Cow;

use crate::decode::fault::Fault;

/// A value's JSON text, well-formed and not `null`. Numbers are read from it, not through an
/// `f64`, so that they stay exact.
#[derive(Clone, Copy, Debug)]
pub(in crate::decode) struct Scalar<'a> {
    json: &'a [u8],
    shape: Shape,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Null,
    True,
    False,
    Number,
    /// A string without escapes.
    Text,
    /// A string with escapes.
    Escaped,
    /// An array or an object.
    Nested,
}

/// The types of JSON, less null and those of objects and arrays.
pub(in crate::decode) enum Token<'a> {
    Bool(bool),
    Number(&'a str),
    Text(Cow<'a, str>),
    Nested,
}

impl<'a> Scalar<'a> {
    #[inline]
    pub(super) fn new(json: &'a [u8], shape: Shape) -> Self {
        Self { json, shape }
    }

    /// As it stands in the message.
    pub(in crate::decode) fn json(self) -> &'a str {
        str_of(self.json)
    }

    /// What it says. Only now is it known whether surrogates come in pairs.
    #[inline]
    pub(in crate::decode) fn token(self) -> Result<Token<'a>, Fault> {
        Ok(match self.shape {
            Shape::Text => Token::Text(Cow::Borrowed(str_of(self.unquoted()))),
            Shape::Escaped => match serde_json::from_slice(self.json) {
                Ok(text) => Token::Text(Cow::Owned(text)),
                Err(_) => return Err(Fault::Escape),
            },
            Shape::Number => Token::Number(self.json()),
            Shape::True => Token::Bool(true),
            Shape::False => Token::Bool(false),
            Shape::Nested | Shape::Null => Token::Nested,
        })
    }

    /// The text of a string without escapes.
    #[inline]
    pub(in crate::decode) fn plain_text(self) -> Option<&'a [u8]> {
        (self.shape == Shape::Text).then(|| self.unquoted())
    }

    /// Whether this is a string of nothing but white space, however it is written.
    #[inline]
    pub(in crate::decode) fn is_blank(self) -> bool {
        match self.shape {
            Shape::Text => self.unquoted().iter().all(u8::is_ascii_whitespace),
            Shape::Escaped => {
                matches!(self.token(), Ok(Token::Text(text)) if text.trim_ascii().is_empty())
            }
            _ => false,
        }
    }

    /// A string without its quotes.
    #[inline]
    fn unquoted(self) -> &'a [u8] {
        match self.json {
            [b'"', text @ .., b'"'] => text,
            json => json,
        }
    }
}

/// Cannot fail: the message is UTF-8, and tokens begin and end with ASCII.
#[inline]
fn str_of(token: &[u8]) -> &str {
    str::from_utf8(token).unwrap_or_default()
}
