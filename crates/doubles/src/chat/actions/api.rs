//! Calls of the forge's and the CI's APIs.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use crate::chat::State;

/// How long a call may take.
const TIME: Duration = Duration::from_secs(20);

/// Another service's API.
pub(super) struct Api<'a> {
    pub(super) state: &'a State,
    pub(super) name: &'static str,
    pub(super) base: String,
    pub(super) authorization: String,
}

/// Why something wasn't done.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: &'static str,
    pub(super) message: String,
    /// It may have been done all the same.
    pub(super) unclear: bool,
    /// What the API answered.
    pub(super) response: Value,
}

impl Failure {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), unclear: false, response: Value::Null }
    }
}

impl Api<'_> {
    pub(super) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.send(Method::GET, path, Bytes::new()).await
    }

    /// A call that changes something: without an answer nobody knows whether it did.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.send(Method::POST, path, Bytes::from(body.to_string())).await.map_err(|failure| {
            let unclear = matches!(failure.code, "unreachable" | "wrong_address");
            Failure { unclear, ..failure }
        })
    }

    async fn send(&self, method: Method, path: &str, body: Bytes) -> Result<Value, Failure> {
        let name = self.name;
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, &self.authorization)
            .body(body)
            .map_err(|error| Failure::new("unreachable", error.to_string()))?;
        let answer = self.state.outbound.send(request, TIME).await;
        let answer =
            answer.map_err(|why| Failure::new("unreachable", format!("the {name} can't be reached: {why}")))?;
        let status = answer.status();
        let value: Option<Value> = serde_json::from_slice(answer.body()).ok();
        match value {
            Some(value) if status.is_success() => Ok(value),
            // A dashboard answers everything with a page.
            None if status.is_success() => {
                let message =
                    format!("JSON was expected of the {name}, and something else came; its address lacks a path");
                Err(Failure::new("wrong_address", message))
            }
            value => {
                let code = match status {
                    StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "token_refused",
                    StatusCode::NOT_FOUND => "not_found",
                    status if status.is_redirection() => "wrong_address",
                    _ => "refused",
                };
                let body = value.unwrap_or_default();
                let said = body["message"].as_str().unwrap_or_default();
                let message = format!("the {name} answered {status}: {said}");
                Err(Failure {
                    response: json!({ "status": status.as_u16(), "body": body }),
                    ..Failure::new(code, message)
                })
            }
        }
    }
}
