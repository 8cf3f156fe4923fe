//! Lets in those who may see the page.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{ACCEPT, AUTHORIZATION, COOKIE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cookie::Cookie;
use jiff::tz::TimeZone;

use crate::{
    app::App,
    failure::Failure,
    safety::{
        arrival::Arrival,
        doorkeeper::{Doorkeeper, Verdict},
        login::login_address,
    },
    visitor::Visitor,
};

/// The cookie of those who are logged in.
pub(crate) const SESSION: &str = "xt211_session";
/// The cookie in which the page's script says where in the world it is.
const ZONE: &str = "xt211_zone";
/// How scripts and Prometheus are asked for the password. The user's name does not matter.
const CHALLENGE: HeaderValue =
    HeaderValue::from_static("Basic realm=\"xt211-bridge\", charset=\"UTF-8\"");

/// Lets in those who may see the page, and says who they are.
pub(crate) async fn admit(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let keeper = &app.doorkeeper;
    let admitted = match request.extensions().get::<Arrival>() {
        Some(arrival) => {
            let place = request.uri().path_and_query().map_or("/", |it| it.as_str()).to_owned();
            recognise(keeper, arrival, place, request.headers()).await
        }
        None => Err(Refusal::Failure(Failure::Fault("a request that has not arrived".into()))),
    };
    match admitted {
        Ok(visitor) => {
            request.extensions_mut().insert(visitor);
            next.run(request).await
        }
        Err(Refusal::Unknown) => ask(&request),
        Err(Refusal::Wrong) => challenge("The password is wrong."),
        Err(Refusal::Wait(seconds)) => {
            ([(RETRY_AFTER, seconds)], too_many(seconds)).into_response()
        }
        Err(Refusal::Failure(failure)) => failure.into_response(),
    }
}

/// Why somebody is not let in.
enum Refusal {
    /// They have not shown anything.
    Unknown,
    Wrong,
    /// They have shown too many wrong passwords, and have to wait for so many seconds.
    Wait(u64),
    Failure(Failure),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

async fn recognise(
    keeper: &Doorkeeper,
    arrival: &Arrival,
    place: String,
    headers: &HeaderMap,
) -> Result<Visitor, Refusal> {
    let (base, zone) = (arrival.base.clone(), zone(headers));
    let visitor = |token: &str, can_leave| {
        Ok(Visitor { base, place, token: token.to_owned(), zone, can_leave })
    };
    let access = keeper.access();
    if arrival.is_ingress {
        return visitor(keeper.token()?.text(), false);
    }
    let Some(password) = &access.password else {
        if access.ingress.is_some() {
            let message = "This page is to be opened from Home Assistant. For it to be seen here \
                           too, set web.password.";
            return Err(Failure::Refused(StatusCode::FORBIDDEN, message.into()).into());
        }
        arrival.is_local()?;
        return visitor(keeper.token()?.text(), false);
    };
    if let Some(token) = cookies(headers, SESSION).find_map(|it| keeper.session_token(it.value())) {
        return visitor(token.text(), true);
    }
    let attempt = basic(headers).ok_or(Refusal::Unknown)?;
    match keeper.judge(password, &attempt, arrival.source).await? {
        Verdict::Right => visitor(keeper.token()?.text(), false),
        Verdict::Wrong => Err(Refusal::Wrong),
        Verdict::Wait(wait) => Err(Refusal::Wait(seconds(wait))),
    }
}

/// Asks whoever has not shown anything for the password: people on a page of its own, programs in
/// their way.
fn ask(request: &Request) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/") || path == "/metrics" {
        return challenge(
            "A password is needed: as HTTP Basic authentication, with any user name.",
        );
    }
    let accept = request.headers().get(ACCEPT).and_then(|it| it.to_str().ok()).unwrap_or_default();
    if accept.contains("text/html") {
        let is_asked = matches!(*request.method(), Method::GET | Method::HEAD);
        let next = request.uri().path_and_query().filter(|_| is_asked);
        return Redirect::to(&login_address(next.map_or("/", |it| it.as_str()))).into_response();
    }
    // A script of the page, for which a browser is not to ask by itself.
    let message = "Log in first.";
    Failure::Refused(StatusCode::UNAUTHORIZED, message.into()).into_response()
}

fn challenge(message: &str) -> Response {
    let failure = Failure::Refused(StatusCode::UNAUTHORIZED, message.into());
    ([(WWW_AUTHENTICATE, CHALLENGE)], failure).into_response()
}

/// What is said to those who have shown too many wrong passwords.
pub(crate) fn too_many(seconds: u64) -> Failure {
    let message = format!("Too many wrong passwords. Try again in {seconds} seconds.");
    Failure::Refused(StatusCode::TOO_MANY_REQUESTS, message)
}

/// Whole seconds, at least one.
pub(crate) fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// All cookies of a name: others on the same host may have set some as well.
pub(crate) fn cookies<'h>(
    headers: &'h HeaderMap,
    name: &'static str,
) -> impl Iterator<Item = Cookie<'h>> {
    let texts = headers.get_all(COOKIE).iter().filter_map(|it| it.to_str().ok());
    texts.flat_map(Cookie::split_parse_encoded).flatten().filter(move |it| it.name() == name)
}

/// The zone that the page's script has found out.
fn zone(headers: &HeaderMap) -> TimeZone {
    let mut zones = cookies(headers, ZONE);
    zones.find_map(|it| TimeZone::get(it.value()).ok()).unwrap_or(TimeZone::UTC)
}

/// The password of HTTP Basic authentication (RFC 7617).
fn basic(headers: &HeaderMap) -> Option<String> {
    let (scheme, credentials) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let credentials = STANDARD.decode(credentials.trim()).ok()?;
    let credentials = String::from_utf8(credentials).ok()?;
    let (_, password) = credentials.split_once(':')?;
    scheme.eq_ignore_ascii_case("basic").then(|| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones() {
        for (cookie, expected) in [
            ("xt211_zone=Europe%2FPrague", "Europe/Prague"),
            ("a=b; xt211_zone=America/New_York", "America/New_York"),
            ("xt211_zone=nowhere; xt211_zone=Asia%2FKolkata", "Asia/Kolkata"),
            ("xt211_zone=Europe%2FNowhere", "UTC"),
            ("xt211_zone=..%2F..%2Fetc%2Fpasswd", "UTC"),
            ("xt211_zone=%ff", "UTC"),
            ("", "UTC"),
        ] {
            let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_static(cookie))]);
            assert_eq!(zone(&headers).iana_name(), Some(expected), "{cookie}");
        }
    }

    #[test]
    fn passwords_of_scripts() {
        for (header, expected) in [
            ("Basic eDpjb3JyZWN0IGhvcnNl", Some("correct horse")),
            ("basic eDphOmI=", Some("a:b")),
            ("Basic eDo=", Some("")),
            ("Basic eA==", None),
            ("Basic", None),
            ("Bearer eDpjb3JyZWN0IGhvcnNl", None),
        ] {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(header))]);
            assert_eq!(basic(&headers).as_deref(), expected, "{header}");
        }
    }
}
