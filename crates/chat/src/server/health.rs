//! `/health` and `/ready`, for who runs the service.

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::AppState;
use crate::answer;

/// The process lives.
pub(super) fn health() -> Response {
    (StatusCode::OK, "ok\n").into_response()
}

/// It can do its work: nobody has told it to end, and what it must keep can be written.
pub(super) async fn ready(state: &AppState) -> Response {
    let not = |why: &str| answer::error(StatusCode::SERVICE_UNAVAILABLE, "not_ready", why);
    if state.closing.is_cancelled() {
        return not("the service is about to end");
    }
    if let Err(error) = state.store.check().await {
        tracing::error!(%error, "the state can't be written");
        return not("the state can't be written");
    }
    if let Err(error) = state.history.check().await {
        tracing::error!(%error, "the history can't be written");
        return not("the history can't be written");
    }
    (StatusCode::OK, "ready\n").into_response()
}
