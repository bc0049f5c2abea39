//! The REST API: the facts of `contracts/api.json`.

use serde_json::{Value, json};

use super::forge::FakeForge;
use super::{signed_in, with};
use crate::browser::{Answer, Browser};

/// A program with somebody's personal token.
struct Program {
    browser: Browser,
    bearer: String,
}

impl Program {
    async fn call(&mut self, method: &str, path: &str, body: &str) -> Answer {
        let Self { browser, bearer } = self;
        browser.send(method, path, body, &[("authorization", bearer), ("content-type", "application/json")]).await
    }

    async fn json(&mut self, method: &str, path: &str, body: &str) -> Value {
        let answer = self.call(method, path, body).await;
        assert_eq!(
            (answer.status, answer.content_type.as_deref()),
            (200, Some("application/json; charset=utf-8")),
            "{method} {path}: {}",
            answer.body
        );
        serde_json::from_str(&answer.body).unwrap()
    }
}

async fn program(ci: &doubles::ci::Ci) -> Program {
    let (mut browser, csrf) = signed_in(ci.addr()).await;
    let token = browser.send("POST", "/ci/api/user/token", "", &[("x-csrf-token", &csrf)]).await;
    Program { browser: Browser::new(ci.addr()), bearer: format!("Bearer {}", token.body) }
}

