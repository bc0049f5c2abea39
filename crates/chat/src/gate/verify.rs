//! `/auth/verify`: what the edge asks before each request.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::refusal::{Asked, unauthenticated};
use super::{SECRET_FIELD, USER_FIELD, stranger, who};
use crate::answer;
use crate::server::AppState;
use crate::session::Who;

/// 200 with `X-Forwarded-User` for somebody who may; 401 for nobody; 403 for a stranger, and for who asks without the edge's secret.
pub(crate) async fn verify(State(state): State<AppState>, request: Request) -> Response {
    let headers = request.headers();
    let secret = secret(&state, headers);
    if secret == Shown::Wrong {
        return not_the_edge();
    }
    let who = match who(&state, headers).await {
        Ok(who) => who,
        Err(refusal) => return refusal,
    };
    match (secret, who) {
        (Shown::Right, Who::Visitor(visitor)) => match HeaderValue::from_str(&visitor.user) {
            Ok(user) => (StatusCode::OK, [(HeaderName::from_static(USER_FIELD), user)]).into_response(),
            // Such a name begins no session.
            Err(_) => stranger("somebody"),
        },
        (Shown::Right, Who::Stranger(user)) => stranger(&user),
        (Shown::Right, Who::Nobody) => {
            let method = text(headers, "x-forwarded-method").and_then(|method| method.parse::<Method>().ok());
            let target = text(headers, "x-forwarded-uri").unwrap_or_default();
            Asked { method: method.as_ref(), target }.refuse(&state.config, headers)
        }
        // Somebody who isn't the edge and isn't signed in is nobody here as everywhere.
        (_, Who::Nobody) => unauthenticated(),
        (_, _) => not_the_edge(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Right,
    Wrong,
    Nothing,
}

fn secret(state: &AppState, headers: &HeaderMap) -> Shown {
    let mut fields = headers.get_all(SECRET_FIELD).iter();
    match (fields.next(), fields.next()) {
        (None, _) => Shown::Nothing,
        (Some(given), None) if state.config.gate_secret.is(given.as_bytes()) => Shown::Right,
        _ => Shown::Wrong,
    }
}

fn not_the_edge() -> Response {
    tracing::warn!(
        "the gate was asked without the right X-Forward-Auth-Secret: edge and chat must hold the same FORWARD_AUTH_SECRET"
    );
    answer::error(
        StatusCode::FORBIDDEN,
        "wrong_secret",
        "the edge's secret is not this service's: FORWARD_AUTH_SECRET must be the same for both",
    )
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
