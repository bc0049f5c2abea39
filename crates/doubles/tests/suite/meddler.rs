//! The meddler between a client and a server: what it passes on as it came, and what it changes.

use std::io::Write as _;
use std::time::{Duration, Instant};

use bytes::Bytes;
use doubles::echo::Echo;
use doubles::meddler::{Action, Meddler, Rule, Rules, Side};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use futures_util::{SinkExt, StreamExt};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use serve::{Body, Log, Server, boxed, empty, full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::{Error, Message};

const LARGE: usize = 20 * 1024 * 1024;

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// A server with an answer of each kind.
async fn service() -> Server {
    Server::start(listener().await, |request, _| answer(request)).unwrap()
}

async fn answer(request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let mut answer = Response::new(empty());
    match path.as_str() {
        "/pieces" | "/events" => {
            let pieces = futures_util::stream::unfold(0, |number| async move {
                if number > 0 {
                    tokio::time::sleep(Duration::from_millis(40)).await;
                }
                let piece = Frame::data(Bytes::from(format!("data: /ci/{number}\n\n")));
                (number < 4).then(|| (Ok::<_, std::convert::Infallible>(piece), number + 1))
            });
            answer = Response::new(boxed(StreamBody::new(pieces)));
            let of = if path == "/events" { "text/event-stream" } else { "text/plain" };
            answer.headers_mut().insert(CONTENT_TYPE, of.parse().unwrap());
        }
        "/large" => answer = Response::new(full(vec![b'x'; LARGE])),
        "/not-modified" => {
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
            answer.headers_mut().insert(ETAG, "\"1\"".parse().unwrap());
        }
        "/nothing" => *answer.status_mut() = StatusCode::NO_CONTENT,
        "/gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(b"<a href=/ci/>").unwrap();
            answer = Response::new(full(encoder.finish().unwrap()));
            answer.headers_mut().insert(CONTENT_ENCODING, "gzip".parse().unwrap());
        }
        "/never" => std::future::pending().await,
        "/size" => {
            let mut body = request.into_body();
            let mut size = 0;
            while let Some(frame) = body.frame().await {
                size += frame.unwrap().into_data().map_or(0, |data| data.len());
            }
            answer = Response::new(full(size.to_string()));
        }
        _ => {
            let mut lines: Vec<String> =
                request.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
            // What a service is told of a connection is that connection's.
            lines.retain(|line| !line.starts_with("connection: "));
            lines.sort();
            let head = format!("{} {}\n{}\n", request.method(), request.uri(), lines.join("\n"));
            let content = request.into_body().collect().await.unwrap().to_bytes();
            answer = Response::new(full([head.as_bytes(), &content].concat()));
            answer.headers_mut().append("set-cookie", "a=1; Path=/ci".parse().unwrap());
            answer.headers_mut().append("set-cookie", "b=2".parse().unwrap());
        }
    }
    answer
}

async fn before(server: std::net::SocketAddr, rules: &[Rule]) -> Meddler {
    let rules = Rules::new(rules).unwrap();
    Meddler::serve(listener().await, server.to_string(), rules, Log::default()).unwrap()
}

fn rule(on: Side, actions: Vec<Action>) -> Rule {
    Rule { on, match_path: None, match_host: None, actions }
}

fn in_body(find: &str, with: &str) -> Action {
    Action::ReplaceBody { find: find.to_owned(), with: with.to_owned() }
}

