//! Who may see the page, and who may change something.

mod headers;
mod ingress;
mod local;
mod origin;
mod password;

use std::net::{IpAddr, SocketAddr};

use axum::{body::Body, extract::ConnectInfo, http::Request};
use xt211_web::{Access, Password};

use crate::fixture::{Answer, Fixture};

const PASSWORD: &str = "correct horse";

/// With a password.
fn guarded() -> Fixture {
    let password = Some(Password::new(PASSWORD).unwrap());
    Fixture::with(Access { password, ingress: None })
}

/// Asks for a page with these headers, and `localhost` as the host unless they say another.
async fn get(fixture: &Fixture, address: &str, headers: &[(&str, &str)]) -> Answer {
    fixture.send(request("GET", address, headers, "")).await
}

fn request(method: &str, address: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(address);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "localhost:8099");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.to_owned().into()).unwrap()
}

/// The same from elsewhere.
fn from(peer: &str, mut request: Request<Body>) -> Request<Body> {
    let peer = SocketAddr::from((peer.parse::<IpAddr>().unwrap(), 40_000));
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |it| it.to_str().unwrap())
}
