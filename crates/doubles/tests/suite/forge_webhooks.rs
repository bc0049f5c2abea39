//! Webhooks, as somebody gets them who listens.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use doubles::forge::{Delivery, Flavour, Forge};
use doubles::outbound::Outbound;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt;
use ring::hmac;
use serde_json::{Value, json};
use serve::{Server, empty};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::standing::{Caller, FLAVOURS, builder, serve, signed_in};

const DEMO: &str = "/repos/smoke/demo";
const SOON: Duration = Duration::from_secs(20);

struct Got {
    target: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn event(&self) -> &str {
        self.headers["x-gitea-event"].to_str().unwrap()
    }
}

/// Listens, answers with this status, and hands over what came.
async fn sink(status: u16) -> (Server, mpsc::UnboundedReceiver<Got>) {
    let (send, got) = mpsc::unbounded_channel();
    let send = Arc::new(send);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::start(listener, move |request, _| {
        let send = send.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let _ = send.send(Got { target: parts.uri.to_string(), headers: parts.headers, body });
            let mut answer = Response::new(empty());
            *answer.status_mut() = StatusCode::from_u16(status).unwrap();
            answer
        }
    });
    (server.unwrap(), got)
}

/// A forge with a repository; `edge.test` leads to the sink.
async fn forge(flavour: Flavour, sink: &Server, allowed: Option<&str>) -> Forge {
    let outbound = Outbound::new(vec![("edge.test".to_owned(), sink.address())], None).unwrap();
    let settings: Vec<(&str, &str)> =
        allowed.map(|list| ("GITEA__webhook__ALLOWED_HOST_LIST", list)).into_iter().collect();
    let forge = serve(builder(flavour, &settings).outbound(outbound)).await;
    let made = Caller::smoke(&forge).post("/user/repos", json!({ "name": "demo", "auto_init": true })).await;
    assert_eq!(made.status, 201);
    forge
}

async fn hook(forge: &Forge, events: &[&str], more: Value) -> u64 {
    let mut wanted = json!({
        "type": "gitea",
        "config": { "url": "http://edge.test/ci/api/hook?access_token=topsecret", "content_type": "json", "secret": "s3cret" },
        "events": events,
        "active": true,
    });
    wanted.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    let made = Caller::smoke(forge).post(&format!("{DEMO}/hooks"), wanted).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(!made.body.contains("s3cret"));
    made.json()["id"].as_u64().unwrap()
}

