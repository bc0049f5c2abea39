//! The edge, the forge's double and the chat, standing together as a deployment's settings put them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chat::socket::Bounds;
use chat::turn::Launcher;
use chat::{Chat, Config};
use edge::Edge;
use routes::{GateSecret, Mode, Origin, Site, TlsFiles, settings};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::browser::{Answer, Browser};
use crate::forges::{AnyForge, USER, Which};
use crate::real_caddy::Caddy;
use crate::tls::{Certificate, Trust};
use crate::ways::Way;

pub(crate) const MODES: [Mode; 2] = [Mode::Subpath, Mode::Subdomain];
pub(crate) const SECRET: &str = "what-edge-and-chat-share";
pub(crate) const COOKIE: &str = "disinto_chat_session";

/// `smoke:right`, for the forge's API.
const BASIC: &str = "Basic c21va2U6cmlnaHQ=";

/// At the forge there are `smoke`, `Other` and `stranger`, whose password is `right`; the first two may use the chat.
pub(crate) struct World {
    /// How its browsers and clients get to the chat.
    pub(crate) way: Way,
    caddy: Option<Caddy>,
    pub(crate) edge: Edge,
    pub(crate) forge: AnyForge,
    pub(crate) chat: Option<Chat>,
    /// Where the CI will be.
    pub(crate) ci: Option<TcpListener>,
    pub(crate) site: Site,
    pub(crate) values: BTreeMap<String, String>,
    chat_address: SocketAddr,
    bounds: Bounds,
    /// How long the chat waits for others, from its next start on.
    pub(crate) patience: Duration,
    trust: Option<Trust>,
    /// The same for services that call others by their public address.
    pub(crate) certificate_pem: Option<String>,
    folder: TempDir,
}

/// What a world is to be like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan<'a> {
    pub(crate) mode: Mode,
    /// Settings of the chat besides those that follow from the site.
    pub(crate) more: &'a [(&'a str, &'a str)],
    pub(crate) bounds: Bounds,
    /// Whether browsers come over https.
    pub(crate) https: bool,
    pub(crate) forge: Which,
    pub(crate) way: Way,
}

impl Plan<'_> {
    pub(crate) fn new(mode: Mode) -> Self {
        let (forge, way) = (Which::default(), Way::default());
        Self { mode, more: &[], bounds: Bounds::default(), https: false, forge, way }
    }

    pub(crate) fn by(way: Way) -> Self {
        Self { way, ..Self::new(Mode::Subpath) }
    }
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