fn fields(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn who_am_i_and_a_token_for_programs() {
    let forge = FakeForge::start().await;
    let ci = with(&forge, &[]).await;
    let (mut browser, csrf) = signed_in(ci.addr()).await;
    let me: Value = serde_json::from_str(&browser.get("/ci/api/user").await.body).unwrap();
    let expected = ["id", "forge_id", "forge_remote_id", "login", "email", "avatar_url", "admin", "org_id"];
    assert_eq!(fields(&me), expected);
    for headers in [&[][..], &[("x-csrf-token", "wrong")], &[("x-csrf-token", "")]] {
        let without = browser.send("POST", "/ci/api/user/token", "", headers).await;
        assert_eq!((without.status, without.body.as_str()), (401, ""));
    }
    let token = browser.send("POST", "/ci/api/user/token", "", &[("x-csrf-token", &csrf)]).await;
    assert_eq!((token.status, token.content_type.as_deref()), (200, Some("text/plain; charset=utf-8")));
    assert_eq!(token.body.split('.').count(), 3);
    let mut program = Program { browser: Browser::new(ci.addr()), bearer: format!("Bearer {}", token.body) };
    assert_eq!(program.json("GET", "/ci/api/user", "").await["login"], "alice");

    let reset = program.call("DELETE", "/ci/api/user/token", "").await;
    assert_eq!(reset.status, 200);
    assert_eq!(program.call("GET", "/ci/api/user", "").await.status, 401, "the old one is worth nothing");
    assert_eq!(browser.get("/ci/api/user").await.status, 401, "nor is the session");
}

#[tokio::test]
async fn from_repository_to_pipeline() {
    let forge = FakeForge::start().await;
    let ci = with(&forge, &[]).await;
    let mut program = program(&ci).await;
    let all = program.json("GET", "/ci/api/user/repos?all=true", "").await;
    assert_eq!((all.as_array().unwrap().len(), &all[0]["active"], &all[0]["id"]), (1, &json!(false), &Value::Null));
    assert_eq!(program.json("GET", "/ci/api/user/repos", "").await, json!([]));

    let activated = program.json("POST", "/ci/api/repos?forge_remote_id=1", "").await;
    for (name, value) in [
        ("id", json!(1)),
        ("full_name", json!("alice/demo")),
        ("active", json!(true)),
        ("forge_url", json!("http://edge.test:8080/forge/alice/demo")),
        ("clone_url", json!("http://edge.test:8080/forge/alice/demo.git")),
        ("config_file", json!("")),
    ] {
        assert_eq!(activated[name], value, "{name}");
    }
    let hooks = forge.asked("POST", "/api/v1/repos/alice/demo/hooks");
    let hook: Value = serde_json::from_str(&hooks[0].1).unwrap();
    assert_eq!(
        (&hook["type"], &hook["events"]),
        (&"forgejo".into(), &json!(["push", "create", "pull_request", "release"]))
    );
    let url = hook["config"]["url"].as_str().unwrap();
    assert!(url.starts_with("http://edge.test:8080/ci/api/hook?access_token="), "{url}");
    assert_eq!(program.call("POST", "/ci/api/repos?forge_remote_id=1", "").await.status, 409);
    assert_eq!(program.call("POST", "/ci/api/repos", "").await.status, 400);
    assert_eq!(program.call("POST", "/ci/api/repos?forge_remote_id=9", "").await.status, 500);

    assert_eq!(program.json("GET", "/ci/api/repos/lookup/alice/demo", "").await["id"], 1);
    let unknown = program.call("GET", "/ci/api/repos/lookup/alice/nope", "").await;
    assert_eq!((unknown.status, unknown.body.as_str()), (404, ""));

    let made = program.json("POST", "/ci/api/repos/1/pipelines", r#"{"branch":"main"}"#).await;
    for (name, value) in
        [("number", json!(1)), ("event", json!("manual")), ("status", json!("pending")), ("branch", json!("main"))]
    {
        assert_eq!(made[name], value, "{name}");
    }
    assert_eq!((&made["author"], &made["commit"]), (&"alice".into(), &"c0ffee".into()));
    let wrong = program.call("POST", "/ci/api/repos/1/pipelines", r#"{"branch":"nope"}"#).await;
    assert_eq!((wrong.status, wrong.body.as_str(), wrong.content_type), (500, "", None));
    assert_eq!(program.call("POST", "/ci/api/repos/1/pipelines", "nonsense").await.status, 400);
    let mut stranger = Browser::new(ci.addr());
    let refused = stranger.send("POST", "/ci/api/repos/1/pipelines", r#"{"branch":"main"}"#, &[]).await;
    assert_eq!((refused.status, refused.body.as_str()), (401, ""));

    let list = program.json("GET", "/ci/api/repos/1/pipelines", "").await;
    assert_eq!((list.as_array().unwrap().len(), &list[0]["number"]), (1, &json!(1)));
    let one = program.json("GET", "/ci/api/repos/1/pipelines/1", "").await;
    assert_eq!((&one["status"], &one["workflows"][0]["name"]), (&"pending".into(), &"woodpecker".into()));
    assert_eq!(one["workflows"][0]["children"][0]["name"], "build");
    assert_eq!(program.call("GET", "/ci/api/repos/1/pipelines/9", "").await.status, 404);
    assert_eq!(program.call("GET", "/ci/api/repos/1/pipelines/x", "").await.status, 400);
    assert_eq!(program.json("GET", "/ci/api/user/repos", "").await[0]["last_pipeline"]["number"], 1);
    let queue = program.json("GET", "/ci/api/queue/info", "").await;
    assert_eq!((&queue["stats"]["pending_count"], &queue["stats"]["worker_count"]), (&json!(1), &json!(0)));
    let states = forge.asked("POST", "/api/v1/repos/alice/demo/statuses/c0ffee");
    let state: Value = serde_json::from_str(&states[0].1).unwrap();
    assert_eq!((&state["state"], &state["context"]), (&"pending".into(), &"ci/woodpecker/manual/woodpecker".into()));
    assert_eq!(state["target_url"], "http://edge.test:8080/ci/repos/1/pipeline/1/1");
    assert_eq!(program.call("GET", "/ci/api/repos/1/secrets", "").await.status, 501);
}

#[tokio::test]
async fn a_repository_goes() {
    let forge = FakeForge::start().await;
    let ci = with(&forge, &[]).await;
    let mut program = program(&ci).await;
    program.json("POST", "/ci/api/repos?forge_remote_id=1", "").await;
    let gone = program.json("DELETE", "/ci/api/repos/1", "").await;
    assert_eq!((&gone["active"], forge.asked("DELETE", "/api/v1/repos/alice/demo/hooks/7").len()), (&json!(false), 1));
    assert_eq!(program.json("POST", "/ci/api/repos?forge_remote_id=1", "").await["id"], 1, "it comes back");
    program.json("DELETE", "/ci/api/repos/1?remove=true", "").await;
    assert_eq!(program.call("GET", "/ci/api/repos/1", "").await.status, 404);
    assert_eq!(program.json("POST", "/ci/api/repos?forge_remote_id=1", "").await["id"], 2, "it is another one");
}

#[tokio::test]
async fn who_may_not() {
    let forge = FakeForge::start().await;
    let ci = with(&forge, &[]).await;
    let mut admin = program(&ci).await;
    admin.json("POST", "/ci/api/repos?forge_remote_id=1", "").await;
    let other = with(&forge, &[("WOODPECKER_ADMIN", "nobody")]).await;
    {
        let mut behaviour = forge.behaviour.lock().unwrap();
        behaviour.admin = false;
    }
    let mut user = program(&other).await;
    assert_eq!(user.call("POST", "/ci/api/repos?forge_remote_id=1", "").await.status, 403);
    assert_eq!(user.call("GET", "/ci/api/repos", "").await.status, 403);
    assert_eq!(user.call("GET", "/ci/api/queue/info", "").await.status, 403);
    let mut stranger = Browser::new(ci.addr());
    for (path, status) in [
        ("/ci/api/repos/1", 200),
        ("/ci/api/repos/1/pipelines", 200),
        ("/ci/api/repos/9", 401),
        ("/ci/api/repos/x", 400),
        ("/ci/api/agents", 401),
        ("/ci/api/forges", 200),
        ("/ci/api/user/repos", 401),
    ] {
        assert_eq!(stranger.get(path).await.status, status, "{path}");
    }
    assert_eq!(stranger.send("DELETE", "/ci/api/repos/1", "", &[]).await.status, 401);
}

fn push() -> String {
    json!({
        "ref": "refs/heads/main", "before": "0", "after": "c0ffee", "commits": [{ "message": "a change" }],
        "repository": { "id": 1, "full_name": "alice/demo", "owner": { "login": "alice" }, "default_branch": "main" },
        "sender": { "login": "alice" },
    })
    .to_string()
}

#[tokio::test]
async fn a_push_starts_a_pipeline() {
    let forge = FakeForge::start().await;
    let ci = with(&forge, &[]).await;
    let mut program = program(&ci).await;
    program.json("POST", "/ci/api/repos?forge_remote_id=1", "").await;
    let hook: Value = serde_json::from_str(&forge.asked("POST", "/api/v1/repos/alice/demo/hooks")[0].1).unwrap();
    let target = super::target(hook["config"]["url"].as_str().unwrap());
    let mut sender = Browser::new(ci.addr());
    let told = |event: &'static str| [("x-forgejo-event", event), ("content-type", "application/json")];

    let answer = sender.send("POST", &target, &push(), &told("push")).await;
    let made: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((answer.status, &made["event"], &made["message"]), (200, &"push".into(), &"a change".into()));
    assert_eq!(program.json("GET", "/ci/api/repos/1/pipelines", "").await.as_array().unwrap().len(), 1);

    let again = sender.send("POST", &target, &push(), &told("push")).await;
    assert_eq!((again.status, again.body.contains("\"number\":2")), (200, true));
    let first = program.json("GET", "/ci/api/repos/1/pipelines/1", "").await;
    assert_eq!((&first["status"], &first["cancel_info"]["superseded_by"]), (&"canceled".into(), &json!(2)));

    for (target, body, event, status) in [
        ("/ci/api/hook", push(), "push", 400),
        ("/ci/api/hook?access_token=x", push(), "push", 400),
        (target.as_str(), "nonsense".to_owned(), "push", 400),
        (&target, push(), "issues", 200),
        (&target, push().replace("\"id\":1", "\"id\":2"), "push", 400),
        (&target, push().replace("a change", "[skip ci] a change"), "push", 204),
    ] {
        assert_eq!(sender.send("POST", target, &body, &told(event)).await.status, status, "{target} {event} {body}");
    }
    let gitea = sender.send("POST", &target, &push(), &[("x-gitea-event", "push")]).await;
    assert_eq!(gitea.status, 200, "not an event of this forge");
    assert!(gitea.body.contains("ignored event"));
    // A webhook's token opens nothing else.
    let bearer = format!("Bearer {}", target.split_once('=').unwrap().1);
    assert_eq!(sender.send("GET", "/ci/api/user", "", &[("authorization", &bearer)]).await.status, 401);

    forge.behaviour.lock().unwrap().pipeline = None;
    assert_eq!(sender.send("POST", &target, &push(), &told("push")).await.status, 204, "no pipeline file");
    forge.behaviour.lock().unwrap().pipeline = Some("when: { event: tag }\nsteps: { a: {} }");
    assert_eq!(sender.send("POST", &target, &push(), &told("push")).await.status, 204, "none for this event");
    forge.behaviour.lock().unwrap().pipeline = Some("steps: [");
    let broken: Value = serde_json::from_str(&sender.send("POST", &target, &push(), &told("push")).await.body).unwrap();
    assert_eq!(broken["status"], "error");
    assert!(broken["errors"][0]["message"].as_str().unwrap().contains("yaml"));
    assert_eq!(program.json("GET", "/ci/api/repos/1/pipelines", "").await.as_array().unwrap().len(), 3);
}
