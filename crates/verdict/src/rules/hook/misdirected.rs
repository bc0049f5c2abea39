//! `hook/misdirected`: the forge's webhook leads elsewhere than to the CI.

use super::super::case::{Candidate, Case};
use super::super::view::public_url;
use super::super::{Needs, Rule};
use super::Untold;
use crate::finding::{Class, Observation, Severity};
use crate::fix::{Change, Fix};

pub(in super::super) static RULE: Rule = Rule {
    code: "hook/misdirected",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The forge's webhook leads elsewhere than to the CI",
    explain: "The CI leaves a webhook at the forge, at the address that it has for itself there. Where that lacks the \
              CI's prefix the forge tells whoever has the path; any 2xx counts as delivered, an empty one of the edge's \
              too, so the forge is content and no pipeline ever starts.",
    told_by: "A push becomes no pipeline, and the webhook's address, as the forge's API has it, isn't the CI's: it lacks \
              the prefix, or has a host that isn't the site's and that the forge gets no answer from. A webhook with the \
              right address that isn't delivered is `hook/denied`.",
    remedy: "Set WOODPECKER_EXPERT_WEBHOOK_HOST to the CI's address with its prefix, or unset it where WOODPECKER_HOST is \
             right; then repair the repositories in the CI, whose webhooks keep the address that they were made with.",
    references: &["Woodpecker: WOODPECKER_EXPERT_WEBHOOK_HOST"],
    needs: Needs { services: &["ci", "forge"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let untold = case.open_by(|symptom| Untold::of(symptom, stack).filter(|untold| !untold.is_directed(case.evidence)));
    let candidate = |(untold, explains): (Untold, Vec<usize>)| {
        let public = public_url("ci", stack);
        let setting = Change::Setting {
            service: "ci".to_owned(),
            name: "WOODPECKER_EXPERT_WEBHOOK_HOST".to_owned(),
            value: Some(public.clone()),
        };
        Candidate {
            cause: format!(
                "A push becomes no pipeline: the webhook that the CI left at the forge leads to {}, and the CI takes \
                 webhooks at {}.",
                untold.hook, untold.public
            ),
            fix: Some(Fix::apply(format!("Have the CI's webhooks lead to {public}."), vec![setting])),
            observations: vec![Observation::new(format!("the webhook at the forge: {}", untold.hook))],
            explains,
        }
    };
    untold.into_iter().map(candidate).collect()
}
