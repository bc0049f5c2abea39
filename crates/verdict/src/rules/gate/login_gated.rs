//! `gate/login-gated`: the way in is behind the gate.

use super::super::case::{Candidate, Case, Symptom};
use super::super::view::{CALLBACK, LOGIN, called, path_of, public_url, seen, service_of, status};
use super::super::{Needs, Rule};
use crate::evidence::{Exchange, StackFacts};
use crate::finding::{Class, Observation, Severity};
use crate::fix::{Change, Fix};

pub(in super::super) static RULE: Rule = Rule {
    code: "gate/login-gated",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The login is behind the gate that it leads through",
    explain: "The gate lets through who has a session. The service's login and its OAuth callback are where sessions come from, so that \
              they have to be reachable without one; gated like the rest they answer 401, and nobody ever gets in.",
    told_by: "The address with which a sign-in begins, or the one where it ends, answers 401 through the edge, and something else when the \
              service is asked directly. A service that refuses there by itself answers the same on both ways.",
    remedy: "Give login and callback routes of their own before the gated one, without `forward_auth`: in Caddy \
             `handle /chat/login { reverse_proxy chat:8080 }` and the same for `/chat/oauth/callback`.",
    references: &["Caddy, forward_auth; handle", "RFC 6749, section 3.1.2 (redirection endpoint)"],
    needs: Needs::A_STACK,
    find,
};

/// Where sign-ins begin and end, by the services' own paths.
const OPEN: [(&str, &str); 2] = [(LOGIN, "login"), (CALLBACK, "callback")];

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    OPEN.iter().flat_map(|&(path, name)| gated(case, stack, path, name)).collect()
}

fn gated(case: &Case<'_>, stack: &StackFacts, path: &str, name: &str) -> Vec<Candidate> {
    let refused = |exchange: &Exchange| {
        let service = service_of(&exchange.request.url, stack)?;
        let own = path_of(&public_url(service, stack));
        let is_it = path_of(&exchange.request.url).strip_prefix(own.trim_end_matches('/')) == Some(path);
        (is_it && status(exchange) == Some(401)).then_some(service)
    };
    let by_service = case.open_by(|symptom: &Symptom<'_>| {
        symptom.history().into_iter().find_map(|exchange| Some((refused(exchange)?, exchange.request.url.clone())))
    });
    let mut services: std::collections::BTreeMap<&str, (Vec<usize>, Vec<Observation>)> = Default::default();
    for ((service, url), ids) in by_service {
        let passes = |probe: &&crate::evidence::Probe| status(&probe.exchange).is_some_and(|status| status != 401);
        let told =
            case.direct(service).filter(|probe| path_of(&probe.exchange.request.url).ends_with(path)).find(passes);
        let told = told.or_else(|| case.directly(&url).find(passes));
        if let Some(probe) = told {
            let (explains, observations) = services.entry(service).or_default();
            explains.extend(ids);
            observations.push(seen(probe, ", asked directly"));
        }
    }
    let candidate = |(service, (explains, mut observations)): (&str, (Vec<usize>, Vec<Observation>))| {
        let base = path_of(&public_url(service, stack));
        let at = format!("{}{path}", base.trim_end_matches('/'));
        observations.sort();
        observations.dedup();
        let change = Change::AddRoute {
            route: format!("{service}-{name}"),
            service: service.to_owned(),
            path: at.clone(),
            strip_prefix: None,
        };
        let summary = format!("Let {at} through to {service} without asking the gate.");
        Candidate {
            cause: format!("The edge asks the gate about {at} too, where the {} lets people in.", called(service)),
            fix: Some(Fix::apply(summary, vec![change])),
            observations,
            explains,
        }
    };
    services.into_iter().map(candidate).collect()
}
