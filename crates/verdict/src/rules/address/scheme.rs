//! `address/scheme`: a service believes in another scheme than browsers use.

use super::{REFERENCES, candidates};
use crate::finding::{Class, Severity};
use crate::rules::case::{Candidate, Case};
use crate::rules::view::Difference;
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "address/scheme",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "A service believes in another scheme",
    explain: "The service was told https where browsers come by http, or the other way round. With https it marks its cookies Secure, which browsers don't send over http: signing in seems to work and everybody stays signed out. The other way round addresses lead to a port that answers otherwise, and pages load mixed content.",
    told_by: "What the service says of itself has another scheme on the right host. Where only COOKIE_SECURE is set the addresses are right (`cookie/secure-over-http`); where the issuer is right and other answers aren't, X-Forwarded-Proto is (`edge/forwarded-missing`).",
    remedy: "Align the scheme: ROOT_URL or WOODPECKER_HOST as browsers have it; or serve https at the edge.",
    references: REFERENCES,
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    candidates(
        case,
        Difference::Scheme,
        "its addresses lead to another scheme, and over http its Secure cookies never come back",
    )
}
