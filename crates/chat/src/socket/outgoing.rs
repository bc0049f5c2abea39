//! What the service says: one JSON object a text frame.

use serde::Serialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use uuid::Uuid;

use crate::actions::Proposal;
use crate::turn::Usage;

/// What is said.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Outgoing {
    /// The turn waits; 1 is the next.
    Queued {
        /// Its place in the line.
        place: usize,
    },
    /// The command runs.
    Started,
    /// Something to be known of the turn, which goes on.
    Notice {
        /// For programs.
        code: &'static str,
        /// For people.
        message: String,
    },
    /// A piece of the answer; several, where the client reads more slowly than they come.
    Token {
        /// The piece.
        token: String,
    },
    /// The whole answer. It takes the place of all pieces.
    Complete {
        /// The answer without its actions, Markdown.
        text: String,
        /// What it cost.
        usage: Usage,
        /// What it proposes.
        actions: Vec<Proposal>,
        /// Whether it is in the history. Where the disk refuses it isn't, and it is tried again for a while.
        saved: bool,
    },
    /// The person ended it.
    Cancelled,
    /// In a turn: it failed, and ends with this. Otherwise: a message of the client's that nothing comes of.
    Error {
        /// For programs.
        code: &'static str,
        /// For people.
        message: String,
        /// In how many seconds to try again.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// The answer to `ping`.
    Pong,
    /// The session is over; the connection is closed after this.
    SessionExpired,
}

impl Outgoing {
    /// An error that says nothing about when to try again.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::Error { code, message: message.into(), retry_after: None }
    }

    /// Whether a turn ends with this.
    pub fn ends_turn(&self) -> bool {
        matches!(self, Self::Complete { .. } | Self::Cancelled | Self::Error { .. })
    }
}

/// Which turn something is said of, and as its how manieth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The turn.
    pub turn: Uuid,
    /// From 1 on, rising.
    pub seq: u64,
}

#[derive(Serialize)]
struct Frame<'a> {
    #[serde(flatten)]
    said: &'a Outgoing,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_id: Option<Uuid>,
    #[serde(flatten)]
    place: Option<Place>,
}

/// A frame's text.
pub fn frame(said: &Outgoing, conversation_id: Option<Uuid>, place: Option<Place>) -> Utf8Bytes {
    // Texts, numbers and maps with texts for keys: nothing that JSON can't say.
    serde_json::to_string(&Frame { said, conversation_id, place }).unwrap_or_default().into()
}
