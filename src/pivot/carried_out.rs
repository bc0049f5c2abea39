//! The fallback on a stack that we may change: changed over, verified by the scenarios, or put back.

use std::collections::BTreeSet;

use verdict::evidence::{Evidence, Outcome, Trouble};
use verdict::{Judgement, Verdict, judge};

use crate::stack::{Changeable, StackOptions};
use crate::walk::Walk;

/// What came of it.
#[derive(Debug)]
pub enum CarriedOut {
    /// The scenarios pass in the new mode.
    Green(Box<Evidence>),
    /// Something went wrong, and the stack is as it was.
    WentBack {
        /// What went wrong, in a sentence.
        why: String,
        /// What the scenarios saw in the new mode, where they ran.
        seen: Option<Box<(Evidence, Judgement)>>,
    },
    /// Something went wrong, and the stack could not be put back.
    LeftHalfway {
        /// What went wrong first, in a sentence.
        why: String,
        /// Why it could not be put back.
        trouble: Trouble,
    },
}

/// Changes the stack over, runs the scenarios there, and goes back unless they pass. A stack that has been changed over already is
/// verified alone, and stays as it is.
pub async fn carry_out(stack: &mut dyn Changeable, walk: &Walk, say: &(dyn Fn(String) + Sync)) -> CarriedOut {
    let before = stack.options().clone();
    let after = before.changed_over();
    if before.mode != after.mode {
        say("changing over: routes, settings, OAuth applications".to_owned());
        if let Err(error) = stack.reshape(&after, &BTreeSet::new()).await {
            let why = format!("the stack could not be changed over: {}", said(&error.trouble));
            return match error.not_put_back {
                None => CarriedOut::WentBack { why, seen: None },
                Some(trouble) => CarriedOut::LeftHalfway { why, trouble },
            };
        }
    }
    say("running the scenarios in the mode subdomain".to_owned());
    let (why, seen) = match walk.on(stack).await {
        Err(why) => (why, None),
        Ok(_) if walk.pace.cancel.is_cancelled() => ("interrupted".to_owned(), None),
        Ok(evidence) => match judge(&evidence) {
            judgement if judgement.verdict == Verdict::Pass => return CarriedOut::Green(Box::new(evidence)),
            judgement => {
                let why = format!(
                    "in the mode subdomain the verdict is {}: {}",
                    judgement.verdict.as_str(),
                    judgement.reason
                );
                (why, Some(Box::new((evidence, judgement))))
            }
        },
    };
    if before.mode == after.mode {
        return CarriedOut::WentBack { why, seen };
    }
    say(format!("going back: {why}"));
    back(stack, &before, why, seen).await
}

async fn back(
    stack: &mut dyn Changeable,
    before: &StackOptions,
    why: String,
    seen: Option<Box<(Evidence, Judgement)>>,
) -> CarriedOut {
    match stack.reshape(before, &BTreeSet::new()).await {
        Ok(_) => CarriedOut::WentBack { why, seen },
        Err(error) => {
            let trouble = error.not_put_back.unwrap_or(error.trouble);
            CarriedOut::LeftHalfway { why, trouble }
        }
    }
}

/// A trouble in a line.
pub fn said(trouble: &Trouble) -> String {
    let service = trouble.service.as_ref().map(|service| format!("{service}: ")).unwrap_or_default();
    let help = trouble.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
    format!("{service}{}{help}", trouble.message)
}

/// The scenarios that passed, and those that did not, by name.
pub fn outcomes(evidence: &Evidence) -> (usize, Vec<&str>) {
    let passed = evidence.journeys.iter().filter(|journey| journey.outcome == Outcome::Passed).count();
    let bad = evidence.journeys.iter().filter(|it| matches!(it.outcome, Outcome::Failed | Outcome::Errored));
    (passed, bad.map(|journey| journey.name.as_str()).collect())
}

#[cfg(test)]
mod tests;
