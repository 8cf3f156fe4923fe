#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod ascii;
mod builder;
mod draft;
mod error;
mod escape;
#[cfg(feature = "influxdb2")]
mod lines;
mod measurement;
mod meter;
mod set;
mod value;

pub use builder::{AfterFields, AfterMeasurement, LineBuilder};
pub use error::{Element, ErrorKind, LineError};
#[cfg(feature = "influxdb2")]
pub use lines::Lines;
pub use measurement::Measurement;
pub use meter::{encode_reading, encode_status};
pub use value::FieldValue;
