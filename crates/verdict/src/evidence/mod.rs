//! What was observed. Everything here is already redacted: no secret reaches this crate.

mod assets;
mod exchange;
mod git;
mod journey;
mod oauth;
mod probe;
mod stack;
mod websocket;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use assets::{Asset, AssetKind, AssetProblem, AssetProblemKind, AssetReference, Assets};
pub use exchange::{Arrival, Exchange, RequestRecord, ResponseRecord, SetCookie};
pub use git::GitRecord;
pub use journey::{Failure, FailureKind, Journey, Outcome, ServiceLog, StepRecord};
pub use oauth::{
    Astray, AuthorizationRequest, AuthorizationResponse, Landing, OAuthPhase, OAuthPhaseKind, OAuthRecord,
    StateComparison,
};
pub use probe::{Probe, Way};
pub use stack::{Mode, ServiceFacts, ServiceKind, StackFacts, StackKind};
pub use websocket::{Direction, Ending, EndingKind, FrameKind, FrameRecord, WebSocketRecord};

/// Why the stack did not stand, or did not keep standing: nothing is known of the site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trouble {
    /// The service in question, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// One sentence.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The service's last log lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
}

/// A service that went away while the journeys were walked, and is there again: what was under way with it came to nothing,
/// and what it had in memory is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Restart {
    /// The service.
    pub service: String,
    /// Its last log lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
}

/// All that is known when the verdict is due.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// The stack; `None` where none stood.
    pub stack: Option<StackFacts>,
    /// How long the stack took to stand, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack_ready_ms: Option<f64>,
    /// The journeys.
    pub journeys: Vec<Journey>,
    /// What was asked besides, after a journey had failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<Probe>,
    /// After a failure: the last log lines of the services, where they can be had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<ServiceLog>,
    /// Trouble with the stack.
    pub troubles: Vec<Trouble>,
    /// Services that weren't there all the time, and are there again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restarts: Vec<Restart>,
}
