//! The page on which one logs in.

use askama::Template;
use axum::{
    Form,
    extract::{
        Extension, Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::{
        HeaderMap, StatusCode,
        header::{RETRY_AFTER, SET_COOKIE},
    },
    response::{Html, IntoResponse, Redirect, Response},
};
use cookie::{Cookie, SameSite, time::Duration};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::{
    app::App,
    failure::Failure,
    form::Fields,
    safety::{
        admission::{SESSION, cookies, seconds, too_many},
        arrival::Arrival,
        doorkeeper::Verdict,
    },
    visitor::Visitor,
};

/// The longest address that one is sent back to.
const LONGEST_NEXT: usize = 1024;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'p> {
    /// Where to go afterwards.
    next: &'p str,
    /// Why one has not got in.
    problem: Option<&'p str>,
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    next: String,
}

/// What is sent to log in.
#[derive(Deserialize)]
pub(crate) struct Shown {
    password: String,
    #[serde(default)]
    next: String,
}

/// The address at which one logs in, and is sent back to this path.
pub(crate) fn login_address(path: &str) -> String {
    match next(path.trim_start_matches('/')) {
        "" => "/login".to_owned(),
        next => format!("/login?next={}", utf8_percent_encode(next, NON_ALPHANUMERIC)),
    }
}

/// The page on which one logs in, for those who are not let in without.
pub(crate) async fn login(
    State(app): State<App>,
    Extension(arrival): Extension<Arrival>,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Failure> {
    let asked = asked.map(|Query(asked)| asked.next).unwrap_or_default();
    let next = next(&asked);
    let keeper = &app.doorkeeper;
    let is_in = arrival.is_ingress
        || keeper.access().password.is_none()
        || cookies(&headers, SESSION).any(|it| keeper.session_token(it.value()).is_some());
    if is_in {
        return Ok(Redirect::to(&format!("{}/{next}", arrival.base)).into_response());
    }
    Ok(Html(LoginPage { next, problem: None }.render()?).into_response())
}

/// Logs somebody in. There is no token in this form: nobody gains by having another log in with
/// the only password.
pub(crate) async fn log_in(
    State(app): State<App>,
    Extension(arrival): Extension<Arrival>,
    headers: HeaderMap,
    shown: Result<Form<Shown>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(shown) = shown.map_err(|error| Failure::Refused(error.status(), error.body_text()))?;
    let next = next(&shown.next);
    let there = Redirect::to(&format!("{}/{next}", arrival.base));
    let keeper = &app.doorkeeper;
    let Some(password) = keeper.access().password.as_ref().filter(|_| !arrival.is_ingress) else {
        return Ok(there.into_response());
    };
    let again = |status, problem: &str| -> Result<Response, Failure> {
        let page = LoginPage { next, problem: Some(problem) }.render()?;
        Ok((status, Html(page)).into_response())
    };
    match keeper.judge(password, &shown.password, arrival.source).await? {
        Verdict::Right => {
            let id = keeper.open_session()?;
            // Whoever says so untruly only gets a cookie that they do not send back to us.
            let is_https = headers.get("x-forwarded-proto").is_some_and(|it| it == "https");
            // It is kept for as long as browsers keep one. When it is good no longer, we know.
            let cookie = session_cookie(id.text(), is_https, Duration::days(400));
            Ok(([(SET_COOKIE, cookie)], there).into_response())
        }
        Verdict::Wrong => again(StatusCode::FORBIDDEN, "The password is wrong."),
        Verdict::Wait(wait) => {
            let wait = seconds(wait);
            let failure = too_many(wait);
            let page = again(failure.status(), &failure.message())?;
            Ok(([(RETRY_AFTER, wait)], page).into_response())
        }
    }
}

/// Logs somebody out.
pub(crate) async fn log_out(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    _: Fields,
) -> Response {
    for cookie in cookies(&headers, SESSION) {
        app.doorkeeper.close_session(cookie.value());
    }
    let gone = session_cookie("", false, Duration::ZERO);
    ([(SET_COOKIE, gone)], Redirect::to(&format!("{}/login", visitor.base))).into_response()
}

fn session_cookie(id: &str, is_https: bool, age: Duration) -> String {
    Cookie::build((SESSION, id))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(is_https)
        .max_age(age)
        .to_string()
}

/// Where to go afterwards, behind the slash: only to what is surely ours.
fn next(asked: &str) -> &str {
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || b"-._~%/?&=+:,@!*".contains(&it);
    let is_ours = asked.len() <= LONGEST_NEXT
        && !asked.starts_with('/')
        && asked.bytes().all(is_plain)
        && !["login", "logout"].iter().any(|it| asked.starts_with(it));
    if is_ours { asked } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_ours_is_gone_to() {
        for good in ["", "charts", "charts?meter=a%2Fb&by=day", "set-aside/12", "x:y", "%0d%0a"] {
            assert_eq!(next(good), good);
        }
        for bad in [
            "/evil.example",
            "//evil.example",
            "\\evil.example",
            "\t/evil.example",
            "a\r\nSet-Cookie: x=y",
            "a b",
            "\"onload=",
            "ě",
            "login?next=login",
            "logout",
            &"x".repeat(LONGEST_NEXT + 1),
        ] {
            assert_eq!(next(bad), "", "{bad}");
        }
    }

    #[test]
    fn addresses() {
        for (path, address) in [
            ("/", "/login"),
            ("/charts?by=day", "/login?next=charts%3Fby%3Dday"),
            ("//evil.example", "/login?next=evil%2Eexample"),
            ("/\\evil.example", "/login"),
        ] {
            assert_eq!(login_address(path), address);
        }
    }
}
