//! The chat double at a forge double, met as the edge and browsers meet it.

mod actions;
mod defects;
mod sign_in;
mod socket;

use std::time::Duration;

use doubles::chat::{Chat, Defect, Settings};
use doubles::forge::{Flavour, Forge};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::browser::{Answer, Browser};
use crate::standing::{Caller, form};

/// What the edge and the chat share.
const SECRET: &str = "between-edge-and-chat";

/// A chat at `http://edge.test/chat`, and the forge that it signs people in with.
struct Stand {
    forge: Forge,
    chat: Chat,
}

/// With the people `smoke` and `other`, who may use the chat, and `stranger`, who may not; and with `smoke`'s repository `demo`.
async fn stand(defects: &[Defect], more: &[(&str, &str)]) -> Stand {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let root = format!("http://{}", listener.local_addr().unwrap());
    let forge = Forge::builder().flavour(Flavour::Gitea).root_url(&root).unwrap();
    let forge = forge.user("smoke", "right").user("other", "right").user("stranger", "right").serve(listener).unwrap();
    let caller = Caller::smoke(&forge);
    for name in ["demo", "elsewhere"] {
        let made =
            caller.post("/user/repos", json!({ "name": name, "auto_init": true, "default_branch": "main" })).await;
        assert_eq!(made.status, 201, "{}", made.body);
    }
    let token = json!({ "name": "chat", "scopes": ["write:issue", "write:repository"] });
    let token = caller.post("/users/smoke/tokens", token).await.json();
    let uri = "http://edge.test/chat/oauth/callback";
    let application = json!({ "name": "chat", "redirect_uris": [uri], "confidential_client": true });
    let known = caller.post("/user/applications/oauth2", application).await.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (client, secret, token) = (text(&known["client_id"]), text(&known["client_secret"]), text(&token["sha1"]));
    let least = [
        ("EDGE_TUNNEL_FQDN", "edge.test"),
        ("FORGE_URL", root.as_str()),
        ("FORGE_PUBLIC_URL", root.as_str()),
        ("CHAT_OAUTH_CLIENT_ID", &client),
        ("CHAT_OAUTH_CLIENT_SECRET", &secret),
        ("DISINTO_CHAT_ALLOWED_USERS", "smoke,other"),
        ("FORWARD_AUTH_SECRET", SECRET),
        ("FORGE_OWNER", "smoke"),
        ("FORGE_REPO", "demo"),
        ("FORGE_TOKEN", &token),
    ];
    let settings = Settings::read(least.into_iter().chain(more.iter().copied())).unwrap();
    let chat = Chat::builder(settings).defects(defects.iter().copied()).word_delay(Duration::from_millis(5));
    let chat = chat.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
    Stand { forge, chat }
}

impl Stand {
    fn browser(&self) -> Browser {
        Browser::new(self.chat.addr())
    }

    /// Where the forge sends a browser back to, with which somebody began to sign in.
    async fn back_from_forge(&self, at_chat: &mut Browser, user: &str) -> String {
        let mut at_forge = Browser::new(self.forge.addr());
        let page = at_forge.get("/user/login").await;
        let csrf = page.attributes("input[name=_csrf]", "value").join("");
        let fields = form(&[("user_name", user), ("password", "right"), ("_csrf", &csrf)]);
        assert_eq!(at_forge.post("/user/login", &fields).await.status, 303);
        let to_forge = at_chat.get("/chat/login").await.location.unwrap();
        let page = at_forge.get(&target(&to_forge)).await;
        let back = if page.status == 200 {
            let names = page.attributes("form input[type=hidden]", "name");
            let mut fields: Vec<(String, String)> =
                names.into_iter().zip(page.attributes("form input[type=hidden]", "value")).collect();
            fields.push(("granted".to_owned(), "true".to_owned()));
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            at_forge.post("/login/oauth/grant", &form(&fields)).await
        } else {
            page
        };
        target(&back.location.unwrap())
    }

    async fn signed_in(&self, user: &str) -> Browser {
        let mut browser = self.browser();
        let back = self.back_from_forge(&mut browser, user).await;
        let answer = browser.get(&back).await;
        assert_eq!(answer.location.as_deref(), Some("http://edge.test/chat/"), "{} {}", answer.status, answer.body);
        browser
    }

    /// The cookie field of a browser's session.
    async fn session(&self, user: &str) -> String {
        let mut browser = self.browser();
        let back = self.back_from_forge(&mut browser, user).await;
        session_of(&browser.get(&back).await)
    }
}

/// The session that an answer begins, as a cookie field.
fn session_of(answer: &Answer) -> String {
    let cookie = answer.cookies.iter().find(|cookie| cookie.name == "disinto_chat_session");
    format!("disinto_chat_session={}", cookie.unwrap_or_else(|| panic!("no session: {}", answer.body)).value)
}

/// A request target of a URL.
fn target(url: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

/// A request behind the gate, as the edge passes it on, from the chat's own page.
async fn send(browser: &mut Browser, user: &str, method: &str, path: &str, body: &Value) -> Answer {
    let headers = [("x-forwarded-user", user), ("origin", "http://edge.test"), ("content-type", "application/json")];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    browser.send(method, path, &body, &headers).await
}

type Socket = WebSocketStream<TcpStream>;

/// Opens the socket, with these fields.
async fn open(stand: &Stand, fields: &[(&'static str, &str)]) -> Result<Socket, u16> {
    let stream = TcpStream::connect(stand.chat.addr()).await.unwrap();
    let mut request = "ws://edge.test/chat/ws".into_client_request().unwrap();
    for (name, value) in fields {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    match tokio_tungstenite::client_async(request, stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(other) => panic!("{other}"),
    }
}

/// The same for somebody who is signed in, from the own page.
async fn open_as(stand: &Stand, user: &str, session: &str) -> Result<Socket, u16> {
    let fields = [("cookie", session), ("x-forwarded-user", user), ("origin", "http://edge.test")];
    open(stand, &fields).await
}

async fn say(socket: &mut Socket, message: &Value) {
    socket.send(Message::text(message.to_string())).await.unwrap();
}

/// The next message; nothing where the socket was closed.
async fn hear(socket: &mut Socket) -> Option<Value> {
    loop {
        let message = tokio::time::timeout(Duration::from_secs(20), socket.next()).await.unwrap();
        match message? {
            Ok(Message::Text(text)) => return serde_json::from_str(&text).ok(),
            Ok(Message::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

/// Everything up to a message of one of these types.
async fn until(socket: &mut Socket, kinds: &[&str]) -> Vec<Value> {
    let mut heard = Vec::new();
    while let Some(message) = hear(socket).await {
        let is_last = kinds.contains(&message["type"].as_str().unwrap_or_default());
        heard.push(message);
        if is_last {
            return heard;
        }
    }
    panic!("the socket was closed after {heard:?}")
}
