//! Pipelines wait until an agent comes, and go on waiting where it can't come in.

use std::time::Duration;

use doubles::ci::Ci;
use doubles::ci::agent::{Agent, AgentSettings, run};
use doubles::outbound::Outbound;
use serde_json::{Value, json};
use serve::Log;

use super::forge::FakeForge;
use super::{signed_in, with};
use crate::browser::Browser;

fn settings(server: &str, secret: &str) -> AgentSettings {
    AgentSettings::read([
        ("WOODPECKER_SERVER", server),
        ("WOODPECKER_AGENT_SECRET", secret),
        ("WOODPECKER_CONNECT_RETRY_COUNT", "2"),
        ("WOODPECKER_CONNECT_RETRY_DELAY", "5ms"),
        ("WOODPECKER_HEALTHCHECK", "false"),
    ])
    .unwrap()
}

/// A repository with a pipeline that waits.
async fn waiting(ci: &Ci) -> (Browser, String) {
    let (mut browser, csrf) = signed_in(ci.addr()).await;
    let headers = [("x-csrf-token", csrf.as_str())];
    assert_eq!(browser.send("POST", "/ci/api/repos?forge_remote_id=1", "", &headers).await.status, 200);
    let made = browser.send("POST", "/ci/api/repos/1/pipelines", r#"{"branch":"main"}"#, &headers).await;
    assert_eq!(made.status, 200);
    (browser, csrf)
}

async fn pipeline(browser: &mut Browser, number: u64) -> Value {
    serde_json::from_str(&browser.get(&format!("/ci/api/repos/1/pipelines/{number}")).await.body).unwrap()
}

/// Asks until the pipeline is over; a test that waits in vain ends by the clock.
async fn over(browser: &mut Browser, number: u64) -> Value {
    let asking = async {
        loop {
            let pipeline = pipeline(browser, number).await;
            if !["pending", "running"].contains(&pipeline["status"].as_str().unwrap()) {
                return pipeline;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asking).await.expect("the pipeline is never over")
}

#[tokio::test]
async fn an_agent_takes_what_waits_and_what_comes() {
    let forge = FakeForge::start().await;
    let ci = with(&forge, &[]).await;
    let (mut browser, csrf) = waiting(&ci).await;
    let agent = Agent::start(settings(&ci.agent_addr().to_string(), "between us"), Outbound::default());
    let done = over(&mut browser, 1).await;
    assert_eq!(
        (&done["status"], &done["workflows"][0]["children"][0]["state"]),
        (&"success".into(), &"success".into())
    );
    assert!(done["finished"].as_u64() >= done["started"].as_u64() && done["started"] != 0);

    // Now the agent waits.
    let headers = [("x-csrf-token", csrf.as_str())];
    browser.send("POST", "/ci/api/repos/1/pipelines", r#"{"branch":"main"}"#, &headers).await;
    assert_eq!(over(&mut browser, 2).await["status"], "success");
    let states: Vec<String> = forge
        .asked("POST", "/api/v1/repos/alice/demo/statuses/c0ffee")
        .iter()
        .map(|(_, body)| serde_json::from_str::<Value>(body).unwrap()["description"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(&states[..3], ["Pipeline is pending", "Pipeline is running", "Pipeline was successful"]);
    let agents: Value = serde_json::from_str(&browser.get("/ci/api/agents").await.body).unwrap();
    assert_eq!(agents.as_array().unwrap().len(), 1);
    assert!(!agents.to_string().contains("between us"));
    assert!(agent.log().last(10).join("\n").contains("none of them run"));
}

#[tokio::test]
async fn who_cannot_come_in_runs_nothing() {
    let forge = FakeForge::start().await;
    let ci = with(&forge, &[]).await;
    let closed = with(&forge, &[("WOODPECKER_AGENT_SECRET", "")]).await;
    let (mut browser, _) = waiting(&ci).await;
    let nobody = super::listener().await.local_addr().unwrap();
    for (server, secret, words) in [
        (ci.agent_addr(), "wrong", "agent could not auth"),
        (ci.agent_addr(), "", "agent could not auth"),
        (closed.agent_addr(), "", "agent could not auth"),
        // The port of the dashboard, as an edge would pass it on.
        (ci.addr(), "between us", "doesn't speak the agents' protocol"),
        (nobody, "between us", "cannot connect to"),
    ] {
        let log = Log::default();
        let Err(error) = run(&settings(&server.to_string(), secret), &Outbound::default(), &log).await;
        assert!(error.contains(words), "{error}");
        assert!(!log.last(100).join("").contains("between us"));
    }
    assert_eq!(browser.get("/ci/").await.status, 200);
    assert_eq!(pipeline(&mut browser, 1).await["status"], "pending");
    assert!(ci.log().last(100).join("\n").contains("agent could not auth"));
}

/// The protocol's own edges.
#[tokio::test]
async fn what_an_agent_may_not() {
    let forge = FakeForge::start().await;
    let ci = with(&forge, &[]).await;
    let (_browser, _) = waiting(&ci).await;
    let mut agent = Browser::new(ci.agent_addr());
    let who = json!({ "secret": "between us", "hostname": "a" }).to_string();
    let come = agent.send("POST", "/agents", &who, &[]).await;
    let token = serde_json::from_str::<Value>(&come.body).unwrap()["token"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let work = agent.send("POST", "/work", "", &headers).await;
    let id = serde_json::from_str::<Value>(&work.body).unwrap()["workflow"].as_u64().unwrap();
    for (target, body, status) in [
        (format!("/work/{id}"), r#"{"status":"running"}"#, 400),
        (format!("/work/{id}"), "nonsense", 400),
        (format!("/work/{}", id + 1), r#"{"status":"success"}"#, 409),
        ("/work/x".to_owned(), r#"{"status":"success"}"#, 404),
        (format!("/work/{id}"), r#"{"status":"success"}"#, 204),
        (format!("/work/{id}"), r#"{"status":"success"}"#, 409),
    ] {
        assert_eq!(agent.send("POST", &target, body, &headers).await.status, status, "{target} {body}");
    }
    assert_eq!(agent.send("POST", "/work", "", &[]).await.status, 401);
    assert_eq!(agent.send("DELETE", "/agents", "", &headers).await.status, 204);
    assert_eq!(agent.send("POST", "/work", "", &headers).await.status, 401, "it has gone");
    let mut dashboard = Browser::new(ci.addr());
    assert_eq!(dashboard.send("GET", "/ci/api/user", "", &headers).await.status, 401, "its token opens nothing else");
}
