//! `POST /action/{type}`: a click.
//!
//! The body is the payload, with two fields of ours beside it: `conversation_id`, where the history notes it, and `id`, the proposal's, which
//! makes two clicks one.

use std::time::{Duration, SystemTime};

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, StatusCode};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use uuid::Uuid;

use super::payload::{Action, Kind};
use super::perform::{self, Failure};
use super::record::{self, Answer};
use super::settings::Settings;
use crate::session::Visitor;
use crate::state::{Once, StoreError};
use crate::{AppState, later};

/// The longest body, in bytes: the longest payload with its characters escaped.
const LONGEST_BODY: usize = 512 * 1024;

/// How long two clicks on one proposal are one.
const KEEP: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The same for payloads that name no proposal, which somebody may well send again later.
const KEEP_UNNAMED: Duration = Duration::from_secs(20);

/// How long the second of two clicks waits for what comes of the first, and how often it looks.
const WAIT: Duration = Duration::from_secs(40);
const WAIT_STEP: Duration = Duration::from_millis(100);

/// The room's routes.
pub fn routes() -> Router<AppState> {
    Router::new().route("/action/{kind}", post(click))
}

/// A refusal before anything is tried.
struct Refusal(StatusCode, &'static str, String, Vec<super::Problem>);

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self(status, code, message.into(), Vec::new())
    }

    fn storage() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "storage", "the service can't write just now; nothing was done")
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "an action can't be kept apart from its repetition");
        Self::storage()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, code, message, problems) = self;
        let mut error = json!({ "code": code, "message": message, "unclear": false });
        if !problems.is_empty() {
            error["problems"] = json!(problems);
        }
        (status, Json(json!({ "ok": false, "error": error }))).into_response()
    }
}

/// What a click sends.
struct Click {
    action: Action,
    id: Option<Uuid>,
    conversation: Option<Uuid>,
}

async fn click(
    visitor: Visitor,
    State(state): State<AppState>,
    Path(kind): Path<String>,
    request: Request<Body>,
) -> Response {
    let click = match read(&state.config.actions, &kind, request).await {
        Ok(click) => click,
        Err(refusal) => return refusal.into_response(),
    };
    // A client that goes away doesn't leave half an action behind.
    let task = state.tasks.spawn(carry_out(state.clone(), visitor.user, click));
    match task.await {
        Ok(Ok(Answer { status, body })) => {
            (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), Json(body)).into_response()
        }
        Ok(Err(refusal)) => refusal.into_response(),
        Err(_) => Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the service ended").into_response(),
    }
}

async fn read(settings: &Settings, kind: &str, request: Request<Body>) -> Result<Click, Refusal> {
    let Some(kind) = Kind::from_name(kind) else {
        let names: Vec<&str> = settings.kinds().into_iter().map(Kind::name).collect();
        let message = format!("there is no such action; there are: {}", names.join(", "));
        return Err(Refusal::new(StatusCode::NOT_FOUND, "unknown_action", message));
    };
    if !settings.has(kind) {
        let message = "there is no such action here: its token isn't configured";
        return Err(Refusal::new(StatusCode::NOT_FOUND, "not_configured", message));
    }
    // A form of a foreign page can't send this type.
    let media = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !media.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json")) {
        let message = "Content-Type: application/json was expected";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", message));
    }
    let body = to_bytes(request.into_body(), LONGEST_BODY).await.map_err(|_| {
        let message = format!("at most {LONGEST_BODY} bytes were expected");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    })?;
    click_of(settings, kind, &body)
}

