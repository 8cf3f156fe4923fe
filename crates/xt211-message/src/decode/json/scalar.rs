//! Values as they stand in the text.

use std::borrow::Cow;

use super::string::{unescaped, unquoted};
use crate::decode::fault::Fault;

/// A value's JSON text, well-formed and not `null`. Numbers are read from it, not through an
/// `f64`, so that they stay exact.
#[derive(Clone, Copy, Debug)]
pub(in crate::decode) struct Scalar<'a> {
    json: &'a str,
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
    pub(super) fn new(json: &'a str, shape: Shape) -> Self {
        Self { json, shape }
    }

    /// As it stands in the message.
    pub(in crate::decode) fn json(self) -> &'a str {
        self.json
    }

    /// What it says. Only now is it known whether surrogates come in pairs.
    pub(in crate::decode) fn token(self) -> Result<Token<'a>, Fault> {
        Ok(match self.shape {
            Shape::Text => Token::Text(Cow::Borrowed(unquoted(self.json))),
            Shape::Escaped => {
                Token::Text(Cow::Owned(unescaped(self.json).map_err(|_| Fault::Escape)?))
            }
            Shape::Number => Token::Number(self.json),
            Shape::True => Token::Bool(true),
            Shape::False => Token::Bool(false),
            Shape::Nested | Shape::Null => Token::Nested,
        })
    }

    /// Whether this is a string of nothing but white space.
    pub(in crate::decode) fn is_blank(self) -> bool {
        self.shape == Shape::Text && unquoted(self.json).trim_ascii().is_empty()
    }
}