/// A place that was free a moment ago: somebody's outgoing connection may have it for a while.
pub(crate) async fn bind_again(address: SocketAddr) -> TcpListener {
    let bound = async {
        loop {
            match TcpListener::bind(address).await {
                Ok(listener) => return listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), bound).await.unwrap_or_else(|_| panic!("{address} is taken"))
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
        Self::stand(Plan { more, bounds, ..Plan::new(mode) }).await
    }

    pub(crate) async fn stand(Plan { mode, more, bounds, https, forge, way }: Plan<'_>) -> Self {
        let (edge, chat, ci) = (listener().await, listener().await, listener().await);
        let scheme = if https { "https" } else { "http" };
        let origin = Origin::parse(&format!("{scheme}://edge.test:{}", edge.local_addr().unwrap().port())).unwrap();
        let forge = AnyForge::start(forge, &root_url(&origin, mode)).await;
        let (forge_address, chat_address) = (forge.addr(), chat.local_addr().unwrap());
        let upstreams = [("forge", forge_address), ("chat", chat_address), ("ci", ci.local_addr().unwrap())]
            .map(|(name, address)| (name.to_owned(), address.to_string()));
        let (folder, patience) = (tempfile::tempdir().unwrap(), chat::client::PATIENCE);
        let certificate = https.then(Certificate::new);
        let tls = certificate.as_ref().map(|certificate| written(certificate, folder.path()));
        let site = Site::standard(origin, mode, &upstreams.into()).unwrap().with_gate_secret(GateSecret::new(SECRET));
        let site = Site { tls, ..site };
        let told = settings::for_site(&site);
        for name in ["Other", "stranger"] {
            let user = json!({ "username": name, "email": format!("{name}@edge.test"), "password": USER.1, "must_change_password": false });
            api(&forge, "/api/v1/admin/users", &user).await;
        }
        let application =
            json!({ "name": "chat", "redirect_uris": told.oauth_redirect_uris["chat"], "confidential_client": true });
        let made = api(&forge, "/api/v1/user/applications/oauth2", &application).await;
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
        let certificate_pem = certificate.as_ref().map(|made| made.certificate_pem.clone());
        let (edge, trust) = match certificate {
            None => (Edge::start(site.clone(), edge).unwrap(), None),
            Some(made) => (Edge::start_tls(site.clone(), edge, made.server).unwrap(), Some(made.trust)),
        };
        let caddy = match way {
            Way::Caddy => Some(Caddy::start(&site).await),
            Way::Direct | Way::Edge => None,
        };
        Self {
            way,
            caddy,
            edge,
            forge,
            chat: Some(running),
            ci: Some(ci),
            site,
            values,
            chat_address,
            bounds,
            patience,
            trust,
            certificate_pem,
            folder,
        }
    }

    /// Ends the chat, and starts it again at the same place with settings that may be others by now.
    pub(crate) async fn restart_chat(&mut self) {
        if let Some(chat) = self.chat.take() {
            chat.shutdown(Duration::from_secs(5)).await;
        }
        let listener = bind_again(self.chat_address).await;
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

    /// Where requests for the chat go.
    pub(crate) fn entrance(&self) -> SocketAddr {
        if self.way == Way::Direct { self.chat_address } else { self.before() }
    }

    /// The edge that browsers meet.
    fn before(&self) -> SocketAddr {
        self.caddy.as_ref().map_or(self.edge.addr(), |caddy| caddy.address)
    }

    /// A browser that comes by this world's way.
    pub(crate) fn browser(&self) -> Browser {
        let browser = Browser::trusting(self.before(), self.trust.clone());
        match self.way {
            Way::Direct => browser.past_the_edge(self.url(""), self.chat_address),
            Way::Edge | Way::Caddy => browser,
        }
    }

    /// Whom clients have to believe, where they come over https.
    pub(crate) fn trust(&self) -> Option<&Trust> {
        self.trust.as_ref()
    }

    /// From the chat's login to the forge, and signed in there with consent: the address at which the browser is sent back.
    pub(crate) async fn until_callback(&self, browser: &mut Browser, user: &str) -> String {
        self.until_callback_from(&self.url("/login"), browser, user).await
    }

    /// The same from another service's login.
    pub(crate) async fn until_callback_from(&self, login: &str, browser: &mut Browser, user: &str) -> String {
        browser.is_known_as(user);
        let to_forge = browser.get(login).await;
        assert_eq!(to_forge.status, 303, "{}", to_forge.body);
        let mut page = browser.get(&to_forge.location()).await;
        let forge = self.site.service_url("forge").unwrap();
        let origin = url::Url::parse(&forge).unwrap().origin().ascii_serialization();
        // Somebody who isn't signed in at the forge is asked to be, and comes back to the question.
        if page.status != 200 && page.location().contains("/user/login") {
            let login = browser.get(&absolute(&origin, &page.location())).await;
            let mut fields = login.hidden();
            let given = [("user_name", user), ("password", USER.1)];
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

/// The forge's public address, which it has to know before its own.
fn root_url(origin: &Origin, mode: Mode) -> String {
    let nowhere = [("forge".to_owned(), "127.0.0.1:1".to_owned())];
    let site = Site::standard(origin.clone(), mode, &nowhere.into()).unwrap();
    settings::for_site(&site).forge_root_url.unwrap()
}

/// The certificate as a Caddy reads it.
fn written(certificate: &Certificate, folder: &Path) -> TlsFiles {
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (pem, key) = (&certificate.certificate_pem, &certificate.key_pem);
    TlsFiles { certificate: file("certificate.pem", pem), key: file("key.pem", key) }
}

fn absolute(origin: &str, location: &str) -> String {
    if location.starts_with('/') { format!("{origin}{location}") } else { location.to_owned() }
}

pub(crate) async fn api(forge: &AnyForge, path: &str, body: &Value) -> Value {
    let fields = [("authorization", BASIC), ("content-type", "application/json")];
    let url = format!("http://{}{path}", forge.addr());
    let answer = Browser::new(forge.addr()).send("POST", &url, &fields, &body.to_string()).await;
    assert!((200..300).contains(&answer.status), "{path}: {} {}", answer.status, answer.body);
    answer.json()
}
