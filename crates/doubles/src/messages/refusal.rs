//! Errors as the API writes them.

use http::StatusCode;
use serde_json::{Value, json};

/// A request that isn't answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The status.
    pub(super) status: StatusCode,
    /// What the error is, in words.
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// What a client did wrong.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// A failure of the API's own, by its status.
    pub(super) fn of_status(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let message = match status.as_u16() {
            401 => "invalid x-api-key",
            403 => "Your API key does not have permission to use the specified resource.",
            429 => "This request would exceed your account's rate limit. Please try again later.",
            529 => "Overloaded",
            _ => "Internal server error",
        };
        Self::new(status, message)
    }

    /// The error itself, as it stands in an answer and in an `error` event.
    pub(super) fn error(&self) -> Value {
        json!({ "type": kind(self.status), "message": self.message })
    }

    /// The content of the answer.
    pub(super) fn content(&self) -> Value {
        json!({ "type": "error", "error": self.error() })
    }
}

/// The type of error that goes with a status.
fn kind(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_type() {
        for (status, expected) in [
            (401, "authentication_error"),
            (405, "invalid_request_error"),
            (429, "rate_limit_error"),
            (500, "api_error"),
            (529, "overloaded_error"),
            (9999, "api_error"),
        ] {
            let content = Refusal::of_status(status).content();
            assert_eq!((&content["type"], &content["error"]["type"]), (&json!("error"), &json!(expected)), "{status}");
        }
    }
}
