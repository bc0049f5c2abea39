//! What a turn is to do.

use uuid::Uuid;

use crate::history::Role;

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
    /// What was said before, from the history, oldest first. It is told to the command where the session is lost, or where there was none.
    pub earlier: Vec<Said>,
}

/// Something that was said before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Who said it.
    pub role: Role,
    /// What.
    pub text: String,
}
