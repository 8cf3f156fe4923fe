#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(test)]
extern crate std;

mod code;
#[cfg(feature = "alloc")]
mod convert;
mod meaning;
mod name;
mod parse;
#[cfg(feature = "serde")]
mod serde;
mod text;

pub use code::{FullForm, ObisCode};
pub use meaning::{Direction, Meaning, Phase, Quantity, RegisterKind, Tariff, Unit};
pub use name::Name;
pub use parse::{Expected, ParseError};
pub use text::CodeText;
