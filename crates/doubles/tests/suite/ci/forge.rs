//! As much of a forge as the CI calls, with what it was asked written down. The forge double has all of it; this one is told what to answer.

use std::sync::{Arc, Mutex};

use http::{Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::{Value, json};
use serve::{Body, Server, full};

/// What it does, changed by tests.
pub(super) struct Behaviour {
    /// The code that it gave.
    pub(super) code: &'static str,
    /// Whether the application may show its secret in the header.
    pub(super) takes_basic: bool,
    /// How long its tokens live.
    pub(super) expires_in: Option<u64>,
    /// Who the token belongs to.
    pub(super) login: &'static str,
    /// The pipeline file of its repository, if there is one.
    pub(super) pipeline: Option<&'static str>,
    /// Whether somebody may activate the repository.
    pub(super) admin: bool,
}

/// Method, target, authorization and content of each request.
type Asked = Arc<Mutex<Vec<(String, String, String, String)>>>;

/// The forge.
pub(super) struct FakeForge {
    server: Server,
    pub(super) behaviour: Arc<Mutex<Behaviour>>,
    asked: Asked,
}

impl FakeForge {
    pub(super) async fn start() -> Self {
        let behaviour = Arc::new(Mutex::new(Behaviour {
            code: "good",
            takes_basic: true,
            expires_in: Some(3600),
            login: "alice",
            pipeline: Some("steps:\n  - name: build\n    image: x\n    commands: [make]\n"),
            admin: true,
        }));
        let asked = Asked::default();
        let (rules, list) = (behaviour.clone(), asked.clone());
        let server = Server::start(super::listener().await, move |request, _| {
            let (rules, list) = (rules.clone(), list.clone());
            async move { answer(&rules, &list, request).await }
        })
        .unwrap();
        Self { server, behaviour, asked }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Contents of the requests with this method and beginning of a target.
    pub(super) fn asked(&self, method: &str, target: &str) -> Vec<(String, String)> {
        let asked = self.asked.lock().unwrap();
        let is_it = |it: &&(String, String, String, String)| it.0 == method && it.1.starts_with(target);
        asked.iter().filter(is_it).map(|it| (it.2.clone(), it.3.clone())).collect()
    }
}

async fn answer(behaviour: &Mutex<Behaviour>, asked: &Asked, request: Request<Incoming>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let content = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    let authorization = parts.headers.get(header::AUTHORIZATION).map_or("", |value| value.to_str().unwrap()).to_owned();
    let target = parts.uri.to_string();
    asked.lock().unwrap().push((parts.method.to_string(), target.clone(), authorization.clone(), content.clone()));
    let behaviour = behaviour.lock().unwrap();
    let refuse = |status: u16, value: Value| (StatusCode::from_u16(status).unwrap(), value.to_string());
    let path = target.split('?').next().unwrap();
    let (status, body) = if path == "/login/oauth/access_token" {
        token(&behaviour, &authorization, &content)
    } else if !authorization.starts_with("token access-") {
        refuse(401, json!({ "message": "token is required" }))
    } else {
        match (&parts.method, path) {
            (&Method::GET, "/api/v1/user") => refuse(
                200,
                json!({ "id": 1, "login": behaviour.login, "email": "a@edge.test", "avatar_url": "http://edge.test/a" }),
            ),
            (&Method::GET, "/api/v1/user/repos") => refuse(200, json!([repository(behaviour.admin)])),
            (&Method::GET, "/api/v1/repositories/1") => refuse(200, repository(behaviour.admin)),
            (&Method::GET, "/api/v1/repos/alice/demo/branches/main") => {
                refuse(200, json!({ "name": "main", "commit": { "id": "c0ffee", "url": "http://edge.test/c" } }))
            }
            (&Method::GET, "/api/v1/repos/alice/demo/raw/.woodpecker.yaml") => match behaviour.pipeline {
                Some(text) => (StatusCode::OK, text.to_owned()),
                None => refuse(404, json!({ "message": "not there" })),
            },
            (&Method::GET, "/api/v1/repos/alice/demo/hooks") => refuse(
                200,
                json!([
                    { "id": 6, "config": { "url": "http://other.test/hook" } },
                    { "id": 7, "config": { "url": "http://edge.test:8080/ci/api/hook?access_token=x" } },
                ]),
            ),
            (&Method::POST, "/api/v1/repos/alice/demo/hooks" | "/api/v1/repos/alice/demo/statuses/c0ffee") => {
                refuse(201, json!({}))
            }
            (&Method::DELETE, "/api/v1/repos/alice/demo/hooks/7") => (StatusCode::NO_CONTENT, String::new()),
            _ => refuse(404, json!({ "message": "The target couldn't be found." })),
        }
    };
    Response::builder().status(status).body(full(body)).unwrap()
}

fn token(behaviour: &Behaviour, authorization: &str, content: &str) -> (StatusCode, String) {
    let field = |name: &str| {
        url::form_urlencoded::parse(content.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    // client:secret
    let by_header = behaviour.takes_basic && authorization == "Basic Y2xpZW50OnNlY3JldA==";
    let by_form = field("client_secret").as_deref() == Some("secret");
    if !(by_header || by_form) {
        let refusal = json!({ "error": "unauthorized_client", "error_description": "invalid client secret" });
        return (StatusCode::BAD_REQUEST, refusal.to_string());
    }
    let is_refresh = field("refresh_token").as_deref() == Some("refresh-1");
    if !is_refresh && field("code").as_deref() != Some(behaviour.code) {
        return (StatusCode::BAD_REQUEST, json!({ "error": "invalid_grant" }).to_string());
    }
    let number = if is_refresh { 2 } else { 1 };
    let mut tokens = json!({
        "access_token": format!("access-{number}"), "token_type": "bearer", "refresh_token": format!("refresh-{number}"),
    });
    if let Some(seconds) = behaviour.expires_in {
        tokens["expires_in"] = seconds.into();
    }
    (StatusCode::OK, tokens.to_string())
}

fn repository(admin: bool) -> Value {
    json!({
        "id": 1, "full_name": "alice/demo", "name": "demo", "private": false, "default_branch": "main",
        "owner": { "login": "alice", "visibility": "public" },
        "html_url": "http://edge.test:8080/forge/alice/demo",
        "clone_url": "http://edge.test:8080/forge/alice/demo.git",
        "permissions": { "pull": true, "push": admin, "admin": admin },
    })
}
