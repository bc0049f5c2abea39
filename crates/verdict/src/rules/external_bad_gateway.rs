//! `edge/bad-gateway`: an edge that is not ours finds no service behind a route.

use super::case::{Candidate, Case};
use super::view::{is_of_site, route};
use super::{Needs, Rule};
use crate::evidence::StackKind;
use crate::finding::{Class, Severity};
use crate::fix::Fix;

pub(super) static RULE: Rule = Rule {
    code: "edge/bad-gateway",
    class: Class::Infrastructure,
    severity: Severity::Error,
    title: "The edge gets no answer from a service",
    explain: "The edge answers 502, 503 or 504 for a route: either the service behind it is down, or the route points \
              to an address where it isn't. From outside the two look alike, so nothing is claimed. The edge's log \
              tells them apart: `connection refused` on the right address means that the service is down, `no such \
              host`, or a loopback address inside a container, means that the upstream is wrong. So does asking the \
              service directly, from where the edge runs.",
    told_by: "A 502, 503 or 504 on a route of the site, on a stack that isn't ours: a service of a stack of ours \
              is asked directly, and the two causes are told apart there.",
    remedy: "Read the edge's log for that request, and ask the service from where the edge runs; then start the \
              service, or correct the route's `reverse_proxy` upstream.",
    references: &["RFC 9110, section 15.6.3"],
    needs: Needs { stacks: &[StackKind::External], ..Needs::NOTHING },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let routes = case.open_by(|symptom| {
        let (status, url) = (symptom.last_status()?, symptom.last_url()?);
        (matches!(status, 502..=504) && is_of_site(url, stack)).then(|| (route(url), status))
    });
    let candidate = |((route, status), explains): ((String, u16), _)| Candidate {
        cause: format!(
            "{route} answers {status}: the service behind that route is down, or the edge looks for it at the wrong \
             address, and from outside the two can't be told apart."
        ),
        fix: Some(Fix::advice(
            "Look at the edge's log for that request: `connection refused` at the right address means start the \
             service, `no such host` or a loopback address means correct the route's upstream.",
        )),
        observations: Vec::new(),
        explains,
    };
    routes.into_iter().map(candidate).collect()
}
