//! Clients of the socket that don't keep to anything.

use std::time::{Duration, Instant};

use chat::socket::Bounds;
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::client::{Came, fields, said};
use crate::socket::Talk;
use crate::ways::Way;

const ID: &str = "0d7b6c52-95a6-4a39-8f10-0a0f7c1d2e3f";

pub(crate) async fn words_that_are_not_understood_are_answered_and_nothing_else_happens(way: Way) {
    let mut talk = Talk::by(way, &["still here"]).await;
    for (text, code) in [
        ("", "invalid_json"),
        ("{", "invalid_json"),
        ("\u{0}", "invalid_json"),
        (r#"{"type":"shutdown"}"#, "unknown_type"),
        (r#"{"type":"chat_request"}"#, "invalid_message"),
        (r#"{"type":"chat_request","message":"x","conversation_id":"../../../etc/passwd"}"#, "invalid_message"),
        (r#"{"type":"chat_request","message":""}"#, "empty_message"),
    ] {
        talk.client.socket.send(Message::text(text)).await.unwrap();
        assert_eq!(talk.client.frame().await["code"], code, "{text}");
    }
    talk.client.ask(ID, &"ü".repeat(20_000)).await;
    assert_eq!(talk.client.frame().await["code"], "message_too_long");
    talk.client.socket.send(Message::text("[".repeat(100_000))).await.unwrap();
    assert_eq!(talk.client.frame().await["code"], "invalid_json");
    assert!(!talk.stand_in.was_run());
    talk.client.send(json!({ "type": "ping" })).await;
    assert_eq!(talk.client.frame().await["type"], "pong");
    talk.client.ask(ID, "?").await;
    assert_eq!(said(&talk.client.until("complete").await), "still here");
}

pub(crate) async fn frames_that_may_not_be_close_it_with_the_reason(way: Way) {
    let talk = Talk::by(way, &["still here"]).await;
    let text = |payload: Vec<u8>| {
        Frame::from_payload(
            FrameHeader { opcode: OpCode::Data(Data::Text), ..FrameHeader::default() },
            Bytes::from(payload),
        )
    };
    for (what, message, code) in [
        ("binary", Message::binary(b"{}".to_vec()), 1003),
        ("oversized", Message::text("x".repeat(1024 * 1024)), 1009),
        ("not UTF-8", Message::Frame(text(vec![0xff, 0xfe])), 1007),
        ("oversized binary", Message::binary(vec![0; 1024 * 1024]), 1009),
    ] {
        let mut client = talk.again().await;
        // It may be closed before all of it is sent.
        let _ = client.socket.send(message).await;
        let (frames, end) = client.until_end().await;
        assert!(
            frames.is_empty() && (end == Came::Close(code) || code == 1009 && end == Came::Gone),
            "{what}: {end:?}"
        );
    }
    let mut talk = talk;
    talk.client.ask(ID, "?").await;
    assert_eq!(said(&talk.client.until("complete").await), "still here");
}

pub(crate) async fn bytes_that_are_no_websocket_close_it(way: Way) {
    let talk = Talk::by(way, &[]).await;
    let mut stream = raw(&talk).await;
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await.expect("it is closed").unwrap();
}

pub(crate) async fn ten_thousand_messages_a_second_are_cut_off(way: Way) {
    for message in [r#"{"type":"ping"}"#, r#"{"type":"chat_request","message":"x"}"#, "{", r#"{"type":"x"}"#] {
        let mut talk =
            Talk::stand(way, &["still here"], &[("CHAT_MAX_REQUESTS_PER_HOUR", "1000")], Bounds::default()).await;
        let flood = talk.again().await;
        let start = Instant::now();
        let (mut writes, mut reads) = flood.socket.split();
        let sending = tokio::spawn(async move {
            for _ in 0..10_000 {
                if writes.feed(Message::text(message)).await.is_err() {
                    return;
                }
            }
            let _ = writes.flush().await;
        });
        let (mut code, mut answers) = (None, 0);
        while let Some(Ok(message)) = reads.next().await {
            match message {
                Message::Close(frame) => code = frame.map(|frame| u16::from(frame.code)),
                Message::Text(_) => answers += 1,
                _ => {}
            }
        }
        sending.await.unwrap();
        assert!(code.is_none_or(|code| code == 1008), "{code:?}");
        assert!(answers < 300, "{answers} answers to {message}");
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        // Others are served as before.
        talk.client.send(json!({ "type": "ping" })).await;
        assert_eq!(talk.client.frame().await["type"], "pong");
    }
}

/// Frames that are no messages yet, and never become one.
pub(crate) async fn a_message_without_an_end_is_given_up(way: Way) {
    let bounds = Bounds { ping: Duration::from_millis(50), silence: Duration::from_millis(300), ..Bounds::default() };
    let mut talk = Talk::stand(way, &["still here"], &[], bounds).await;
    // Masked with nothing: the mask's four bytes are zeros (RFC 6455, section 5.3).
    let begin = [0x01, 0x80, 0, 0, 0, 0];
    let go_on = [0x00, 0x80, 0, 0, 0, 0];
    let ping = [0x89, 0x80, 0, 0, 0, 0];
    let announced = [0x81, 0xff, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    let half = [0x81, 0xfe, 0x40, 0x00, 0, 0, 0, 0, b'{'];
    for (what, first, then) in [
        ("pieces of nothing", &begin[..], &go_on[..]),
        ("pings", &ping, &ping),
        ("a frame of 2^62 bytes", &announced, b""),
        ("half a frame", &half, b""),
        ("half a head", &half[..2], b""),
        ("a byte now and then", &half, b" "),
    ] {
        let stream = raw(&talk).await;
        let (mut reads, mut writes) = stream.into_split();
        writes.write_all(first).await.unwrap();
        let sending = tokio::spawn({
            let then = then.repeat(if then.len() > 1 { 500 } else { 1 });
            async move {
                while !then.is_empty() && writes.write_all(&then).await.is_ok() {
                    if then.len() == 1 {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                }
                // Kept open where there is nothing to send.
                std::future::pending::<()>().await;
                drop(writes);
            }
        });
        let closed = tokio::time::timeout(Duration::from_secs(15), async {
            // However it ends: with a close frame, or cut off.
            let _ = reads.read_to_end(&mut Vec::new()).await;
        });
        closed.await.unwrap_or_else(|_| panic!("{what}: it is never closed"));
        sending.abort();
        assert_eq!(talk.again().await.pong().await, "pong", "{what}: others are served as before");
    }
    talk.client = talk.again().await;
    talk.client.ask(ID, "?").await;
    assert_eq!(said(&talk.client.until("complete").await), "still here");
}

pub(crate) async fn who_is_silent_is_given_up(way: Way) {
    let bounds = Bounds { ping: Duration::from_millis(50), silence: Duration::from_millis(300), ..Bounds::default() };
    let mut talk = Talk::stand(way, &["a", "#wait on", "b"], &[], bounds).await;
    // It takes what is sent and answers no ping, as a machine that was unplugged.
    let mut stream = raw(&talk).await;
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await.expect("it is closed").unwrap();
    // Who answers pings may say nothing for as long as they like.
    talk.client = talk.again().await;
    talk.client.ask(ID, "?").await;
    talk.client.until("token").await;
    let waits = tokio::time::timeout(Duration::from_millis(900), talk.client.came()).await;
    assert!(waits.is_err(), "{waits:?}");
    talk.stand_in.release("on");
    assert_eq!(said(&talk.client.until("complete").await), "b");
}

pub(crate) async fn who_reads_nothing_holds_nobody_up(way: Way) {
    let bounds = Bounds { write: Duration::from_millis(500), ..Bounds::default() };
    let piece = "x".repeat(1_000);
    let pieces = vec![piece.as_str(); 1_000];
    let mut talk = Talk::stand(way, &pieces, &[], bounds).await;
    let mut deaf = talk.again().await;
    deaf.ask(ID, "?").await;
    // It reads nothing more; the turn ends all the same, and the one who comes back gets it all.
    let entries = talk.until_entries(ID, 2).await;
    assert_eq!(entries[1]["text"].as_str().unwrap().len(), 1_000_000);
    let first = deaf.frame().await;
    talk.client.send(json!({ "type": "resume", "conversation_id": ID, "turn": first["turn"], "after": 0 })).await;
    let frames = talk.client.until("complete").await;
    assert_eq!(said(&frames).len(), 1_000_000);
    assert!(frames.len() < 600, "pieces were put together: {}", frames.len());
}

/// A socket of which only the handshake keeps to the protocol.
pub(crate) async fn raw(talk: &Talk) -> TcpStream {
    let mut stream = TcpStream::connect(talk.world.entrance()).await.unwrap();
    let origin = talk.world.origin();
    let host = origin.trim_start_matches("http://");
    let own: String =
        fields(&talk.world, &talk.browser).iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!(
        "GET /chat/ws HTTP/1.1\r\nHost: {host}\r\n{own}Connection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 101") && answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
    stream
}
