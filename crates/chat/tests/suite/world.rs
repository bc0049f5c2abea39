//! The edge, the forge's double and the chat, standing together as a deployment's settings put them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chat::socket::Bounds;
use chat::turn::Launcher;
use chat::{Chat, Config};
use doubles::forge::Forge;
use edge::Edge;
use routes::{GateSecret, Mode, Origin, Site, settings};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::browser::{Answer, Browser};

pub(crate) const MODES: [Mode; 2] = [Mode::Subpath, Mode::Subdomain];
pub(crate) const SECRET: &str = "what-edge-and-chat-share";
pub(crate) const COOKIE: &str = "disinto_chat_session";

/// `smoke:right`, for the forge's API.
const BASIC: &str = "Basic c21va2U6cmlnaHQ=";

/// At the forge there are `smoke`, `Other` and `stranger`, whose password is `right`; the first two may use the chat.
pub(crate) struct World {
    pub(crate) edge: Edge,
    pub(crate) forge: Forge,
    pub(crate) chat: Option<Chat>,
    /// Where the CI will be.
    pub(crate) ci: Option<TcpListener>,
    pub(crate) site: Site,
    pub(crate) values: BTreeMap<String, String>,
    chat_address: SocketAddr,
    bounds: Bounds,
    /// How long the chat waits for others, from its next start on.
    pub(crate) patience: Duration,
    folder: TempDir,
}

/// The settings that values come to; commands of these tests stand in for the real one, and nothing has to be confined.
fn config(values: &BTreeMap<String, String>, bounds: Bounds, patience: Duration) -> Config {
    let mut config = Config::read(values).unwrap();
    config.patience = patience;
    config.turn.launcher = Launcher::Unconfined;
    config.bounds = bounds;
    config
}

pub(crate) async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

impl World {
    pub(crate) async fn new(mode: Mode) -> Self {
        Self::with(mode, &[]).await
    }

    /// With settings of the chat besides those that follow from the site.
    pub(crate) async fn with(mode: Mode, more: &[(&str, &str)]) -> Self {
        Self::timed(mode, more, Bounds::default()).await
    }