/// Sends these bytes on a connection of its own, and reads until its end: the head's lines, sorted, and the rest.
async fn ask(address: std::net::SocketAddr, request: &str) -> (Vec<String>, Vec<u8>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut all)).await.unwrap();
    let end = all.windows(4).position(|bytes| bytes == b"\r\n\r\n").map_or(all.len(), |place| place + 4);
    let head = String::from_utf8(all[..end].to_vec()).unwrap();
    let mut lines: Vec<String> = head.lines().map(str::to_owned).filter(|line| !line.is_empty()).collect();
    lines.retain(|line| !line.starts_with("date: "));
    lines.sort();
    (lines, all[end..].to_vec())
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: edge.test:8080\r\nConnection: close\r\n\r\n")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn without_rules_everything_is_passed_on_as_it_came() {
    let service = service().await;
    let meddler = before(service.address(), &[]).await;
    let host = "Host: edge.test:8080\r\nConnection: close\r\n";
    for request in [
        format!(
            "GET //a/%2e%2e/b?x=%2F&y HTTP/1.1\r\n{host}X-Forwarded-Proto: https\r\nX-Forwarded-For: 10.0.0.1\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n"
        ),
        format!("POST /x HTTP/1.1\r\n{host}Content-Length: 5\r\n\r\nhello"),
        format!("POST /x HTTP/1.1\r\n{host}Content-Length: 0\r\n\r\n"),
        format!("PUT /x HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        format!("GET /x HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        format!("PROPFIND /x HTTP/1.1\r\n{host}\r\n"),
        format!("HEAD /large HTTP/1.1\r\n{host}\r\n"),
        get("/pieces"),
        get("/not-modified"),
        get("/nothing"),
        get("/gzip"),
        get("/large"),
    ] {
        let (direct, through) = (ask(service.address(), &request).await, ask(meddler.address(), &request).await);
        let without_close = |lines: &[String]| {
            lines.iter().filter(|line| !line.starts_with("connection: ")).cloned().collect::<Vec<_>>()
        };
        assert_eq!(without_close(&through.0), without_close(&direct.0), "{request}");
        assert!(through.1 == direct.1, "{request}: {}", text(&through.1));
    }
}

#[tokio::test]
async fn what_comes_piece_by_piece_goes_on_piece_by_piece() {
    let service = service().await;
    let meddler = before(service.address(), &[]).await;
    let mut stream = TcpStream::connect(meddler.address()).await.unwrap();
    stream.write_all(get("/pieces").as_bytes()).await.unwrap();
    let (mut all, mut arrivals) = (Vec::new(), Vec::new());
    let mut buffer = [0; 1024];
    loop {
        let length = stream.read(&mut buffer).await.unwrap();
        if length == 0 {
            break;
        }
        all.extend_from_slice(&buffer[..length]);
        let seen = text(&all).matches("/ci/").count();
        arrivals.resize(seen, Instant::now());
    }
    assert_eq!(arrivals.len(), 4, "{}", text(&all));
    assert!(arrivals[3] - arrivals[0] >= Duration::from_millis(90), "{arrivals:?}");
}

