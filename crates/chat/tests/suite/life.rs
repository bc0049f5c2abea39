//! The service from its start to its end: health, bad requests, a disk that refuses, an orderly end.

use std::fs;
use std::time::Duration;

use http_body_util::Full;
use routes::Mode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::browser::{Browser, exchange};
use crate::world::World;

#[tokio::test]
async fn health_and_readiness() {
    let world = World::new(Mode::Subpath).await;
    let mut direct = Browser::new(world.chat_address());
    for (path, body) in [("/health", "ok\n"), ("/ready", "ready\n")] {
        let answer = direct.get(&world.direct(path)).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, body));
    }
    // A disk that refuses: where the history should be there is a file.
    let history = world.folder().join("history");
    fs::remove_dir_all(&history).unwrap();
    fs::write(&history, "").unwrap();
    let answer = direct.get(&world.direct("/ready")).await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "not_ready"));
    assert_eq!(direct.get(&world.direct("/health")).await.status, 200, "it lives all the same");
    let mut browser = world.signed_in("smoke").await;
    let answer = browser.get(&world.url("/history")).await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "storage"));
    assert!(!answer.body.contains("history/"), "no path of the machine's: {}", answer.body);
}

#[tokio::test]
async fn every_answer_is_hardened() {
    let world = World::new(Mode::Subpath).await;
    let mut browser = world.signed_in("smoke").await;
    for path in ["/history", "/nosuch", "/login", "/oauth/callback"] {
        let answer = browser.get(&world.url(path)).await;
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(answer.field(name).as_deref(), Some(value), "{path}");
        }
        assert!(answer.field("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    }
}

#[tokio::test]
async fn contents_are_bounded() {
    let world = World::new(Mode::Subpath).await;
    let request =
        http::Request::post("/chat/new").header("host", "edge.test").body(Full::from("x".repeat(1024 * 1024))).unwrap();
    assert_eq!(exchange(world.chat_address(), request).await.status, 401, "nobody is asked to send it first");
    let mut stream = TcpStream::connect(world.chat_address()).await.unwrap();
    let head = format!("GET /chat/history HTTP/1.1\r\nHost: x\r\nCookie: {}\r\n\r\n", "a=b; ".repeat(200_000));
    // The service may hang up before it has read it all.
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    assert_eq!(Browser::new(world.chat_address()).get(&world.direct("/health")).await.status, 200);
}

#[tokio::test]
async fn what_is_no_request_is_answered_or_dropped() {
    let world = World::new(Mode::Subpath).await;
    for bytes in [
        &b"\0\0\0\0\r\n\r\n"[..],
        b"GET  HTTP/1.1\r\n\r\n",
        b"CONNECT edge.test:80 HTTP/1.1\r\nHost: edge.test\r\nConnection: close\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: edge.test\r\nConnection: close\r\n\r\n",
        b"GET http://edge.test/chat/history HTTP/1.1\r\nHost: edge.test\r\nConnection: close\r\n\r\n",
        b"GET http://edge.test/chat/login/../history HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n",
        b"GET /chat/history HTTP/1.1\r\nHost: edge.test\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\nConnection: close\r\n\r\n0\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(world.chat_address()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let refused = answer.starts_with("HTTP/1.1 401") || answer.starts_with("HTTP/1.1 400") || answer.is_empty();
        assert!(refused, "{}: {answer}", String::from_utf8_lossy(bytes));
    }
}

/// What is asked while the service ends is still answered, and then its port is free.
#[tokio::test]
async fn an_orderly_end() {
    let mut world = World::new(Mode::Subpath).await;
    let mut stream = TcpStream::connect(world.chat_address()).await.unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n").await.unwrap();
    // The answer to another request: by now the service has taken both connections.
    assert_eq!(Browser::new(world.chat_address()).get(&world.direct("/health")).await.status, 200);
    let ending = tokio::spawn(world.chat.take().unwrap().shutdown(Duration::from_secs(20)));
    stream.write_all(b"\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 200"), "{answer}");
    tokio::time::timeout(Duration::from_secs(10), ending).await.unwrap().unwrap();
    assert!(TcpStream::connect(world.chat_address()).await.is_err());
}

/// Neither codes nor cookies come into the log.
#[tokio::test]
async fn the_log_holds_no_secret() {
    let world = World::new(Mode::Subpath).await;
    let mut browser = world.browser();
    let back = world.until_callback(&mut browser, "smoke").await;
    assert_eq!(browser.get(&back).await.status, 303);
    browser.get(&world.url("/history?token=hidden")).await;
    let lines = world.chat.as_ref().unwrap().log().last(100);
    assert!(lines.contains(&"GET /chat/oauth/callback 303".to_owned()), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("code=") || line.contains("hidden")), "{lines:?}");
}
