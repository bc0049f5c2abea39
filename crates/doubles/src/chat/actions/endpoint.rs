//! `POST /action/TYPE`: a click.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{Response, StatusCode};
use serde_json::{Value, json};
use serve::Body;

use super::api::Failure;
use super::payload::Action;
use super::perform::{Made, perform};
use crate::chat::defect::Defect;
use crate::chat::gate::Visitor;
use crate::chat::socket::is_uuid;
use crate::chat::{State, answer, clock};
use crate::random;

/// How long two clicks on one proposal are one, in seconds; and two that name none.
const KEEP: u64 = 30 * 24 * 60 * 60;
const KEEP_UNNAMED: u64 = 20;
/// How many answers are kept.
const MOST: usize = 10_000;

/// A status and a content, once there are some. Whoever holds the lock is at it.
type Answer = Arc<tokio::sync::Mutex<Option<(StatusCode, Value)>>>;

/// What was done, so that it isn't done again: by person and proposal, each with its end.
#[derive(Debug, Default)]
pub(in crate::chat) struct Done(Mutex<HashMap<String, (u64, Answer)>>);

impl Done {
    /// The answer to a click, which may be still to be found.
    fn of(&self, key: &str, keep: u64) -> Answer {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now();
        if kept.len() >= MOST {
            kept.retain(|_, (ends, _)| *ends > now);
        }
        match kept.get(key).filter(|(ends, _)| *ends > now) {
            Some((_, answer)) => answer.clone(),
            None => {
                let answer = Answer::default();
                kept.insert(key.to_owned(), (now + keep, answer.clone()));
                answer
            }
        }
    }
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let error = json!({ "code": code, "message": message, "unclear": false });
    answer::json(status, &json!({ "ok": false, "error": error }))
}

/// Carries an action out, once.
pub(in crate::chat) async fn click(
    state: &State,
    visitor: &Visitor,
    kind: &str,
    parts: &Parts,
    content: &Bytes,
) -> Response<Body> {
    if !super::kinds(state).contains(&kind) {
        return refuse(StatusCode::NOT_FOUND, "unknown_action", "there is no such action here");
    }
    let media = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !media.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json")) {
        let message = "Content-Type: application/json was expected";
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", message);
    }
    let Ok(mut payload) = serde_json::from_slice::<Value>(content) else {
        return refuse(StatusCode::BAD_REQUEST, "invalid_json", "JSON was expected");
    };
    let (Ok(id), Ok(conversation)) = (uuid(&mut payload, "id"), uuid(&mut payload, "conversation_id")) else {
        let message = "`id` and `conversation_id`: UUIDs were expected";
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, "invalid_payload", message);
    };
    let action = match Action::read(kind, &payload) {
        Ok(action) => action,
        Err(problems) => {
            let listed: Vec<Value> =
                problems.iter().map(|(field, expected)| json!({ "field": field, "expected": expected })).collect();
            let words: Vec<String> = problems.iter().map(|(field, expected)| format!("{field}: {expected}")).collect();
            let error =
                json!({ "code": "invalid_payload", "message": words.join("; "), "unclear": false, "problems": listed });
            return answer::json(StatusCode::UNPROCESSABLE_ENTITY, &json!({ "ok": false, "error": error }));
        }
    };
    let Some(action) = action.scoped(state) else {
        let message = format!("repo: actions may touch {} alone", state.settings.repositories.join(", "));
        return refuse(StatusCode::FORBIDDEN, "repository_not_allowed", &message);
    };
    let Ok(conversation) = conversation.map_or_else(random::uuid, Ok) else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "internal", "there are no random bytes");
    };
    let (status, told) = once(state, visitor, &action, id.as_deref(), &conversation).await;
    answer::json(status, &told)
}

/// Two clicks are one: the second waits for what comes of the first.
async fn once(
    state: &State,
    visitor: &Visitor,
    action: &Action,
    id: Option<&str>,
    conversation: &str,
) -> (StatusCode, Value) {
    if state.has(Defect::DoubleClickActsTwice) {
        return carry_out(state, visitor, action, id, conversation).await.0;
    }
    let (key, keep) = match id {
        Some(id) => (format!("{} {} {id}", visitor.user, action.kind), KEEP),
        None => (format!("{} {} {}", visitor.user, action.kind, action.payload()), KEEP_UNNAMED),
    };
    let known = state.done.of(&key, keep);
    let mut known = known.lock().await;
    if let Some(answer) = known.as_ref() {
        return answer.clone();
    }
    let (answer, settled) = carry_out(state, visitor, action, id, conversation).await;
    if settled {
        *known = Some(answer.clone());
    }
    answer
}

/// Does it, and notes it in the history. Also: whether it must not be tried again.
async fn carry_out(
    state: &State,
    visitor: &Visitor,
    action: &Action,
    id: Option<&str>,
    conversation: &str,
) -> ((StatusCode, Value), bool) {
    let result = perform(state, action).await;
    let mut noted = json!({ "id": id, "type": action.kind, "payload": action.payload() });
    let (text, outcome) = match result {
        Ok(Made { number, url, summary, response }) => {
            noted["result"] = json!({ "ok": true, "number": number, "url": url });
            noted["response"] = response;
            let told = json!({
                "ok": true, "type": action.kind, "number": number, "url": url, "message": summary, "conversation_id": conversation,
            });
            (summary, ((StatusCode::CREATED, told), true))
        }
        Err(Failure { code, message, unclear, response }) => {
            let error = json!({ "code": code, "message": message, "unclear": unclear });
            noted["result"] = json!({ "ok": false, "error": error });
            noted["response"] = response;
            let status = match code {
                "unknown_label" | "not_found" | "refused" => StatusCode::UNPROCESSABLE_ENTITY,
                _ => StatusCode::BAD_GATEWAY,
            };
            let told = json!({ "ok": false, "type": action.kind, "error": error, "conversation_id": conversation });
            (format!("{} failed: {message}", action.kind), ((status, told), unclear))
        }
    };
    state.history.append(&visitor.user, conversation, json!({ "role": "action", "text": text, "action": noted }));
    outcome
}

/// Takes one of the click's own fields out of the payload.
fn uuid(payload: &mut Value, field: &str) -> Result<Option<String>, ()> {
    match payload.as_object_mut().and_then(|fields| fields.remove(field)) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if is_uuid(&text) => Ok(Some(text.to_ascii_lowercase())),
        Some(_) => Err(()),
    }
}
