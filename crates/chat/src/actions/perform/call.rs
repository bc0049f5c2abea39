//! Calls of another service's API: JSON out, JSON in.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, StatusCode};
use serde_json::Value;
use url::Url;

use super::{Failure, Response};
use crate::client::Client;
use crate::secret::Secret;

/// Another service's API.
pub(super) struct Api<'a> {
    /// As people call it.
    pub(super) name: &'static str,
    client: &'a Client,
    base: String,
    authorization: HeaderValue,
}

/// Why a call gave nothing.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Trouble {
    /// No whole answer came. What was asked may have been done.
    NoAnswer(String),
    /// Something else than JSON came.
    NotJson(StatusCode, String),
    /// The answer is a refusal.
    Refused(Response),
}

impl<'a> Api<'a> {
    /// The API below an address.
    pub(super) fn new(
        name: &'static str,
        client: &'a Client,
        base: &Url,
        path: &str,
        scheme: &str,
        token: &Secret,
    ) -> Self {
        let base = format!("{}{path}", base.as_str().trim_end_matches('/'));
        // Settings are refused whose token can't stand in a field.
        let mut authorization =
            HeaderValue::from_str(&format!("{scheme} {}", token.expose())).unwrap_or(HeaderValue::from_static(""));
        authorization.set_sensitive(true);
        Self { name, client, base, authorization }
    }

    /// Where it is.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    pub(super) async fn get(&self, path: &str) -> Result<Response, Trouble> {
        self.send(Method::GET, path, Bytes::new()).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Response, Trouble> {
        self.send(Method::POST, path, Bytes::from(body.to_string())).await
    }

    async fn send(&self, method: Method, path: &str, body: Bytes) -> Result<Response, Trouble> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, self.authorization.clone())
            .body(body)
            .map_err(|error| Trouble::NoAnswer(error.to_string()))?;
        let answer = self.client.send(request).await.map_err(|error| Trouble::NoAnswer(error.to_string()))?;
        let status = answer.status();
        let kind =
            answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let is_json = kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
        let value = serde_json::from_slice(answer.body()).ok().filter(|_| is_json);
        match (status.is_success(), value) {
            (true, Some(body)) => Ok(Response { status, body }),
            (true, None) => Err(Trouble::NotJson(status, kind)),
            // A refusal may be bare.
            (false, body) => Err(Trouble::Refused(Response { status, body: body.unwrap_or_default() })),
        }
    }

    /// The failure that a call's trouble is, before anything was asked for that changes something.
    pub(super) fn failure(&self, trouble: Trouble) -> Failure {
        let Self { name, base, .. } = self;
        match trouble {
            Trouble::NoAnswer(why) => {
                Failure::new("unreachable", format!("the {name} at {base} can't be reached: {why}"))
            }
            Trouble::NotJson(status, kind) => {
                let kind = if kind.is_empty() { "nothing" } else { &kind };
                let message = format!(
                    "JSON was expected of the {name} at {base}, and {kind} came ({status}); its address lacks a path, or something else \
                     answers there"
                );
                Failure::new("wrong_address", message)
            }
            Trouble::Refused(response) => {
                let (code, why) = match response.status {
                    StatusCode::UNAUTHORIZED => ("token_refused", "the chat's token isn't valid there any more"),
                    StatusCode::FORBIDDEN => ("token_refused", "the chat's token may not do that"),
                    StatusCode::NOT_FOUND => {
                        ("not_found", "there is no such thing there, or the chat's token may not see it")
                    }
                    status if status.is_redirection() => {
                        ("wrong_address", "its API lives elsewhere; the address that is set leads to a redirect")
                    }
                    _ => ("refused", "it refused"),
                };
                let said = response.body.get("message").and_then(Value::as_str).map(short);
                let said = said.filter(|said| !said.is_empty()).map(|said| format!(": {said}")).unwrap_or_default();
                let message = format!("the {name} answered {}, {why}{said}", response.status);
                Failure { response: Some(response), ..Failure::new(code, message) }
            }
        }
    }

    /// The same of a call that was to change something: without an answer nobody knows whether it did.
    pub(super) fn failure_of_change(&self, trouble: Trouble) -> Failure {
        let unclear = match &trouble {
            Trouble::NoAnswer(_) | Trouble::NotJson(..) => true,
            Trouble::Refused(_) => false,
        };
        let mut failure = self.failure(trouble);
        if unclear {
            failure.unclear = true;
            failure.message.push_str("; it may have been done all the same: look there before you try again");
        }
        failure
    }

    /// What was done can't be read back.
    pub(super) fn not_there(&self, what: &str, response: Response) -> Failure {
        Failure {
            unclear: true,
            response: Some(response),
            ..Failure::new(
                "not_read_back",
                format!(
                    "the {} says that it made {what}, and it can't be read back as it should be; look there",
                    self.name
                ),
            )
        }
    }
}

/// The beginning of what another service says, on one line.
fn short(text: &str) -> String {
    text.chars().take(300).map(|character| if character.is_control() { ' ' } else { character }).collect()
}
