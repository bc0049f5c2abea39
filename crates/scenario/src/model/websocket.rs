//! WebSockets: the handshake, and what is said over it (RFC 6455).

use std::time::Duration;

use super::capture::Capture;
use super::expect::Predicate;
use super::request::{BasicAuth, JsonTemplate};
use crate::span::{Span, Spanned};
use crate::template::Template;

/// A WebSocket, opened, used and closed within one step.
#[derive(Debug, Clone)]
pub struct WebSocket {
    /// A plain path, relative to the base URL, or an absolute `ws`, `wss`, `http` or `https` URL.
    pub target: Spanned<Template>,
    /// Header fields of the handshake, in the order of the file; in place of those that a browser sends by itself.
    pub headers: Vec<(Spanned<String>, Spanned<Template>)>,
    /// Header fields that a browser sends by itself and that don't go along; in lower case.
    pub without: Vec<Spanned<String>>,
    /// Parameters appended to the target's query, form-urlencoded.
    pub query: Vec<(Spanned<String>, Spanned<Template>)>,
    /// Credentials for `Authorization: Basic` (RFC 7617).
    pub basic_auth: Option<BasicAuth>,
    /// Subprotocols that are offered, the best first.
    pub subprotocols: Vec<Spanned<Template>>,
    /// What is said once it is open, in order.
    pub dialogue: Vec<Turn>,
}

/// One thing that is done over an open WebSocket.
#[derive(Debug, Clone)]
pub struct Turn {
    /// The key that says what is done: where its caret points.
    pub span: Span,
    /// What is done.
    pub action: TurnAction,
}

/// What is done over an open WebSocket.
#[derive(Debug, Clone)]
pub enum TurnAction {
    /// Send a message.
    Send(Message),
    /// Wait for frames.
    Await(Box<Awaited>),
    /// Leave it open for this long; it must stay so.
    Hold(Spanned<Duration>),
    /// Close it, and wait for the server's answer.
    Close(Closing),
}

/// What is sent.
#[derive(Debug, Clone)]
pub enum Message {
    /// A text frame.
    Text(Spanned<Template>),
    /// A text frame with JSON.
    Json(Spanned<JsonTemplate>),
    /// A binary frame; its content in base64 (RFC 4648, section 4).
    Binary(Spanned<Template>),
    /// A ping.
    Ping(Spanned<Template>),
}

/// Frames that are waited for. A message in several fragments counts as one frame.
#[derive(Debug, Clone)]
pub struct Awaited {
    /// Which kind of frame is waited for. Data frames can't be passed over unseen; pings and pongs that nobody waits for
    /// can.
    pub kind: AwaitedKind,
    /// What must hold of each frame, or, with `until`, of each before the last.
    pub expect: Vec<FrameExpectation>,
    /// How many.
    pub frames: Frames,
    /// The time from the first of them to the last, in seconds.
    pub spread: Option<Spanned<Predicate>>,
    /// All of them must have come when this much time has passed since the wait began.
    pub within: Option<Spanned<Duration>>,
    /// Frames that aren't what is expected are passed over.
    pub skip: bool,
    /// Values kept of the last frame.
    pub capture: Vec<Capture>,
}

/// Kinds of frame that can be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwaitedKind {
    /// Text or binary.
    Data,
    /// The answer to a ping.
    Pong,
    /// The server's close frame.
    Close,
}

/// How many frames are waited for.
#[derive(Debug, Clone)]
pub enum Frames {
    /// This many.
    Exactly(usize),
    /// All up to one of which this holds.
    Until {
        /// What holds of the last one.
        last: Vec<FrameExpectation>,
        /// How many there must be, the last one included.
        number: Option<Spanned<Predicate>>,
    },
}

/// One subject with what must hold of it.
#[derive(Debug, Clone)]
pub struct FrameExpectation {
    /// The expectation's value in the file: where the carets go.
    pub span: Span,
    /// What of the frame is looked at.
    pub subject: FrameSubject,
    /// What must hold.
    pub predicate: Predicate,
}

/// What of a frame is looked at.
#[derive(Debug, Clone)]
pub enum FrameSubject {
    /// Its text.
    Text,
    /// Nodes of its JSON (RFC 9535).
    Json(Spanned<Template>),
    /// The content of a binary frame, in base64.
    Binary,
    /// The content of a pong, as text.
    Pong,
    /// The code of a close frame; 1005 where it has none (RFC 6455, section 7.1.5).
    CloseCode,
    /// The reason of a close frame.
    CloseReason,
}

/// A close frame to send.
#[derive(Debug, Clone)]
pub struct Closing {
    /// The code (RFC 6455, section 7.4).
    pub code: u16,
    /// The reason, of at most 123 bytes.
    pub reason: Option<Spanned<Template>>,
}

impl WebSocket {
    /// The values that the dialogue keeps, in order.
    pub fn captures(&self) -> impl Iterator<Item = &Capture> {
        self.dialogue.iter().flat_map(|turn| match &turn.action {
            TurnAction::Await(awaited) => awaited.capture.as_slice(),
            TurnAction::Send(_) | TurnAction::Hold(_) | TurnAction::Close(_) => &[],
        })
    }
}
