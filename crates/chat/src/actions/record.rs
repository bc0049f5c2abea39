//! What an action leaves behind: an answer for the page, and a line in the history.

use std::time::SystemTime;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::payload::Action;
use super::perform::{Done, Failure};
use crate::history::{Entry, Role};

/// An answer that can be given again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Answer {
    /// The answer to an action that was tried.
    pub(super) fn new(conversation: Uuid, action: &Action, result: &Result<Done, Failure>) -> Self {
        let kind = action.kind().name();
        match result {
            Ok(Done { number, url, summary, .. }) => Self {
                status: StatusCode::CREATED.as_u16(),
                body: json!({
                    "ok": true, "type": kind, "number": number, "url": url, "message": summary, "conversation_id": conversation,
                }),
            },
            Err(Failure { code, message, unclear, .. }) => {
                let status = match *code {
                    "unknown_label" | "not_found" | "refused" => StatusCode::UNPROCESSABLE_ENTITY,
                    _ => StatusCode::BAD_GATEWAY,
                };
                let error = json!({ "code": code, "message": message, "unclear": unclear });
                Self {
                    status: status.as_u16(),
                    body: json!({ "ok": false, "type": kind, "error": error, "conversation_id": conversation }),
                }
            }
        }
    }
}

/// The history's line of it, with what the API answered.
pub(super) fn entry(id: Option<Uuid>, action: &Action, result: &Result<Done, Failure>) -> Entry {
    let (text, outcome, response) = match result {
        Ok(done) => {
            (done.summary.clone(), json!({ "ok": true, "number": done.number, "url": done.url }), Some(&done.response))
        }
        Err(failure) => (
            format!("{} failed: {}", action.kind().name(), failure.message),
            json!({ "ok": false, "error": { "code": failure.code, "message": failure.message, "unclear": failure.unclear } }),
            failure.response.as_ref(),
        ),
    };
    let mut told = json!({
        "id": id,
        "type": action.kind().name(),
        "payload": action.payload(),
        "result": outcome,
    });
    told["response"] = response.map(super::perform::Response::shape).unwrap_or_default();
    let mut entry = Entry::new(SystemTime::now(), Role::Action, text);
    entry.action = Some(told);
    entry
}
