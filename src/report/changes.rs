//! What is otherwise than in the last green run, in words. The reporters set them each in their way.

use verdict::changes::{Changes, ScenarioChange};

use super::text::count;

/// Which run it is compared with, and what was exchanged since.
pub(super) fn heading(changes: &Changes) -> String {
    let services: Vec<String> =
        changes.services.iter().map(|it| format!("{} {} → {}", it.service, it.was, it.now)).collect();
    let services = if services.is_empty() { "the same versions".to_owned() } else { services.join(", ") };
    let scenarios = count(changes.scenarios.len(), "scenario");
    format!("since the green run of {}: {services}; {scenarios} passed then and {} now", changes.since, dont(changes))
}

fn dont(changes: &Changes) -> &'static str {
    if changes.scenarios.len() == 1 { "doesn't" } else { "don't" }
}

/// Where a scenario left its old way.
pub(super) fn place(change: &ScenarioChange) -> String {
    let hop = change.hop.map(|hop| format!(", hop {hop}")).unwrap_or_default();
    let request = change.request.as_ref().map(|request| format!(" ({request})")).unwrap_or_default();
    let ScenarioChange { scenario, step, title, step_file, line, .. } = change;
    format!("{scenario}, step {step} `{title}` at {step_file}:{line}{hop}{request}")
}

/// What differs there, a line each.
pub(super) fn differences(change: &ScenarioChange) -> Vec<String> {
    if change.differences.is_empty() {
        return vec!["every hop is as it was; what differs is in the content, see the failure".to_owned()];
    }
    change.differences.iter().map(|it| format!("{} was {}, now {}", it.what, it.was, it.now)).collect()
}