async fn commit(forge: &Forge, path: &str, branch: &str) -> String {
    let body = json!({ "message": "more", "content": STANDARD.encode("x"), "branch": branch });
    let made = Caller::smoke(forge).post(&format!("{DEMO}/contents/{path}"), body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.json()["commit"]["sha"].as_str().unwrap().to_owned()
}

async fn next(got: &mut mpsc::UnboundedReceiver<Got>) -> Got {
    tokio::time::timeout(SOON, got.recv()).await.expect("a webhook").expect("a sink")
}

/// The record of so many deliveries, once they are made.
async fn deliveries(forge: &Forge, count: usize) -> Vec<Delivery> {
    let made = async {
        loop {
            let made = forge.deliveries("smoke", "demo");
            if made.len() >= count {
                return made;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(SOON, made).await.expect("a delivery")
}

#[tokio::test]
async fn a_commit_is_told_of_signed_and_in_full() {
    for flavour in FLAVOURS {
        let (sink, mut got) = sink(204).await;
        let forge = forge(flavour, &sink, Some("*.test,edge.test")).await;
        hook(&forge, &["push"], Value::Null).await;
        let before = Caller::smoke(&forge).get(&format!("{DEMO}/branches/main")).await.json()["commit"]["id"].clone();
        let id = commit(&forge, "src/x", "main").await;
        let got = next(&mut got).await;
        assert_eq!(got.target, "/ci/api/hook?access_token=topsecret");
        for (name, value) in [
            ("content-type", "application/json"),
            ("x-gogs-event", "push"),
            ("x-gitea-event-type", "push"),
            ("x-github-event", "push"),
        ] {
            assert_eq!(got.headers[name], value);
        }
        assert_eq!(got.headers.get("x-forgejo-event").is_some(), flavour == Flavour::Forgejo);
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"s3cret");
        let signature: String = hmac::sign(&key, &got.body).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(got.headers["x-gitea-signature"], signature.as_str());
        assert_eq!(got.headers["x-hub-signature-256"], format!("sha256={signature}").as_str());

        let told = got.json();
        assert_eq!((&told["ref"], &told["before"], &told["after"]), (&json!("refs/heads/main"), &before, &json!(id)));
        assert_eq!((&told["commits"][0]["id"], &told["commits"][0]["added"]), (&json!(id), &json!(["src/x"])));
        assert_eq!(told["head_commit"]["message"], "more\n");
        assert_eq!(told["repository"]["clone_url"], "http://edge.test/forge/smoke/demo.git");
        assert_eq!((&told["pusher"]["login"], &told["sender"]["login"]), (&json!("smoke"), &json!("smoke")));
        let made = deliveries(&forge, 1).await;
        assert!(made[0].succeeded() && made[0].status == Some(204) && !made[0].url.contains("topsecret"));
        assert!(made[0].id == got.headers["x-gitea-delivery"].to_str().unwrap());
    }
}

#[tokio::test]
async fn only_what_was_asked_for_and_only_while_active() {
    let (sink, mut got) = sink(200).await;
    let forge = forge(Flavour::Forgejo, &sink, Some("*")).await;
    let smoke = Caller::smoke(&forge);
    let id = hook(&forge, &["create", "pull_request", "push"], json!({ "branch_filter": "feat*" })).await;
    commit(&forge, "one", "main").await;
    smoke.post(&format!("{DEMO}/branches"), json!({ "new_branch_name": "feat" })).await;
    let mut events = vec![next(&mut got).await.event().to_owned(), next(&mut got).await.event().to_owned()];
    events.sort();
    assert_eq!(events, ["create", "push"], "nothing of the other branch");

    smoke
        .call("PATCH", &format!("{DEMO}/hooks/{id}"), json!({ "events": ["pull_request"], "branch_filter": "" }))
        .await;
    let pull = smoke.post(&format!("{DEMO}/pulls"), json!({ "head": "feat", "base": "main", "title": "t" })).await;
    assert_eq!(pull.status, 201);
    let opened = next(&mut got).await;
    assert_eq!((opened.event(), &opened.json()["action"]), ("pull_request", &json!("opened")));
    commit(&forge, "two", "feat").await;
    let moved = next(&mut got).await;
    assert_eq!(
        (&moved.json()["action"], &moved.headers["x-gitea-event-type"]),
        (&json!("synchronized"), &"pull_request_sync".parse().unwrap())
    );

    smoke.call("PATCH", &format!("{DEMO}/hooks/{id}"), json!({ "active": false })).await;
    commit(&forge, "three", "main").await;
    smoke.call("PATCH", &format!("{DEMO}/hooks/{id}"), json!({ "active": true })).await;
    let last = commit(&forge, "four", "main").await;
    assert_eq!(next(&mut got).await.json()["after"], json!(last), "the one before wasn't told of");
}

#[tokio::test]
async fn whom_it_may_not_call_it_does_not() {
    for (allowed, delivered) in
        [(None, false), (Some("private"), false), (Some("loopback"), true), (Some("edge.test"), true)]
    {
        let (sink, mut got) = sink(200).await;
        let forge = forge(Flavour::Forgejo, &sink, allowed).await;
        let id = hook(&forge, &[], Value::Null).await;
        commit(&forge, "x", "main").await;
        let made = deliveries(&forge, 1).await;
        assert_eq!(made[0].succeeded(), delivered, "{allowed:?}");
        assert_eq!(got.try_recv().is_ok(), delivered, "{allowed:?}");
        if !delivered {
            let words = "webhook.ALLOWED_HOST_LIST";
            assert!(made[0].status.is_none() && made[0].answer.contains(words), "{}", made[0].answer);
            let page = signed_in(&forge).await.get(&format!("/smoke/demo/settings/hooks/{id}")).await;
            assert!(page.status == 200 && page.body.contains(words) && page.body.contains("N/A"), "{}", page.body);
            assert!(!page.body.contains("topsecret"));
        }
    }
}

#[tokio::test]
async fn any_2xx_is_a_success_and_nothing_else() {
    for (status, succeeded) in [(200, true), (202, true), (302, false), (404, false), (500, false)] {
        let (sink, _got) = sink(status).await;
        let forge = forge(Flavour::Gitea, &sink, Some("*")).await;
        let id = hook(&forge, &["push"], Value::Null).await;
        assert_eq!(Caller::smoke(&forge).post(&format!("{DEMO}/hooks/{id}/tests"), Value::Null).await.status, 204);
        let made = deliveries(&forge, 1).await;
        assert_eq!((made[0].status, made[0].succeeded()), (Some(status), succeeded));
    }
}

#[tokio::test]
async fn a_target_that_says_nothing_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let outbound = Outbound::new(vec![("edge.test".to_owned(), silent.local_addr().unwrap())], None).unwrap();
    let settings = [("GITEA__webhook__ALLOWED_HOST_LIST", "*"), ("GITEA__webhook__DELIVER_TIMEOUT", "0")];
    let forge = serve(builder(Flavour::Forgejo, &settings).outbound(outbound)).await;
    Caller::smoke(&forge).post("/user/repos", json!({ "name": "demo", "auto_init": true })).await;
    hook(&forge, &["push"], Value::Null).await;
    commit(&forge, "x", "main").await;
    let made = deliveries(&forge, 1).await;
    assert!(made[0].status.is_none() && made[0].answer.contains("no answer within"), "{}", made[0].answer);
}

#[tokio::test]
async fn wrong_webhooks_are_refused() {
    let (sink, _got) = sink(200).await;
    let forge = forge(Flavour::Gitea, &sink, None).await;
    let smoke = Caller::smoke(&forge);
    let config = json!({ "url": "http://x/", "content_type": "json" });
    for (body, message) in [
        (json!({ "config": config }), "[Type]: Required"),
        (json!({ "type": "gitea" }), "[Config]: Required"),
        (json!({ "type": "nope", "config": config }), "Invalid hook type: nope"),
        (json!({ "type": "forgejo", "config": config }), "Invalid hook type: forgejo"),
        (json!({ "type": "gitea", "config": { "content_type": "json" } }), "Missing config option: url"),
        (json!({ "type": "gitea", "config": { "url": "http://x/" } }), "Missing config option: content_type"),
        (json!({ "type": "gitea", "config": { "url": "nourl", "content_type": "json" } }), "Invalid url"),
    ] {
        let answer = smoke.post(&format!("{DEMO}/hooks"), body).await;
        assert_eq!((answer.status, &answer.json()["message"]), (422, &json!(message)));
    }
    assert_eq!(Caller::nobody(&forge).get(&format!("{DEMO}/hooks")).await.status, 401);
    let id = hook(&forge, &["push"], Value::Null).await;
    assert_eq!(smoke.get(&format!("{DEMO}/hooks")).await.json()[0]["id"], json!(id));
    assert_eq!(smoke.call("DELETE", &format!("{DEMO}/hooks/{id}"), Value::Null).await.status, 204);
    assert_eq!(smoke.get(&format!("{DEMO}/hooks/{id}")).await.status, 404);
}
