//! What came of a fault, beside what was expected.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use verdict::evidence::{Evidence, Outcome as Ended};
use verdict::{Class, Finding, Judgement, Proof, Verdict};

use crate::fault::{Expectation, Fault};

/// A fault's row of the score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// The fault.
    pub id: String,
    /// What is wrong, in a sentence.
    pub title: String,
    /// What a good diagnosis comes to; `None` where the file doesn't say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expectation>,
    /// Why the stack can't express it; then nothing else is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_applicable: Option<String>,
    /// What all evidence comes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<Judged>,
    /// What the part of it comes to that a client at the edge has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_alone: Option<Judged>,
    /// From nothing to the judgement, in milliseconds.
    pub duration_ms: f64,
    /// Of a diagnosis alone, in milliseconds.
    pub diagnosis_ms: f64,
}

/// What evidence came to, and whether that is right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub reason: String,
    /// A stack stood with the fault.
    pub stood: bool,
    /// What was found, notes included, those that weigh most first.
    pub findings: Vec<Found>,
    /// The files of the scenarios that failed.
    pub failed: Vec<String>,
    /// Something showed: a scenario failed, or a finding is more than a note. On a stack that didn't stand only what was expected.
    pub seen: bool,
    /// Each expected cause is among the findings, and the first finding is one of them. `None` where nothing is expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<bool>,
    /// The verdict and the class of the first finding are the expected ones. `None` where nothing is expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_right: Option<bool>,
    /// The fix of every expected cause was tried and held. `None` where no fix of theirs can be tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven: Option<bool>,
    /// Codes that nobody expected, beyond notes; where nothing is expected, none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub besides: Vec<String>,
}

/// A finding in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Found {
    /// The rule's code.
    pub code: String,
    /// Its class.
    pub class: Class,
    /// Whether its fix was tried.
    pub proof: Proof,
}

impl Outcome {
    /// A fault of which nothing is known yet.
    pub(super) fn of(fault: &Fault) -> Self {
        Self {
            id: fault.id.clone(),
            title: fault.title.clone(),
            expected: fault.expect.clone(),
            not_applicable: None,
            judged: None,
            http_alone: None,
            duration_ms: 0.0,
            diagnosis_ms: 0.0,
        }
    }

    /// A fault that the stack can't express.
    pub(super) fn not_applicable(fault: &Fault, reason: String) -> Self {
        Self { not_applicable: Some(reason), ..Self::of(fault) }
    }

    /// The reason why no stack stood with it.
    pub fn did_not_stand(&self) -> Option<&str> {
        let judged = self.judged.as_ref().filter(|judged| !judged.stood)?;
        Some(&judged.reason)
    }

    /// It is expected that nothing is found.
    pub fn is_innocent(&self) -> bool {
        self.expected.as_ref().is_some_and(|expected| expected.verdict == Verdict::Pass)
    }
}

impl Judged {
    /// What a judgement on a fault comes to.
    pub(super) fn new(fault: &Fault, evidence: &Evidence, judgement: &Judgement) -> Self {
        let failed =
            evidence.journeys.iter().filter(|journey| matches!(journey.outcome, Ended::Failed | Ended::Errored));
        let failed: Vec<String> = failed.map(|journey| journey.file.clone()).collect();
        let told: Vec<&Finding> = judgement.findings.iter().filter(|finding| finding.class != Class::Note).collect();
        let expected = fault.expect.as_ref();
        let causes = expected.map(|expected| expected.findings.as_slice()).unwrap_or_default();
        let is_expected = |finding: &Finding| causes.iter().flatten().any(|code| *code == finding.code);
        let named = expected.map(|_| {
            let is_among = |cause: &Vec<String>| told.iter().any(|finding| cause.contains(&finding.code));
            causes.iter().all(is_among) && told.first().is_none_or(|first| is_expected(first))
        });
        let class_right = expected.map(|expected| {
            judgement.verdict == expected.verdict
                && told.first().map_or(Class::Note, |finding| finding.class) == expected.class
        });
        let mut besides: Vec<String> = match expected {
            Some(_) => told.iter().filter(|finding| !is_expected(finding)).map(|it| it.code.clone()).collect(),
            None => Vec::new(),
        };
        besides.sort();
        besides.dedup();
        Self {
            verdict: judgement.verdict,
            reason: judgement.reason.clone(),
            stood: evidence.stack.is_some(),
            seen: if evidence.stack.is_some() { !failed.is_empty() || !told.is_empty() } else { named == Some(true) },
            named,
            class_right,
            proven: proven(&told, is_expected),
            besides,
            failed,
            findings: judgement.findings.iter().map(Found::new).collect(),
        }
    }
}

impl Judged {
    /// Nothing is wrong, it says: PASS, with notes at most.
    pub fn is_clean(&self) -> bool {
        self.verdict == Verdict::Pass && !self.seen
    }
}

impl Found {
    fn new(finding: &Finding) -> Self {
        Self { code: finding.code.clone(), class: finding.class, proof: finding.proof }
    }
}

/// Whether the fixes of the expected causes hold, as far as they can be tried.
fn proven(told: &[&Finding], is_expected: impl Fn(&Finding) -> bool) -> Option<bool> {
    let can_be_tried = |finding: &Finding| {
        finding.proof != Proof::Untried || finding.fix.as_ref().is_some_and(|fix| !fix.changes.is_empty())
    };
    let mut tried =
        told.iter().filter(|finding| is_expected(finding) && can_be_tried(finding)).map(|it| it.proof).peekable();
    tried.peek()?;
    Some(tried.all(|proof| proof == Proof::Verified))
}
