//! The echo, as a client of HTTP and of WebSocket meets it.

use std::time::{Duration, Instant};

use bytes::Bytes;
use doubles::echo::{Echo, LIMIT};
use futures_util::{SinkExt, StreamExt};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

async fn start() -> Echo {
    Echo::serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap()
}

/// Sends one request, and reads the answer.
async fn send(echo: &Echo, request: http::request::Builder, content: Vec<u8>) -> Response<String> {
    let stream = TcpStream::connect(echo.address()).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = request.header("host", "edge.test").body(Full::new(Bytes::from(content))).unwrap();
    let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
    let text = String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned();
    Response::from_parts(parts, text)
}

/// Opens a WebSocket, with these fields besides.
async fn open(echo: &Echo, fields: &[(&'static str, &str)]) -> (WebSocketStream<TcpStream>, http::HeaderMap) {
    let stream = TcpStream::connect(echo.address()).await.unwrap();
    let mut request = "ws://edge.test/ws?x=1".into_client_request().unwrap();
    for (name, value) in fields {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let (socket, answer) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    (socket, answer.into_parts().0.headers)
}

async fn next(socket: &mut WebSocketStream<TcpStream>) -> Result<Message, Error> {
    tokio::time::timeout(Duration::from_secs(10), socket.next()).await.unwrap().unwrap_or(Err(Error::ConnectionClosed))
}

fn json_of(message: &Message) -> Value {
    serde_json::from_str(message.to_text().unwrap()).unwrap()
}

#[tokio::test]
async fn over_http_it_says_what_reached_it() {
    let echo = start().await;
    let request = Request::builder().method("POST").uri("/any/where?x=%2F").header("x-forwarded-proto", "https");
    let answer = send(&echo, request, b"content".to_vec()).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (200, &"application/json".parse().unwrap())
    );
    let said: Value = serde_json::from_str(answer.body()).unwrap();
    assert_eq!(said["target"], "/any/where?x=%2F");
    assert_eq!(said["headers"]["x-forwarded-proto"], json!(["https"]));
    assert_eq!(said["content"], json!({ "bytes": 7, "text": "content" }));
    assert_eq!(said["remote"], "127.0.0.1");
    assert_eq!(echo.log().last(1), ["POST /any/where 200"]);
    let answer = send(&echo, Request::builder().method("POST").uri("/"), vec![0; LIMIT + 1]).await;
    assert_eq!(answer.status().as_u16(), 413);
}

#[tokio::test]
async fn over_websocket_it_sends_back_what_it_is_sent() {
    let echo = start().await;
    let (mut socket, _) = open(&echo, &[]).await;
    for message in
        [Message::text("hello ✓"), Message::text(""), Message::binary(vec![0, 255]), Message::text("{\"a\":1}")]
    {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(next(&mut socket).await.unwrap(), message);
    }
    socket.send(Message::Ping("p".into())).await.unwrap();
    assert_eq!(next(&mut socket).await.unwrap(), Message::Pong("p".into()));
    socket.close(None).await.unwrap();
    assert!(matches!(next(&mut socket).await, Ok(Message::Close(None))));
}

#[tokio::test]
async fn commands_are_carried_out() {
    let echo = start().await;
    let (mut socket, _) = open(&echo, &[("origin", "http://edge.test")]).await;
    let started = Instant::now();
    socket.send(Message::text(r#"{"stream": {"frames": 4, "every_ms": 20}}"#)).await.unwrap();
    for number in 1..=4 {
        assert_eq!(json_of(&next(&mut socket).await.unwrap()), json!({ "frame": number, "of": 4 }));
    }
    assert!(started.elapsed() >= Duration::from_millis(60), "{:?}", started.elapsed());
    socket.send(Message::text(r#"{"request": true}"#)).await.unwrap();
    let handshake = json_of(&next(&mut socket).await.unwrap());
    assert_eq!(
        (&handshake["target"], &handshake["headers"]["origin"]),
        (&json!("/ws?x=1"), &json!(["http://edge.test"]))
    );
    socket.send(Message::text(r#"{"stream": {"frames": 0, "every_ms": 0}}"#)).await.unwrap();
    assert!(json_of(&next(&mut socket).await.unwrap())["error"].as_str().unwrap().contains("1 to 10000"));
    socket.send(Message::text(r#"{"ping": "x"}"#)).await.unwrap();
    assert_eq!(next(&mut socket).await.unwrap(), Message::Ping("x".into()));
    socket.send(Message::text(r#"{"close": {"code": 4000, "reason": "bye"}}"#)).await.unwrap();
    let Message::Close(Some(frame)) = next(&mut socket).await.unwrap() else { panic!("no close frame") };
    assert_eq!((u16::from(frame.code), frame.reason.as_str()), (4000, "bye"));
}

#[tokio::test]
async fn it_can_be_cut_off_and_says_why_it_refuses_what_is_too_large() {
    let echo = start().await;
    let (mut socket, _) = open(&echo, &[]).await;
    socket.send(Message::text(r#"{"cut": true}"#)).await.unwrap();
    assert!(next(&mut socket).await.is_err());
    let (mut socket, _) = open(&echo, &[]).await;
    let _ = socket.send(Message::binary(vec![0; LIMIT + 1])).await;
    match next(&mut socket).await {
        Ok(Message::Close(Some(frame))) => assert_eq!(frame.code, CloseCode::Size),
        // The rest of the message was still on its way when the echo had left.
        Err(_) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn when_it_stops_sockets_are_closed_with_1001() {
    let echo = start().await;
    let (mut socket, _) = open(&echo, &[]).await;
    echo.shutdown(Duration::from_millis(200)).await;
    let Message::Close(Some(frame)) = next(&mut socket).await.unwrap() else { panic!("no close frame") };
    assert_eq!(frame.code, CloseCode::Away);
}

#[tokio::test]
async fn the_subprotocol_is_one_that_was_offered() {
    let echo = start().await;
    let chosen = async |offered: &str| {
        let (_, fields) = open(&echo, &[("sec-websocket-protocol", offered)]).await;
        fields.get("sec-websocket-protocol").map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(chosen("other, echo").await.as_deref(), Some("echo"));
}

#[tokio::test]
async fn a_handshake_that_is_none_is_refused() {
    let echo = start().await;
    let key = "dGhlIHNhbXBsZSBub25jZQ==";
    for (method, version, key, status) in [
        ("GET", "13", key, 101),
        ("POST", "13", key, 400),
        ("GET", "8", key, 426),
        ("GET", "13", "c2hvcnQ=", 400),
        ("GET", "13", "", 400),
    ] {
        let request = Request::builder()
            .method(method)
            .uri("/ws")
            .header("connection", "keep-alive, Upgrade")
            .header("upgrade", "WebSocket")
            .header("sec-websocket-version", version)
            .header("sec-websocket-key", key);
        let answer = send(&echo, request, Vec::new()).await;
        assert_eq!(answer.status().as_u16(), status, "{method} {version} {key}");
    }
}
