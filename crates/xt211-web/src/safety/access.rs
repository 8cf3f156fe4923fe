//! Who may see the page.

use std::net::{IpAddr, Ipv4Addr};

use crate::safety::Password;

/// Who may see the page: everybody on this machine, unless more is said.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// With a password, everybody who knows it; and nobody else, not even on this machine.
    pub password: Option<Password>,
    /// The address of an ingress, which lets in only those who may see the page. All others then
    /// need the password, also on this machine; without one, they are refused.
    pub ingress: Option<IpAddr>,
}

impl Access {
    /// The address of Home Assistant's supervisor, from which its ingress comes, as its
    /// documentation for apps says (Presentation, Ingress).
    pub const SUPERVISOR: IpAddr = IpAddr::V4(Ipv4Addr::new(172, 30, 32, 2));
}
