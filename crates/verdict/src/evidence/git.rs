//! What a step did with a repository.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a step did with a repository, as far as it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GitRecord {
    /// The branch that the server's `HEAD` points to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// How many branches the server has.
    pub branches: usize,
    /// The newest commit of the branch that was fetched, or pushed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The size of the pack in bytes.
    pub pack_bytes: u64,
    /// What the server said to whoever pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}
