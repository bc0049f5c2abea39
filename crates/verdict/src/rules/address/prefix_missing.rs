//! `address/prefix-missing`: a service believes that it has the whole origin, and lives under a prefix.

use super::{REFERENCES, candidates};
use crate::finding::{Class, Severity};
use crate::rules::case::{Candidate, Case};
use crate::rules::view::Difference;
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "address/prefix-missing",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "A service believes that it has the whole origin",
    explain: "The service was told its address without the prefix under which the edge has it. Its first page shows; its scripts, its redirects to the login and the callback of a sign-in lead to the root of the origin, where nobody or somebody else is. Where only its settings were wrong, one line cures it.",
    told_by: "Everything that the service hands out lies at the root, and what it says of itself has no prefix. Where what it says of itself has the prefix, the program ignores it (`app/ignores-prefix`) or something rewrites its answers (`edge/response-rewritten`); where its addresses have the prefix and don't work, the edge takes it off (`edge/prefix-stripped`).",
    remedy: "Set ROOT_URL (Gitea, Forgejo) or WOODPECKER_HOST with the prefix; the edge strips it before Gitea and Forgejo, and not before Woodpecker.",
    references: REFERENCES,
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    candidates(case, Difference::PrefixMissing, "links, assets, redirects and callbacks lack the prefix")
}
