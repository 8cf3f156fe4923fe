//! With a password.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode};
use xt211_web::{Access, Password};

use super::{PASSWORD, from, get, guarded, header, request};
use crate::fixture::{Answer, Fixture};

const HTML: (&str, &str) = ("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");

async fn log_in(fixture: &Fixture, password: &str, next: &str, headers: &[(&str, &str)]) -> Answer {
    let body = serde_urlencoded::to_string([("password", password), ("next", next)]).unwrap();
    let form = ("content-type", "application/x-www-form-urlencoded");
    let headers: Vec<_> = headers.iter().copied().chain([form]).collect();
    fixture.send(request("POST", "/login", &headers, &body)).await
}

/// What a browser sends back of a cookie.
fn cookie(answer: &Answer) -> String {
    header(answer, "set-cookie").split(';').next().unwrap().to_owned()
}

/// Of HTTP Basic authentication.
fn basic(user: &str, password: &str) -> String {
    use base64::Engine as _;
    let credentials = format!("{user}:{password}");
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(credentials))
}

#[tokio::test]
async fn whoever_does_not_know_it_sees_nothing() {
    let fixture = guarded();
    for peer in ["127.0.0.1", "192.168.1.2", "172.30.32.2"] {
        for (address, location) in [
            ("/", "/login"),
            ("/charts?by=day&meter=a", "/login?next=charts%3Fby%3Dday%26meter%3Da"),
            ("/nothing", "/login?next=nothing"),
            ("//evil.example/x", "/login?next=evil%2Eexample%2Fx"),
            ("/%5cevil.example", "/login?next=%255cevil%2Eexample"),
            ("/logout", "/login"),
        ] {
            let request = request("GET", address, &[HTML, ("x-ingress-path", "/api/x")], "");
            let answer = fixture.send(from(peer, request)).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{address}");
            assert_eq!(header(&answer, "location"), location, "{address}");
            assert_eq!(answer.body, "");
        }
        for address in ["/api/meters", "/api/", "/metrics"] {
            let answer = fixture.send(from(peer, request("GET", address, &[HTML], ""))).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{address}");
            assert!(header(&answer, "www-authenticate").starts_with("Basic realm="));
        }
        // A browser is not to ask by itself for what a script wants.
        let answer = fixture.send(from(peer, request("GET", "/events", &[], ""))).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(header(&answer, "www-authenticate"), "");
        let answer = fixture.send(from(peer, request("POST", "/settings", &[HTML], "x=y"))).await;
        assert_eq!(header(&answer, "location"), "/login", "what was sent is gone");
    }
    let page = get(&fixture, "/login?next=%22%3E%3Cscript%3E", &[]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.body.contains("<script>"), "{}", page.body);
    assert!(page.body.contains("name=\"next\" value=\"\""), "{}", page.body);
    for (_, part) in page.body.match_indices("assets/").map(|(at, _)| page.body.split_at(at)) {
        let part = get(&fixture, &format!("/{}", part.split('"').next().unwrap()), &[]).await;
        assert_eq!(part.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn logging_in_and_out() {
    let fixture = guarded();
    let wrong = log_in(&fixture, "incorrect horse", "charts?by=day", &[]).await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    assert!(wrong.body.contains("The password is wrong."), "{}", wrong.body);
    assert!(wrong.body.contains("value=\"charts?by=day\""), "{}", wrong.body);
    assert_eq!(header(&wrong, "set-cookie"), "");

    let right = log_in(&fixture, PASSWORD, "charts?by=day", &[]).await;
    assert_eq!(right.status, StatusCode::SEE_OTHER);
    assert_eq!(header(&right, "location"), "/charts?by=day");
    let set = header(&right, "set-cookie");
    for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age="] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Secure") && !set.contains("Domain"), "{set}");
    let cookie = cookie(&right);
    let id = cookie.strip_prefix("xt211_session=").unwrap();
    assert_eq!(id.len(), 43, "256 bits in base64");

    let both = format!("xt211_session=of-another; {cookie}; xt211_zone=Europe%2FPrague");
    let page = get(&fixture, "/", &[("cookie", &both)]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Log out"), "{}", page.body);
    assert!(!page.body.contains(id) && !page.body.contains("$argon2"), "{}", page.body);
    let answer = get(&fixture, "/login?next=log", &[("cookie", &cookie)]).await;
    assert_eq!(header(&answer, "location"), "/log", "already in");

    let (_, token) = page.body.split_once("name=\"token\" content=\"").unwrap();
    let body = format!("token={}", token.split('"').next().unwrap());
    let form = ("content-type", "application/x-www-form-urlencoded");
    let second = self::cookie(&log_in(&fixture, PASSWORD, "", &[]).await);
    let headers = [("cookie", second.as_str()), form];
    let refused = fixture.send(request("POST", "/logout", &headers, &body)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "the token of another session");
    let headers = [("cookie", cookie.as_str()), form];
    let out = fixture.send(request("POST", "/logout", &headers, &body)).await;
    assert_eq!(header(&out, "location"), "/login");
    assert!(header(&out, "set-cookie").contains("Max-Age=0"));
    let page = get(&fixture, "/", &[("cookie", &cookie), HTML]).await;
    assert_eq!(header(&page, "location"), "/login");
    assert_eq!(get(&fixture, "/", &[("cookie", &second)]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_cookie_got_by_https_stays_there() {
    let fixture = guarded();
    let answer = log_in(&fixture, PASSWORD, "", &[("x-forwarded-proto", "https")]).await;
    assert!(header(&answer, "set-cookie").contains("; Secure"));
}

#[tokio::test]
async fn only_ones_own_pages_are_gone_to() {
    let fixture = guarded();
    for next in ["/evil.example", "//evil.example", "\\evil.example", "\t//x", "a\r\nX: y", "login"]
    {
        let answer = log_in(&fixture, PASSWORD, next, &[]).await;
        assert_eq!(header(&answer, "location"), "/", "{next:?}");
        assert!(answer.headers.get("x").is_none());
    }
}

#[tokio::test]
async fn scripts_show_it_each_time() {
    let fixture = guarded();
    for user in ["", "prometheus", "x"] {
        for _ in 0..2 {
            let credentials = basic(user, PASSWORD);
            let answer = get(&fixture, "/", &[("authorization", &credentials)]).await;
            assert_eq!(answer.status, StatusCode::OK, "{user}");
            assert!(!answer.body.contains("Log out"), "there is nothing to leave");
        }
    }
    for credentials in [
        basic("x", "wrong"),
        basic("x", ""),
        basic("x", &format!("{PASSWORD} ")),
        basic(PASSWORD, "x"),
    ] {
        let answer = get(&fixture, "/", &[("authorization", &credentials), HTML]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{credentials}");
        assert!(header(&answer, "www-authenticate").starts_with("Basic realm="));
    }
    for credentials in ["", "Basic", "Basic !", "Basic eA==", "Bearer eDpjb3JyZWN0IGhvcnNl"] {
        let answer = get(&fixture, "/api/x", &[("authorization", credentials)]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{credentials}");
    }
}

#[tokio::test]
async fn whatever_stands_in_a_header_nobody_gets_in_by_it() {
    let fixture = guarded();
    let odd: [&[u8]; 12] = [
        b"",
        b"=",
        b";;;",
        b"xt211_session",
        b"xt211_session=",
        b"xt211_session=\xff\xfe",
        b"xt211_session=%00%ff",
        b"xt211_session=\"",
        b"xt211_zone=..%2f..%2fetc%2fpasswd",
        b"Basic \xff",
        b"Basic /w==",
        b"Basic Og==",
    ];
    for name in ["cookie", "authorization", "x-forwarded-for", "origin", "x-ingress-path", "accept"]
    {
        for value in odd {
            let mut request = request("GET", "/api/x", &[], "");
            request.headers_mut().append(name, HeaderValue::from_bytes(value).unwrap());
            let answer = fixture.send(request).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{name}: {value:?}");
        }
    }
}

#[tokio::test]
async fn the_hash_is_as_good_as_the_password_and_is_not_one() {
    let hash = Password::hash(PASSWORD).unwrap();
    let password = Some(Password::new(&hash).unwrap());
    let fixture = Fixture::with(Access { password, ingress: None });
    assert_eq!(log_in(&fixture, &hash, "", &[]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(log_in(&fixture, PASSWORD, "", &[]).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test(start_paused = true)]
async fn guessing_is_braked() {
    let fixture = guarded();
    let session = cookie(&log_in(&fixture, PASSWORD, "", &[]).await);
    for _ in 0..5 {
        assert_eq!(log_in(&fixture, "wrong", "", &[]).await.status, StatusCode::FORBIDDEN);
        let credentials = basic("x", "wrong");
        let answer = get(&fixture, "/", &[("authorization", &credentials)]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    for _ in 0..3 {
        let page = log_in(&fixture, PASSWORD, "charts", &[]).await;
        assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS, "even the right one");
        assert_eq!(header(&page, "retry-after"), "1");
        assert!(page.body.contains("Try again in 1 seconds"), "{}", page.body);
        assert!(page.body.contains("value=\"charts\""), "{}", page.body);
    }
    let credentials = basic("x", PASSWORD);
    let answer = get(&fixture, "/api/x", &[("authorization", &credentials)]).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(header(&answer, "retry-after"), "1");
    // Whoever is in stays in, and others are let in.
    assert_eq!(get(&fixture, "/", &[("cookie", &session)]).await.status, StatusCode::OK);
    let request = request("GET", "/", &[("authorization", &credentials)], "");
    assert_eq!(fixture.send(from("192.0.2.1", request)).await.status, StatusCode::OK);

    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(log_in(&fixture, "wrong", "", &[]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(header(&log_in(&fixture, "wrong", "", &[]).await, "retry-after"), "2");
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(log_in(&fixture, PASSWORD, "", &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(log_in(&fixture, "wrong", "", &[]).await.status, StatusCode::FORBIDDEN);
}

/// Behind a proxy on this machine, one who guesses does not keep out the others.
#[tokio::test(start_paused = true)]
async fn a_proxy_says_who_guesses() {
    let fixture = guarded();
    let guess = [("x-forwarded-for", "203.0.113.9, 198.51.100.1")];
    for _ in 0..10 {
        assert_eq!(log_in(&fixture, "wrong", "", &guess).await.status, StatusCode::FORBIDDEN);
    }
    // What stands before it may be made up by whoever guesses.
    let guess = [("x-forwarded-for", "192.0.2.7, 198.51.100.1")];
    let answer = log_in(&fixture, "wrong", "", &guess).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    let other = [("x-forwarded-for", "192.0.2.7")];
    assert_eq!(log_in(&fixture, PASSWORD, "", &other).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_when_nobody_looks_for_long() {
    let fixture = guarded();
    let session = cookie(&log_in(&fixture, PASSWORD, "", &[]).await);
    for (days, expected) in
        [(29, StatusCode::OK), (29, StatusCode::OK), (30, StatusCode::SEE_OTHER)]
    {
        tokio::time::advance(Duration::from_secs(days * 86_400)).await;
        let answer = get(&fixture, "/", &[("cookie", &session), HTML]).await;
        assert_eq!(answer.status, expected);
    }
}
