//! What happens in a turn.

use uuid::Uuid;

use super::TurnError;

/// What happens in a turn. The last three end it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// It waits.
    Queued {
        /// Its place in the line: 1 is the next.
        place: usize,
    },
    /// The command runs.
    Started,
    /// The session that the order named is gone. The command begins a new one, and was told what the history has.
    SessionLost,
    /// The command's own session, to be given as [`Order::resume`](super::Order::resume) next time.
    Session(Uuid),
    /// A piece of the answer.
    Token(String),
    /// What a turn cost that doesn't finish; comes right before its end.
    Used(Usage),
    /// The whole answer. Its text counts where it differs from the pieces: the API may break off an answer, and the command then asks again.
    Finished {
        /// The answer's text.
        text: String,
        /// What it cost.
        usage: Usage,
    },
    /// It was cancelled.
    Cancelled,
    /// It failed.
    Failed(TurnError),
}

impl Happening {
    /// Whether nothing comes after it.
    pub fn is_end(&self) -> bool {
        matches!(self, Self::Finished { .. } | Self::Cancelled | Self::Failed(_))
    }
}

/// Tokens that the API counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Usage {
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
}

impl Usage {
    /// Whether nothing was counted.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }
}
