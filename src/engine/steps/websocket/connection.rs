//! Frames out, frames in, and how it ends.
//!
//! Bounded: a message is at most [`MESSAGE_LIMIT`] bytes one way and [`SEND_LIMIT`] the other, and of those that nobody has asked for yet at most
//! [`PENDING_FRAMES`] and [`PENDING_BYTES`] are kept.

use std::collections::VecDeque;
use std::io;

use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use verdict::evidence::{Direction, EndingKind, FrameKind};

use crate::engine::socket::{End, Frame, SocketLog};

/// The largest message that is read, in bytes.
pub(super) const MESSAGE_LIMIT: usize = 1024 * 1024;
/// The largest message that is sent, in bytes.
pub(super) const SEND_LIMIT: usize = 4 * 1024 * 1024;
/// The most frames that are kept for later turns.
pub(super) const PENDING_FRAMES: usize = 10_000;
/// The most that they may hold together, in bytes.
pub(super) const PENDING_BYTES: usize = 16 * 1024 * 1024;
/// The code of a close frame that has none (RFC 6455, section 7.1.5).
pub(super) const NO_CODE: u16 = 1005;

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// An open WebSocket.
pub(crate) struct Connection {
    sink: SplitSink<Socket, Message>,
    inbox: Inbox,
}

/// What comes in.
struct Inbox {
    stream: SplitStream<Socket>,
    /// Frames that came and that nobody has asked for yet.
    pending: VecDeque<Frame>,
    bytes: usize,
    ended: Option<End>,
}

impl Connection {
    /// Over a connection that left HTTP behind.
    pub(crate) async fn new(switched: Upgraded) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(16 * 1024)
            // Each frame leaves at once.
            .write_buffer_size(0)
            // Answers to pings that the server doesn't read pile up here too.
            .max_write_buffer_size(2 * SEND_LIMIT)
            .max_message_size(Some(MESSAGE_LIMIT))
            .max_frame_size(Some(MESSAGE_LIMIT));
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(switched), Role::Client, Some(config)).await;
        let (sink, stream) = socket.split();
        Self { sink, inbox: Inbox { stream, pending: VecDeque::new(), bytes: 0, ended: None } }
    }

    /// How it ended, if it did.
    pub(super) fn ended(&self) -> Option<&End> {
        self.inbox.ended.as_ref()
    }

    /// Sends a message, and goes on reading meanwhile: a server that answers before it has read everything would
    /// otherwise wait for us as we for it.
    pub(super) async fn send(&mut self, message: Message, log: &mut SocketLog) -> Result<(), End> {
        if let Some(end) = &self.inbox.ended {
            return Err(end.clone());
        }
        let frame = frame(&message, Direction::Sent, log);
        let inbox = &mut self.inbox;
        let sent = {
            let mut sending = std::pin::pin!(self.sink.send(message));
            loop {
                let is_open = inbox.ended.is_none();
                tokio::select! {
                    biased;
                    sent = &mut sending => break sent,
                    () = inbox.receive(log), if is_open => {}
                }
            }
        };
        match sent {
            Ok(()) => {
                log.note(&frame);
                Ok(())
            }
            Err(error) => {
                // What came before it broke says more than that it broke.
                while inbox.ended.is_none() {
                    inbox.receive(log).await;
                }
                Err(inbox.ended.clone().unwrap_or_else(|| end_of(&error, log)))
            }
        }
    }

    /// The next frame that `wanted` takes, passing over others without forgetting them.
    pub(super) async fn next(&mut self, wanted: impl Fn(FrameKind) -> bool, log: &mut SocketLog) -> Result<Frame, End> {
        let mut looked_at = 0;
        loop {
            let pending = &mut self.inbox.pending;
            let found = pending.iter().skip(looked_at).position(|frame| wanted(frame.kind));
            if let Some(frame) = found.and_then(|offset| pending.remove(looked_at + offset)) {
                self.inbox.bytes -= frame.content.len();
                return Ok(frame);
            }
            looked_at = pending.len();
            if let Some(end) = &self.inbox.ended {
                return Err(end.clone());
            }
            self.inbox.receive(log).await;
        }
    }

    /// Reads until it ends.
    pub(crate) async fn until_the_end(&mut self, log: &mut SocketLog) -> End {
        loop {
            if let Some(end) = &self.inbox.ended {
                return end.clone();
            }
            self.inbox.receive(log).await;
        }
    }

    /// Lets what is still to be sent go out: the answer to a close frame, which is sent by itself.
    pub(super) async fn flush(&mut self) {
        // Where this fails the other side is gone already.
        let _ = self.sink.flush().await;
    }
}

