//! One report from the shards of a run.

use std::collections::BTreeSet;

use jiff::Timestamp;
use verdict::changes::{Changes, ServiceChange};
use verdict::evidence::{StackFacts, StackKind};
use verdict::{Finding, Verdict};

use super::Report;
use super::model::SCHEMA;
use super::text::count;

/// The code of the finding that a part has in which nothing ran.
const NOTHING_RAN: &str = "harness/nothing-ran";

/// Why reports don't make one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// There is none.
    #[error("there is no report to merge; name at least one")]
    Nothing,
    /// They were made on different stacks: the one must not speak for the other.
    #[error("report {place} ran on {found}, the ones before on {expected}; merge only shards of one run")]
    Mixed {
        /// The place of the report that doesn't fit, from 1.
        place: usize,
        /// What the reports before it ran on.
        expected: String,
        /// What it ran on.
        found: String,
    },
}

/// One report from the parts of a run. Its verdict is the highest of its parts, by exit code. A part in which nothing ran,
/// because no scenario fell to it that applies, doesn't count as long as something ran in another.
///
/// # Errors
/// There is no part, or they ran on different kinds of stack or in different modes.
pub fn merge(parts: Vec<Report>) -> Result<Report, MergeError> {
    let stack = merged_stack(&parts)?;
    let all = parts.len();
    let something_ran = parts.iter().any(|part| !is_idle(part));
    let counting = || parts.iter().filter(|part| !something_ran || !is_idle(part));
    // `max_by_key` takes the last of equals; the first is what people see first.
    let highest = counting().rev().max_by_key(|part| part.verdict).ok_or(MergeError::Nothing)?;
    let (verdict, tool) = (highest.verdict, highest.tool.clone());
    let reason = match counting().filter(|part| part.verdict == verdict).count() {
        _ if all == 1 => highest.reason.clone(),
        1 => format!("Of {}, one is {}: {}", count(all, "part"), verdict.as_str(), highest.reason),
        same if verdict == Verdict::Pass && same == all => format!("All {same} parts pass: {}", highest.reason),
        same => {
            format!("Of {}, {same} are {}, the first because: {}", count(all, "part"), verdict.as_str(), highest.reason)
        }
    };
    let (started, duration_ms) = span(&parts);
    let findings = merged_findings(counting().flat_map(|part| part.findings.clone()));
    let proof = parts.iter().flat_map(|part| part.proof.clone()).collect();
    let probes = parts.iter().flat_map(|part| part.probes.clone()).collect();
    let changes = merged_changes(&parts);
    let logs = parts.iter().flat_map(|part| part.logs.clone()).collect();
    let scenarios = parts.into_iter().flat_map(|part| part.scenarios).collect();
    // Each part stood a stack of its own up: there is no one time that it took.
    Ok(Report {
        schema: SCHEMA,
        tool,
        started,
        duration_ms,
        stack,
        stack_ready_ms: None,
        verdict,
        reason,
        findings,
        proof,
        scenarios,
        changes,
        probes,
        logs,
    })
}

fn is_idle(part: &Report) -> bool {
    part.verdict == Verdict::Inconclusive && part.findings.iter().all(|finding| finding.code == NOTHING_RAN)
}

/// The stack of the parts, with every service that one of them had.
fn merged_stack(parts: &[Report]) -> Result<Option<StackFacts>, MergeError> {
    let mut merged: Option<StackFacts> = None;
    for (index, part) in parts.iter().enumerate() {
        // A part whose stack never stood says nothing about its kind, and its verdict says enough.
        let Some(stack) = &part.stack else { continue };
        let Some(merged) = &mut merged else {
            merged = Some(stack.clone());
            continue;
        };
        // Two external stacks are one only under one address; those of our own get a new port each time.
        let elsewhere = stack.kind == StackKind::External && stack.base_url != merged.base_url;
        if (stack.kind, stack.mode) != (merged.kind, merged.mode) || elsewhere {
            let (expected, found) = (described(merged), described(stack));
            return Err(MergeError::Mixed { place: index + 1, expected, found });
        }
        for service in &stack.services {
            if !merged.services.iter().any(|known| known.name == service.name) {
                merged.services.push(service.clone());
            }
        }
    }
    Ok(merged)
}

fn described(stack: &StackFacts) -> String {
    let place = if stack.kind == StackKind::External { format!(" at {}", stack.base_url) } else { String::new() };
    format!("a stack of kind {} in mode {}{place}", stack.kind.as_str(), stack.mode.as_str())
}

/// From the start of the first to the end of the last: shards run side by side.
fn span(parts: &[Report]) -> (Timestamp, f64) {
    let start = parts.iter().map(|part| part.started).min().unwrap_or(Timestamp::UNIX_EPOCH);
    let ends = parts.iter().map(|part| milliseconds(start, part.started) + part.duration_ms);
    (start, ends.fold(0.0, f64::max))
}

fn milliseconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() * 1000.0
}

/// The findings of all parts; the same cause found in several is one finding.
fn merged_findings(findings: impl Iterator<Item = Finding>) -> Vec<Finding> {
    let mut merged: Vec<Finding> = Vec::new();
    for finding in findings {
        let same = |known: &&mut Finding| {
            (&known.code, &known.cause, &known.fix, known.proof)
                == (&finding.code, &finding.cause, &finding.fix, finding.proof)
        };
        match merged.iter_mut().find(same) {
            Some(known) => {
                known.scenarios = union(&known.scenarios, finding.scenarios);
                known.evidence = union(&known.evidence, finding.evidence);
            }
            None => merged.push(finding),
        }
    }
    merged.sort_by_key(|finding| finding.class);
    merged
}

/// What changed since one green run; parts that were compared with others are left out, for they would need a heading each.
fn merged_changes(parts: &[Report]) -> Option<Changes> {
    let mut all = parts.iter().filter_map(|part| part.changes.clone());
    let mut merged = all.next()?;
    for changes in all.filter(|changes| changes.since == merged.since).collect::<Vec<_>>() {
        let is_new = |service: &ServiceChange| !merged.services.contains(service);
        let services: Vec<ServiceChange> = changes.services.into_iter().filter(is_new).collect();
        merged.services.extend(services);
        merged.scenarios.extend(changes.scenarios);
    }
    Some(merged)
}

fn union<T: Ord + Clone>(known: &[T], more: Vec<T>) -> Vec<T> {
    known.iter().cloned().chain(more).collect::<BTreeSet<T>>().into_iter().collect()
}
