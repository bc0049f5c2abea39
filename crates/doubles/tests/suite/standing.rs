//! A forge that stands, somebody signed in, and calls of its API.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doubles::forge::{Builder, Flavour, Forge};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::browser::{Answer, Browser};

pub(crate) const FLAVOURS: [Flavour; 2] = [Flavour::Gitea, Flavour::Forgejo];
pub(crate) const ROOT_URL: &str = "http://edge.test/forge/";

/// A forge under `/forge` with the user `smoke`, whose password is `right`.
pub(crate) async fn forge(flavour: Flavour) -> Forge {
    with(flavour, &[]).await
}

/// The same with settings.
pub(crate) async fn with(flavour: Flavour, settings: &[(&str, &str)]) -> Forge {
    serve(builder(flavour, settings)).await
}

pub(crate) fn builder(flavour: Flavour, settings: &[(&str, &str)]) -> Builder {
    let forge = Forge::builder().flavour(flavour).root_url(ROOT_URL).unwrap().user("smoke", "right");
    settings.iter().fold(forge, |forge, (name, value)| forge.setting(name, value).unwrap())
}

pub(crate) async fn serve(builder: Builder) -> Forge {
    builder.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap()
}

pub(crate) fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

/// Somebody who calls the API.
pub(crate) struct Caller<'a> {
    pub(crate) forge: &'a Forge,
    /// The `Authorization` field; empty for none.
    pub(crate) authorization: String,
}

impl<'a> Caller<'a> {
    pub(crate) fn smoke(forge: &'a Forge) -> Self {
        Self { forge, authorization: basic("smoke", "right") }
    }

    pub(crate) fn nobody(forge: &'a Forge) -> Self {
        Self { forge, authorization: String::new() }
    }

    /// A call with a path below `/api/v1`.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut headers = vec![("content-type", "application/json")];
        if !self.authorization.is_empty() {
            headers.push(("authorization", &self.authorization));
        }
        Browser::new(self.forge.addr()).send(method, &format!("/api/v1{path}"), &body, &headers).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, body).await
    }
}

pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// A browser in which `smoke` is signed in.
pub(crate) async fn signed_in(forge: &Forge) -> Browser {
    let mut browser = Browser::new(forge.addr());
    let page = browser.get("/user/login").await;
    let token = page.attributes("input[name=_csrf]", "value").join("");
    let answer =
        browser.post("/user/login", &form(&[("user_name", "smoke"), ("password", "right"), ("_csrf", &token)])).await;
    assert_eq!(answer.status, 303);
    browser
}

/// The value of a field in an address's query.
pub(crate) fn in_query(address: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(address).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
