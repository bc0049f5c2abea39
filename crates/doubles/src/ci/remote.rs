//! The forge, as the CI server calls it: a token for a code, who that is, repositories, files, webhooks, states of commits.

mod calls;
mod parse;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};

use super::settings::ForgeSettings;
use crate::outbound::Outbound;

pub(super) use calls::CommitState;
pub(super) use parse::repository as repository_of;

/// How long the forge may take for one answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How many redirects are followed, as Go's client does.
const MAX_HOPS: usize = 10;

/// Why the forge didn't do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RemoteError {
    /// It isn't there.
    NotFound(String),
    /// Anything else.
    Other(String),
}

impl std::fmt::Display for RemoteError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotFound(message) | Self::Other(message) => formatter.write_str(message),
        }
    }
}

/// The forge.
#[derive(Debug, Clone, Copy)]
pub(super) struct Remote<'a> {
    pub(super) settings: &'a ForgeSettings,
    pub(super) outbound: &'a Outbound,
}

/// What a request says besides its address.
struct Call<'a> {
    method: Method,
    url: String,
    authorization: Option<String>,
    kind: Option<&'static str>,
    body: &'a str,
}

impl Remote<'_> {
    /// Sends a request and follows redirects: after 307 and 308 as it was, after others as a GET (RFC 9110, section 15.4). The
    /// authorization goes to no other host.
    async fn send(&self, call: Call<'_>) -> Result<Response<Bytes>, RemoteError> {
        let failed = |message: String| RemoteError::Other(message);
        let mut uri: Uri = call.url.parse().map_err(|error| failed(format!("`{}`: {error}", call.url)))?;
        let home = uri.authority().cloned();
        let mut method = call.method;
        let mut body = call.body;
        for _ in 0..=MAX_HOPS {
            let mut request = Request::builder().method(method.clone()).uri(uri.clone());
            request =
                request.header(header::USER_AGENT, "woodpecker-ci-double").header(header::ACCEPT, "application/json");
            if let Some(value) = call.authorization.as_deref().filter(|_| uri.authority() == home.as_ref()) {
                let mut value =
                    HeaderValue::from_str(value).map_err(|_| failed("the token has odd characters".to_owned()))?;
                value.set_sensitive(true);
                request = request.header(header::AUTHORIZATION, value);
            }
            if let Some(kind) = call.kind.filter(|_| !body.is_empty()) {
                request = request.header(header::CONTENT_TYPE, kind);
            }
            let request =
                request.body(Bytes::copy_from_slice(body.as_bytes())).map_err(|error| failed(error.to_string()))?;
            let answer = self
                .outbound
                .send(request, TIMEOUT)
                .await
                .map_err(|error| failed(format!("{method} {}: {error}", without_query(&uri))))?;
            let Some(next) = redirect(&uri, &answer) else { return Ok(answer) };
            if !matches!(answer.status(), StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT) {
                if method != Method::HEAD {
                    method = Method::GET;
                }
                body = "";
            }
            uri = next;
        }
        Err(failed(format!("{}: stopped after {MAX_HOPS} redirects", without_query(&uri))))
    }
}

/// Where an answer leads on.
fn redirect(from: &Uri, answer: &Response<Bytes>) -> Option<Uri> {
    if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = answer.headers().get(header::LOCATION)?.to_str().ok()?;
    let base = url::Url::parse(&from.to_string()).ok()?;
    base.join(location).ok()?.as_str().parse().ok()
}

/// An address without its query, which may hold a token.
fn without_query(uri: &Uri) -> String {
    let host = uri.authority().map_or("", |authority| authority.as_str());
    format!("{}://{host}{}", uri.scheme_str().unwrap_or("http"), uri.path())
}
