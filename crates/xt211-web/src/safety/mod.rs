//! Who may see the page, and who may change something.
//!
//! Every request goes through two gates. [`shield`] is around everything: it refuses what no
//! honest browser or program sends, and puts the headers on every answer that keep other pages
//! out. [`admit`] is around all but the few addresses that are open to everybody: it lets in those
//! who may see the page, and says who they are, as a [`Visitor`](crate::visitor::Visitor).

mod access;
mod admission;
mod arrival;
mod brake;
mod doorkeeper;

mod login;
mod password;
mod secret;
mod session;
mod shield;

pub use self::{
    access::Access,
    password::{Password, PasswordError},
};
pub(crate) use self::{
    admission::admit,
    doorkeeper::Doorkeeper,
    login::{log_in, log_out, login},
    secret::is_same,
    shield::{LARGEST_BODY, shield},
};
