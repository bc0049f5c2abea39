//! A small client that keeps cookies as a browser does, and normalises nothing.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use scraper::{Html, Selector};
use tokio::net::TcpStream;

use crate::tls::{Stream, Trust, secure};

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let values: Vec<&str> = self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    pub(crate) fn location(&self) -> String {
        self.field("location").unwrap_or_else(|| panic!("no Location: {self:?}"))
    }

    /// The content as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The code of an error.
    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The cookie that the answer sets under a name, as the field has it.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let mut fields = self.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
        fields.rfind(|field| field.starts_with(&format!("{name}="))).map(ToOwned::to_owned)
    }

    /// The hidden fields of the page's forms.
    pub(crate) fn hidden(&self) -> Vec<(String, String)> {
        let page = Html::parse_document(&self.body);
        let inputs = Selector::parse("form input[type=hidden]").unwrap();
        let fields = page.select(&inputs).map(|input| {
            (input.attr("name").unwrap_or_default().to_owned(), input.attr("value").unwrap_or_default().to_owned())
        });
        fields.collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cookie {
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) value: String,
    /// Sent over https alone.
    pub(crate) secure: bool,
}

/// A service that is asked past the edge.
#[derive(Debug, Clone)]
struct Past {
    /// Its public address.
    url: String,
    address: SocketAddr,
    /// Whom the edge would say that it is.
    user: Option<String>,
}

/// One browser, for which every name leads to one address.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    address: SocketAddr,
    /// Whom it believes on https.
    trust: Option<Trust>,
    past: Option<Past>,
    pub(crate) jar: Vec<Cookie>,
}

impl Browser {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, trust: None, past: None, jar: Vec::new() }
    }

    /// One that believes somebody on https.
    pub(crate) fn trusting(address: SocketAddr, trust: Option<Trust>) -> Self {
        Self { trust, ..Self::new(address) }
    }

    /// The same, for which what lies below a URL is to be found at an address of its own.
    pub(crate) fn past_the_edge(self, url: String, address: SocketAddr) -> Self {
        Self { past: Some(Past { url, address, user: None }), ..self }
    }

    /// What an edge says from now on of who this is; where there is one it knows by itself.
    pub(crate) fn is_known_as(&mut self, user: &str) {
        if let Some(past) = &mut self.past {
            past.user = Some(user.to_owned());
        }
    }

    /// The edge says nothing.
    pub(crate) fn is_known_to_nobody(&mut self) {
        if let Some(past) = &mut self.past {
            past.user = None;
        }
    }

    pub(crate) async fn get(&mut self, url: &str) -> Answer {
        self.send("GET", url, &[("accept", "text/html,*/*;q=0.8")], "").await
    }

    pub(crate) async fn post(&mut self, url: &str, origin: &str, form: &[(String, String)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let fields = [("origin", origin), ("content-type", "application/x-www-form-urlencoded")];
        self.send("POST", url, &fields, &body).await
    }

    /// Sends a request; everything behind the URL's host goes out byte for byte.
    pub(crate) async fn send(&mut self, method: &str, url: &str, fields: &[(&str, &str)], body: &str) -> Answer {
        let (scheme, rest) = url.split_once("://").unwrap_or_else(|| panic!("no scheme: {url}"));
        let trust = self.trust.as_ref().filter(|_| scheme == "https");
        assert!(scheme == "http" || trust.is_some(), "{url}");
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, target) = (&rest[..at], if at == rest.len() { "/" } else { &rest[at..] });
        let mut request = http::Request::builder().method(method).uri(target).header("host", host);
        let path = target.split('?').next().unwrap_or_default();
        let pairs: Vec<String> = self
            .jar
            .iter()
            .filter(|cookie| cookie.host == host && covers(&cookie.path, path) && (trust.is_some() || !cookie.secure))
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        if !pairs.is_empty() {
            request = request.header("cookie", pairs.join("; "));
        }
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let past = self.past.as_ref().filter(|past| url.starts_with(&past.url));
        if let Some(user) = past.and_then(|past| past.user.as_deref()) {
            request = request.header("x-forwarded-user", user);
        }
        let address = past.map_or(self.address, |past| past.address);
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
        let stream = secure(TcpStream::connect(address).await.unwrap(), trust, host).await;
        let answer = exchange_over(stream, request).await.unwrap();
        for field in answer.headers.get_all("set-cookie") {
            self.keep(host, field.to_str().unwrap());
        }
        answer
    }

    fn keep(&mut self, host: &str, field: &str) {
        let mut parts = field.split("; ");
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let attributes: Vec<&str> = parts.collect();
        let path = attributes.iter().find_map(|attribute| attribute.strip_prefix("Path=")).unwrap_or("/");
        self.jar
            .retain(|cookie| (cookie.host.as_str(), cookie.path.as_str(), cookie.name.as_str()) != (host, path, name));
        if !attributes.contains(&"Max-Age=0") {
            let text = |text: &str| text.to_owned();
            let secure = attributes.contains(&"Secure");
            self.jar.push(Cookie { host: text(host), path: text(path), name: text(name), value: text(value), secure });
        }
    }

    /// What an edge would add to a request of this browser's.
    pub(crate) fn added(&self) -> Option<(&'static str, String)> {
        Some(("x-forwarded-user", self.past.as_ref()?.user.clone()?))
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&Cookie> {
        self.jar.iter().find(|cookie| cookie.name == name)
    }
}

/// RFC 6265, section 5.1.4.
fn covers(cookie: &str, path: &str) -> bool {
    path == cookie || path.strip_prefix(cookie).is_some_and(|rest| cookie.ends_with('/') || rest.starts_with('/'))
}

/// One request on a connection of its own.
pub(crate) async fn exchange(address: SocketAddr, request: http::Request<Full<Bytes>>) -> Answer {
    exchange_over(TcpStream::connect(address).await.unwrap(), request).await.unwrap()
}

async fn exchange_over(stream: impl Stream + 'static, request: http::Request<Full<Bytes>>) -> hyper::Result<Answer> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let (parts, body) = sender.send_request(request).await?.into_parts();
    let body = String::from_utf8_lossy(&body.collect().await?.to_bytes()).into_owned();
    drop(sender);
    // How the connection ends is nothing that these tests are about.
    let _ = driver.await;
    Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
}

/// A GET where nobody may be at home, or nobody who speaks HTTP yet.
pub(crate) async fn try_get(address: SocketAddr, path: &str) -> Option<Answer> {
    let request = http::Request::get(path).header("host", address.to_string()).body(Full::default()).unwrap();
    exchange_over(TcpStream::connect(address).await.ok()?, request).await.ok()
}
