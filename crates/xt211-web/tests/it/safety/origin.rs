//! Who may change something.

use axum::http::StatusCode;

use super::{PASSWORD, from, get, guarded, header, request};
use crate::fixture::Fixture;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// The token of a page, as another page could never read it.
async fn token(fixture: &Fixture) -> String {
    let page = get(fixture, "/", &[]).await.body;
    let (_, token) = page.split_once("name=\"token\" content=\"").unwrap();
    token.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_form_of_another_page_is_refused_even_with_the_token() {
    let fixture = Fixture::new();
    let body = format!("token={}", token(&fixture).await);
    let ours = [
        vec![],
        vec![("origin", "http://localhost:8099")],
        vec![("origin", "http://LOCALHOST:8099")],
        vec![("sec-fetch-site", "same-origin")],
        vec![("sec-fetch-site", "none")],
        // Of pages below a Home Assistant that says no-referrer.
        vec![("sec-fetch-site", "same-origin"), ("origin", "null")],
    ];
    let others = [
        vec![("origin", "http://evil.example")],
        vec![("origin", "http://localhost:8098")],
        vec![("origin", "http://localhost")],
        vec![("origin", "http://localhost:8099.evil.example")],
        vec![("origin", "null")],
        vec![("origin", "")],
        vec![("origin", "localhost:8099")],
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
        vec![("sec-fetch-site", "")],
        vec![("sec-fetch-site", "cross-site"), ("origin", "http://localhost:8099")],
    ];
    for (headers, expected) in ours
        .map(|it| (it, StatusCode::SEE_OTHER))
        .into_iter()
        .chain(others.map(|it| (it, StatusCode::FORBIDDEN)))
    {
        let all: Vec<_> = headers.iter().copied().chain([FORM]).collect();
        let answer = fixture.send(request("POST", "/logout", &all, &body)).await;
        assert_eq!(answer.status, expected, "{headers:?}");
    }
    for method in ["PUT", "DELETE", "PATCH", "BREW"] {
        let cross = [("origin", "http://evil.example"), ("content-type", "application/json")];
        let answer = fixture.send(request(method, "/api/meters", &cross, "{}")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method}");
    }
}

#[tokio::test]
async fn a_form_needs_the_token() {
    let fixture = Fixture::new();
    let token = token(&fixture).await;
    let short = &token[..token.len() - 1];
    for body in [String::new(), "token=".into(), format!("token={short}"), format!("x={token}")] {
        let answer = fixture.send(request("POST", "/logout", &[FORM], &body)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{body}");
        assert!(answer.body.contains("older page"), "{}", answer.body);
    }
    let other = Fixture::new();
    let body = format!("token={token}");
    let answer = other.send(request("POST", "/logout", &[FORM], &body)).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "the token of another program");
    assert_eq!(fixture.post("/logout", &[]).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_proxy_may_say_which_host_it_was() {
    let fixture = guarded();
    let body = format!("password={}", PASSWORD.replace(' ', "+"));
    for (forwarded, expected) in
        [("page.example", StatusCode::SEE_OTHER), ("other.example", StatusCode::FORBIDDEN)]
    {
        let headers = [("origin", "https://page.example"), ("x-forwarded-host", forwarded), FORM];
        let answer = fixture.send(request("POST", "/login", &headers, &body)).await;
        assert_eq!(answer.status, expected, "{forwarded}: {}", header(&answer, "location"));
    }
}

#[tokio::test]
async fn what_is_sent_to_the_api_is_json() {
    let fixture = Fixture::new();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "text/json", ""] {
        let headers = [("content-type", kind)];
        let answer = fixture.send(request("POST", "/api/nothing", &headers, "{}")).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
        assert_eq!(answer.headers["content-type"], "application/json");
        let error: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert!(error["error"]["message"].as_str().unwrap().contains("application/json"));
    }
    assert_eq!(fixture.post_json("/api/nothing", "{}").await.status, StatusCode::NOT_FOUND);
    let headers = [("content-type", "Application/JSON; charset=utf-8")];
    let answer = fixture.send(request("POST", "/api/nothing", &headers, "{}")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nobody_is_told_that_another_page_may_ask() {
    let fixture = Fixture::new();
    let headers = [
        ("origin", "http://evil.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type"),
    ];
    for address in ["/", "/logout", "/login", "/api/meters", "/nothing"] {
        let answer = fixture.send(request("OPTIONS", address, &headers, "")).await;
        assert!(answer.status.is_client_error(), "{address}: {}", answer.status);
        assert!(!answer.headers.keys().any(|it| it.as_str().starts_with("access-control")));
    }
}

/// What is looked at may be looked at as often as one likes.
#[tokio::test]
async fn looking_changes_nothing() {
    let fixture = guarded();
    for address in ["/logout", "/logout?token=x"] {
        for method in ["GET", "HEAD"] {
            let headers = [("authorization", "Basic eDpjb3JyZWN0IGhvcnNl")];
            let request = from("192.0.2.7", request(method, address, &headers, ""));
            let answer = fixture.send(request).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
            assert_eq!(header(&answer, "allow"), "POST");
        }
    }
}
