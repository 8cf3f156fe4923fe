//! InfluxDB: the task that forwards to it what waits in the store.

mod client;
mod encoder;
mod forwarder;
mod line_maker;

use self::encoder::Encoder;
pub(crate) use self::{
    client::{Failure, InfluxClient, Refusal},
    forwarder::{Forwarder, News, Report, Sign},
    line_maker::{Identity, LineMaker},
};
