//! What goes along with every answer.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use futures_util::{StreamExt as _, stream};

use super::{PASSWORD, from, get, guarded, header, request};
use crate::fixture::Fixture;

#[tokio::test]
async fn every_answer_keeps_other_pages_out() {
    let (open, guarded) = (Fixture::new(), guarded());
    let far = |method, address| from("192.0.2.1", request(method, address, &[], ""));
    let near = |method, address| request(method, address, &[], "");
    for answer in [
        open.send(near("GET", "/")).await,
        open.send(near("HEAD", "/")).await,
        open.send(near("OPTIONS", "/")).await,
        open.send(near("DELETE", "/")).await,
        open.send(near("BREW", "/nothing")).await,
        open.send(near("GET", "/nothing")).await,
        open.send(near("GET", "/api/nothing")).await,
        open.send(near("GET", "/assets/1/nothing")).await,
        open.send(near("GET", "/assets/%ff/%fe")).await,
        open.send(near("POST", "/api/nothing")).await,
        open.send(near("POST", "/logout")).await,
        open.send(far("GET", "/")).await,
        open.send(request("GET", "/", &[("host", "evil.example")], "")).await,
        guarded.send(far("GET", "/")).await,
        guarded.send(far("GET", "/login")).await,
        guarded.send(far("POST", "/login")).await,
        guarded.send(far("GET", "/api/nothing")).await,
        guarded.send(request("GET", "/", &[("accept", "text/html")], "")).await,
    ] {
        let policy = header(&answer, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
        assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(header(&answer, name), value, "{name} of {}", answer.status);
        }
        assert!(header(&answer, "permissions-policy").contains("camera=()"));
    }
}

#[tokio::test]
async fn pages_have_nothing_in_them_that_the_policy_forbids() {
    let (open, guarded) = (Fixture::new(), guarded());
    for page in [
        get(&open, "/", &[]).await,
        get(&open, "/nothing", &[]).await,
        get(&guarded, "/login", &[]).await,
    ] {
        assert!(!page.body.contains("style="), "{}", page.body);
        assert!(!page.body.contains(" on"), "{}", page.body);
        assert!(!page.body.contains("<style"), "{}", page.body);
        assert!(!page.body.contains("://"), "nothing from the network: {}", page.body);
        assert!(page.body.contains("<meta name=\"referrer\" content=\"same-origin\">"));
    }
}

#[tokio::test]
async fn why_there_is_no_page() {
    let fixture = Fixture::new();
    let page = get(&fixture, "/nothing", &[]).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.body.contains("There is no such page."), "{}", page.body);
    assert!(page.body.contains("style.css"), "{}", page.body);
    let json = get(&fixture, "/api/nothing", &[]).await;
    assert_eq!(json.headers["content-type"], "application/json");
    assert_eq!(json.body, r#"{"error":{"message":"There is no such page.","place":null}}"#);
    let page = fixture.send(request("DELETE", "/", &[], "")).await;
    assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(header(&page, "allow"), "GET,HEAD");
    assert!(page.body.contains("Method Not Allowed"), "{}", page.body);
}

#[tokio::test]
async fn paths_do_not_lead_out() {
    let fixture = Fixture::new();
    for path in [
        "/../etc/passwd",
        "/assets/../settings",
        "/assets/1/../../Cargo.toml",
        "/assets/1/..%2f..%2fCargo.toml",
        "/assets/%2e%2e/%2e%2e",
        "/assets/1/style.css%00.png",
        "//",
        "//evil.example/",
        "/%00",
        "/\\",
        "/;/",
    ] {
        let answer = get(&fixture, path, &[]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(header(&answer, "location"), "", "{path}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_not_taken() {
    let fixture = guarded();
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let large = format!("password={}", "x".repeat(65 * 1024));
    let answer = fixture.send(request("POST", "/login", &[kind], &large)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.body.contains("<h1>Payload Too Large</h1>"), "{}", answer.body);
    // Not even if its size is not said before.
    let parts = stream::repeat("x".repeat(1000)).map(Ok::<_, std::io::Error>).take(1000);
    let long = Request::post("/login").header(kind.0, kind.1).header("host", "localhost");
    let answer = fixture.send(long.body(Body::from_stream(parts)).unwrap()).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test(start_paused = true)]
async fn what_comes_too_slowly_is_not_waited_for() {
    let fixture = guarded();
    let begin = tokio::time::Instant::now();
    let drops = stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Some((Ok::<_, std::io::Error>("x"), ()))
    });
    let slow = Request::post("/login")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("host", "localhost");
    let answer = fixture.send(slow.body(Body::from_stream(drops.boxed())).unwrap()).await;
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
    assert!(answer.body.contains("It took too long"), "{}", answer.body);
    assert_eq!(begin.elapsed().as_secs(), 30);
}

/// Whatever is shown to those who may not see the page.
#[tokio::test]
async fn no_secret_leaves() {
    let fixture = guarded();
    for address in ["/", "/login", "/nothing", "/api/nothing", "/metrics", "/healthz"] {
        for accept in ["text/html", "*/*"] {
            let answer = get(&fixture, address, &[("accept", accept)]).await;
            for secret in [PASSWORD, "$argon2", "name=\"token\""] {
                assert!(!answer.body.contains(secret), "{address}: {}", answer.body);
            }
        }
    }
}
