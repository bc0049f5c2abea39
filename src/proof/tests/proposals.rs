//! Rules made for a test: what they propose as long as certain scenarios fail.

use std::collections::BTreeSet;

use verdict::evidence::{Evidence, Outcome};
use verdict::rules::Refuted;
use verdict::{Change, Class, Finding, Fix, Observation, Proof, Severity};

/// A rule that proposes one fix as long as one of these scenarios fails.
#[derive(Debug, Clone)]
pub(super) struct Proposal {
    pub(super) code: &'static str,
    pub(super) class: Class,
    pub(super) scenarios: Vec<String>,
    pub(super) changes: Vec<Change>,
}

impl Proposal {
    pub(super) fn new(code: &'static str, scenarios: &[&str], changes: Vec<Change>) -> Self {
        let scenarios = scenarios.iter().map(|name| (*name).to_owned()).collect();
        Self { code, class: Class::Fixable, scenarios, changes }
    }

    pub(super) fn pivot(code: &'static str, scenarios: &[&str]) -> Self {
        Self { class: Class::Pivot, ..Self::new(code, scenarios, Vec::new()) }
    }

    fn finding(&self, evidence: &Evidence) -> Option<Finding> {
        let failed = |name: &&String| {
            evidence.journeys.iter().any(|journey| journey.name == **name && journey.outcome == Outcome::Failed)
        };
        let scenarios: Vec<String> = self.scenarios.iter().filter(failed).cloned().collect();
        (!scenarios.is_empty()).then(|| finding(self.code, self.class, scenarios, self.changes.clone()))
    }
}

pub(super) fn finding(code: &str, class: Class, scenarios: Vec<String>, changes: Vec<Change>) -> Finding {
    let seen = |name: &String| Observation { scenario: Some(name.clone()), ..Observation::new("it fails") };
    Finding {
        code: code.to_owned(),
        class,
        severity: Severity::Error,
        title: format!("{code} is wrong"),
        cause: format!("{code} is wrong."),
        fix: Some(Fix::apply(format!("Put {code} right."), changes)),
        proof: Proof::Untried,
        evidence: scenarios.iter().map(seen).collect(),
        scenarios,
    }
}

/// These rules, as the plan takes them.
pub(super) fn rules(
    proposals: Vec<Proposal>,
) -> impl Fn(&Evidence, &BTreeSet<Refuted>) -> Vec<Finding> + Send + Sync + 'static {
    move |evidence, refuted| {
        let found = proposals.iter().filter_map(|proposal| proposal.finding(evidence));
        let is_left = |finding: &Finding| !refuted.contains(&super::super::plan::key(finding));
        let mut findings: Vec<Finding> = found.filter(is_left).collect();
        // A criterion for the fallback hides what else would explain the same.
        let hidden: BTreeSet<String> = findings
            .iter()
            .filter(|finding| finding.class == Class::Pivot)
            .flat_map(|finding| finding.scenarios.clone())
            .collect();
        findings.retain(|finding| {
            finding.class == Class::Pivot || !finding.scenarios.iter().all(|name| hidden.contains(name))
        });
        findings.sort_by_key(|finding| finding.class);
        findings
    }
}

/// A setting that stands for a change of its own.
pub(super) fn setting(name: &str) -> Change {
    Change::Setting { service: "forge".to_owned(), name: name.to_owned(), value: Some("x".to_owned()) }
}
