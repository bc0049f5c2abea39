//! `address/port`: a service believes in another port than browsers use.

use super::{REFERENCES, candidates};
use crate::finding::{Class, Severity};
use crate::rules::case::{Candidate, Case};
use crate::rules::view::Difference;
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "address/port",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "A service believes in another port",
    explain: "The service was told its public address without the port that browsers use, or with another, such as the one inside its container. Scheme and host are right, so that a glance at the setting finds nothing; redirect URIs are compared letter by letter and fail.",
    told_by: "What the service says of itself has the right scheme and host and another port.",
    remedy: "Set ROOT_URL or WOODPECKER_HOST with the port as browsers have it (none for 80 and 443).",
    references: REFERENCES,
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    candidates(case, Difference::Port, "what it hands out leads to a port where nobody or somebody else listens")
}
