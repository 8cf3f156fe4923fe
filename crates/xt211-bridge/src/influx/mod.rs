//! InfluxDB: the task that forwards to it what waits in the store.

mod client;
mod condition;
mod encoder;
mod forwarder;
mod line_maker;

pub(crate) use self::condition::Condition;
use self::encoder::Encoder;
pub(crate) use self::{
    client::{Failure, InfluxClient, Refusal},
    forwarder::{Forwarder, News, Report, Sign},
    line_maker::{Identity, LineMaker},
};
