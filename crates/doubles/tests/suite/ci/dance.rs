//! Both doubles together, as a browser, a program and an agent meet them: sign in at the forge, consent, come back; activate a repository; a commit
//! starts a pipeline, which an agent takes.

use std::time::Duration;

use doubles::ci::agent::{Agent, AgentSettings};
use doubles::ci::{Ci, Settings};
use doubles::forge::{Flavour, Forge};
use doubles::outbound::Outbound;
use serde_json::{Value, json};
use serve::Log;

use super::{listener, parameter, target};
use crate::browser::{Answer, Browser};

/// `smoke:right`, for the forge's API.
const BASIC: &str = "Basic c21va2U6cmlnaHQ=";

struct Both {
    forge: Forge,
    ci: Ci,
}

/// A forge at `http://ADDRESS/`, and a CI at `http://ADDRESS/ci` that is known there.
async fn both(flavour: Flavour) -> Both {
    let (forge_listener, ci_listener, agents) = (listener().await, listener().await, listener().await);
    let root = format!("http://{}", forge_listener.local_addr().unwrap());
    let host = format!("http://{}/ci", ci_listener.local_addr().unwrap());
    let forge = Forge::builder().flavour(flavour).root_url(&root).unwrap();
    let forge = forge.setting("GITEA__webhook__ALLOWED_HOST_LIST", "loopback").unwrap();
    let forge = forge.user("smoke", "right").serve(forge_listener).unwrap();
    let application =
        json!({ "name": "ci", "redirect_uris": [format!("{host}/authorize")], "confidential_client": true });
    let made = api(&forge, "POST", "/api/v1/user/applications/oauth2", &application).await;
    let (client, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    let kind = match flavour {
        Flavour::Gitea => "WOODPECKER_GITEA",
        Flavour::Forgejo => "WOODPECKER_FORGEJO",
    };
    let settings = Settings::read([
        ("WOODPECKER_HOST", host.as_str()),
        ("WOODPECKER_OPEN", "true"),
        ("WOODPECKER_ADMIN", "smoke"),
        ("WOODPECKER_AGENT_SECRET", "between us"),
        (kind, "true"),
        ("WOODPECKER_FORGE_URL", &root),
        ("WOODPECKER_FORGE_CLIENT", client),
        ("WOODPECKER_FORGE_SECRET", secret),
    ]);
    let ci = Ci::start(settings.unwrap(), Outbound::default(), ci_listener, agents, Log::default()).unwrap();
    Both { forge, ci }
}

async fn api(forge: &Forge, method: &str, path: &str, body: &Value) -> Value {
    let headers = [("authorization", BASIC), ("content-type", "application/json")];
    let answer = Browser::new(forge.addr()).send(method, path, &body.to_string(), &headers).await;
    assert!((200..300).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.body);
    serde_json::from_str(&answer.body).unwrap_or(Value::Null)
}

fn form(pairs: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The hidden fields of a page's form, which go along with whatever is sent.
fn hidden(page: &Answer) -> Vec<(String, String)> {
    let names = page.attributes("form input[type=hidden]", "name");
    names.into_iter().zip(page.attributes("form input[type=hidden]", "value")).collect()
}

async fn sign_in(at_forge: &mut Browser) {
    let page = at_forge.get("/user/login").await;
    let mut fields = hidden(&page);
    fields.extend(
        [("user_name", "smoke"), ("password", "right")].map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    assert_eq!(at_forge.post("/user/login", &form(&fields)).await.status, 303);
}

/// From the CI to the forge and back, with a consent where one is asked for; the answer of the CI at the end, and whether there was a consent.
async fn dance(at_forge: &mut Browser, at_ci: &mut Browser) -> (Answer, bool) {
    let to_forge = at_ci.get("/ci/authorize").await.location.unwrap();
    let page = at_forge.get(&target(&to_forge)).await;
    let (back, asked) = match page.status {
        200 => {
            let mut fields = hidden(&page);
            fields.push(("granted".to_owned(), "true".to_owned()));
            (at_forge.post("/login/oauth/grant", &form(&fields)).await, true)
        }
        _ => (page, false),
    };
    let location = back.location.unwrap();
    assert!(parameter(&location, "code").is_some() && parameter(&location, "state").is_some(), "{location}");
    (at_ci.get(&target(&location)).await, asked)
}

async fn whole(flavour: Flavour, pipeline_file: &str) {
    let Both { forge, ci } = both(flavour).await;
    let (mut at_forge, mut at_ci) = (Browser::new(forge.addr()), Browser::new(ci.addr()));
    sign_in(&mut at_forge).await;
    let (signed_in, asked) = dance(&mut at_forge, &mut at_ci).await;
    assert_eq!((signed_in.location.as_deref(), asked), (Some("/ci/"), true), "{:?}", ci.log().last(20));
    let (again, asked) = dance(&mut at_forge, &mut Browser::new(ci.addr())).await;
    assert_eq!((again.location.as_deref(), asked), (Some("/ci/"), false), "a second sign-in asks for no consent");

    let create = json!({ "name": "demo", "auto_init": true, "default_branch": "main" });
    let repository = api(&forge, "POST", "/api/v1/user/repos", &create).await;
    let config = at_ci.get("/ci/web-config.js").await.body;
    let csrf = config.split("WOODPECKER_CSRF = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let headers = [("x-csrf-token", csrf.as_str())];
    let activate = format!("/ci/api/repos?forge_remote_id={}", repository["id"]);
    let activated = at_ci.send("POST", &activate, "", &headers).await;
    assert_eq!(activated.status, 200, "{}: {:?}", activated.body, ci.log().last(20));
    let hooks = api(&forge, "GET", "/api/v1/repos/smoke/demo/hooks", &Value::Null).await;
    let mut events: Vec<&str> = hooks[0]["events"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    events.sort_unstable();
    assert_eq!(
        events,
        [
            "create",
            "pull_request",
            "pull_request_assign",
            "pull_request_comment",
            "pull_request_label",
            "pull_request_milestone",
            "pull_request_review",
            "pull_request_review_request",
            "pull_request_sync",
            "push",
            "release",
        ]
    );

    // `steps: { build: {} }`
    let file = json!({ "message": "ci", "content": "c3RlcHM6IHsgYnVpbGQ6IHt9IH0K", "branch": "main" });
    let commit = api(&forge, "POST", &format!("/api/v1/repos/smoke/demo/contents/{pipeline_file}"), &file).await;
    let agent = AgentSettings::read([
        ("WOODPECKER_SERVER", ci.agent_addr().to_string().as_str()),
        ("WOODPECKER_AGENT_SECRET", "between us"),
    ]);
    let _agent = Agent::start(agent.unwrap(), Outbound::default());
    let waiting = async {
        loop {
            let list: Value = serde_json::from_str(&at_ci.get("/ci/api/repos/1/pipelines").await.body).unwrap();
            if list[0]["status"] == "success" {
                return list[0].clone();
            }
            tokio::task::yield_now().await;
        }
    };
    let pipeline = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    let pipeline =
        pipeline.unwrap_or_else(|_| panic!("no pipeline: {:?} {:?}", ci.log().last(20), forge.log().last(20)));
    assert_eq!((&pipeline["event"], &pipeline["message"]), (&"push".into(), &"ci\n".into()));
    assert_eq!(pipeline["commit"], commit["commit"]["sha"]);
}

#[tokio::test]
async fn at_forgejo() {
    whole(Flavour::Forgejo, ".woodpecker.yaml").await;
}

#[tokio::test]
async fn at_gitea() {
    whole(Flavour::Gitea, ".woodpecker/build.yaml").await;
}
