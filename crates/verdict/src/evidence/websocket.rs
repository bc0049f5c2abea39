//! WebSockets as they were used.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An open WebSocket (RFC 6455). Its handshake is the last exchange of the step's trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WebSocketRecord {
    /// The subprotocol that the server chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subprotocol: Option<String>,
    /// How many frames were sent.
    pub sent: u64,
    /// How many came. A message in several fragments counts as one.
    pub received: u64,
    /// The frames in order: the first ones and the last ones, where there are many.
    pub frames: Vec<FrameRecord>,
    /// How many are left out between those.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub omitted: u64,
    /// How it ended.
    pub ending: Ending,
    /// How long it was open, in milliseconds.
    pub open_ms: f64,
}

/// serde hands out a reference.
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FrameRecord {
    /// Who sent it.
    pub direction: Direction,
    /// Its kind.
    pub kind: FrameKind,
    /// When it was sent or came, in milliseconds since the WebSocket was open.
    pub at_ms: f64,
    /// Size of its content in bytes.
    pub bytes: u64,
    /// The beginning of its content, where it is text; of a close frame the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    /// The code of a close frame, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
}

/// Who sent a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The harness.
    Sent,
    /// The server.
    Received,
}

/// Kinds of frame (RFC 6455, section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FrameKind {
    /// Text.
    Text,
    /// Bytes.
    Binary,
    /// A ping; it is answered by itself.
    Ping,
    /// The answer to a ping.
    Pong,
    /// The end.
    Close,
}

impl FrameKind {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            FrameKind::Text => "text",
            FrameKind::Binary => "binary",
            FrameKind::Ping => "ping",
            FrameKind::Pong => "pong",
            FrameKind::Close => "close",
        }
    }
}

/// How a WebSocket ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ending {
    /// In which way.
    pub how: EndingKind,
    /// The code of the close frame; 1005 where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The reason of the close frame, or what was wrong with what came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// In which way a WebSocket ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EndingKind {
    /// The harness closed it.
    ClosedByClient,
    /// The server closed it.
    ClosedByServer,
    /// The connection ended without a close frame.
    Cut,
    /// What came is against the protocol.
    Broken,
    /// More came than the harness keeps.
    TooLarge,
    /// It was still open when the step's time was over.
    StillOpen,
}
