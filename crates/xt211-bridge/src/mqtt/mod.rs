//! The broker: one session, over as many connections as it takes.

mod connection;
mod failure;
mod options;
mod session;

pub(crate) use self::{
    connection::{Connection, Delivery},
    failure::explain,
    options::{LastWill, options},
    session::{Event, Session},
};
