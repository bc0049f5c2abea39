//! The edge by itself.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use ::edge::{Edge, EdgeError};
use routes::{Action, Forward, GateSecret, Mode, Origin, Site};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::recorder::Recorder;
use crate::wire::{Message, ask};

/// The standard site before one service that plays all parts.
async fn start(mode: Mode, upstream: SocketAddr, edit: impl Fn(&mut Forward)) -> Edge {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = Origin::parse(&format!("http://edge.test:{}", listener.local_addr().unwrap().port())).unwrap();
    let upstreams: BTreeMap<String, String> =
        ["forge", "ci", "chat", "staging"].map(|name| (name.to_owned(), upstream.to_string())).into();
    let mut site = Site::standard(origin, mode, &upstreams).unwrap().with_gate_secret(GateSecret::new("shared"));
    for route in &mut site.routes {
        if let Action::Forward(forward) = &mut route.action {
            edit(forward);
        }
    }
    Edge::start(site, listener).unwrap()
}

async fn get(edge: &Edge, target: &str, fields: &str) -> Message {
    ask(
        edge.addr(),
        format!("GET {target} HTTP/1.1\r\nHost: edge.test\r\n{fields}Connection: close\r\n\r\n").as_bytes(),
    )
    .await
    .unwrap()
}

#[tokio::test]
async fn its_own_answers() {
    let service = Recorder::start("all").await;
    let edge = start(Mode::Subpath, service.address, |_| {}).await;
    for (target, status, location) in [
        ("/", 302, Some("/forge/")),
        ("/ci?a=b", 302, Some("/ci/?a=b")),
        ("/nosuch", 404, None),
        ("/forge/api/internal/x", 403, None),
        ("/%zz", 400, None),
    ] {
        let answer = get(&edge, target, "").await;
        assert_eq!((answer.status(), answer.field("location").as_deref()), (status, location), "{target}");
    }
    let other = ask(edge.addr(), b"GET /forge/ HTTP/1.1\r\nHost: other.test\r\n\r\n").await.unwrap();
    assert_eq!(other.status(), 404);
    for head in ["GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"] {
        assert_eq!(ask(edge.addr(), head.as_bytes()).await.unwrap().status(), 400);
    }
    assert!(service.take().is_empty());
    assert_eq!(edge.log().last(2), ["GET / 400", "GET / 400"]);
}

#[tokio::test]
async fn what_a_service_sees() {
    let service = Recorder::start("all").await;
    let edge = start(Mode::Subpath, service.address, |_| {}).await;
    let fields = "X-Forwarded-User: root\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: evil.test\r\nCookie: a=1\r\n";
    let answer = get(&edge, "/forge/x%2Fy?q=%2F", fields).await;
    assert_eq!((answer.status(), answer.text().as_str()), (200, "all has 0 bytes"));
    assert_eq!(answer.field("set-cookie").as_deref(), Some("a=1, b=2"));
    assert_eq!((answer.field("x-hop"), answer.field("location").as_deref()), (None, Some("/elsewhere")));
    let seen = &service.take()[0];
    assert_eq!(seen.start, "GET /x%2Fy?q=%2F HTTP/1.1");
    let field = |name| seen.field(name);
    assert_eq!(field("host").as_deref(), Some("edge.test"));
    assert_eq!(field("x-forwarded-for").as_deref(), Some("127.0.0.1"));
    assert_eq!(field("x-forwarded-proto").as_deref(), Some("http"));
    assert_eq!(field("x-forwarded-host").as_deref(), Some("edge.test"));
    assert_eq!(field("cookie").as_deref(), Some("a=1"));
    assert_eq!((field("x-forwarded-user"), field("connection")), (None, None));

    get(&edge, "/staging/a", "Cookie: user_sess=1\r\n").await;
    assert_eq!(service.take()[0].field("cookie"), None, "no session reaches staging");
}

#[tokio::test]
async fn the_gate() {
    let service = Recorder::start("all").await;
    let edge = start(Mode::Subpath, service.address, |_| {}).await;
    let shut = get(&edge, "/chat/history?a=b", "X-Forwarded-User: root\r\nX-Forward-Auth-Secret: guess\r\n").await;
    assert_eq!((shut.status(), shut.text().as_str(), shut.field("x-gate")), (401, "sign in first", None));
    let seen = service.take();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0].field("x-forward-auth-secret").as_deref(), Some("shared"));
    assert_eq!(seen[0].field("x-forwarded-uri").as_deref(), Some("/chat/history?a=b"));
    assert_eq!(seen[0].field("x-forwarded-user"), None);

    let open = get(&edge, "/chat/history", "Cookie: session=good\r\nX-Forwarded-User: root\r\n").await;
    assert_eq!(open.status(), 200);
    let seen = service.take();
    assert_eq!(seen[1].start, "GET /chat/history HTTP/1.1");
    assert_eq!(
        (seen[1].field("x-forwarded-user").as_deref(), seen[1].field("x-forward-auth-secret")),
        (Some("smoke"), None)
    );

    get(&edge, "/chat/history", "Cookie: session=nameless\r\nX-Forwarded-User: root\r\n").await;
    assert_eq!(service.take()[1].field("x-forwarded-user"), None);

    assert_eq!(get(&edge, "/chat/login", "").await.status(), 200);
    assert_eq!(service.take().len(), 1);
}

