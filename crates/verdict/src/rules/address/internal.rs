//! `address/internal`: a service believes that browsers reach it where only containers do.

use super::{REFERENCES, candidates};
use crate::finding::{Class, Severity};
use crate::rules::case::{Candidate, Case};
use crate::rules::view::Difference;
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "address/internal",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "A service hands out an address that only containers know",
    explain: "The service was told an address on the inside network as its own (a container's name, a loopback or private address). Pages may still show, since the edge finds the service anyway; but absolute addresses in redirects, tokens' realms, clone URLs and sign-ins name that host, and the prefix is lost with it where the address has none.",
    told_by: "What the service says of itself (the OpenID issuer, the redirect URI of a CI, a realm, a clone URL) names a host without a dot or of a private network, while browsers use another. Where only answers through the edge have it and the issuer is right, the edge rewrites Host (`edge/host-rewritten`).",
    remedy: "Tell it the address that browsers have: ROOT_URL with scheme, host, port and prefix for Gitea and Forgejo, WOODPECKER_HOST for Woodpecker; nothing in Caddy.",
    references: REFERENCES,
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    candidates(case, Difference::Internal, "what it hands out leads browsers to a host that they can't reach")
}
