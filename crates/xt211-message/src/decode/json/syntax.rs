//! What is wrong with a text that is no JSON.

use std::fmt;

use serde::de::DeserializeOwned;

use super::Reader;
use crate::{
    ErrorKind, MessageError,
    decode::{Decoded, position},
};

/// What is wrong, as `serde_json` says it.
#[derive(Debug)]
pub(super) enum Syntax {
    EndInArray,
    EndInObject,
    EndInString,
    EndInValue,
    NoArrayEnd,
    NoObjectEnd,
    NoColon,
    NoWord,
    NoValue,
    KeyNotString,
    TrailingComma,
    Trailing,
    BadNumber,
    Control,
    BadEscape,
    /// What else is wrong with a text or number that is wanted, in words of `serde_json`.
    Value(String),
}

impl fmt::Display for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EndInArray => "EOF while parsing a list",
            Self::EndInObject => "EOF while parsing an object",
            Self::EndInString => "EOF while parsing a string",
            Self::EndInValue => "EOF while parsing a value",
            Self::NoArrayEnd => "expected `,` or `]`",
            Self::NoObjectEnd => "expected `,` or `}`",
            Self::NoColon => "expected `:`",
            Self::NoWord => "expected ident",
            Self::NoValue => "expected value",
            Self::KeyNotString => "key must be a string",
            Self::TrailingComma => "trailing comma",
            Self::Trailing => "trailing characters",
            Self::BadNumber => "invalid number",
            Self::Control => "control character (\\u0000-\\u001F) found while parsing a string",
            Self::BadEscape => "invalid escape",
            Self::Value(words) => words,
        })
    }
}

impl<'a> Reader<'a> {
    /// The error that the byte just read makes.
    #[cold]
    pub(super) fn fail<T>(&self, syntax: Syntax) -> Decoded<T> {
        self.fail_at(self.offset(), &syntax)
    }

    /// The error that the next byte makes, or the end.
    #[cold]
    pub(super) fn fail_at_next<T>(&self, syntax: Syntax) -> Decoded<T> {
        self.fail_at(self.text.len().min(self.offset() + 1), &syntax)
    }

    /// The column of an error is that of the last byte that was looked at; 0 if that ended a line.
    fn fail_at<T>(&self, offset: usize, syntax: &Syntax) -> Decoded<T> {
        let (line, column) = self.end_of_line(offset);
        let detail = format!("{syntax} at line {line} column {column}");
        Err(MessageError::new(ErrorKind::Syntax, detail).at((line, column.max(1))))
    }

    /// Reads a text or a number by `serde_json`, which knows all that can be wrong with it.
    #[cold]
    pub(super) fn reread<T: DeserializeOwned>(&mut self, start: &'a [u8]) -> Decoded<T> {
        T::deserialize(&mut serde_json::Deserializer::from_slice(start)).or_else(|error| {
            let lines = start.split_inclusive(|byte| *byte == b'\n');
            let lines = lines.take(error.line().saturating_sub(1));
            let offset = lines.map(<[u8]>::len).sum::<usize>() + error.column();
            self.rest = start.get(offset..).unwrap_or_default();
            let error = error.to_string();
            let (words, _) = error.split_once(" at line ").unwrap_or((&error, ""));
            self.fail(Syntax::Value(words.to_owned()))
        })
    }

    /// Line and column of the last byte that was read.
    #[cold]
    pub(in crate::decode) fn position(&self) -> (usize, usize) {
        let (line, column) = self.end_of_line(self.offset());
        (line, column.max(1))
    }

    fn end_of_line(&self, offset: usize) -> (usize, usize) {
        position::end_of(self.text.get(..offset).unwrap_or_default())
    }
}
