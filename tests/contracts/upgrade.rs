//! What an upgrade changed: between two healthy runs nothing may be told, whatever was made anew in the second.

use std::collections::BTreeMap;

use edge_smoke::stack::Stack;
use scenario::model::StackKind;
use verdict::changes::{self, Run, ScenarioChange};
use verdict::evidence::{Journey, Outcome, StackFacts};

use crate::shipped;

/// A run: its stack, and its journeys.
pub(crate) type Walked = (StackFacts, Vec<Journey>);

/// Runs the shipped scenarios, all of which pass.
pub(crate) async fn walked(stack: &dyn Stack, kind: StackKind) -> Result<Walked, String> {
    let outcomes: BTreeMap<String, Journey> = shipped::run(stack, kind).await?;
    match shipped::failures(&outcomes) {
        failures if failures.is_empty() => Ok((stack.facts(), outcomes.into_values().collect())),
        failures => Err(failures),
    }
}

/// What would be told of two runs if every scenario had failed in the second, at its last step.
pub(crate) fn told((then, before): &Walked, (now, after): &Walked) -> Vec<ScenarioChange> {
    let fail = |journey: &Journey| {
        let mut journey = journey.clone();
        journey.outcome = Outcome::Failed;
        journey
    };
    let after: Vec<Journey> = after.iter().map(fail).collect();
    let then = Run { stack: then, journeys: before };
    changes::since("then", then, Run { stack: now, journeys: &after }).scenarios
}
