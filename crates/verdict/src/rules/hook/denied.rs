//! `hook/denied`: the forge doesn't deliver to the CI.

use url::Url;

use super::super::case::{Candidate, Case};
use super::super::{Needs, Rule};
use super::{Untold, delivery, is_denial};
use crate::finding::{Class, Observation, Severity};
use crate::fix::{Change, Fix};

pub(in super::super) static RULE: Rule = Rule {
    code: "hook/denied",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The forge doesn't deliver its webhooks to the CI",
    explain: "Forgejo and Gitea call only hosts that `webhook.ALLOWED_HOST_LIST` has; without the setting those are \
              public addresses alone. An edge on a private network isn't one, so a delivery fails at once, which only the \
              webhook's own page and the forge's log show.",
    told_by: "A push becomes no pipeline though the webhook's address is the CI's. The forge's log has the refusal by \
              name (`deny`); where it speaks of a connection or of a name, the forge doesn't reach the edge. A webhook \
              with another path is `hook/misdirected`.",
    remedy: "Add the edge's host to GITEA__webhook__ALLOWED_HOST_LIST.",
    references: &["Gitea and Forgejo, configuration: webhook.ALLOWED_HOST_LIST"],
    needs: Needs { services: &["ci", "forge"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let untold = case.open_by(|symptom| Untold::of(symptom, stack).filter(|untold| untold.is_directed(case.evidence)));
    let candidate = |(untold, explains): (Untold, Vec<usize>)| {
        let host = Url::parse(&untold.hook).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let said = delivery(case.evidence);
        let denied = said.is_some_and(is_denial);
        let told = match (denied, said) {
            (true, _) => format!("the forge's log says that it may not call {host}"),
            (false, Some(_)) => format!("the forge's log says why it doesn't reach {host}"),
            (false, None) => format!(
                "the forge may not call {host}, or doesn't reach it; the webhook's page at the forge, under Recent \
                 Deliveries, tells which"
            ),
        };
        let setting = Change::Setting {
            service: "forge".to_owned(),
            name: "GITEA__webhook__ALLOWED_HOST_LIST".to_owned(),
            value: Some(format!("external,{host}")),
        };
        let fix = if denied || said.is_none() {
            Fix::apply(format!("Let the forge call {host}."), vec![setting])
        } else {
            Fix::advice(format!("See that the forge reaches {host}: the name, the port and the network."))
        };
        let quote = said.map(str::to_owned).into_iter().collect();
        Candidate {
            cause: format!("A push becomes no pipeline, though the webhook leads to {}: {told}.", untold.hook),
            fix: Some(fix),
            observations: vec![Observation {
                quote,
                ..Observation::new(format!("the webhook at the forge: {}", untold.hook))
            }],
            explains,
        }
    };
    untold.into_iter().map(candidate).collect()
}