impl Inbox {
    /// Takes in what comes next: a frame, or the end. Nothing is lost where this is dropped before it is done.
    async fn receive(&mut self, log: &mut SocketLog) {
        // What has come already never waits: without this a flood of frames keeps deadlines from being seen.
        tokio::task::consume_budget().await;
        let came = self.stream.next().await;
        let end = match came {
            Some(Ok(message)) => {
                let frame = frame(&message, Direction::Received, log);
                log.note(&frame);
                self.take(frame, log)
            }
            Some(Err(error)) => Some(end_of(&error, log)),
            None => Some(cut(log, String::new())),
        };
        if let Some(end) = end {
            log.end(end.clone());
            self.ended = Some(end);
        }
    }

    /// Keeps a frame; the end that it means, if it does.
    fn take(&mut self, frame: Frame, log: &SocketLog) -> Option<End> {
        let closed = (frame.kind == FrameKind::Close).then(|| End {
            how: EndingKind::ClosedByServer,
            at: frame.at,
            code: Some(frame.code.unwrap_or(NO_CODE)),
            reason: String::from_utf8_lossy(&frame.content).into_owned(),
        });
        // Pings are answered by the library.
        if frame.kind != FrameKind::Ping {
            self.bytes += frame.content.len();
            self.pending.push_back(frame);
        }
        let too_many = self.pending.len() > PENDING_FRAMES || self.bytes > PENDING_BYTES;
        closed.or_else(|| {
            too_many.then(|| End {
                how: EndingKind::TooLarge,
                at: log.age(),
                code: None,
                reason: format!(
                    "{} frames of {} MiB together came that no turn has asked for yet",
                    self.pending.len(),
                    self.bytes / (1024 * 1024)
                ),
            })
        })
    }
}

/// A message as a frame, now.
fn frame(message: &Message, direction: Direction, log: &SocketLog) -> Frame {
    let (kind, content, code) = match message {
        Message::Text(text) => (FrameKind::Text, text.as_bytes(), None),
        Message::Binary(bytes) => (FrameKind::Binary, &bytes[..], None),
        Message::Ping(bytes) => (FrameKind::Ping, &bytes[..], None),
        Message::Pong(bytes) => (FrameKind::Pong, &bytes[..], None),
        Message::Close(None) => (FrameKind::Close, &[][..], None),
        Message::Close(Some(close)) => (FrameKind::Close, close.reason.as_bytes(), Some(u16::from(close.code))),
        // Only written by hand, never read.
        Message::Frame(frame) => (FrameKind::Binary, frame.payload(), None),
    };
    // A copy: what comes is a piece of the whole that was read at once, which it would keep.
    let content = Bytes::copy_from_slice(content);
    Frame { direction, kind, at: log.age(), content, code }
}

fn cut(log: &SocketLog, reason: String) -> End {
    End { how: EndingKind::Cut, at: log.age(), code: None, reason }
}

/// How it ended, by the error that says so.
fn end_of(error: &Error, log: &SocketLog) -> End {
    let end = |how, reason: String| End { how, at: log.age(), code: None, reason };
    match error {
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)
        | Error::ConnectionClosed
        | Error::AlreadyClosed => cut(log, String::new()),
        Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => cut(log, String::new()),
        Error::Io(error) => cut(log, error.to_string()),
        Error::Capacity(CapacityError::MessageTooLong { size, .. }) => {
            end(EndingKind::TooLarge, format!("a message of {size} bytes came; no more than {MESSAGE_LIMIT} are read"))
        }
        Error::Capacity(error) => end(EndingKind::TooLarge, error.to_string()),
        Error::Utf8(_) => end(EndingKind::Broken, "a text frame holds bytes that are not UTF-8".to_owned()),
        Error::Protocol(error) => end(EndingKind::Broken, rule(error)),
        error => end(EndingKind::Broken, error.to_string()),
    }
}

/// What was broken, with the section of RFC 6455 that says so.
fn rule(error: &ProtocolError) -> String {
    match error {
        ProtocolError::NonZeroReservedBits => {
            "a frame has reserved bits set, as compressed ones have, and no extension was agreed on (5.2)".to_owned()
        }
        ProtocolError::MaskedFrameFromServer => "a frame is masked, and a server must not mask (5.1)".to_owned(),
        ProtocolError::FragmentedControlFrame => "a control frame is fragmented (5.5)".to_owned(),
        ProtocolError::ControlFrameTooBig => "a control frame holds more than 125 bytes (5.5)".to_owned(),
        ProtocolError::UnknownControlFrameType(code)
        | ProtocolError::UnknownDataFrameType(code)
        | ProtocolError::InvalidOpcode(code) => format!("a frame has the unknown opcode {code} (5.2)"),
        ProtocolError::UnexpectedContinueFrame => "a frame continues a message that never began (5.4)".to_owned(),
        ProtocolError::ExpectedFragment(_) => "a message begins before the one before it has ended (5.4)".to_owned(),
        ProtocolError::InvalidCloseSequence => {
            "a close frame holds something else than a code and a reason (5.5.1)".to_owned()
        }
        ProtocolError::ReceivedAfterClosing => "a frame came after the close frame (5.5.1)".to_owned(),
        error => error.to_string(),
    }
}
