//! A small client that keeps cookies as a browser does, and normalises nothing.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use scraper::{Html, Selector};
use tokio::net::TcpStream;

/// One `Set-Cookie`: its name, whether it deletes, its attributes in order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SetCookie {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) deleted: bool,
    pub(crate) attributes: Vec<String>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) cookies: Vec<SetCookie>,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// The content as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The values of an attribute of the elements that a selector finds.
    pub(crate) fn attributes(&self, selector: &str, attribute: &str) -> Vec<String> {
        let page = Html::parse_document(&self.body);
        page.select(&Selector::parse(selector).unwrap())
            .filter_map(|element| element.attr(attribute))
            .map(ToOwned::to_owned)
            .collect()
    }
}

/// One browser at one server.
pub(crate) struct Browser {
    address: SocketAddr,
    /// By name and path.
    jar: BTreeMap<(String, String), String>,
}

impl Browser {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, jar: BTreeMap::new() }
    }

    /// The value of a cookie that it has.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.jar.iter().find(|((it, _), _)| it == name).map(|(_, value)| value.clone())
    }

    pub(crate) async fn get(&mut self, target: &str) -> Answer {
        self.send("GET", target, "", &[("accept", "text/html,*/*")]).await
    }

    pub(crate) async fn post(&mut self, target: &str, form: &str) -> Answer {
        self.send("POST", target, form, &[("content-type", "application/x-www-form-urlencoded")]).await
    }

    pub(crate) async fn send(&mut self, method: &str, target: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        let driver = tokio::spawn(connection);
        let mut request = http::Request::builder().method(method).uri(target).header("host", "edge.test");
        if !self.jar.is_empty() {
            let pairs: Vec<String> = self.jar.iter().map(|((name, _), value)| format!("{name}={value}")).collect();
            request = request.header("cookie", pairs.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = sender.send_request(request.body(Full::new(Bytes::from(body.to_owned()))).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned();
        drop(sender);
        driver.await.unwrap().unwrap();
        let field = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let cookies: Vec<SetCookie> =
            parts.headers.get_all("set-cookie").iter().map(|value| parse(value.to_str().unwrap())).collect();
        for cookie in &cookies {
            let path = cookie.attributes.iter().find_map(|attribute| attribute.strip_prefix("Path=")).unwrap_or("/");
            let key = (cookie.name.clone(), path.to_owned());
            if cookie.deleted {
                self.jar.remove(&key);
            } else {
                self.jar.insert(key, cookie.value.clone());
            }
        }
        Answer {
            status: parts.status.as_u16(),
            content_type: field("content-type"),
            location: field("location"),
            cookies,
            headers: parts.headers,
            body,
        }
    }
}

fn parse(line: &str) -> SetCookie {
    let mut parts = line.split("; ");
    let (name, value) = parts.next().unwrap().split_once('=').unwrap();
    let (ages, mut attributes): (Vec<String>, Vec<String>) =
        parts.map(ToOwned::to_owned).partition(|part| part.starts_with("Max-Age="));
    attributes.sort();
    SetCookie {
        name: name.to_owned(),
        value: value.to_owned(),
        deleted: ages.iter().any(|age| age == "Max-Age=0"),
        attributes,
    }
}
