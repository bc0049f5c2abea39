//! Conversations to take away: JSON lines, as they are kept, each with the conversation that it belongs to.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::header;
use serde::Serialize;
use uuid::Uuid;

use super::routes::id;
use super::{Entry, HistoryError};
use crate::server::AppState;
use crate::session::Visitor;

#[derive(Serialize)]
struct Line {
    conversation_id: Uuid,
    #[serde(flatten)]
    entry: Entry,
}

/// One conversation.
pub(super) async fn one(
    State(state): State<AppState>,
    visitor: Visitor,
    Path(conversation): Path<String>,
) -> Result<Response, HistoryError> {
    let conversation = id(&conversation)?;
    let entries = state.history.read(&visitor.user, conversation).await?;
    Ok(attachment(&format!("{conversation}.ndjson"), Body::from(lines(conversation, entries))))
}

/// All of somebody's, one after the other: no more than one is in memory.
pub(super) async fn all(State(state): State<AppState>, visitor: Visitor) -> Result<Response, HistoryError> {
    let conversations = state.history.all(&visitor.user).await?;
    let pieces = stream::iter(conversations).then(move |conversation| {
        let (state, user) = (state.clone(), visitor.user.clone());
        async move {
            match state.history.read(&user, conversation).await {
                Ok(entries) => Ok(lines(conversation, entries).into()),
                // Nothing was ever said in it.
                Err(HistoryError::NotFound) => Ok(Bytes::new()),
                Err(error) => Err(error),
            }
        }
    });
    Ok(attachment("conversations.ndjson", Body::from_stream(pieces)))
}

fn lines(conversation_id: Uuid, entries: Vec<Entry>) -> Vec<u8> {
    let mut text = Vec::new();
    for entry in entries {
        // What was read from JSON can be written as JSON, and into memory.
        if serde_json::to_writer(&mut text, &Line { conversation_id, entry }).is_ok() {
            text.push(b'\n');
        }
    }
    text
}

fn attachment(name: &str, body: Body) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, "application/x-ndjson".to_owned()), (header::CONTENT_DISPOSITION, disposition)], body)
        .into_response()
}
