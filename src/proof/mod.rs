//! Verdicts with proof: on a stack of ours the fixes that the rules propose are tried, one by one.
//!
//! - `plan`: what to try next, and what that came to; pure
//! - `compare`: whether a fix holds: two pieces of evidence side by side; pure
//! - `ending`: the judgement, with what was proved; pure
//! - `carry_out`: changing the stack and walking it
//!
//! What passed when a fix was tried is run again as soon as the fix holds, and not only at the end: each proof stands by itself, and
//! the evidence for the next one is complete. Before the first, of each finding one failed scenario runs again with nothing changed:
//! what comes and goes by itself proves nothing.

mod carry_out;
mod compare;
mod ending;
mod plan;
#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use verdict::evidence::{Evidence, Trouble};
use verdict::{Attempt, Judgement};

use crate::stack::Changeable;
use crate::walk::Walk;
use carry_out::Proving;
use plan::{Diagnose, Plan};

/// How long a proof may take, where nobody says.
pub const WITHIN: Duration = Duration::from_secs(60);
/// The same on containers, where a service takes seconds to come up again.
pub const WITHIN_ON_CONTAINERS: Duration = Duration::from_secs(300);

/// How far a proof may go.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How long all of it may take. What was not tried by then stays untried. Putting the stack back comes on top.
    pub within: Duration,
    /// At the end the stack is put back as it was found; else it is left with the fixes that hold, to be taken down.
    pub put_back: bool,
    /// Called off: the stack is left as it is at that moment, and nothing is claimed.
    pub cancel: CancellationToken,
}

/// What a proof came to.
#[derive(Debug, Clone)]
pub struct Proved {
    /// The evidence that it began with. Where all that failed passes with nothing changed, the journeys say so.
    pub evidence: Evidence,
    /// The judgement on that, with what is known now.
    pub judgement: Judgement,
    /// What was tried, in order.
    pub attempts: Vec<Attempt>,
    /// Why the stack could not be put back: take it down, and claim nothing that is seen on it from now on.
    pub broken: Option<Trouble>,
}

/// Tries the fixes for what the rules find in the evidence, on the stack where it was gathered by this walk.
///
/// A fix holds when what it is for is gone and nothing that passed fails; then it stays applied, so that several causes come
/// off one by one. Where only a criterion for the fallback is left, and every fix under subpaths is refuted, the stack is
/// moved to one subdomain per service.
pub async fn prove(stack: &mut dyn Changeable, walk: &Walk, evidence: Evidence, limits: &Limits) -> Proved {
    prove_by(stack, walk, evidence, limits, &verdict::rules::diagnose_without).await
}

/// As [`prove`], with other rules.
async fn prove_by(
    stack: &mut dyn Changeable,
    walk: &Walk,
    evidence: Evidence,
    limits: &Limits,
    rules: &Diagnose,
) -> Proved {
    Proving::new(stack, walk, limits).run(Plan::new(evidence, rules)).await
}
