//! One line of a conversation.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::actions::Proposal;
use crate::clock;
use crate::turn::Usage;

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The person.
    User,
    /// The command.
    Assistant,
    /// An action that the person confirmed, with what came of it.
    Action,
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// As it should.
    Complete,
    /// The person cancelled it; the text is what had come until then.
    Cancelled,
    /// It failed; the text is what had come until then.
    Failed,
    /// Nobody came back for it in time, or the service ended.
    Abandoned,
}

/// One line of a conversation. Further fields of other versions are passed over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When, as RFC 3339 has it, in UTC.
    pub at: String,
    /// Who.
    pub role: Role,
    /// What; Markdown in an answer.
    pub text: String,
    /// How an answer ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Why it ended so, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What an answer cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// What an answer proposes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Proposal>,
    /// What was done, and the response to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Value>,
}

impl Entry {
    /// An entry with a text alone.
    pub fn new(at: SystemTime, role: Role, text: impl Into<String>) -> Self {
        Self {
            at: clock::text(at),
            role,
            text: text.into(),
            outcome: None,
            reason: None,
            usage: None,
            actions: Vec::new(),
            action: None,
        }
    }
}
