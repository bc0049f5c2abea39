//! One question to the command, and what it answers.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::config::Reader;

/// What a turn is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Who asks.
    pub user: String,
    /// The conversation that it belongs to.
    pub conversation: Uuid,
    /// The command's own session to go on with (`--resume`).
    pub resume: Option<Uuid>,
    /// What is asked.
    pub prompt: String,
}

/// What happens in a turn. The last three end it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// It waits: so many are before it, one for the next.
    Queued {
        /// Its place in the line, from 1.
        place: usize,
    },
    /// The command runs.
    Started,
    /// The command's own session, to be given as [`Order::resume`] next time.
    Session(Uuid),
    /// A piece of the answer.
    Token(String),
    /// The whole answer.
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

/// Tokens that the API counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Usage {
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
}

/// Why a turn failed, for the person who asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TurnError {
    /// The command isn't there, or can't be started.
    #[error("the command can't be started: {0}")]
    NotStarted(String),
}

/// How turns are run.
#[derive(Debug, Clone, Default)]
pub struct Settings {}

impl Settings {
    /// Reads the room's settings; what is wrong with them is the reader's to collect.
    pub fn read(_reader: &mut Reader<'_>) -> Self {
        Self::default()
    }
}

/// Runs turns, no more at once than fit. Clones share the line.
#[derive(Debug, Clone)]
pub struct Turns {}

impl Turns {
    /// A line with nobody in it.
    pub fn new(_settings: Settings) -> Self {
        Self {}
    }

    /// Starts a turn, or lets it wait. Dropping the receiver doesn't end it; cancelling does.
    pub fn start(&self, _order: Order) -> Turn {
        let (sender, happenings) = mpsc::channel(64);
        let _ = sender.try_send(Happening::Failed(TurnError::NotStarted("turns are not built yet".to_owned())));
        Turn { happenings, cancel: CancellationToken::new() }
    }
}

/// A turn under way.
#[derive(Debug)]
pub struct Turn {
    /// What happens, in order.
    pub happenings: mpsc::Receiver<Happening>,
    /// Cancelling it ends the turn, and with it the command.
    pub cancel: CancellationToken,
}
