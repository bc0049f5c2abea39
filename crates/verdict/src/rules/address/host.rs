//! `address/host`: a service believes in another host than browsers use.

use super::{REFERENCES, candidates};
use crate::finding::{Class, Severity};
use crate::rules::case::{Candidate, Case};
use crate::rules::view::Difference;
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "address/host",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "A service believes in another host name",
    explain: "The service was told another public host than the one that browsers use: an old name, another environment's, or after a change of mode the shared one. Redirects, sign-ins, clone URLs and webhooks lead there.",
    told_by: "What the service says of itself names another host, and not one of the inside network (`address/internal`). Where the issuer is right and only answers to the request's Host are wrong, the edge rewrites it (`edge/host-rewritten`).",
    remedy: "Set ROOT_URL (Gitea, Forgejo) or WOODPECKER_HOST to the address that browsers have, prefix included, and start the service anew.",
    references: REFERENCES,
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    candidates(case, Difference::Host, "what it hands out leads browsers to another site")
}
