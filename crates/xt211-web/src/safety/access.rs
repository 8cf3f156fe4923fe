//! Who may see the page.

use std::net::{IpAddr, Ipv4Addr};

/// Who may see the page: everybody on this machine, unless more is said.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The address of an ingress, which lets in only those who may see the page. Nobody else is
    /// then let in without a password.
    pub ingress: Option<IpAddr>,
}

impl Access {
    /// The address of Home Assistant's supervisor, from which its ingress comes.
    pub const SUPERVISOR: IpAddr = IpAddr::V4(Ipv4Addr::new(172, 30, 32, 2));
}
