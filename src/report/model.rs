//! The report: what `report.json` holds.

use std::time::Duration;

use jiff::{Timestamp, Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use verdict::changes::Changes;
use verdict::evidence::{Evidence, Journey, Probe, ServiceLog, StackFacts};
use verdict::{Attempt, Finding, Judgement, Verdict};

/// The version of the format. It rises when a reader of the old one could misunderstand the new one; a field that is
/// merely added doesn't raise it, so readers must skip what they don't know.
pub const SCHEMA: u32 = 1;

/// A run, from its stack to its verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The version of the format.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: u32,
    /// What wrote it.
    pub tool: Tool,
    /// When the run began (RFC 3339).
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started: Timestamp,
    /// Wall-clock time of the whole run in milliseconds, the stack's coming up included.
    pub duration_ms: f64,
    /// The stack; `null` where none stood.
    pub stack: Option<StackFacts>,
    /// How long the stack took to stand, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack_ready_ms: Option<f64>,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub reason: String,
    /// The diagnosed causes, those that weigh most first.
    pub findings: Vec<Finding>,
    /// The fixes that were tried on the stack, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proof: Vec<Attempt>,
    /// The scenarios in the order of the run.
    pub scenarios: Vec<Journey>,
    /// What is otherwise than in the last run in which all was well, where a scenario failed that passed then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Changes>,
    /// What was asked besides, after a scenario had failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<Probe>,
    /// After a failure: the last log lines of the services, where they can be had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<ServiceLog>,
}

/// What wrote a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// The program's name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Tool {
    /// This program.
    pub fn this() -> Self {
        Self { name: env!("CARGO_PKG_NAME").to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

/// Why a text is not a report that this program can read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The text isn't JSON, or lacks what a report has.
    #[error("not a report of edge-smoke: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Another version of the format.
    #[error("the report has schema {found}, and this version of edge-smoke reads schema {SCHEMA}")]
    Schema {
        /// The version that the text names.
        found: u64,
    },
}

impl Report {
    /// The report on a run: when it `started`, how long it took, what was observed, and the judgement on that.
    pub fn from_parts(started: Timestamp, duration: Duration, evidence: Evidence, judgement: Judgement) -> Self {
        Self {
            schema: SCHEMA,
            tool: Tool::this(),
            // Finer than that is noise. Rounding fails only at the end of time.
            started: started.round(Unit::Millisecond).unwrap_or(started),
            duration_ms: duration.as_secs_f64() * 1000.0,
            stack: evidence.stack,
            stack_ready_ms: evidence.stack_ready_ms,
            verdict: judgement.verdict,
            reason: judgement.reason,
            findings: judgement.findings,
            proof: Vec::new(),
            scenarios: evidence.journeys,
            changes: None,
            probes: evidence.probes,
            logs: evidence.logs,
        }
    }

    /// The report as indented JSON that ends in a line feed.
    ///
    /// # Errors
    /// None that is known: all keys are text.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// Reads a report; fields that this version doesn't know are skipped.
    ///
    /// # Errors
    /// The text isn't JSON, isn't a report, or is one of another version.
    pub fn from_json(text: &str) -> Result<Self, ReadError> {
        #[derive(Deserialize)]
        struct Head {
            schema: u64,
        }
        let found = serde_json::from_str::<Head>(text)?.schema;
        if found != u64::from(SCHEMA) {
            return Err(ReadError::Schema { found });
        }
        Ok(serde_json::from_str(text)?)
    }
}
