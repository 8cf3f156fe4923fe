//! Behind Home Assistant's ingress.

use axum::http::StatusCode;
use xt211_web::{Access, Password};

use super::{PASSWORD, from, header, request};
use crate::fixture::{Answer, Fixture};

const PATH: &str = "/api/hassio_ingress/aB3-_x";

fn fixture() -> Fixture {
    Fixture::with(Access { password: None, ingress: Some(Access::SUPERVISOR) })
}

async fn get(fixture: &Fixture, peer: &str, address: &str, path: &str) -> Answer {
    let headers = [("host", "homeassistant.local:8123"), ("x-ingress-path", path)];
    fixture.send(from(peer, request("GET", address, &headers, ""))).await
}

#[tokio::test]
async fn whoever_comes_through_it_is_let_in() {
    let fixture = fixture();
    for peer in ["172.30.32.2", "::ffff:172.30.32.2"] {
        let page = get(&fixture, peer, "/", PATH).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains(&format!("<base href=\"{PATH}/\">")), "{}", page.body);
        assert!(!page.body.contains("Log out"), "{}", page.body);
        let policy = header(&page, "content-security-policy");
        assert!(policy.ends_with("frame-ancestors 'self'"), "{policy}");
        let none = get(&fixture, peer, "/nothing", PATH).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND);
        assert!(none.body.contains(&format!("<base href=\"{PATH}/\">")), "{}", none.body);
        let login = get(&fixture, peer, "/login?next=charts", PATH).await;
        assert_eq!(header(&login, "location"), format!("{PATH}/charts"));
    }
    // The supervisor itself says no path.
    let request = request("GET", "/", &[], "");
    assert_eq!(fixture.send(from("172.30.32.2", request)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn its_path_is_what_it_has_to_be() {
    let fixture = fixture();
    let long = format!("/api/hassio_ingress/{}", "x".repeat(300));
    for path in [
        "",
        "/",
        "/api/hassio_ingress/",
        "/api/hassio_ingress/a/",
        "/api/hassio_ingress/a/b",
        "/api/hassio_ingress/..",
        "/api/hassio_ingress/\"><script>",
        "/api/hassio_ingress/%22",
        "//evil.example/api/hassio_ingress/a",
        "http://evil.example",
        "/elsewhere",
        "javascript:alert(1)",
        &long,
    ] {
        let answer = get(&fixture, "172.30.32.2", "/", path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(path.len() < 3 || !answer.body.contains(path), "{}", answer.body);
    }
}

#[tokio::test]
async fn from_anybody_else_it_means_nothing() {
    let password = Some(Password::new(PASSWORD).unwrap());
    let guarded = Fixture::with(Access { password, ingress: Some(Access::SUPERVISOR) });
    let open = Fixture::new();
    let page = get(&open, "127.0.0.1", "/", PATH).await;
    assert_eq!(page.status, StatusCode::MISDIRECTED_REQUEST, "by its host");
    let headers = [("x-ingress-path", PATH)];
    let page = open.send(request("GET", "/", &headers, "")).await;
    assert!(page.body.contains("<base href=\"/\">"), "{}", page.body);
    for peer in ["127.0.0.1", "172.30.32.1", "172.30.32.3", "10.0.0.1"] {
        let answer = get(&fixture(), peer, "/", PATH).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{peer}");
        assert!(!answer.body.contains(PATH), "{}", answer.body);
        let answer = get(&guarded, peer, "/", PATH).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{peer}");
        let policy = header(&answer, "content-security-policy");
        assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
    }
    assert_eq!(get(&guarded, "172.30.32.2", "/", PATH).await.status, StatusCode::OK);
}

#[tokio::test]
async fn forms_work_below_it() {
    let fixture = fixture();
    let page = get(&fixture, "172.30.32.2", "/", PATH).await.body;
    let (_, token) = page.split_once("name=\"token\" content=\"").unwrap();
    let body = format!("token={}", token.split('"').next().unwrap());
    for (origin, expected) in [
        ("http://homeassistant.local:8123", StatusCode::SEE_OTHER),
        ("http://evil.example", StatusCode::FORBIDDEN),
    ] {
        let headers = [
            ("host", "homeassistant.local:8123"),
            ("origin", origin),
            ("x-ingress-path", PATH),
            ("x-forwarded-for", "192.168.1.7, 172.30.32.1"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let request = request("POST", "/logout", &headers, &body);
        let answer = fixture.send(from("172.30.32.2", request)).await;
        assert_eq!(answer.status, expected);
    }
}
