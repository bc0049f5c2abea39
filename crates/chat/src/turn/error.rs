//! Why a turn failed.

/// Why a turn failed, for the person who asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TurnError {
    /// The line is full.
    #[error("too many questions are waiting; ask again in a while")]
    Busy,
    /// The conversation has a turn under way: the command's session can't have two.
    #[error("this conversation is still being answered; wait for the answer, or cancel it")]
    ConversationBusy,
    /// The command isn't there, or can't be started.
    #[error("the command can't be started: {0}")]
    NotStarted(String),
    /// It took too long.
    #[error("the answer took longer than {seconds} s, and was ended")]
    TimedOut {
        /// How long it may take.
        seconds: u64,
    },
    /// It said too much.
    #[error("the command printed more than {megabytes} MB, and was ended")]
    TooMuch {
        /// How much it may print.
        megabytes: usize,
    },
    /// It said that it couldn't answer.
    #[error("the command gave no answer: {0}")]
    Refused(String),
    /// It ended without a result.
    #[error("the command ended ({status}) before its answer did{}", last_words(said))]
    Ended {
        /// How it ended.
        status: String,
        /// The last thing that it said to standard error.
        said: String,
    },
}

fn last_words(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

impl TurnError {
    /// A short name, for the protocol and the log.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::ConversationBusy => "conversation_busy",
            Self::NotStarted(_) => "command_not_started",
            Self::TimedOut { .. } => "timed_out",
            Self::TooMuch { .. } => "too_much",
            Self::Refused(_) => "refused",
            Self::Ended { .. } => "command_ended",
        }
    }
}
