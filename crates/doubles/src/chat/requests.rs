//! One request: who sends it, and where it goes.

use std::sync::Arc;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::json;
use serve::Body;

use super::gate::{self, Visitor};
use super::place::Place;
use super::{State, actions, answer, clock, history, page, sign_in, socket, verify};
use crate::random;

/// The largest content that is read, in bytes.
const CONTENT: usize = 256 * 1024;

/// Answers one request.
pub(super) async fn answer(state: &Arc<State>, request: Request<Incoming>) -> Response<Body> {
    let mut answer = placed(state, request).await;
    answer::finish(&mut answer);
    if state.has(super::Defect::PageWithoutPolicy) {
        answer.headers_mut().remove(http::header::CONTENT_SECURITY_POLICY);
    }
    answer
}

/// Slashes that follow each other, as one.
fn merged(path: &str) -> String {
    let mut merged = String::with_capacity(path.len());
    for letter in path.chars() {
        if letter != '/' || !merged.ends_with('/') {
            merged.push(letter);
        }
    }
    merged
}

async fn placed(state: &Arc<State>, request: Request<Incoming>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let path = if state.has(super::Defect::SlashesMerged) { merged(path) } else { path.to_owned() };
    let knows = if state.has(super::Defect::OnlyBelowPrefix) { super::Mode::Subpath } else { state.settings.mode };
    let place = Place::of(&path, knows);
    let visitor = match gate::admit(state, place, &parts) {
        Ok(visitor) => visitor,
        Err(refusal) => return refusal,
    };
    let own = match place {
        Place::Health => return answer::content(StatusCode::OK, "text/plain; charset=utf-8", "ok\n"),
        Place::Ready => return answer::content(StatusCode::OK, "text/plain; charset=utf-8", "ready\n"),
        Place::Bare => return answer::see_other(&state.settings.url("/")),
        Place::Elsewhere => return answer::not_found(),
        Place::Own(own) => own,
    };
    match (&parts.method, own) {
        (_, "/auth/verify") => return verify::verify(state, &parts.headers),
        (&Method::GET | &Method::HEAD, "/login") => return sign_in::login(state, &parts.headers),
        (&Method::GET | &Method::HEAD, "/oauth/callback") => return sign_in::callback(state, &parts).await,
        (_, "/login" | "/oauth/callback") => return wrong_method(),
        _ => {}
    }
    // Whatever isn't answered by now is behind the gate.
    let Some(visitor) = visitor else { return answer::unauthenticated() };
    if !parts.method.is_safe()
        && own != "/logout"
        && let Err(refusal) = state.counters.admit(&state.settings.limits, &visitor.user, clock::now())
    {
        let mut answer = answer::error(StatusCode::TOO_MANY_REQUESTS, refusal.code, refusal.message);
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(refusal.retry_after));
        return answer;
    }
    if own == "/ws" {
        return socket::open(state, visitor, Request::from_parts(parts, body));
    }
    match Limited::new(body, CONTENT).collect().await {
        Ok(content) => own_path(state, &visitor, own, &parts, content.to_bytes()).await,
        Err(_) => answer::error(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the content is too long"),
    }
}

async fn own_path(state: &State, visitor: &Visitor, own: &str, parts: &Parts, content: Bytes) -> Response<Body> {
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    let posts = parts.method == Method::POST;
    let known = matches!(own, "/" | "/session" | "/history" | "/history/export" | "/new" | "/logout");
    match own {
        "/" if reads => page::index(state),
        "/session" if reads => page::session(state, visitor),
        "/history" if reads => history::list(state, &visitor.user),
        "/history/export" if reads => history::export_all(state, &visitor.user),
        "/logout" if posts => sign_in::logout(state, &parts.headers),
        "/new" if posts => match random::uuid() {
            Ok(id) => answer::json(StatusCode::CREATED, &json!({ "conversation_id": id })),
            Err(error) => answer::error(StatusCode::SERVICE_UNAVAILABLE, "internal", &error.to_string()),
        },
        _ if known => wrong_method(),
        _ => {
            if let Some(name) = own.strip_prefix("/static/") {
                return if reads { page::file(state, name) } else { wrong_method() };
            }
            if let Some(kind) = own.strip_prefix("/action/") {
                return if posts {
                    actions::click(state, visitor, kind, parts, &content).await
                } else {
                    wrong_method()
                };
            }
            match own
                .strip_prefix("/history/")
                .map(|rest| rest.strip_suffix("/export").map_or((rest, false), |id| (id, true)))
            {
                Some(_) if !reads => wrong_method(),
                Some((id, true)) => history::export(state, &visitor.user, id),
                Some((id, false)) => history::read(state, &visitor.user, id, parts.uri.query()),
                None => answer::not_found(),
            }
        }
    }
}

fn wrong_method() -> Response<Body> {
    let mut answer = Response::new(serve::empty());
    *answer.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    answer
}
