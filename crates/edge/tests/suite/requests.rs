//! Requests as browsers, tools and attackers write them, over the paths that the generated routes use.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// One request, as it goes onto the wire.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) method: &'static str,
    pub(crate) target: String,
    pub(crate) host: &'static str,
    pub(crate) fields: Vec<&'static str>,
    pub(crate) content: Content,
}

/// How a content is framed.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    None,
    Length(String),
    Chunked(Vec<String>),
}

impl Case {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\nHost: {}\r\n", self.method, self.target, self.host);
        for field in &self.fields {
            text.push_str(field);
            text.push_str("\r\n");
        }
        if !self.fields.iter().any(|field| field.to_ascii_lowercase().starts_with("connection:")) {
            text.push_str("Connection: close\r\n");
        }
        match &self.content {
            Content::None => text.push_str("\r\n"),
            Content::Length(body) => text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len())),
            Content::Chunked(chunks) => {
                text.push_str("Transfer-Encoding: chunked\r\n\r\n");
                for chunk in chunks {
                    text.push_str(&format!("{:x}\r\n{chunk}\r\n", chunk.len()));
                }
                text.push_str("0\r\n\r\n");
            }
        }
        text.into_bytes()
    }
}

const METHODS: &[&str] = &["GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "foo"];

const HOSTS: &[&str] = &[
    "edge.test",
    "edge.test",
    "edge.test:8080",
    "EDGE.Test",
    "forge.edge.test",
    "ci.edge.test:99",
    "chat.edge.test",
    "chat.edge.test",
    "other.test",
    "a.forge.edge.test",
    "127.0.0.1",
    "[::1]:80",
    "",
];

const SEGMENTS: &[&str] = &[
    "forge",
    "forge",
    "FORGE",
    "%66orge",
    "forgery",
    "ci",
    "CI",
    "c%C4%B0",
    "chat",
    "chat",
    "cHat",
    "%63hat",
    "staging",
    "echo",
    "login",
    "LOGIN",
    "oauth",
    "callback",
    "history",
    "ws",
    "auth",
    "verify",
    "api",
    "%61pi",
    "internal",
    "about",
    "index.html",
    "",
    "",
    ".",
    "..",
    "..",
    "%2e%2e",
    "%2E.",
    "%2f",
    "%2F",
    "%5c",
    "\\",
    "..\\",
    "x",
    "a%20b",
    "a+b",
    "%C3%A9",
    "%25",
    "%252e",
    "%00",
    "%0a",
    "%zz",
    "%",
    "a;b",
    "a|b",
    "a\"b",
    "a'b",
    "*",
    "~u",
    "%7eu",
    "[x]",
    "a=b",
    "a:b",
    "{x}",
    "^",
    "`",
    "<x>",
    "!",
    "a,b",
    "@",
    "$",
    "&",
];

const QUERIES: &[&str] = &[
    "",
    "",
    "",
    "?",
    "?a=b",
    "?a=%2F&b=c",
    "?a;b",
    "??",
    "?a?b",
    "?%zz",
    "?q=%20+",
    "?{x}",
    "?a=\"",
    "?\\",
    "?a=[1]",
    "?a=|",
];

const FIELDS: &[&str] = &[
    "Cookie: session=good",
    "Cookie: session=nameless",
    "Cookie: i_like_gitea=1; user_sess=2",
    "X-Forwarded-User: root",
    "x-forwarded-user: admin",
    "X-Forward-Auth-Secret: guess",
    "X-Forwarded-For: 1.2.3.4",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: evil.test",
    "X-Forwarded-Uri: /chat/login",
    "X-Forwarded-Method: OPTIONS",
    "X-Webauth-User: root",
    "Remote-User: root",
    "Via: 1.1 before",
    "Connection: keep-alive, close, X-Once",
    "X-Once: 1",
    "Keep-Alive: timeout=5",
    "Proxy-Connection: keep-alive",
    "Proxy-Authorization: Basic eDp5",
    "Authorization: Basic eDp5",
    "TE: trailers",
    "TE: gzip",
    "Upgrade: h2c",
    "Accept-Encoding: br",
    "Accept: text/html",
    "User-Agent: t",
    "Origin: http://evil.test",
    "Referer: http://edge.test/",
    "X-Empty:",
    "X-Twice: 1",
    "X-Twice: 2",
    "Forwarded: for=1.2.3.4",
    "X-Real-Ip: 1.2.3.4",
    "X-Original-Url: /chat/login",
    "Range: bytes=0-1",
    "If-None-Match: \"x\"",
    "Expect: 100-continue",
];

const UPGRADE: &[&str] = &[
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

fn target() -> impl Strategy<Value = String> {
    let path = prop::collection::vec(select(SEGMENTS), 1..6).prop_map(|segments| format!("/{}", segments.join("/")));
    let routed = (
        select(
            &[
                "/forge/",
                "/ci/",
                "/chat/",
                "/staging/",
                "/forge/api/internal/",
                "/chat/login",
                "/forge",
                "//chat/",
                "/",
            ][..],
        ),
        select(SEGMENTS),
    )
        .prop_map(|(prefix, segment)| format!("{prefix}{segment}"));
    let rare = select(&["*", "http://edge.test/ci/x", "http://chat.edge.test/login?a", "http://other.test/", "/"][..])
        .prop_map(ToOwned::to_owned);
    let path = prop_oneof![6 => path, 6 => routed, 1 => rare];
    (path, select(QUERIES)).prop_map(|(path, query)| format!("{path}{query}"))
}

/// Requests.
pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let fields = prop_oneof![
        6 => subsequence(FIELDS.to_vec(), 0..5),
        1 => (subsequence(FIELDS.to_vec(), 0..3)).prop_map(|fields| {
            let plain = fields.into_iter().filter(|field| !field.starts_with("Connection") && !field.starts_with("Upgrade"));
            plain.chain(UPGRADE.iter().copied()).collect()
        }),
    ];
    let content = prop_oneof![
        4 => Just(Content::None),
        1 => "[a-z]{0,40}".prop_map(Content::Length),
        1 => prop::collection::vec("[a-z]{1,20}", 0..3).prop_map(Content::Chunked),
    ];
    (select(METHODS), target(), select(HOSTS), fields, content)
        .prop_map(|(method, target, host, fields, content)| Case { method, target, host, fields, content })
}