#[tokio::test]
async fn large_contents_go_up_and_an_expectation_is_met_first() {
    let service = service().await;
    let meddler = before(service.address(), &[]).await;
    let mut stream = TcpStream::connect(meddler.address()).await.unwrap();
    let head = format!(
        "POST /size HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: {LARGE}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut first = [0; 25];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(text(&first), "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(&vec![b'x'; LARGE]).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(text(&answer).ends_with(&format!("\r\n\r\n{LARGE}")), "{}", text(&answer));
}

#[tokio::test]
async fn websockets_are_joined_and_what_is_said_there_is_not_touched() {
    let echo = Echo::serve(listener().await).unwrap();
    let meddler = before(echo.address(), &[rule(Side::Response, vec![in_body("hello", "bye")])]).await;
    let stream = TcpStream::connect(meddler.address()).await.unwrap();
    let request = "ws://edge.test:8080/ws";
    let (mut socket, _) =
        tokio_tungstenite::client_async(request, stream).await.unwrap_or_else(|error| panic!("{error}"));
    socket.send(Message::text("hello")).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("hello"));
    socket.send(Message::text(r#"{"request": true}"#)).await.unwrap();
    let said = socket.next().await.unwrap().unwrap().into_text().unwrap().to_string();
    assert!(said.contains("\"edge.test:8080\"") && said.contains("\"Upgrade\""), "{said}");
    socket.close(None).await.unwrap();
    assert!(matches!(socket.next().await, Some(Ok(Message::Close(None)))));
}

#[tokio::test]
async fn heads_and_contents_are_changed_and_put_right() {
    let service = service().await;
    let set = |name: &str, value: &str| Action::SetHeader { name: name.to_owned(), value: value.to_owned() };
    let cookies = Action::ReplaceHeader {
        name: Some("Set-Cookie".to_owned()),
        find: "Path=/ci".to_owned(),
        with: "Path=/".to_owned(),
    };
    let meddler = before(
        service.address(),
        &[
            rule(
                Side::Request,
                vec![set("Host", "forge:3000"), Action::RemoveHeader { name: "X-Forwarded-Proto".to_owned() }],
            ),
            rule(Side::Request, vec![in_body("secret", "sec")]),
            rule(Side::Response, vec![cookies, in_body("/ci/", "/"), Action::SetStatus(418)]),
        ],
    )
    .await;
    let request = "POST /ci/x HTTP/1.1\r\nHost: edge.test\r\nConnection: close\r\nX-Forwarded-Proto: http\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nsecret\r\n0\r\n\r\n";
    let (head, content) = ask(meddler.address(), request).await;
    let content = text(&content);
    assert_eq!(content, "POST /x\ncontent-length: 3\nhost: forge:3000\nsec");
    for line in [
        "HTTP/1.1 418 I'm a teapot",
        "set-cookie: a=1; Path=/",
        "set-cookie: b=2",
        &format!("content-length: {}", content.len()),
    ] {
        assert!(head.iter().any(|found| found == line), "{line}: {head:?}");
    }
    // Codings are taken off where something changes, and left where nothing does.
    let (head, content) = ask(meddler.address(), &get("/gzip")).await;
    assert_eq!(text(&content), "<a href=/>");
    assert!(
        head.contains(&"content-length: 10".to_owned())
            && !head.iter().any(|line| line.starts_with("content-encoding")),
        "{head:?}"
    );
    meddler.replace(Rules::new(&[rule(Side::Response, vec![in_body("nowhere", "x")])]).unwrap());
    let (head, content) = ask(meddler.address(), &get("/gzip")).await;
    assert!(head.contains(&"content-encoding: gzip".to_owned()), "{head:?}");
    let mut plain = String::new();
    std::io::Read::read_to_string(&mut GzDecoder::new(content.as_slice()), &mut plain).unwrap();
    assert_eq!(plain, "<a href=/ci/>");
    // A service isn't asked for codings that can't be read.
    let request = "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: br, gzip;q=0.5, zstd\r\n\r\n";
    assert!(text(&ask(meddler.address(), request).await.1).contains("accept-encoding: gzip;q=0.5\n"));
    // What has no content stays without, and what is too large to be held goes on as it came.
    meddler.replace(Rules::new(&[rule(Side::Response, vec![in_body("x", "y")])]).unwrap());
    assert_eq!(ask(meddler.address(), &get("/not-modified")).await.0[0], "HTTP/1.1 304 Not Modified");
    let (head, _) = ask(meddler.address(), "HEAD /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(!head.iter().any(|line| line.starts_with("content-length")), "{head:?}");
    let (_, content) = ask(meddler.address(), &get("/large")).await;
    assert!(content.len() == LARGE && content.iter().all(|byte| *byte == b'x'));
    let (_, content) = ask(meddler.address(), &get("/nothing")).await;
    assert!(content.is_empty());
}

#[tokio::test]
async fn a_stream_of_events_is_changed_while_it_flows() {
    let service = service().await;
    let meddler = before(service.address(), &[rule(Side::Response, vec![in_body("/ci/", "/")])]).await;
    let mut stream = TcpStream::connect(meddler.address()).await.unwrap();
    stream.write_all(get("/events").as_bytes()).await.unwrap();
    let mut all = Vec::new();
    let mut buffer = [0; 1024];
    while !text(&all).contains("data: /0") {
        let length = stream.read(&mut buffer).await.unwrap();
        assert!(length > 0, "{}", text(&all));
        all.extend_from_slice(&buffer[..length]);
    }
    assert!(!text(&all).contains("data: /3"), "it was held back: {}", text(&all));
    stream.read_to_end(&mut all).await.unwrap();
    assert!(text(&all).contains("data: /3") && !text(&all).contains("/ci/"));
}

#[tokio::test]
async fn it_answers_by_itself_where_a_rule_says_so() {
    let service = service().await;
    let own = Rule {
        match_path: Some("^/user/".to_owned()),
        match_host: Some(r"^edge\.test$".to_owned()),
        ..rule(
            Side::Request,
            vec![
                Action::SetStatus(302),
                Action::SetHeader { name: "Location".to_owned(), value: "/user/login".to_owned() },
            ],
        )
    };
    let meddler = before(service.address(), &[own]).await;
    let (head, content) = ask(meddler.address(), &get("/user/login")).await;
    assert!(content.is_empty() && head.contains(&"location: /user/login".to_owned()), "{head:?}");
    assert_eq!(head[0], "HTTP/1.1 302 Found");
    assert_eq!(ask(meddler.address(), &get("/other")).await.0[0], "HTTP/1.1 200 OK");
    // The browser's host counts, whatever the service is told.
    let behind =
        "GET /user/login HTTP/1.1\r\nHost: forge:3000\r\nX-Forwarded-Host: edge.test\r\nConnection: close\r\n\r\n";
    assert_eq!(ask(meddler.address(), behind).await.0[0], "HTTP/1.1 302 Found");
    let other = "GET /user/login HTTP/1.1\r\nHost: forge.edge.test\r\nConnection: close\r\n\r\n";
    assert_eq!(ask(meddler.address(), other).await.0[0], "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn a_status_without_content_has_none() {
    let service = service().await;
    for status in [204, 304] {
        let meddler = before(service.address(), &[rule(Side::Response, vec![Action::SetStatus(status)])]).await;
        let (head, content) = ask(meddler.address(), &get("/x")).await;
        assert!(head[0].starts_with(&format!("HTTP/1.1 {status}")) && content.is_empty(), "{head:?}");
    }
}

#[tokio::test]
async fn messages_are_late_and_connections_cut_when_the_rules_say() {
    let service = service().await;
    let meddler = before(
        service.address(),
        &[rule(Side::Request, vec![Action::DelayMs(60)]), rule(Side::Response, vec![Action::DelayMs(60)])],
    )
    .await;
    let started = Instant::now();
    assert_eq!(ask(meddler.address(), &get("/x")).await.0[0], "HTTP/1.1 200 OK");
    assert!(started.elapsed() >= Duration::from_millis(120));

    meddler.replace(Rules::new(&[rule(Side::Response, vec![Action::CloseAfterMs(70)])]).unwrap());
    // An answer that is over by then isn't cut; one that never comes, or that still flows, is.
    assert_eq!(ask(meddler.address(), &get("/x")).await.0[0], "HTTP/1.1 200 OK");
    assert_eq!(ask(meddler.address(), &get("/never")).await, (Vec::new(), Vec::new()));
    let started = Instant::now();
    let (_, content) = ask(meddler.address(), &get("/pieces")).await;
    assert!(text(&content).contains("/ci/0") && !text(&content).ends_with("0\r\n\r\n"), "{}", text(&content));
    assert!((70..5000).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_websocket_is_cut_without_a_close_frame() {
    let echo = Echo::serve(listener().await).unwrap();
    let meddler = before(echo.address(), &[rule(Side::Response, vec![Action::CloseAfterMs(100)])]).await;
    let started = Instant::now();
    let stream = TcpStream::connect(meddler.address()).await.unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async("ws://edge.test/ws", stream).await.unwrap();
    socket.send(Message::text("hello")).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("hello"));
    let end = tokio::time::timeout(Duration::from_secs(10), socket.next()).await.unwrap();
    assert!(matches!(end, None | Some(Err(Error::Protocol(_) | Error::Io(_) | Error::ConnectionClosed))), "{end:?}");
    assert!(started.elapsed() >= Duration::from_millis(100), "{:?}", started.elapsed());
}

#[tokio::test]
async fn an_upgrade_whose_header_is_lost_on_the_way_is_none() {
    let echo = Echo::serve(listener().await).unwrap();
    for name in ["Connection", "Upgrade"] {
        let meddler =
            before(echo.address(), &[rule(Side::Request, vec![Action::RemoveHeader { name: name.to_owned() }])]).await;
        let stream = TcpStream::connect(meddler.address()).await.unwrap();
        let Err(Error::Http(answer)) = tokio_tungstenite::client_async("ws://edge.test/ws", stream).await else {
            panic!("{name}: it was switched");
        };
        assert_eq!(answer.status(), StatusCode::OK, "{name}");
    }
}

#[tokio::test]
async fn a_service_that_is_not_there_is_seen_as_such() {
    let nobody = listener().await.local_addr().unwrap();
    let meddler = before(nobody, &[]).await;
    // No answer at all: whoever asked says by itself what it says of a service that breaks off.
    assert_eq!(ask(meddler.address(), &get("/x")).await, (Vec::new(), Vec::new()));
    assert!(meddler.log().last(1)[0].starts_with("GET /x cut: "), "{:?}", meddler.log().last(1));
}
