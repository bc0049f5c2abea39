//! `address/prefix-wrong`: a service believes in another prefix than the one that it lives under.

use super::{REFERENCES, candidates};
use crate::finding::{Class, Severity};
use crate::rules::case::{Candidate, Case};
use crate::rules::view::Difference;
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "address/prefix-wrong",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "A service believes in another prefix",
    explain: "The service was told its address with another prefix than the edge has for it: a misspelt one, an old one, the right one twice, or one at all on a host of its own. Its first page shows, and everything that it refers to leads elsewhere.",
    told_by: "Everything that the service hands out has one prefix, or what it says of itself has, and it is another than the one that browsers use. Where only redirects have the prefix twice, the edge adds it (`edge/prefix-doubled`).",
    remedy: "Set ROOT_URL (Gitea, Forgejo) or WOODPECKER_HOST with the prefix that the edge has for the service.",
    references: REFERENCES,
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    candidates(case, Difference::PrefixWrong, "links, assets, redirects and callbacks have the wrong prefix")
}
