//! Cookies in, cookies out (RFC 6265).

use std::time::Duration;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Response};
use serve::Body;

use super::State;
use super::defect::Defect;

/// The session's.
pub(super) const SESSION: &str = "disinto_chat_session";
/// What ties a sign-in to its browser.
pub(super) const BINDING: &str = "disinto_chat_sign_in";
/// Says that somebody signed in a moment ago.
pub(super) const DONE: &str = "disinto_chat_signed_in";

/// How many of one name are looked at.
const CANDIDATES: usize = 16;

/// The values of all cookies of a name, in the order in which they came.
pub(super) fn values<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let fields = headers.get_all(COOKIE).into_iter().filter_map(|field| field.to_str().ok());
    let pairs = fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(given, _)| *given == name).map(|(_, value)| value).take(CANDIDATES)
}

/// Sets a cookie for as long as `age`; for no time, which removes it.
pub(super) fn set(state: &State, answer: &mut Response<Body>, name: &str, value: &str, age: Duration) {
    let is_session = name == SESSION;
    let http_only = if is_session && state.has(Defect::CookieReadableByScripts) { "" } else { "; HttpOnly" };
    let same_site = if is_session && state.has(Defect::CookieCrossSite) { "None" } else { "Lax" };
    let secure = if state.settings.is_https() { "; Secure" } else { "" };
    let (path, age) = (&state.settings.cookie_path, age.as_secs());
    let line = format!("{name}={value}; Path={path}; Max-Age={age}{http_only}; SameSite={same_site}{secure}");
    if let Ok(field) = HeaderValue::from_str(&line) {
        answer.headers_mut().append(SET_COOKIE, field);
    }
}

pub(super) fn remove(state: &State, answer: &mut Response<Body>, name: &str) {
    set(state, answer, name, "", Duration::ZERO);
}
