//! The program as its users have it: started as it is, between a real broker and a real database.
//!
//! Each test has servers of its own. They are Debian's; who runs the tests as root on a Debian gets
//! them installed.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod bad_input;
mod broker;
mod check;
mod command_line;
mod decode;
mod disk;
mod export;
mod forwarding;
mod fresh;
mod home_assistant;
mod kept;
mod kill_points;
mod leaving;
mod live;
mod memory;
mod meters;
mod migration;
mod outages;
mod page;
mod power_cut;
mod promise;
mod secrets;
mod set_aside;
mod several;
mod statistics;
mod support;
mod tls;
