//! Calls to a service's REST API, for setting a stack up. Scenarios have a client of their own,
//! which sends byte for byte what they say.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, LOCATION};
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use scenario::Secret;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The longest that a call may take.
const CALL_WITHIN: Duration = Duration::from_secs(20);
/// The most of an answer that is read, in bytes.
const ANSWER_LIMIT: usize = 1 << 20;

/// The way to a service.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Whom to trust, where it speaks TLS.
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

/// A service's API.
pub(crate) struct Api<'a> {
    /// The service's URL, without a slash at its end.
    pub(crate) base: &'a str,
    /// How that URL's host is reached.
    pub(crate) way: &'a Way,
    /// Whom the calls are made for.
    pub(crate) credentials: Option<(&'a str, &'a Secret)>,
}

/// What a service answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// Where it sends its client, if anywhere.
    pub(crate) location: Option<String>,
    /// The content as text; bytes that aren't UTF-8 are replaced.
    pub(crate) body: String,
}

impl Answer {
    /// The content, where it is JSON.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }

    /// Status and the beginning of the content in one line, for messages.
    pub(crate) fn excerpt(&self) -> String {
        let text = self.body.split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = text.chars().take(200).collect();
        match (short.is_empty(), short.len() < text.len()) {
            (true, _) => format!("{} with no content", self.status),
            (false, false) => format!("{} {short}", self.status),
            (false, true) => format!("{} {short}…", self.status),
        }
    }
}

impl Api<'_> {
    /// `GET` of a path below the base.
    ///
    /// # Errors
    /// No answer, in words.
    pub(crate) async fn get(&self, path: &str) -> Result<Answer, String> {
        self.call(Method::GET, path, None).await
    }

    /// `POST` of JSON to a path below the base.
    ///
    /// # Errors
    /// No answer, in words.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Answer, String> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// `PATCH` of a path below the base, with JSON.
    ///
    /// # Errors
    /// No answer, in words.
    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Result<Answer, String> {
        self.call(Method::PATCH, path, Some(body)).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, String> {
        match tokio::time::timeout(CALL_WITHIN, self.exchange(&method, path, body)).await {
            Err(_) => Err(format!("{method} {}{path}: no answer within {} s", self.base, CALL_WITHIN.as_secs())),
            Ok(Err(why)) => Err(format!("{method} {}{path}: {why}", self.base)),
            Ok(Ok(answer)) => Ok(answer),
        }
    }

    async fn exchange(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Answer, String> {
        let uri: Uri = format!("{}{path}", self.base).parse().map_err(|error| format!("{error}"))?;
        let host = uri.authority().map(ToString::to_string).unwrap_or_default();
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let mut request = Request::builder().method(method).uri(target).header(HOST, host);
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let Some((user, password)) = self.credentials {
            let credentials = STANDARD.encode(format!("{user}:{}", password.expose()));
            request = request.header(AUTHORIZATION, format!("Basic {credentials}"));
        }
        let content = body.map(ToString::to_string).unwrap_or_default();
        let request = request.body(Full::new(Bytes::from(content))).map_err(|error| error.to_string())?;

        let address = self.way.address;
        let stream = TcpStream::connect(address).await.map_err(|error| format!("{address}: {error}"))?;
        let Some(tls) = &self.way.tls else { return converse(stream, request).await };
        let name =
            ServerName::try_from(uri.host().unwrap_or_default().to_owned()).map_err(|error| error.to_string())?;
        let stream = TlsConnector::from(tls.clone()).connect(name, stream).await.map_err(|error| error.to_string())?;
        converse(stream, request).await
    }
}

/// One request and its answer over a fresh connection.
async fn converse<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Answer, String>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| error.to_string())?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let limited = Limited::new(response.into_body(), ANSWER_LIMIT);
        let content = limited.collect().await.map_err(|error| error.to_string())?.to_bytes();
        Ok(Answer { status, location, body: String::from_utf8_lossy(&content).into_owned() })
    };
    // The connection is driven here, and ends with the exchange: nothing goes on in the background.
    tokio::pin!(exchange);
    tokio::select! {
        answer = &mut exchange => answer,
        ended = connection => match ended {
            // What has arrived by then may be the whole answer.
            Ok(()) => exchange.await,
            Err(error) => Err(error.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_line_and_short() {
        let answer = |body: &str| Answer { status: 409, location: None, body: body.to_owned() }.excerpt();
        assert_eq!(answer(""), "409 with no content");
        assert_eq!(answer("{\n  \"message\": \"x\"\n}"), "409 { \"message\": \"x\" }");
        assert_eq!(answer(&"ä".repeat(300)), format!("409 {}…", "ä".repeat(200)));
    }
}
