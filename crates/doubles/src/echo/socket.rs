//! The WebSocket side (RFC 6455).

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serve::{Body, Peer, empty};
use tokio::time::MissedTickBehavior;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::command::{self, Command};
use super::{LIMIT, request, text};

/// The one subprotocol that the echo speaks.
const SUBPROTOCOL: &str = "echo";
/// How long a client may take to answer a close frame.
const CLOSING: Duration = Duration::from_secs(2);

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Whether a request asks for a WebSocket.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    has_token(headers, &CONNECTION, "upgrade") && has_token(headers, &UPGRADE, "websocket")
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|found| found.eq_ignore_ascii_case(token))
}

fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// Answers the handshake (RFC 6455, section 4.2), and serves the socket once the answer is sent.
pub(super) fn accept(mut wanted: Request<Incoming>, peer: &Peer) -> Response<Body> {
    let headers = wanted.headers();
    if wanted.method() != Method::GET {
        return text(StatusCode::BAD_REQUEST, "400: a WebSocket is asked for with GET");
    }
    if !has_token(headers, &SEC_WEBSOCKET_VERSION, "13") {
        let mut answer = text(StatusCode::UPGRADE_REQUIRED, "426: this server speaks version 13 of the protocol");
        answer.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return answer;
    }
    let Some(key) = headers.get(SEC_WEBSOCKET_KEY).filter(|key| is_key(key.as_bytes())) else {
        return text(StatusCode::BAD_REQUEST, "400: Sec-WebSocket-Key must be 16 bytes in base64");
    };
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes()));
    let speaks = has_token(headers, &SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL);
    let upgrade = hyper::upgrade::on(&mut wanted);
    let (parts, _) = wanted.into_parts();
    let handshake = request::describe(&parts, peer.address, &[]).to_string();
    let closing = peer.closing.clone();
    tokio::spawn(async move {
        // A client that went away before it was answered concerns nobody but itself.
        let Ok(upgraded) = upgrade.await else { return };
        let config = WebSocketConfig::default()
            .read_buffer_size(8 * 1024)
            .write_buffer_size(0)
            // Answers to pings that nobody reads pile up here too.
            .max_write_buffer_size(4 * LIMIT)
            .max_message_size(Some(LIMIT))
            .max_frame_size(Some(LIMIT));
        let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
        let left = tokio::select! {
            ended = converse(&mut socket, &handshake) => ended.unwrap_or(Leave::Cut),
            () = closing.cancelled() => Leave::Close(CloseCode::Away, String::new()),
        };
        if let Leave::Close(code, reason) = left {
            let _ = tokio::time::timeout(CLOSING, close(&mut socket, code, reason)).await;
        }
    });
    let mut answer = Response::new(empty());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let fields = answer.headers_mut();
    fields.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    fields.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = accept {
        fields.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    if speaks {
        fields.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    answer
}

/// 16 bytes in base64: 22 characters and two equals signs.
fn is_key(key: &[u8]) -> bool {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    key.len() == 24 && key.ends_with(b"==") && key[..22].iter().all(is_base64)
}

/// How the echo leaves.
enum Leave {
    /// The other side has closed, or went away, or the connection is to be dropped.
    Cut,
    /// With a close frame.
    Close(CloseCode, String),
}

async fn converse(socket: &mut Socket, handshake: &str) -> Result<Leave, Error> {
    while let Some(message) = socket.next().await {
        let message = match message {
            Ok(message) => message,
            // What the client did wrong is its close code (RFC 6455, section 7.4.1).
            Err(Error::Capacity(_)) => return Ok(Leave::Close(CloseCode::Size, "more than 1 MiB".to_owned())),
            Err(Error::Utf8(_)) => return Ok(Leave::Close(CloseCode::Invalid, "not UTF-8".to_owned())),
            Err(error) => return Err(error),
        };
        match message {
            Message::Text(text) => match command::read(text.as_str()) {
                Ok(Command::Echo) => socket.send(Message::Text(text)).await?,
                Ok(Command::Stream { frames, every }) => stream(socket, frames, every).await?,
                Ok(Command::Request) => socket.send(Message::text(handshake)).await?,
                Ok(Command::Ping(content)) => socket.send(Message::Ping(content.into())).await?,
                Ok(Command::Close { code, reason }) => return Ok(Leave::Close(code.into(), reason)),
                Ok(Command::Cut) => return Ok(Leave::Cut),
                Err(why) => socket.send(Message::text(serde_json::json!({ "error": why }).to_string())).await?,
            },
            Message::Binary(bytes) => socket.send(Message::Binary(bytes)).await?,
            // Pings and closes are answered by the library, on the next read.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {}
        }
    }
    Ok(Leave::Cut)
}

async fn stream(socket: &mut Socket, frames: u64, every: Duration) -> Result<(), Error> {
    let mut ticks = tokio::time::interval(every.max(Duration::from_micros(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for frame in 1..=frames {
        ticks.tick().await;
        socket.send(Message::text(serde_json::json!({ "frame": frame, "of": frames }).to_string())).await?;
    }
    Ok(())
}

/// Sends a close frame, and waits for the other side's.
async fn close(socket: &mut Socket, code: CloseCode, reason: String) -> Result<(), Error> {
    socket.close(Some(CloseFrame { code, reason: reason.into() })).await?;
    while let Some(message) = socket.next().await {
        message?;
    }
    Ok(())
}
