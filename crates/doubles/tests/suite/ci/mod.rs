//! The ci double beside what a real Woodpecker 3.17 answered.

mod agents;
mod api;
mod dance;
mod dashboard;
mod forge;
mod sign_in;

use std::net::SocketAddr;

use doubles::ci::{Ci, Settings};
use doubles::outbound::Outbound;
use serve::Log;
use tokio::net::TcpListener;

use forge::FakeForge;

/// A server for the public address `host`, at a forge that isn't there.
async fn alone(host: &str) -> Ci {
    start(&[
        ("WOODPECKER_HOST", host),
        ("WOODPECKER_GITEA", "true"),
        ("WOODPECKER_GITEA_URL", "http://edge.test:8080/forge"),
        ("WOODPECKER_GITEA_CLIENT", "client"),
        ("WOODPECKER_GITEA_SECRET", "secret"),
    ])
    .await
}

/// A server with the usual settings at a forge, and more of them.
async fn with(forge: &FakeForge, more: &[(&str, &str)]) -> Ci {
    let url = forge.url();
    let mut pairs = vec![
        ("WOODPECKER_HOST", "http://edge.test:8080/ci"),
        ("WOODPECKER_OPEN", "true"),
        ("WOODPECKER_ADMIN", "alice"),
        ("WOODPECKER_AGENT_SECRET", "between us"),
        ("WOODPECKER_FORGEJO", "true"),
        ("WOODPECKER_FORGEJO_URL", url.as_str()),
        ("WOODPECKER_FORGEJO_CLIENT", "client"),
        ("WOODPECKER_FORGEJO_SECRET", "secret"),
    ];
    pairs.extend(more);
    start(&pairs).await
}

async fn start(pairs: &[(&str, &str)]) -> Ci {
    let settings = Settings::read(pairs.iter().copied()).unwrap();
    let (http, agents) = (listener().await, listener().await);
    Ci::start(settings, Outbound::default(), http, agents, Log::default()).unwrap()
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// The path and query of an address at a server, whatever its host.
fn target(location: &str) -> String {
    let url = url::Url::parse(location).unwrap();
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

fn parameter(location: &str, name: &str) -> Option<String> {
    let base = url::Url::parse("http://edge.test/").unwrap();
    let url = base.join(location).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// A browser that has signed in, and what its pages know.
async fn signed_in(address: SocketAddr) -> (crate::browser::Browser, String) {
    let mut browser = crate::browser::Browser::new(address);
    let location = browser.get("/ci/authorize").await.location.unwrap();
    let state = parameter(&location, "state").unwrap();
    let answer = browser.get(&format!("/ci/authorize?code=good&state={state}")).await;
    assert_eq!(answer.location.as_deref(), Some("/ci/"));
    let config = browser.get("/ci/web-config.js").await.body;
    let csrf = config.split("WOODPECKER_CSRF = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    (browser, csrf)
}
