//! Diagnosed causes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fix::Fix;

/// What kind of action a finding calls for. The order is that in which findings are reported, and in which they
/// decide the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// A hole: an authentication bypass, a leaked secret, an open admin API.
    Security,
    /// The stack or the harness broke: nothing is claimed about the site.
    Infrastructure,
    /// A documented criterion for the fallback to one subdomain per service.
    Pivot,
    /// Something is wrong, and can be put right under subpaths.
    Fixable,
    /// Worth knowing; never changes a verdict.
    Note,
}

impl Class {
    /// All of them, in order.
    pub const ALL: &'static [Class] =
        &[Class::Security, Class::Infrastructure, Class::Pivot, Class::Fixable, Class::Note];

    /// The name in reports and fault files.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Security => "security",
            Class::Infrastructure => "infrastructure",
            Class::Pivot => "pivot",
            Class::Fixable => "fixable",
            Class::Note => "note",
        }
    }
}

/// How bad a finding is. The names are those of SARIF's levels (SARIF 2.1.0, section 3.27.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A user meets it.
    Error,
    /// It may bite later.
    Warning,
    /// For information.
    Note,
}

impl Severity {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

/// Whether the fix was tried on the stack, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// With the fix applied the failing scenarios pass.
    Verified,
    /// With the fix applied they fail as before.
    Refuted,
    /// Nobody tried.
    #[default]
    Untried,
}

impl Proof {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Proof::Verified => "verified",
            Proof::Refuted => "refuted",
            Proof::Untried => "untried",
        }
    }
}

/// A place in a scenario.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The file, as the user gave it.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
}

/// One thing that was seen and that a finding rests on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    /// One line: what was seen.
    pub text: String,
    /// The scenario in which it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// The place that asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What is quoted, such as the last lines of a log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quote: Vec<String>,
}

impl Observation {
    /// Something seen, with no scenario to its name.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), scenario: None, place: None, quote: Vec::new() }
    }
}

/// A diagnosed cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The rule's code (`edge/prefix-stripped`), stable over versions.
    pub code: String,
    /// What kind of action it calls for.
    pub class: Class,
    /// How bad it is.
    pub severity: Severity,
    /// A few words.
    pub title: String,
    /// What is wrong, and how that is known: one sentence.
    pub cause: String,
    /// What to change; `null` where no rule knows.
    pub fix: Option<Fix>,
    /// Whether the fix was tried.
    pub proof: Proof,
    /// Names of the scenarios that it explains.
    pub scenarios: Vec<String>,
    /// What it rests on.
    pub evidence: Vec<Observation>,
}
