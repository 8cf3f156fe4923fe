//! The parts of the program `xt211-bridge`, which bridges XT211 electricity meters from MQTT to
//! Home Assistant and InfluxDB. Not a library for others: those are the crates it is made of.
//!
//! ```text
//! mqtt ── Delivery ──▶ bridge ──▶ metering_point (decode, decide) ──▶ keeper (the store)
//!   ▲ ▲                  │  │                                            │
//!   │ └─ acknowledge ────┘  ▼                                            ▼
//!   └──── Announcement ── announcer (discovery, states)     influx (forwarder) ──▶ InfluxDB
//!                                                      statistics (statistician) ──▶ Home Assistant
//! ```
//!
//! Each configuration has a bridge of its own: operation leads from one to the next, and control is
//! the handle to it.

mod announcer;
mod backoff;
mod bridge;
pub mod cli;
pub mod command;
pub mod config;
mod control;
#[cfg(feature = "demo")]
mod demo;
mod export;
mod influx;
mod keeper;
pub mod log;
mod metering_point;
mod mqtt;
mod operation;
mod page;
mod registry;
mod routes;
mod statistics;
mod timestamp;
mod tls;
mod trial;
