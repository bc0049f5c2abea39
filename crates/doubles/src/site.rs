//! A site of files held in memory.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, COOKIE, LOCATION};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serve::{Body, Log, Server, full};
use tokio::net::TcpListener;

/// A site: paths without a slash at their start (`about/index.html`), each with its content.
#[derive(Debug, Clone, Default)]
pub struct Site {
    files: BTreeMap<String, Bytes>,
    /// The page that says which cookies reached it.
    mirror: Option<String>,
}

impl Site {
    /// A site without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file; its type follows from its name.
    #[must_use]
    pub fn file(mut self, path: &str, content: &'static [u8]) -> Self {
        self.files.insert(path.to_owned(), Bytes::from_static(content));
        self
    }

    /// Adds a page that says which cookies reached it: `cookies: NAME=VALUE; …`, as the fixture's Caddyfile does.
    #[must_use]
    pub fn mirror(mut self, path: &str) -> Self {
        self.mirror = Some(path.to_owned());
        self
    }

    /// Serves the site.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn serve(self, listener: TcpListener) -> io::Result<(Server, Log)> {
        let log = Log::default();
        let (site, lines) = (Arc::new(self), log.clone());
        let server = Server::start(listener, move |request, _| {
            let (site, lines) = (site.clone(), lines.clone());
            async move {
                let answer = site.answer(&request);
                lines.access(request.method().as_str(), request.uri().path(), answer.status().as_u16());
                answer
            }
        })?;
        Ok((server, log))
    }

    fn answer<B>(&self, request: &Request<B>) -> Response<Body> {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "405: only GET and HEAD");
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        let path = percent_encoding::percent_decode_str(request.uri().path()).decode_utf8_lossy();
        let name = path.trim_start_matches('/');
        let file = if name.is_empty() || name.ends_with('/') { format!("{name}index.html") } else { name.to_owned() };
        if self.mirror.as_ref() == Some(&file) {
            let cookies =
                request.headers().get_all(COOKIE).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
            let said = format!("cookies: {}", cookies.collect::<Vec<_>>().join("; "));
            let mut answer = Response::new(full(said));
            answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type(&file)));
            return answer;
        }
        if let Some(content) = self.files.get(&file) {
            let mut answer = Response::new(full(content.clone()));
            answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type(&file)));
            return answer;
        }
        if self.files.contains_key(&format!("{name}/index.html"))
            && let Some(last) = name.rsplit('/').next()
            && let Ok(location) = HeaderValue::from_str(&format!(
                "{}/",
                percent_encoding::utf8_percent_encode(last, percent_encoding::NON_ALPHANUMERIC)
            ))
        {
            // Relative, for the server doesn't know under which prefix it is reached.
            let mut answer = text(StatusCode::FOUND, "302: this is a folder");
            answer.headers_mut().insert(LOCATION, location);
            return answer;
        }
        text(StatusCode::NOT_FOUND, "404: the site has no such file")
    }
}

fn text(status: StatusCode, words: &'static str) -> Response<Body> {
    let mut answer = Response::new(full(words));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

/// The type that goes with a file's name.
pub(crate) fn content_type(file: &str) -> &'static str {
    match file.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: Method, path: &str) -> (u16, String, Option<String>) {
        let site = Site::new().file("index.html", b"home").file("about/index.html", b"about").file("style.css", b"");
        let answer = site.answer(&Request::builder().method(method).uri(path).body(()).unwrap());
        let field = |name| answer.headers().get(name).map(|value: &HeaderValue| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), field(CONTENT_TYPE).unwrap(), field(LOCATION))
    }

    #[test]
    fn files_folders_and_nothing() {
        let html = "text/html; charset=utf-8".to_owned();
        let plain = "text/plain; charset=utf-8".to_owned();
        assert_eq!(ask(Method::GET, "/"), (200, html.clone(), None));
        assert_eq!(ask(Method::HEAD, "/about/"), (200, html, None));
        assert_eq!(ask(Method::GET, "/style.css?v=1"), (200, "text/css; charset=utf-8".to_owned(), None));
        assert_eq!(ask(Method::GET, "/about"), (302, plain.clone(), Some("about/".to_owned())));
        assert_eq!(ask(Method::GET, "/about/nosuch"), (404, plain.clone(), None));
        assert_eq!(ask(Method::GET, "/staging/"), (404, plain.clone(), None));
        assert_eq!(ask(Method::POST, "/"), (405, plain, None));
    }
}
