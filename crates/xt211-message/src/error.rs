//! What is wrong with a message.
/// Why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} at {place}")]
pub struct MessageError { code: &'static str, place: String }
/// Kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind { /// a
 A }
