//! The judgement, with what was proved: pure.

use std::collections::BTreeSet;

use verdict::evidence::{Evidence, Outcome};
use verdict::rules::{Refuted, UNEXPLAINED};
use verdict::{Attempt, Class, Finding, Judgement, Proof, conclude_with};

use super::compare::{failing, scenarios};
use super::plan::{Fallback, Plan, key};

/// The evidence that is judged, and the judgement.
pub(super) fn ending(plan: &Plan<'_>, attempts: &[Attempt], left: Option<&str>) -> (Evidence, Judgement) {
    if plan.is_unsteady() {
        let evidence = unsteady(plan.first.clone());
        let judgement = verdict::judge(&evidence);
        return (evidence, judgement);
    }
    let remarks: Vec<String> = [remark(plan), left.map(str::to_owned)].into_iter().flatten().collect();
    let remark = (!remarks.is_empty()).then(|| remarks.join("; "));
    let judgement = conclude_with(&plan.first, findings(plan, attempts), remark.as_deref());
    (plan.first.clone(), judgement)
}

/// What fails once and passes when nothing was changed says nothing of the site.
fn unsteady(mut evidence: Evidence) -> Evidence {
    for journey in evidence.journeys.iter_mut().filter(|journey| journey.outcome == Outcome::Failed) {
        journey.outcome = Outcome::Errored;
        journey.reason = Some("it failed, and passed when it ran again with nothing changed".to_owned());
    }
    evidence
}

/// The findings of the first evidence and those that came to light when others were off, each with its proof.
fn findings(plan: &Plan<'_>, attempts: &[Attempt]) -> Vec<Finding> {
    let proved: BTreeSet<Refuted> =
        plan.applied.iter().filter(|applied| applied.is_proved()).map(|applied| key(&applied.finding)).collect();
    let is_refuted = |attempt: &&Attempt| attempt.outcome == Proof::Refuted && !attempt.changes.is_empty();
    let refuted = attempts
        .iter()
        .filter(is_refuted)
        .map(|attempt| Refuted { code: attempt.code.clone(), changes: attempt.changes.clone() });
    let refuted: BTreeSet<Refuted> =
        refuted.filter(|key| !proved.contains(key) && !plan.aside.contains_key(key)).collect();
    let first = plan.diagnose(&plan.first, &refuted);
    let applied = !proved.is_empty();
    let left: Vec<Finding> =
        if applied { plan.diagnose(&plan.now, &refuted.iter().chain(&proved).cloned().collect()) } else { Vec::new() };
    let failing = failing(&plan.now);
    let mut findings: Vec<Finding> = Vec::new();
    for mut finding in first {
        if proved.contains(&key(&finding)) {
            finding.proof = Proof::Verified;
        } else if finding.class == Class::Pivot {
            finding.proof = match plan.fallback {
                Fallback::Holds => Proof::Verified,
                Fallback::Fails(_) => Proof::Refuted,
                Fallback::Untried | Fallback::Unknown => Proof::Untried,
            };
        }
        // A consequence of what was put right, for it went with that.
        let is_gone = applied
            && finding.proof == Proof::Untried
            && finding.class != Class::Note
            && !left.iter().any(|other| same(other, &finding))
            && (finding.code == UNEXPLAINED || !finding.scenarios.iter().any(|name| failing.contains(name)));
        if !is_gone {
            findings.push(finding);
        }
    }
    let proved_ones = plan.applied.iter().filter(|applied| applied.is_proved());
    let came_to_light = proved_ones
        .map(|applied| Finding { proof: Proof::Verified, ..applied.finding.clone() })
        .chain(left.into_iter().filter(|finding| finding.class != Class::Note));
    for finding in came_to_light {
        if !findings.iter().any(|known| same(known, &finding)) {
            findings.push(finding);
        }
    }
    findings.sort_by_key(|finding| finding.class);
    findings
}

fn same(one: &Finding, other: &Finding) -> bool {
    // What no rule explains is one finding a run, whatever scenarios it has.
    key(one) == key(other) && (one.fix.is_some() || one.code == UNEXPLAINED || one.cause == other.cause)
}

/// What is known besides the findings, in a clause.
fn remark(plan: &Plan<'_>) -> Option<String> {
    if let Fallback::Fails(why) = &plan.fallback {
        return Some(why.clone());
    }
    let number = plan.applied.iter().filter(|applied| applied.is_proved()).count();
    let fixes = match number {
        0 => return None,
        1 => "the fix".to_owned(),
        2 => "both fixes".to_owned(),
        more => format!("all {more} fixes"),
    };
    let ran = plan.now.journeys.iter().filter(|journey| journey.outcome != Outcome::Skipped).count();
    let ran_well = |outcome| plan.now.journeys.iter().filter(|journey| journey.outcome == outcome).count();
    let (passed, failed) = (ran_well(Outcome::Passed), ran - ran_well(Outcome::Passed));
    Some(match (passed, failed) {
        (1, 0) => format!("with {fixes} applied the one scenario passes"),
        (_, 0) => format!("with {fixes} applied all {} pass", scenarios(ran)),
        (_, failed) => format!("with {fixes} applied {failed} of {} still fail", scenarios(ran)),
    })
}
