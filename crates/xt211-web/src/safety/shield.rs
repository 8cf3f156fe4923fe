//! What is around everything: refuses what nobody honest sends, and keeps other pages out.

use std::time::Duration;

use askama::Template;
use axum::{
    body::{Body, HttpBody as _},
    extract::{Request, State},
    http::{
        HeaderName, HeaderValue, Method, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;
use tokio::time::timeout;

use crate::{
    app::App,
    failure::{Failure, FailurePage, Reason},
    safety::arrival::{Arrival, is_json},
};

/// How long an answer may take to begin, with all that has to be read of the request before.
const LONGEST: Duration = Duration::from_secs(30);

/// The most bytes that are taken of a form or of JSON.
pub(crate) const LARGEST_BODY: usize = 64 * 1024;

/// What a page may load and do, but for who may have it in a frame.
macro_rules! policy {
    ($ancestors:literal) => {
        concat!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; ",
            "connect-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors ",
            $ancestors
        )
    };
}

const HEADERS: [(HeaderName, &str); 5] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // With no-referrer, browsers would not say either where a form comes from.
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// Goes around everything.
pub(crate) async fn shield(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let arrival = Arrival::of(&request, app.doorkeeper.access());
    let (base, is_ingress) =
        arrival.as_ref().map_or(("", false), |it| (it.base.as_str(), it.is_ingress));
    let base = base.to_owned();
    let checked = arrival.and_then(|arrival| check(&arrival, &request, is_api).map(|()| arrival));
    let response = match checked {
        Ok(arrival) => {
            request.extensions_mut().insert(arrival);
            let answer = timeout(LONGEST, next.run(request)).await;
            answer.unwrap_or_else(|_| {
                let message = "It took too long: what was sent came too slowly, or this machine \
                               has too much to do.";
                Failure::Refused(StatusCode::REQUEST_TIMEOUT, message.into()).into_response()
            })
        }
        Err(failure) => failure.into_response(),
    };
    finish(response, &base, is_ingress, is_api)
}

fn check(arrival: &Arrival, request: &Request, is_api: bool) -> Result<(), Failure> {
    let refused = |status, message: &str| Err(Failure::Refused(status, message.into()));
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE) {
        return Ok(());
    }
    if !arrival.may_change(request.headers()) {
        let message = "Another page has sent this. If it was not: a proxy in front has to pass on \
                       the header Host, or to say it in X-Forwarded-Host.";
        return refused(StatusCode::FORBIDDEN, message);
    }
    // So that nobody has to wait for what is refused in the end. What does not say how large it
    // is, is refused where it is read.
    if request.body().size_hint().lower() > LARGEST_BODY as u64 {
        let message = "This is more than is taken at once: 64 KiB.";
        return refused(StatusCode::PAYLOAD_TOO_LARGE, message);
    }
    // No form of another page can say that it is JSON.
    if is_api && request.method() == Method::POST && !is_json(request.headers()) {
        let message = "What is sent here has the Content-Type application/json.";
        return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, message);
    }
    Ok(())
}

/// Says why there is no page, if there is none, and adds the headers that are the same for all.
fn finish(mut response: Response, base: &str, is_ingress: bool, is_api: bool) -> Response {
    if let Some(Reason(message)) = response.extensions_mut().remove() {
        let status = response.status();
        // In the form of all errors of the API.
        let (kind, body) = if is_api {
            (
                "application/json",
                json!({ "error": { "message": message, "place": null } }).to_string(),
            )
        } else {
            // It has nothing in it that could fail.
            let page = FailurePage { base, status, message: &message }.render();
            ("text/html; charset=utf-8", page.unwrap_or(message))
        };
        *response.body_mut() = Body::from(body);
        response.headers_mut().remove(CONTENT_LENGTH);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    let policy = if is_ingress { policy!("'self'") } else { policy!("'none'") };
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
