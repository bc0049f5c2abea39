//! `cookie/rejected`: browsers refuse the session cookie.

use std::collections::BTreeMap;

use super::super::case::{Candidate, Case};
use super::super::view::{Given, called};
use super::super::{Needs, Rule};
use super::{is_changed_on_the_way, leave_it_alone, observed, refused};
use crate::finding::{Class, Severity};
use crate::fix::Fix;

pub(in super::super) static RULE: Rule = Rule {
    code: "cookie/rejected",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "Browsers refuse a session cookie",
    explain: "A cookie whose attributes contradict where it comes from is dropped without a word: a Domain that isn't the \
              host's, a name with `__Host-` and a Path below the root, SameSite=None without Secure. The login seems to \
              succeed, and the next page knows nobody.",
    told_by: "The browser's reason stands beside the cookie. `Secure` over http has a code of its own.",
    remedy: "Correct the attribute that the reason names; for a Domain, leave it out, so that the cookie is the host's own.",
    references: &["RFC 6265bis, section 5.7"],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let is_it = |given: &Given<'_>| !(given.cookie.secure && given.exchange.request.url.starts_with("http://"));
    let mut cookies: BTreeMap<(&str, &str), (Given<'_>, Vec<usize>)> = BTreeMap::new();
    for (id, symptom) in case.open() {
        if let Some(given) = refused(symptom, stack, is_it) {
            cookies.entry((given.service, &given.cookie.name)).or_insert((given, Vec::new())).1.push(id);
        }
    }
    let candidate = |(given, explains): (Given<'_>, Vec<usize>)| {
        let (who, name) = (called(given.service), &given.cookie.name);
        let reason = given.cookie.refused.as_deref().unwrap_or("its attributes");
        let is_changed = is_changed_on_the_way(case.evidence, &given, |cookie| {
            (&cookie.domain, &cookie.path, cookie.secure, &cookie.same_site)
                != (&given.cookie.domain, &given.cookie.path, given.cookie.secure, &given.cookie.same_site)
        });
        let fix = if is_changed {
            leave_it_alone(&given)
        } else {
            Fix::advice(format!("Correct the attributes of {name} at the {who}: {reason}."))
        };
        Candidate {
            cause: format!("Browsers refuse the cookie {name} that the {who} sets ({reason}): nobody stays signed in."),
            fix: Some(fix),
            observations: observed(&[given]),
            explains,
        }
    };
    cookies.into_values().map(candidate).collect()
}
