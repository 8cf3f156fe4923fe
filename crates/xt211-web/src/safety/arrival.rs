//! How a request has come.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, Request},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode, Version,
        header::{CONTENT_TYPE, FORWARDED, HOST, ORIGIN, VIA},
        uri::Authority,
    },
};

use crate::{failure::Failure, safety::Access};

/// The longest prefix of an ingress that is believed.
const LONGEST_BASE: usize = 256;

/// How a request has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// The address at the other end of the connection.
    pub(crate) peer: IpAddr,
    /// Whether it came through the ingress, which lets in only those who may come.
    pub(crate) is_ingress: bool,
    /// The path below which the page is for whoever sent it, without a slash at its end.
    pub(crate) base: String,
    /// The host and port that it was sent to, as the sender sees it.
    host: Option<Authority>,
    /// Whether a proxy says that it has passed it on.
    is_forwarded: bool,
    /// Where it comes from in the end, as far as that can be told.
    pub(crate) source: IpAddr,
}

impl Arrival {
    pub(crate) fn of(request: &Request, access: &Access) -> Result<Self, Failure> {
        let ConnectInfo(peer) = request
            .extensions()
            .get::<ConnectInfo<SocketAddr>>()
            .ok_or_else(|| Failure::Fault("a request without a peer".into()))?;
        let headers = request.headers();
        let peer = peer.ip().to_canonical();
        let is_ingress = access.ingress.is_some_and(|ingress| ingress.to_canonical() == peer);
        let base = if is_ingress { base(headers)? } else { String::new() };
        let host = host(request)?;
        let forwarded_for = headers.get_all("x-forwarded-for").iter().next_back();
        let is_forwarded = headers.keys().any(is_of_proxy);
        // A proxy on this machine adds whom it speaks for at the end. Anybody else may write there
        // what they like. Whoever does so from this machine gets around the brake for one only.
        let source = forwarded_for.filter(|_| peer.is_loopback()).and_then(last_address);
        let source = source.unwrap_or(peer);
        Ok(Self { peer, is_ingress, base, host, is_forwarded, source })
    }

    /// Whether it comes from this very machine, and was sent to it by a name that means this
    /// machine everywhere. A page of somebody else, whose name suddenly means this machine, is
    /// kept out by that (DNS rebinding).
    pub(crate) fn is_local(&self) -> Result<(), Failure> {
        let refused = |status, message: &str| Err(Failure::Refused(status, message.into()));
        if !self.peer.is_loopback() || self.is_forwarded {
            let message = "Without a password, this page is shown only on the machine that it \
                           runs on, and not through a proxy. Set web.password there.";
            return refused(StatusCode::FORBIDDEN, message);
        }
        let host = self.host.as_ref().map_or("", Authority::host);
        let address = host.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(host);
        let is_loopback = address.parse().is_ok_and(|it: IpAddr| it.to_canonical().is_loopback());
        if is_loopback || host.eq_ignore_ascii_case("localhost") {
            return Ok(());
        }
        let message = "Without a password, this page is shown only as localhost, 127.0.0.1 or \
                       [::1]: use one of these in the address, or set web.password.";
        refused(StatusCode::MISDIRECTED_REQUEST, message)
    }

    /// Whether it may change something, by what a browser says of the page that it comes from.
    ///
    /// As Go's `CrossOriginProtection` does: browsers say where a request comes from, either in
    /// `Sec-Fetch-Site` or, over plain HTTP, in `Origin`. Whoever says neither is no browser, and
    /// cannot be made to send what its owner does not want.
    pub(crate) fn may_change(&self, headers: &HeaderMap) -> bool {
        if let Some(site) = headers.get("sec-fetch-site") {
            return site == "same-origin" || site == "none";
        }
        let Some(origin) = headers.get(ORIGIN) else { return true };
        let origin = origin.to_str().ok().and_then(|it| it.split_once("://"));
        let Some((_, origin)) = origin else { return false };
        // A proxy may have changed the one, but a page of somebody else cannot send the other:
        // a browser would ask us first whether it may.
        let own = self.host.as_ref().map(Authority::as_str);
        let forwarded = headers.get("x-forwarded-host").and_then(|it| it.to_str().ok());
        [own, forwarded].into_iter().flatten().any(|it| it.eq_ignore_ascii_case(origin))
    }
}

/// Whether this says that it is JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let (essence, _) = kind.split_once(';').unwrap_or((kind, ""));
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// The host that a request was sent to.
fn host(request: &Request) -> Result<Option<Authority>, Failure> {
    let refused = |message: &str| Failure::Refused(StatusCode::BAD_REQUEST, message.into());
    let mut hosts = request.headers().get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => Authority::try_from(host.as_bytes()).ok(),
        // Of old, there was none.
        (None, _) if request.version() < Version::HTTP_11 => return Ok(None),
        _ => return Err(refused("A request has one header Host.")),
    };
    let host = host.filter(|it| !it.as_str().contains('@'));
    let host = host.ok_or_else(|| refused("The header Host is not a host."))?;
    // A whole address goes over the header (RFC 9112, 3.2.2); whoever sends both, and different
    // ones, is up to something.
    if request.uri().authority().is_some_and(|it| *it != host) {
        return Err(refused("The header Host is not that of the address."));
    }
    Ok(Some(host))
}

/// The path that an ingress says to be below. It gets into pages and headers.
fn base(headers: &HeaderMap) -> Result<String, Failure> {
    // The supervisor itself, which asks how we are, says none.
    let Some(path) = headers.get("x-ingress-path") else { return Ok(String::new()) };
    let path = path.to_str().unwrap_or_default();
    let token = path.strip_prefix("/api/hassio_ingress/").unwrap_or_default();
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_');
    if token.is_empty() || token.len() > LONGEST_BASE || !token.bytes().all(is_plain) {
        let message = "The header X-Ingress-Path is not that of Home Assistant.";
        return Err(Failure::Refused(StatusCode::BAD_REQUEST, message.into()));
    }
    Ok(path.to_owned())
}

/// Whether it is a header that proxies add, be it only one of them.
fn is_of_proxy(name: &HeaderName) -> bool {
    *name == FORWARDED
        || *name == VIA
        || name == "x-real-ip"
        || name.as_str().starts_with("x-forwarded-")
}

fn last_address(forwarded_for: &HeaderValue) -> Option<IpAddr> {
    let address = forwarded_for.to_str().ok()?.rsplit(',').next()?;
    address.trim().parse().ok()
}
