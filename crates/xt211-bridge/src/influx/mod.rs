//! InfluxDB: what waits for it, and the task that forwards it.

mod client;
mod encoder;
mod forwarder;
mod outbox;

pub(crate) use self::{
    client::{Failure, InfluxClient},
    encoder::Encoder,
    forwarder::Forwarder,
    outbox::{Entry, Outbox},
};
