//! A world in which there is something to act on: a repository at the forge, the CI that knows it, and a chat that holds their tokens.

use std::time::Duration;

use doubles::ci::{Ci, Settings};
use doubles::outbound::Outbound;
use routes::{Mode, settings};
use serde_json::{Value, json};
use serve::Log;

use crate::browser::{Answer, Browser};
use crate::world::{Plan, World, api, listener};

const PIPELINE: &str = "steps:\n  - name: test\n    image: alpine\n    commands: [ 'true' ]\n";

pub(crate) struct Works {
    pub(crate) world: World,
    pub(crate) ci: Ci,
    /// In which `smoke` is signed in at the chat.
    pub(crate) browser: Browser,
    pub(crate) forge_token: String,
    pub(crate) ci_token: String,
}

impl Works {
    pub(crate) async fn new(mode: Mode) -> Self {
        Self::with(mode, &[]).await
    }

    /// With settings of the chat besides.
    pub(crate) async fn with(mode: Mode, more: &[(&str, &str)]) -> Self {
        Self::stand(Plan { more, ..Plan::new(mode) }).await
    }

    pub(crate) async fn stand(plan: Plan<'_>) -> Self {
        let (mut world, more) = (World::stand(plan).await, plan.more);
        repository(&world).await;
        let ci = ci(&mut world).await;
        let ci_token = ci_token(&world).await;
        let token = json!({ "name": "chat", "scopes": ["all"] });
        let made = api(&world.forge, "/api/v1/users/smoke/tokens", &token).await;
        let forge_token = made["sha1"].as_str().unwrap().to_owned();
        let ci_url = world.site.service_url("ci").unwrap();
        let path = url::Url::parse(&ci_url).unwrap().path().trim_end_matches('/').to_owned();
        let told = [
            ("FORGE_TOKEN", forge_token.clone()),
            ("FORGE_OWNER", "smoke".to_owned()),
            ("FORGE_REPO", "demo".to_owned()),
            ("WOODPECKER_TOKEN", ci_token.clone()),
            ("WOODPECKER_URL", format!("http://{}{path}", ci.addr())),
            ("WOODPECKER_HOST", ci_url),
        ];
        for (name, value) in told {
            if !more.iter().any(|(given, _)| *given == name) {
                world.values.insert(name.to_owned(), value);
            }
        }
        // What a test leaves empty isn't set.
        world.restart_chat().await;
        let browser = world.signed_in("smoke").await;
        Self { world, ci, browser, forge_token, ci_token }
    }

    /// A click.
    pub(crate) async fn click(&mut self, kind: &str, body: &Value) -> Answer {
        let origin = self.world.origin();
        let fields = [("origin", origin.as_str()), ("content-type", "application/json")];
        self.browser.send("POST", &self.world.url(&format!("/action/{kind}")), &fields, &body.to_string()).await
    }

    /// What the forge's API has, without the chat.
    pub(crate) async fn at_forge(&self, path: &str) -> Value {
        let url = format!("http://{}/api/v1/repos/smoke/demo{path}", self.world.forge.addr());
        let authorization = format!("token {}", self.forge_token);
        let fields = [("authorization", authorization.as_str())];
        Browser::new(self.world.forge.addr()).send("GET", &url, &fields, "").await.json()
    }

    /// The same of the CI's.
    pub(crate) async fn at_ci(&self, path: &str) -> Answer {
        let url = format!("{}/api{path}", self.world.site.service_url("ci").unwrap());
        let authorization = format!("Bearer {}", self.ci_token);
        let fields = [("authorization", authorization.as_str())];
        self.world.browser().send("GET", &url, &fields, "").await
    }

    /// The `action` entries of a conversation's history.
    pub(crate) async fn noted(&mut self, conversation: &str) -> Vec<Value> {
        let answer = self.browser.get(&self.world.url(&format!("/history/{conversation}"))).await;
        let entries = answer.json()["entries"].as_array().cloned().unwrap_or_default();
        entries.into_iter().filter(|entry| entry["role"] == "action").collect()
    }
}

async fn repository(world: &World) {
    let demo = "/api/v1/repos/smoke/demo";
    let new = json!({ "name": "demo", "auto_init": true, "default_branch": "main" });
    api(&world.forge, "/api/v1/user/repos", &new).await;
    use base64::Engine as _;
    let content = base64::engine::general_purpose::STANDARD.encode(PIPELINE);
    let file = json!({ "message": "ci", "content": content });
    api(&world.forge, &format!("{demo}/contents/.woodpecker.yaml"), &file).await;
    let branch = json!({ "new_branch_name": "feat/x", "old_branch_name": "main" });
    api(&world.forge, &format!("{demo}/branches"), &branch).await;
    let change = json!({ "message": "x", "content": content, "branch": "feat/x" });
    api(&world.forge, &format!("{demo}/contents/x.yaml"), &change).await;
    for name in ["bug", "good first issue"] {
        api(&world.forge, &format!("{demo}/labels"), &json!({ "name": name, "color": "ee0701" })).await;
    }
}

async fn ci(world: &mut World) -> Ci {
    let told = settings::for_site(&world.site);
    let application =
        json!({ "name": "ci", "redirect_uris": told.oauth_redirect_uris["ci"], "confidential_client": true });
    let made = api(&world.forge, "/api/v1/user/applications/oauth2", &application).await;
    let mut values = told.environment["ci"].clone();
    values.extend(
        [
            ("WOODPECKER_HOST", world.site.service_url("ci").unwrap()),
            ("WOODPECKER_OPEN", "true".to_owned()),
            ("WOODPECKER_AGENT_SECRET", "between us".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    let product = world.forge.product();
    let of_forge = [
        ("", "true".to_owned()),
        ("_URL", world.site.service_url("forge").unwrap()),
        ("_CLIENT", made["client_id"].as_str().unwrap().to_owned()),
        ("_SECRET", made["client_secret"].as_str().unwrap().to_owned()),
    ];
    values.extend(of_forge.map(|(name, value)| (format!("WOODPECKER_{product}{name}"), value)));
    let pairs = values.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let outbound =
        Outbound::new(vec![("edge.test".to_owned(), world.edge.addr())], world.certificate_pem.clone()).unwrap();
    let at = world.ci.take().unwrap();
    Ci::start(Settings::read(pairs).unwrap(), outbound, at, listener().await, Log::default()).unwrap()
}

/// Signs `smoke` in at the CI, has it know the repository, and gives a token.
async fn ci_token(world: &World) -> String {
    let ci = world.site.service_url("ci").unwrap();
    let mut browser = world.browser();
    let back = world.until_callback_from(&format!("{ci}/authorize"), &mut browser, "smoke").await;
    assert_eq!(browser.get(&back).await.status, 303);
    let config = browser.get(&format!("{ci}/web-config.js")).await.body;
    let csrf = config.split("WOODPECKER_CSRF = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let fields = [("x-csrf-token", csrf.as_str())];
    let known = api_get(world, "/api/v1/repos/smoke/demo").await["id"].clone();
    let activated = browser.send("POST", &format!("{ci}/api/repos?forge_remote_id={known}"), &fields, "").await;
    assert_eq!(activated.status, 200, "{}", activated.body);
    let token = browser.send("POST", &format!("{ci}/api/user/token"), &fields, "").await;
    assert_eq!(token.status, 200, "{}", token.body);
    token.body
}

async fn api_get(world: &World, path: &str) -> Value {
    Browser::new(world.forge.addr()).get(&format!("http://{}{path}", world.forge.addr())).await.json()
}

/// How long two clicks may be apart to count as one in these tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
