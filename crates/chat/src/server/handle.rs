//! One request, from the wire to the answer.

use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{Request, StatusCode, Uri};
use hyper::body::Incoming;
use serve::{Log, boxed};
use tower::ServiceExt;

use super::{AppState, health};
use crate::mount::{self, Place};
use crate::session::Visitor;
use crate::{answer, gate};

/// How long a request may take, its content's arrival included. Whoever waits for a turn does so on a socket.
const TIME: Duration = Duration::from_secs(60);

/// Answers a request, and writes a line about it. No query, no field and no content comes into the log: they carry codes and cookies.
pub(super) async fn handle(
    state: AppState,
    router: Router,
    log: Log,
    request: Request<Incoming>,
) -> http::Response<serve::Body> {
    let began = Instant::now();
    let (mut parts, body) = request.into_parts();
    let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
    let work = answer(&state, router, &path, &mut parts, Body::new(body));
    let mut answer = tokio::time::timeout(TIME, work)
        .await
        .unwrap_or_else(|_| answer::error(StatusCode::REQUEST_TIMEOUT, "timeout", "the request took too long"));
    answer::finish(&mut answer);
    let (status, milliseconds) =
        (answer.status().as_u16(), u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
    let user = parts.extensions.get::<Visitor>().map(|visitor| visitor.user.as_str());
    tracing::info!(%method, path, status, milliseconds, user, "request");
    log.access(method.as_str(), &path, status);
    answer.map(boxed)
}

async fn answer(state: &AppState, router: Router, path: &str, parts: &mut Parts, body: Body) -> Response {
    let place = mount::place(path, state.config.public.mode());
    if let Err(refusal) = gate::admit(state, place, parts).await {
        return refusal;
    }
    match place {
        Place::Health => health::health(),
        Place::Ready => health::ready(state).await,
        Place::Bare => answer::see_other(&state.config.public.url("/")),
        Place::Elsewhere => answer::error(StatusCode::NOT_FOUND, "not_found", "there is nothing here"),
        Place::Own(own) => {
            if let Some(visitor) = parts.extensions.get::<Visitor>()
                && is_limited(parts, own)
                && let Err(refusal) = state.limits.admit(&visitor.user, SystemTime::now()).await
            {
                return refusal.into_response();
            }
            let Some(uri) = onward(own, &parts.uri) else {
                return answer::error(StatusCode::BAD_REQUEST, "bad_request", "the path can't be read");
            };
            parts.uri = uri;
            // The parts are needed once more, for the log.
            let request = Request::from_parts(parts.clone(), body);
            router.oneshot(request).await.unwrap_or_else(|never| match never {})
        }
    }
}

/// What makes the service do something counts; reading doesn't, and leaving is always free.
fn is_limited(parts: &Parts, own: &str) -> bool {
    !parts.method.is_safe() && own != "/logout"
}

/// The same request target without the prefix.
fn onward(own: &str, uri: &Uri) -> Option<Uri> {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    Uri::builder().path_and_query(format!("{own}{query}")).build().ok()
}
