//! `/auth/verify`: what the edge asks before each request.

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use ring::hmac;
use serve::Body;

use super::defect::Defect;
use super::gate::{self, USER, Who, who};
use super::refusal::Asked;
use super::{State, answer};

/// The field in which the edge shows that it is the edge.
const SECRET: &str = "x-forward-auth-secret";

/// What was shown of the edge's secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Right,
    Wrong,
    Nothing,
}

/// 200 with who it is, for somebody who may; 401 for nobody; 403 for a stranger and for who isn't the edge.
pub(super) fn verify(state: &State, headers: &HeaderMap) -> Response<Body> {
    let shown = shown(state, headers);
    if shown == Shown::Wrong {
        return not_the_edge();
    }
    match (shown, who(state, headers)) {
        (Shown::Right, Who::Visitor(visitor)) => {
            let mut answer = Response::new(serve::empty());
            if let Ok(user) = HeaderValue::from_str(&visitor.user) {
                answer.headers_mut().insert(USER, user);
            }
            answer
        }
        (Shown::Right, Who::Stranger(user)) => gate::stranger(&user),
        (Shown::Right, Who::Nobody) => {
            let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
            let method = text("x-forwarded-method").and_then(|method| method.parse::<Method>().ok());
            Asked { method: method.as_ref(), target: text("x-forwarded-uri").unwrap_or_default() }
                .refuse(state, headers)
        }
        (_, Who::Nobody) => answer::unauthenticated(),
        (_, _) => not_the_edge(),
    }
}

fn shown(state: &State, headers: &HeaderMap) -> Shown {
    if state.has(Defect::VerifyWithoutSecret) {
        return Shown::Right;
    }
    let given: Vec<&HeaderValue> = headers.get_all(SECRET).iter().collect();
    match given.as_slice() {
        [] => Shown::Nothing,
        [given] if is_secret(&state.settings.gate_secret, given.as_bytes()) => Shown::Right,
        _ => Shown::Wrong,
    }
}

/// In a time that tells nothing of where the two differ: codes under the same key are compared, in constant time.
fn is_secret(secret: &str, given: &[u8]) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::verify(&key, given, hmac::sign(&key, secret.as_bytes()).as_ref()).is_ok()
}

fn not_the_edge() -> Response<Body> {
    answer::error(
        StatusCode::FORBIDDEN,
        "wrong_secret",
        "the edge's secret is not this service's: FORWARD_AUTH_SECRET must be the same for both",
    )
}
