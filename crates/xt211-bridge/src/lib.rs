//! The parts of the program `xt211-bridge`, which bridges XT211 electricity meters from MQTT to
//! Home Assistant and InfluxDB. Not a library for others: those are the crates it is made of.
//!
//! ```text
//! mqtt ── Delivery ──▶ bridge ──▶ meter (decode, decide) ──▶ influx (outbox, forwarder) ──▶ InfluxDB
//!   ▲                                 │
//!   └───────── Announcement ── announcer (discovery, states)
//! ```

mod announcer;
mod backoff;
mod bridge;
pub mod cli;
pub mod command;
pub mod config;
pub mod decision;
#[cfg(feature = "demo")]
mod demo;
mod influx;
pub mod log;
mod meter;
mod mqtt;
mod registry;
mod routes;
mod timestamp;
mod tls;
