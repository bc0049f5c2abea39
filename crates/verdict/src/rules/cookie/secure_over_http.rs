//! `cookie/secure-over-http`: the session is Secure, and browsers come by http.

use std::collections::BTreeMap;

use super::super::case::{Candidate, Case};
use super::super::view::{Given, all, body, called, service_of};
use super::super::{Needs, Rule};
use super::{is_changed_on_the_way, leave_it_alone, observed, refused};
use crate::evidence::{Evidence, Exchange, StackFacts};
use crate::finding::{Class, Severity};
use crate::fix::{Change, Fix};

pub(in super::super) static RULE: Rule = Rule {
    code: "cookie/secure-over-http",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The session cookie is Secure and the site speaks http",
    explain: "A browser takes a cookie with `Secure` from https alone. Over http it drops it without a word: the login \
              seems to succeed, and the next page knows nobody.",
    told_by: "The cookie came with `Secure` over http, and was refused. Where the service also writes https addresses of \
              its own, its whole idea of the scheme is wrong, and the cookie follows from that.",
    remedy: "Serve the site over https; or, where it is to be http, have the service leave `Secure` off: for Forgejo and \
             Gitea GITEA__session__COOKIE_SECURE=false.",
    references: &["RFC 6265bis, section 5.7", "Gitea and Forgejo, configuration: session.COOKIE_SECURE"],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let is_it = |given: &Given<'_>| given.cookie.secure && given.exchange.request.url.starts_with("http://");
    let mut services: BTreeMap<&str, (Given<'_>, Vec<usize>)> = BTreeMap::new();
    for (id, symptom) in case.open() {
        if let Some(given) = refused(symptom, stack, is_it) {
            services.entry(given.service).or_insert((given, Vec::new())).1.push(id);
        }
    }
    let is_own = |given: &Given<'_>| !writes_https(case.evidence, given.service, stack);
    let candidate = |(given, explains)| candidate(case.evidence, &given, explains);
    services.into_values().filter(|(given, _)| is_own(given)).map(candidate).collect()
}

fn candidate(evidence: &Evidence, given: &Given<'_>, explains: Vec<usize>) -> Candidate {
    let (service, who) = (given.service, called(given.service));
    let fix = match service {
        _ if is_changed_on_the_way(evidence, given, |cookie| !cookie.secure) => leave_it_alone(given),
        "forge" => Fix::apply(
            "Have the forge leave Secure off its cookies, as browsers come by http.",
            vec![Change::Setting {
                service: service.to_owned(),
                name: "GITEA__session__COOKIE_SECURE".to_owned(),
                value: Some("false".to_owned()),
            }],
        ),
        _ => Fix::advice(format!(
            "Have the {who} leave Secure off its cookies as long as browsers come by http; where it goes by \
             X-Forwarded-Proto, have the edge say http."
        )),
    };
    Candidate {
        cause: format!(
            "The {who} sets its cookie {} with Secure over http, where browsers refuse it: nobody stays signed in.",
            given.cookie.name
        ),
        fix: Some(fix),
        observations: observed(&[*given]),
        explains,
    }
}

/// The service takes itself for one of https: it names the site's host so, in a redirect, in a challenge or in a page.
fn writes_https(evidence: &Evidence, service: &str, stack: &StackFacts) -> bool {
    let Some(host) = url::Url::parse(&stack.base_url).ok().and_then(|base| base.host_str().map(str::to_owned)) else {
        return false;
    };
    let own = format!("https://{host}");
    let says = |exchange: &Exchange| {
        let fields = exchange.response.iter().flat_map(|response| &response.headers);
        let mut fields = fields
            .filter(|(name, _)| name.eq_ignore_ascii_case("location") || name.eq_ignore_ascii_case("www-authenticate"));
        fields.any(|(_, value)| value.contains(&own)) || body(exchange).contains(&own)
    };
    let of_journeys = all(evidence).filter(|exchange| service_of(&exchange.request.url, stack) == Some(service));
    let of_probes = evidence.probes.iter().filter(|probe| probe.service == service).map(|probe| &probe.exchange);
    of_journeys.chain(of_probes).any(says)
}
