//! Where agents come: the server's side of our own protocol (see [`super::agent`]).

use std::time::Duration;

use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use ring::hmac;
use serde_json::{Value, json};
use serve::Body;

use super::agent::{PROTOCOL, PROTOCOL_HEADER};
use super::model::{Pipeline, Status};
use super::token::{self, Kind};
use super::{State, answer, start};

/// How long an agent is kept waiting where there is no work.
const WAIT: Duration = Duration::from_secs(20);
/// The largest content that is read, in bytes.
const MAX_BODY: usize = 16 << 10;

/// Answers one request of an agent.
pub(super) async fn answer(state: &State, request: Request<Incoming>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let mut answer = match Limited::new(body, MAX_BODY).collect().await {
        Ok(content) => {
            let content = serde_json::from_slice(&content.to_bytes()).unwrap_or(Value::Null);
            route(state, &parts, &content).await
        }
        Err(_) => answer::bare(StatusCode::PAYLOAD_TOO_LARGE),
    };
    answer.headers_mut().insert(PROTOCOL_HEADER, HeaderValue::from_static(PROTOCOL));
    answer
}

async fn route(state: &State, parts: &Parts, content: &Value) -> Response<Body> {
    let path = parts.uri.path();
    if (&parts.method, path) == (&Method::POST, "/agents") {
        return let_in(state, content);
    }
    let Some(agent) = agent(state, parts) else { return answer::bare(StatusCode::UNAUTHORIZED) };
    match (&parts.method, path) {
        (&Method::DELETE, "/agents") => {
            state.store.lock().remove_agent(agent);
            answer::bare(StatusCode::NO_CONTENT)
        }
        (&Method::POST, "/work") => give(state, agent).await,
        (&Method::POST, _) => match path.strip_prefix("/work/").and_then(|id| id.parse().ok()) {
            Some(workflow) => finish(state, agent, workflow, content).await,
            None => answer::bare(StatusCode::NOT_FOUND),
        },
        _ => answer::bare(StatusCode::NOT_FOUND),
    }
}

/// Lets in who knows the secret.
fn let_in(state: &State, content: &Value) -> Response<Body> {
    let shown = content["secret"].as_str().unwrap_or_default();
    let knows = state.settings.agent_secret.as_deref().is_some_and(|secret| is_same(secret, shown));
    if !knows {
        state.error("agent could not auth", "individual agent not found by token");
        return answer::bare(StatusCode::FORBIDDEN);
    }
    let short = |name: &str| content[name].as_str().unwrap_or_default().chars().take(100).collect::<String>();
    let id = state.store.lock().add_agent(&short("hostname"), &short("version"));
    let proof = token::sign(Kind::Agent, &[("agent-id", &id.to_string())], &state.store.secret, None);
    answer::json(&json!({ "id": id, "token": proof }))
}

/// Whether two secrets are the same, in a time that doesn't tell how far they are.
fn is_same(secret: &str, shown: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::verify(&key, b"", hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, shown.as_bytes()), b"").as_ref()).is_ok()
}

fn agent(state: &State, parts: &Parts) -> Option<u64> {
    let text = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
    let token = token::read(text)?;
    let id = token.claim("agent-id")?.parse().ok()?;
    let is_good = token.kind() == Kind::Agent && token.holds(&state.store.secret);
    (is_good && state.store.lock().agents.contains_key(&id)).then_some(id)
}

async fn give(state: &State, agent: u64) -> Response<Body> {
    // Listens before it looks, so that nothing slips in between.
    let news = state.work.notified();
    tokio::pin!(news);
    news.as_mut().enable();
    let mut work = state.store.lock().take_work(agent);
    if work.is_none() {
        // Time over or not: whoever waited looks once more.
        let _ = tokio::time::timeout(WAIT, news).await;
        work = state.store.lock().take_work(agent);
    }
    let Some((pipeline, workflow)) = work else { return answer::bare(StatusCode::NO_CONTENT) };
    report(state, &pipeline).await;
    answer::json(&json!({
        "workflow": workflow.id,
        "name": workflow.name,
        "repository": pipeline.repository,
        "pipeline": pipeline.number,
        "steps": workflow.steps,
    }))
}

async fn finish(state: &State, agent: u64, workflow: u64, content: &Value) -> Response<Body> {
    let status = content["status"].as_str().and_then(Status::result);
    let Some(status) = status else { return answer::bare(StatusCode::BAD_REQUEST) };
    let finished = state.store.lock().finish_work(agent, workflow, status);
    match finished {
        Some(pipeline) => {
            report(state, &pipeline).await;
            answer::bare(StatusCode::NO_CONTENT)
        }
        None => answer::bare(StatusCode::CONFLICT),
    }
}

async fn report(state: &State, pipeline: &Pipeline) {
    let (repository, owner) = {
        let data = state.store.lock();
        let repository = data.repositories.get(&pipeline.repository).cloned();
        let owner = repository.as_ref().and_then(|it| it.user).and_then(|id| data.users.get(&id).cloned());
        (repository, owner)
    };
    if let Some((repository, owner)) = repository.zip(owner) {
        start::report(state, &repository, pipeline, &owner).await;
    }
}
