//! Fixes that were tried.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::Proof;
use crate::fix::Change;

/// A fix that was tried on a stack of ours, or a fallback, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// The code of the finding that it is for.
    pub code: String,
    /// What was done, in a sentence.
    pub summary: String,
    /// The same as values; empty for the fallback to one subdomain per service.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// What came of it. `untried` where it can't be known: it could not be applied, the stack broke, or time was over.
    pub outcome: Proof,
    /// What was seen, in a clause: `all 3 scenarios pass`.
    pub seen: String,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
}
