//! `/history`, `/history/ID`, `/new`.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{HistoryError, export};
use crate::answer;
use crate::server::AppState;
use crate::session::Visitor;

/// How many entries an answer holds unless it is asked for fewer, and at most.
const ENTRIES: usize = 500;

/// The room's routes. Everybody sees what is theirs, and can't tell what is another's from what isn't there.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/new", post(new))
        .route("/history", get(list))
        .route("/history/export", get(export::all))
        .route("/history/{conversation}", get(read))
        .route("/history/{conversation}/export", get(export::one))
}

impl IntoResponse for HistoryError {
    fn into_response(self) -> Response {
        let (status, code) = match &self {
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::Full => (StatusCode::CONFLICT, "conversation_full"),
            Self::Io(error) => {
                tracing::error!(%error, "the history can't be used");
                // Of paths and disks nobody needs to know.
                return answer::error(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "storage",
                    "the history can't be used at the moment",
                );
            }
        };
        answer::error(status, code, &self.to_string())
    }
}

/// A conversation's id as it stands in a path. One that is none is one that isn't there.
pub(super) fn id(text: &str) -> Result<Uuid, HistoryError> {
    text.parse().map_err(|_| HistoryError::NotFound)
}

/// An id for a conversation. Nothing is kept of it before something is said.
async fn new(_: Visitor) -> Response {
    (StatusCode::CREATED, Json(json!({ "conversation_id": Uuid::new_v4() }))).into_response()
}

async fn list(State(state): State<AppState>, visitor: Visitor) -> Result<Response, HistoryError> {
    Ok(Json(json!({ "conversations": state.history.list(&visitor.user).await? })).into_response())
}

/// Which entries: the last `limit` of those before `before`, which counts from 0.
#[derive(Deserialize)]
struct Window {
    before: Option<usize>,
    limit: Option<usize>,
}

async fn read(
    State(state): State<AppState>,
    visitor: Visitor,
    Path(conversation): Path<String>,
    Query(window): Query<Window>,
) -> Result<Response, HistoryError> {
    let conversation = id(&conversation)?;
    let entries = state.history.read(&visitor.user, conversation).await?;
    let total = entries.len();
    let end = window.before.unwrap_or(total).min(total);
    let first = end - window.limit.unwrap_or(ENTRIES).clamp(1, ENTRIES).min(end);
    let answer =
        json!({ "conversation_id": conversation, "first": first, "total": total, "entries": entries[first..end] });
    Ok(Json(answer).into_response())
}