#[tokio::test]
async fn contents_are_passed_on_up_to_the_limit() {
    let service = Recorder::start("all").await;
    let edge = start(Mode::Subpath, service.address, |forward| forward.max_body = Some(10)).await;
    let post = async |framing: &str, body: &str| {
        let request = format!("POST /ci/x HTTP/1.1\r\nHost: edge.test\r\nConnection: close\r\n{framing}\r\n\r\n{body}");
        ask(edge.addr(), request.as_bytes()).await.unwrap()
    };
    assert_eq!(post("Content-Length: 10", "0123456789").await.text(), "all has 10 bytes");
    assert_eq!(
        post("Transfer-Encoding: chunked", "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n").await.text(),
        "all has 10 bytes"
    );
    assert_eq!(post("Content-Length: 11", "0123456789a").await.status(), 413);
    assert_eq!(post("Transfer-Encoding: chunked", "5\r\n01234\r\n6\r\n56789a\r\n0\r\n\r\n").await.status(), 413);
}

#[tokio::test]
async fn a_service_that_is_down_is_named() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let edge = start(Mode::Subpath, free, |_| {}).await;
    for target in ["/forge/", "/chat/history"] {
        let answer = get(&edge, target, "").await;
        assert_eq!(answer.status(), 502);
        assert!(answer.text().contains(&free.to_string()) && answer.text().contains("refused"), "{}", answer.text());
    }
}

#[tokio::test]
async fn an_upgraded_connection_is_a_tunnel() {
    let service = Recorder::start("all").await;
    let edge = start(Mode::Subpath, service.address, |_| {}).await;
    let mut stream = TcpStream::connect(edge.addr()).await.unwrap();
    let head = "GET /chat/ws HTTP/1.1\r\nHost: edge.test\r\nCookie: session=good\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut buffer = vec![0; 4096];
    let mut read = 0;
    while !buffer[..read].windows(4).any(|end| end == b"\r\n\r\n") {
        read += stream.read(&mut buffer[read..]).await.unwrap();
    }
    let answer = String::from_utf8_lossy(&buffer[..read]).to_lowercase();
    assert!(
        answer.starts_with("http/1.1 101")
            && answer.contains("upgrade: websocket")
            && answer.contains("connection: upgrade"),
        "{answer}"
    );
    for words in ["ping", "pong"] {
        stream.write_all(words.as_bytes()).await.unwrap();
        let mut echo = [0; 4];
        stream.read_exact(&mut echo).await.unwrap();
        assert_eq!(&echo, words.as_bytes());
    }
    drop(edge);
    assert_eq!(stream.read(&mut buffer).await.unwrap_or(0), 0, "the tunnel goes with the edge");
}

#[tokio::test]
async fn a_route_without_websocket_sends_an_ordinary_request() {
    let service = Recorder::start("all").await;
    let edge = start(Mode::Subpath, service.address, |forward| forward.websocket = false).await;
    let head = b"GET /ci/ws HTTP/1.1\r\nHost: edge.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    assert_eq!(ask(edge.addr(), head).await.unwrap().status(), 200);
    assert_eq!(service.take()[0].field("upgrade"), None);
}

/// A piece of an answer arrives while the service still holds the next one back; the same for a request's content.
#[tokio::test]
async fn nothing_is_buffered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let edge = start(Mode::Subpath, listener.local_addr().unwrap(), |_| {}).await;
    let mut client = TcpStream::connect(edge.addr()).await.unwrap();
    client
        .write_all(b"POST /ci/x HTTP/1.1\r\nHost: edge.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        .await
        .unwrap();
    let (mut service, _) = listener.accept().await.unwrap();
    read_until(&mut service, "one").await;
    client.write_all(b"3\r\ntwo\r\n").await.unwrap();
    read_until(&mut service, "two").await;
    service.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n").await.unwrap();
    read_until(&mut client, "four").await;
    service.write_all(b"4\r\nfive\r\n").await.unwrap();
    read_until(&mut client, "five").await;
}

async fn read_until(stream: &mut TcpStream, words: &str) {
    let mut text = String::new();
    let mut buffer = [0; 1024];
    while !text.contains(words) {
        let read = stream.read(&mut buffer).await.unwrap();
        assert_ne!(read, 0, "ended before {words:?}: {text}");
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
}

#[tokio::test]
async fn another_site_from_the_next_request_on() {
    let service = Recorder::start("all").await;
    let edge = start(Mode::Subpath, service.address, |_| {}).await;
    let origin = Origin::parse(&format!("http://edge.test:{}", edge.addr().port())).unwrap();
    let upstreams: BTreeMap<String, String> = [("staging".to_owned(), service.address.to_string())].into();
    edge.replace(Site::standard(origin.clone(), Mode::Subdomain, &upstreams).unwrap()).unwrap();
    assert_eq!(get(&edge, "/", "").await.status(), 200);
    assert_eq!(get(&edge, "/forge/", "").await.status(), 200, "staging's now");
    let mut wrong = Site::standard(origin, Mode::Subdomain, &upstreams).unwrap();
    wrong.origin.host = String::new();
    assert!(matches!(edge.replace(wrong), Err(EdgeError::Site(_))));
    assert_eq!(get(&edge, "/", "").await.status(), 200, "the old one stays");
    edge.shutdown(Duration::from_secs(5)).await;
}

/// A forged scheme is not believed, and behind something that ends TLS the public one is told.
#[tokio::test]
async fn services_are_told_the_public_scheme() {
    let service = Recorder::start("all").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstreams: BTreeMap<String, String> = [("forge".to_owned(), service.address.to_string())].into();
    let mut site = Site::standard(Origin::parse("https://edge.test").unwrap(), Mode::Subpath, &upstreams).unwrap();
    site.front = Some(routes::Front { port: listener.local_addr().unwrap().port() });
    let edge = Edge::start(site, listener).unwrap();
    assert_eq!(get(&edge, "/forge/", "X-Forwarded-Proto: ftp\r\n").await.status(), 200);
    assert_eq!(service.take()[0].field("x-forwarded-proto").as_deref(), Some("https"));
}