fn click_of(settings: &Settings, kind: Kind, body: &Bytes) -> Result<Click, Refusal> {
    let mut value: Value = serde_json::from_slice(body).map_err(|error| {
        Refusal::new(StatusCode::BAD_REQUEST, "invalid_json", format!("JSON was expected: {error}"))
    })?;
    let (id, conversation) = (uuid(&mut value, "id")?, uuid(&mut value, "conversation_id")?);
    let action = Action::from_json(kind, &value).map_err(|problems| {
        let message = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        Refusal(StatusCode::UNPROCESSABLE_ENTITY, "invalid_payload", message, problems)
    })?;
    let action = settings.scope(action).ok_or_else(|| {
        let names: Vec<String> = settings.repositories.iter().map(ToString::to_string).collect();
        let message = format!("repo: actions may touch {} alone", names.join(", "));
        Refusal::new(StatusCode::FORBIDDEN, "repository_not_allowed", message)
    })?;
    Ok(Click { action, id, conversation })
}

/// Takes one of our own fields out.
fn uuid(value: &mut Value, field: &str) -> Result<Option<Uuid>, Refusal> {
    match value.as_object_mut().and_then(|fields| fields.shift_remove(field)) {
        None | Some(Value::Null) => Ok(None),
        Some(given) => given.as_str().and_then(|text| Uuid::try_parse(text).ok()).map(Some).ok_or_else(|| {
            let message = format!("{field}: a UUID was expected");
            Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_payload", message)
        }),
    }
}

async fn carry_out(state: AppState, user: String, click: Click) -> Result<Answer, Refusal> {
    let Click { action, id, conversation } = click;
    // What can't be written down isn't done.
    if let Err(error) = state.history.check().await {
        tracing::error!(%error, "the history can't be written");
        return Err(Refusal::storage());
    }
    let (key, keep) = key(&user, id, &action);
    match state.store.once(&key, keep, SystemTime::now()).await? {
        Once::First => {}
        Once::Seen(answer) => return seen(&state, &key, answer).await,
    }
    let conversation = conversation.unwrap_or_else(Uuid::new_v4);
    let result = match action.repository().cloned() {
        Some(repository) => perform::perform(&state, &action, &repository).await,
        None => Err(Failure::unscoped()),
    };
    let kind = action.kind().name();
    match &result {
        Ok(done) => tracing::info!(%user, kind, number = done.number, "an action was done"),
        Err(failure) => tracing::warn!(%user, kind, code = failure.code, "an action failed"),
    }
    later::append(&state, &user, conversation, record::entry(id, &action, &result)).await;
    let answer = Answer::new(conversation, &action, &result);
    match &result {
        // Nothing was done: another click may try again.
        Err(failure) if !failure.unclear => state.store.undo(&key).await?,
        _ => state.store.answer(&key, &serde_json::to_string(&answer).unwrap_or_default()).await?,
    }
    Ok(answer)
}

/// The same proposal, or without one the same payload, of the same person.
fn key(user: &str, id: Option<Uuid>, action: &Action) -> (String, Duration) {
    let kind = action.kind().name();
    match id {
        Some(id) => (format!("action {user} {kind} {id}"), KEEP),
        None => {
            let digest = digest(&SHA256, action.payload().to_string().as_bytes());
            let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            (format!("action {user} {kind} {hex}"), KEEP_UNNAMED)
        }
    }
}

/// What came of the first click.
async fn seen(state: &AppState, key: &str, mut answer: Option<String>) -> Result<Answer, Refusal> {
    let since = tokio::time::Instant::now();
    loop {
        if let Some(answer) = answer.as_deref().and_then(|text| serde_json::from_str::<Answer>(text).ok()) {
            return Ok(answer);
        }
        if since.elapsed() > WAIT {
            let message = "this was begun before, and what came of it isn't known; look there before you try again";
            return Err(Refusal::new(StatusCode::CONFLICT, "unclear", message));
        }
        tokio::time::sleep(WAIT_STEP).await;
        answer = match state.store.once(key, Duration::from_secs(1), SystemTime::now()).await? {
            Once::Seen(answer) => answer,
            Once::First => {
                state.store.undo(key).await?;
                let message = "this was tried a moment ago and failed; try again";
                return Err(Refusal::new(StatusCode::CONFLICT, "failed_before", message));
            }
        };
    }
}
