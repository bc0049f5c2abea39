//! From findings to a verdict with its reason.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::evidence::{Evidence, Outcome, ServiceKind, StackFacts, StackKind};
use crate::finding::{Class, Finding, Proof};
use crate::rules;
use crate::sentence::{clause, count, list, sentence};

/// What a run comes to. The order is that of the exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// All that applies holds.
    Pass,
    /// Something is wrong, and it is fixable under subpaths.
    Fix,
    /// The documented criteria for the fallback to one subdomain per service are met.
    Pivot,
    /// The stack did not stand, or the harness broke: nothing is claimed.
    Inconclusive,
}

impl Verdict {
    /// All of them, in the order of their exit codes.
    pub const ALL: &'static [Verdict] = &[Verdict::Pass, Verdict::Fix, Verdict::Pivot, Verdict::Inconclusive];

    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Pass => "PASS",
            Verdict::Fix => "FIX",
            Verdict::Pivot => "PIVOT",
            Verdict::Inconclusive => "INCONCLUSIVE",
        }
    }

    /// What the program exits with.
    pub fn exit_code(self) -> u8 {
        match self {
            Verdict::Pass => 0,
            Verdict::Fix => 1,
            Verdict::Pivot => 2,
            Verdict::Inconclusive => 3,
        }
    }
}

/// A verdict and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub reason: String,
    /// The findings, those that weigh most first.
    pub findings: Vec<Finding>,
}

/// The judgement on what was observed, no fix having been tried.
pub fn judge(evidence: &Evidence) -> Judgement {
    conclude(evidence, rules::diagnose(evidence))
}

/// The judgement that these findings call for: what [`judge`] does once the rules have run, and what is done again
/// when the proof of a finding has changed.
pub fn conclude(evidence: &Evidence, findings: Vec<Finding>) -> Judgement {
    conclude_with(evidence, findings, None)
}

/// As [`conclude`], with what is known besides, in a clause at the end of the reason.
pub fn conclude_with(evidence: &Evidence, findings: Vec<Finding>, remark: Option<&str>) -> Judgement {
    let kind = evidence.stack.as_ref().map(|stack| stack.kind);
    // `max_by_key` takes the last of equals; findings come in order of weight, so look from the back.
    let decisive = findings.iter().rev().max_by_key(|finding| weight(finding, kind));
    let verdict = decisive.map_or(Verdict::Pass, |finding| verdict_of(finding, kind));
    let mut reason = match decisive {
        Some(finding) if verdict != Verdict::Pass => because(finding, verdict, evidence, &findings),
        _ => passed(evidence, &findings),
    };
    if let Some(remark) = remark {
        reason = format!("{}; {remark}", clause(&reason));
    }
    if let Some(limit) = evidence.stack.as_ref().and_then(on_doubles) {
        reason = format!("{}; {limit}", clause(&reason));
    }
    Judgement { verdict, reason: sentence(&reason), findings }
}

/// The verdict that a finding calls for by itself.
fn verdict_of(finding: &Finding, kind: Option<StackKind>) -> Verdict {
    match finding.class {
        Class::Security | Class::Fixable => Verdict::Fix,
        Class::Infrastructure => Verdict::Inconclusive,
        // On a stack of our own a pivot is claimed only once it was tried. Elsewhere nothing can be tried, and the
        // criterion with its evidence suffices for a recommendation.
        Class::Pivot => match (finding.proof, kind) {
            (Proof::Verified, _) | (Proof::Untried, Some(StackKind::External)) => Verdict::Pivot,
            _ => Verdict::Fix,
        },
        Class::Note => Verdict::Pass,
    }
}

/// How much a finding weighs: security > infrastructure > a pivot that stands > anything else to fix > a note.
fn weight(finding: &Finding, kind: Option<StackKind>) -> u8 {
    match (finding.class, verdict_of(finding, kind)) {
        (Class::Security, _) => 4,
        (Class::Infrastructure, _) => 3,
        (_, Verdict::Pivot) => 2,
        (Class::Note, _) => 0,
        _ => 1,
    }
}

fn because(finding: &Finding, verdict: Verdict, evidence: &Evidence, findings: &[Finding]) -> String {
    let others = findings.iter().filter(|other| other.class != Class::Note).count() - 1;
    let and_others = if others == 0 { String::new() } else { format!(", and {}", count(others, "more finding")) };
    match (finding.class, verdict) {
        (Class::Security, _) => format!("A security hole: {} ({}){and_others}", clause(&finding.title), finding.code),
        (Class::Infrastructure, _) => {
            format!("{}{and_others}; nothing is claimed about the site", clause(&finding.cause))
        }
        (_, Verdict::Pivot) => {
            let proof = if finding.proof == Proof::Verified {
                "under subpaths every fix failed, on subdomains the same scenarios pass"
            } else {
                "a recommendation, since nothing can be tried on a stack that is not ours"
            };
            format!("{} ({}){and_others}; {proof}", clause(&finding.title), finding.code)
        }
        (Class::Pivot, _) => {
            format!("{} ({}){and_others}; the fallback was not proved", clause(&finding.title), finding.code)
        }
        _ if findings.iter().all(|other| other.code == rules::UNEXPLAINED || other.class == Class::Note) => {
            format!("{}, and no rule explains why", failed(evidence))
        }
        _ => format!("{} ({}){and_others}; {}", clause(&finding.title), finding.code, failed(evidence)),
    }
}

fn failed(evidence: &Evidence) -> String {
    let ran = evidence.journeys.iter().filter(|journey| journey.outcome != Outcome::Skipped).count();
    let names: Vec<&str> = evidence
        .journeys
        .iter()
        .filter(|journey| matches!(journey.outcome, Outcome::Failed | Outcome::Errored))
        .map(|journey| journey.name.as_str())
        .collect();
    match names.as_slice() {
        [] => format!("None of {} failed", count(ran, "scenario")),
        [only] => format!("1 of {} failed ({})", count(ran, "scenario"), clause(only)),
        several => format!("{} of {} failed", several.len(), count(ran, "scenario")),
    }
}

fn passed(evidence: &Evidence, findings: &[Finding]) -> String {
    let of = |outcome| evidence.journeys.iter().filter(|journey| journey.outcome == outcome).count();
    let (passed, skipped) = (of(Outcome::Passed), of(Outcome::Skipped));
    let mut reason = match (passed, skipped) {
        (1, 0) => "The one scenario passed".to_owned(),
        (passed, 0) => format!("All {passed} scenarios passed"),
        (passed, skipped) => {
            format!("{} passed, {skipped} skipped", count(passed, "scenario"))
        }
    };
    let notes = findings.iter().filter(|finding| finding.class == Class::Note).count();
    if notes > 0 {
        reason.push_str(&format!(", with {}", count(notes, "note")));
    }
    reason
}

/// What a run on doubles can't tell: a report on them must never be read as one on the real programs.
fn on_doubles(stack: &StackFacts) -> Option<String> {
    let doubles: Vec<&str> = stack
        .services
        .iter()
        .filter(|service| service.kind == ServiceKind::Double)
        .map(|service| service.name.as_str())
        .collect();
    if doubles.is_empty() && stack.kind != StackKind::Embedded {
        return None;
    }
    let which = if doubles.is_empty() { String::new() } else { format!(" ({})", list(&doubles)) };
    Some(format!("this was on doubles{which} and says nothing about the real programs"))
}
