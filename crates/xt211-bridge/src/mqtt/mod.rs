//! The broker: one session, over as many connections as it takes.

mod connection;
mod failure;
mod gathering;
mod guest;
mod options;
mod session;

pub(crate) use self::{
    connection::{Connection, Delivery},
    failure::explain,
    guest::{Guest, granted, guest_options},
    options::{LastWill, options},
    session::{Event, Session},
};