    /// The same with a socket that waits for other times.
    pub(crate) async fn timed(mode: Mode, more: &[(&str, &str)], bounds: Bounds) -> Self {
        let (edge, at_forge, chat, ci) = (listener().await, listener().await, listener().await, listener().await);
        let origin = Origin::parse(&format!("http://edge.test:{}", edge.local_addr().unwrap().port())).unwrap();
        let (forge_address, chat_address) = (at_forge.local_addr().unwrap(), chat.local_addr().unwrap());
        let upstreams = [("forge", forge_address), ("chat", chat_address), ("ci", ci.local_addr().unwrap())]
            .map(|(name, address)| (name.to_owned(), address.to_string()));
        let site = Site::standard(origin, mode, &upstreams.into()).unwrap().with_gate_secret(GateSecret::new(SECRET));
        let told = settings::for_site(&site);
        let forge = Forge::builder().root_url(told.forge_root_url.as_deref().unwrap()).unwrap().user("smoke", "right");
        let forge = forge.serve(at_forge).unwrap();
        for name in ["Other", "stranger"] {
            let user = json!({ "username": name, "email": format!("{name}@edge.test"), "password": "right", "must_change_password": false });
            api(&forge, "/api/v1/admin/users", &user).await;
        }
        let application =
            json!({ "name": "chat", "redirect_uris": told.oauth_redirect_uris["chat"], "confidential_client": true });
        let made = api(&forge, "/api/v1/user/applications/oauth2", &application).await;
        let (folder, patience) = (tempfile::tempdir().unwrap(), chat::client::PATIENCE);
        let mut values = told.environment["chat"].clone();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        values.extend(
            [
                ("FORGE_URL", format!("http://{forge_address}")),
                ("CHAT_OAUTH_CLIENT_ID", text(&made["client_id"])),
                ("CHAT_OAUTH_CLIENT_SECRET", text(&made["client_secret"])),
                ("FORWARD_AUTH_SECRET", SECRET.to_owned()),
                ("DISINTO_CHAT_ALLOWED_USERS", "smoke, other".to_owned()),
                ("CHAT_HISTORY_DIR", folder.path().join("history").display().to_string()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        values.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let running = Chat::start(config(&values, bounds, patience), chat).unwrap();
        let edge = Edge::start(site.clone(), edge).unwrap();
        Self { edge, forge, chat: Some(running), ci: Some(ci), site, values, chat_address, bounds, patience, folder }
    }

    /// Ends the chat, and starts it again at the same place with settings that may be others by now.
    pub(crate) async fn restart_chat(&mut self) {
        if let Some(chat) = self.chat.take() {
            chat.shutdown(Duration::from_secs(5)).await;
        }
        let listener = TcpListener::bind(self.chat_address).await.unwrap();
        self.chat = Some(Chat::start(config(&self.values, self.bounds, self.patience), listener).unwrap());
    }

    /// The public address of one of the chat's own paths.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.site.service_url("chat").unwrap())
    }

    /// The chat's own origin.
    pub(crate) fn origin(&self) -> String {
        let url = self.url("");
        url.strip_suffix("/chat").unwrap_or(&url).to_owned()
    }

    /// The chat without the edge before it.
    pub(crate) fn direct(&self, path: &str) -> String {
        format!("http://{}{path}", self.chat_address)
    }

    pub(crate) fn chat_address(&self) -> SocketAddr {
        self.chat_address
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// A browser that comes by the edge.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.edge.addr())
    }

    /// From the chat's login to the forge, and signed in there with consent: the address at which the browser is sent back.
    pub(crate) async fn until_callback(&self, browser: &mut Browser, user: &str) -> String {
        self.until_callback_from(&self.url("/login"), browser, user).await
    }

    /// The same from another service's login.
    pub(crate) async fn until_callback_from(&self, login: &str, browser: &mut Browser, user: &str) -> String {
        let to_forge = browser.get(login).await;
        assert_eq!(to_forge.status, 303, "{}", to_forge.body);
        let mut page = browser.get(&to_forge.location()).await;
        let forge = self.site.service_url("forge").unwrap();
        let origin = url::Url::parse(&forge).unwrap().origin().ascii_serialization();
        // Somebody who isn't signed in at the forge is asked to be, and comes back to the question.
        if page.status != 200 && page.location().contains("/user/login") {
            let login = browser.get(&absolute(&origin, &page.location())).await;
            let mut fields = login.hidden();
            let given = [("user_name", user), ("password", "right")];
            fields.extend(given.map(|(name, value)| (name.to_owned(), value.to_owned())));
            assert_eq!(browser.post(&format!("{forge}/user/login"), &origin, &fields).await.status, 303);
            page = browser.get(&to_forge.location()).await;
        }
        if page.status == 200 {
            let mut fields = page.hidden();
            fields.push(("granted".to_owned(), "true".to_owned()));
            page = browser.post(&format!("{forge}/login/oauth/grant"), &origin, &fields).await;
        }
        page.location()
    }

    /// A whole sign-in: the callback's answer.
    pub(crate) async fn callback(&self, browser: &mut Browser, user: &str) -> Answer {
        let back = self.until_callback(browser, user).await;
        browser.get(&back).await
    }

    /// A browser in which somebody is signed in at the chat.
    pub(crate) async fn signed_in(&self, user: &str) -> Browser {
        let mut browser = self.browser();
        let answer = self.callback(&mut browser, user).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        browser
    }
}

fn absolute(origin: &str, location: &str) -> String {
    if location.starts_with('/') { format!("{origin}{location}") } else { location.to_owned() }
}

pub(crate) async fn api(forge: &Forge, path: &str, body: &Value) -> Value {
    let fields = [("authorization", BASIC), ("content-type", "application/json")];
    let url = format!("http://{}{path}", forge.addr());
    let answer = Browser::new(forge.addr()).send("POST", &url, &fields, &body.to_string()).await;
    assert!((200..300).contains(&answer.status), "{path}: {} {}", answer.status, answer.body);
    answer.json()
}
