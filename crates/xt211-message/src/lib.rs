#![doc = include_str!("../README.md")]

mod decimal;
mod decode;
mod decoder;
mod error;
mod message;
mod time;

pub use decimal::{Decimal, DecimalError, DecimalText};
pub use decoder::Decoder;
pub use error::{ErrorKind, MessageError};
pub use message::{Battery, Message, ModuleStatus, Reading, Register, Registers, Value};
pub use time::{TimeError, TimePart, Zone, parse_time};
