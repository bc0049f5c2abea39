//! Journeys as they ran.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::assets::Assets;
use super::exchange::Exchange;
use super::git::GitRecord;
use super::oauth::OAuthRecord;
use super::websocket::WebSocketRecord;

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// All that was expected held.
    Passed,
    /// Something that was expected didn't hold.
    Failed,
    /// It doesn't apply here; the reason says why.
    Skipped,
    /// It could not be tried: nothing is known of the site.
    Errored,
}

/// A scenario as it ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Journey {
    /// The scenario's name.
    pub name: String,
    /// Its file, as the user gave it.
    pub file: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was skipped or could not be tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Wall-clock time in milliseconds.
    pub duration_ms: f64,
    /// Its steps, as far as it came.
    pub steps: Vec<StepRecord>,
    /// After a failure: the last log lines of the service in question, where they can be had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<ServiceLog>,
}

impl Journey {
    /// How many of its steps were taken: those that don't apply aren't.
    pub fn steps_taken(&self) -> usize {
        self.steps.iter().filter(|step| step.outcome != Outcome::Skipped).count()
    }
}

/// The last log lines of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceLog {
    /// The service.
    pub service: String,
    /// Its lines, oldest first.
    pub lines: Vec<String>,
}

/// A step as it ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepRecord {
    /// The file that it stands in: another than the journey's for a step that came by `use`.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// The key that says what it does: `get`, `post`, `submit` …
    pub kind: String,
    /// Its name, or else what it did (`get /forge/user/login`).
    pub title: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Wall-clock time in milliseconds, repetitions included.
    pub duration_ms: f64,
    /// How many times it was tried; more than one only with `retry`.
    pub attempts: usize,
    /// What didn't hold, in the order of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure>,
    /// The exchanges of the last attempt, in order: one, and one more for each redirect followed. Behind those of an
    /// `assets` step's page come the first few of the assets in which something is wrong, what is essential last.
    pub trace: Vec<Exchange>,
    /// The WebSocket that it opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub websocket: Option<WebSocketRecord>,
    /// Of an `oauth` step: what was seen of the dance, in its last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth: Option<OAuthRecord>,
    /// What it did with a repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<GitRecord>,
    /// What an `assets` step loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assets: Option<Assets>,
}

/// Something that didn't hold, for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// One sentence.
    pub message: String,
    /// The file.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What was expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The same as a text with the line and carets, without colours.
    pub rendered: String,
    /// What kind of trouble it was.
    pub kind: FailureKind,
}

/// Kinds of failure, as far as they can be told without diagnosis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The site answered something else than expected.
    Expectation,
    /// The name doesn't resolve.
    Resolve,
    /// The connection was refused or broke.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// What came isn't HTTP, or the connection closed early.
    Protocol,
    /// A deadline of the harness's own passed.
    Timeout,
    /// The content is larger than the harness reads.
    TooLarge,
    /// Redirects without end.
    RedirectLoop,
    /// The scenario asks for something that the page or the stack doesn't have: a form, a field, a variable.
    Scenario,
}
