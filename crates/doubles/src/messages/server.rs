//! Requests in, answers out.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::{Value, json};
use serve::{Body, Log, Server, full};
use tokio::net::TcpListener;

use super::answer::{Failure, choose, next};
use super::conversation::{self, Conversation};
use super::events::{self, Head};
use super::refusal::Refusal;
use super::settings::{Builder, Settings, Usage};
use super::stream;
use crate::random;

/// The largest request, as the API has it: 32 MB.
const LIMIT: usize = 32 * 1024 * 1024;

/// How many of the last requests are kept.
const KEPT: usize = 64;

/// A model that is running. Dropping it frees its port and closes its connections.
#[derive(Debug)]
pub struct Messages {
    server: Server,
    log: Log,
    requests: Arc<Mutex<VecDeque<Value>>>,
}

impl Messages {
    /// Makes one.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(super) fn start(settings: Settings, log: Log, listener: TcpListener) -> io::Result<Self> {
        let requests = Arc::<Mutex<VecDeque<Value>>>::default();
        let (settings, lines, kept) = (Arc::new(settings), log.clone(), requests.clone());
        let server = Server::start(listener, move |request, _| {
            let (settings, lines, kept) = (settings.clone(), lines.clone(), kept.clone());
            async move {
                let (method, path) = (request.method().clone(), request.uri().path().to_owned());
                let answer = answer(request, &settings, &kept).await.unwrap_or_else(|refusal| refused(&refusal));
                lines.access(method.as_str(), &path, answer.status().as_u16());
                answer
            }
        })?;
        Ok(Self { server, log, requests })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Its base URL, as `ANTHROPIC_BASE_URL` has it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// What it logged.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The last requests for a message, oldest first, as they came.
    pub fn requests(&self) -> Vec<Value> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Stops it, letting answers under way finish for as long as `grace`.
    pub async fn shutdown(self, grace: Duration) {
        self.server.shutdown(grace).await;
    }

    /// Stops it as [`Self::shutdown`] does, for [`Self::resume`].
    pub async fn pause(&mut self, grace: Duration) {
        self.server.pause(grace).await;
    }

    /// Starts it again.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn resume(&mut self, listener: TcpListener) -> io::Result<()> {
        self.server.resume(listener)
    }
}

async fn answer(
    request: Request<Incoming>,
    settings: &Settings,
    kept: &Mutex<VecDeque<Value>>,
) -> Result<Response<Body>, Refusal> {
    let (parts, body) = request.into_parts();
    let counts = match (parts.uri.path(), parts.method == Method::POST) {
        ("/v1/messages", true) => false,
        ("/v1/messages/count_tokens", true) => true,
        ("/v1/messages" | "/v1/messages/count_tokens", false) => {
            return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"));
        }
        _ => return Err(Refusal::new(StatusCode::NOT_FOUND, "Not found")),
    };
    authorize(&parts.headers, &settings.keys)?;
    if !parts.headers.contains_key("anthropic-version") {
        return Err(Refusal::invalid("anthropic-version: header is required"));
    }
    let content = read(body).await?;
    let asked = Asked::read(&content, counts)?;
    let conversation = conversation::read(asked.messages);
    if counts {
        return Ok(json_answer(StatusCode::OK, &json!({ "input_tokens": conversation.words })));
    }
    keep(kept, &content);
    reply(&asked, &conversation, settings)
}

/// The parts of a request that matter.
struct Asked<'a> {
    model: &'a str,
    messages: &'a [Value],
    is_streamed: bool,
}

impl<'a> Asked<'a> {
    /// Checks what is required, in the order and the words of the API.
    fn read(content: &'a Value, counts: bool) -> Result<Self, Refusal> {
        let required = |name: &str| Refusal::invalid(format!("{name}: Field required"));
        let model = content["model"].as_str().ok_or_else(|| required("model"))?;
        let messages = content["messages"].as_array().ok_or_else(|| required("messages"))?;
        if messages.is_empty() {
            return Err(Refusal::invalid("messages: at least one message is required"));
        }
        match content["max_tokens"].as_u64() {
            None if !counts => return Err(required("max_tokens")),
            Some(0) => return Err(Refusal::invalid("max_tokens: Input should be greater than or equal to 1")),
            _ => {}
        }
        Ok(Self { model, messages, is_streamed: content["stream"] == true })
    }
}

fn reply(asked: &Asked<'_>, conversation: &Conversation, settings: &Settings) -> Result<Response<Body>, Refusal> {
    let Some(answer) = choose(&settings.answers, conversation) else {
        return Err(Refusal::of_status(500));
    };
    if let Some(Failure { status, after_tokens: None }) = answer.fail {
        return Err(Refusal::of_status(status));
    }
    let turn = next(answer, conversation);
    let said = match &turn {
        super::answer::Turn::Say(text) => events::tokens(text).len() as u64,
        super::answer::Turn::Use(_) => 1,
    };
    let usage = settings.usage.unwrap_or(Usage { input_tokens: conversation.words, output_tokens: said });
    let id = random::token(12).map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let head = Head { id: format!("msg_{id}"), model: asked.model.to_owned() };
    if !asked.is_streamed {
        return Ok(json_answer(StatusCode::OK, &events::whole(&head, &turn, usage)));
    }
    let mut events = events::stream(&head, &turn, usage);
    if let Some(Failure { status, after_tokens: Some(tokens) }) = answer.fail {
        let cut = events.iter().enumerate().filter(|(_, event)| event.is_token).nth(tokens);
        events.truncate(cut.map_or(events.len(), |(index, _)| index));
        events.push(events::error(Refusal::of_status(status).error()));
    }
    let mut answer = Response::new(stream::body(events, settings.token_delay));
    let fields = answer.headers_mut();
    fields.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(answer)
}

/// Whether the request has a key, or a token of who signed in, that is known.
fn authorize(headers: &HeaderMap, keys: &[String]) -> Result<(), Refusal> {
    let bearer = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let key = headers.get("x-api-key").and_then(|value| value.to_str().ok()).or(bearer);
    match key.filter(|key| !key.is_empty()) {
        None => Err(Refusal::new(StatusCode::UNAUTHORIZED, "x-api-key header is required")),
        Some(key) if keys.is_empty() || keys.iter().any(|known| known == key) => Ok(()),
        Some(_) => Err(Refusal::of_status(401)),
    }
}

async fn read(body: Incoming) -> Result<Value, Refusal> {
    let content = Limited::new(body, LIMIT).collect().await.map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() {
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "Request exceeds the maximum size")
        } else {
            Refusal::invalid("The request body could not be read")
        }
    })?;
    let content: Bytes = content.to_bytes();
    serde_json::from_slice(&content).map_err(|_| Refusal::invalid("The request body is not valid JSON"))
}

fn keep(kept: &Mutex<VecDeque<Value>>, content: &Value) {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() == KEPT {
        kept.pop_front();
    }
    kept.push_back(content.clone());
}

fn refused(refusal: &Refusal) -> Response<Body> {
    json_answer(refusal.status, &refusal.content())
}

fn json_answer(status: StatusCode, content: &Value) -> Response<Body> {
    let mut answer = Response::new(full(content.to_string()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
