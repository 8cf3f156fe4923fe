//! On the machine itself, without a password.

use axum::http::StatusCode;
use xt211_web::Access;

use super::{from, get, request};
use crate::fixture::Fixture;

#[tokio::test]
async fn only_by_a_name_that_means_this_machine_everywhere() {
    let fixture = Fixture::new();
    for host in
        ["localhost", "localhost:8099", "LocalHost:1", "127.0.0.1:8099", "127.8.7.6", "[::1]:8099"]
    {
        let answer = get(&fixture, "/", &[("host", host)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{host}");
    }
    for host in [
        "evil.example",
        "evil.example:8099",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "192.168.1.2:8099",
        "[::2]",
        "0.0.0.0:8099",
        "2130706433",
    ] {
        for address in ["/", "/api/meters", "/nothing"] {
            let answer = get(&fixture, address, &[("host", host)]).await;
            assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
            assert!(answer.body.contains("shown only as localhost"), "{}", answer.body);
        }
    }
    for host in ["", "a b", "root@localhost", "http://localhost"] {
        let answer = get(&fixture, "/", &[("host", host)]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{host}");
    }
}

#[tokio::test]
async fn there_is_one_host() {
    let fixture = Fixture::new();
    let two = [("host", "localhost"), ("host", "evil.example")];
    assert_eq!(get(&fixture, "/", &two).await.status, StatusCode::BAD_REQUEST);
    let both = get(&fixture, "http://evil.example/", &[("host", "localhost")]).await;
    assert_eq!(both.status, StatusCode::BAD_REQUEST);
    let both = get(&fixture, "http://localhost/", &[("host", "localhost")]).await;
    assert_eq!(both.status, StatusCode::OK);
}

#[tokio::test]
async fn nobody_from_elsewhere() {
    let fixture = Fixture::new();
    for peer in ["192.168.1.2", "172.30.32.2", "fe80::1", "::ffff:10.0.0.1", "0.0.0.0"] {
        for address in ["/", "/settings", "/api/meters", "/metrics"] {
            let answer = fixture.send(from(peer, request("GET", address, &[], ""))).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{peer} {address}");
            assert!(answer.body.contains("Set web.password"), "{}", answer.body);
        }
        // There is nothing to log in with.
        let answer = fixture.send(from(peer, request("GET", "/login", &[], ""))).await;
        assert_eq!(answer.headers["location"], "/");
    }
    for peer in ["::1", "::ffff:127.0.0.1", "127.1.2.3"] {
        let answer = fixture.send(from(peer, request("GET", "/", &[], ""))).await;
        assert_eq!(answer.status, StatusCode::OK, "{peer}");
    }
}

/// A proxy on this machine speaks for others.
#[tokio::test]
async fn nobody_through_a_proxy() {
    let fixture = Fixture::new();
    for (name, value) in [
        ("x-forwarded-for", "192.168.1.2"),
        ("x-forwarded-host", "localhost"),
        ("x-forwarded-proto", "https"),
        ("x-real-ip", "192.168.1.2"),
        ("forwarded", "for=192.168.1.2"),
        ("via", "1.1 proxy"),
    ] {
        let answer = get(&fixture, "/", &[(name, value)]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name}");
    }
}

#[tokio::test]
async fn nobody_beside_an_ingress() {
    let fixture = Fixture::with(Access { password: None, ingress: Some(Access::SUPERVISOR) });
    for peer in ["127.0.0.1", "172.30.32.1", "172.30.33.4"] {
        let answer = fixture.send(from(peer, request("GET", "/", &[], ""))).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{peer}");
        assert!(answer.body.contains("opened from Home Assistant"), "{}", answer.body);
    }
}
