//! `cookie/path-too-narrow`: the session doesn't come back to all of its service.

use std::collections::BTreeMap;

use super::super::case::{Candidate, Case, Symptom};
use super::super::view::{Given, called, covers, given, path_of, sent};
use super::super::{Needs, Rule};
use super::{at_service, is_changed_on_the_way, leave_it_alone, may_be_signed_out, observed, root_path};
use crate::evidence::StackFacts;
use crate::finding::{Class, Severity};
use crate::fix::Fix;

pub(in super::super) static RULE: Rule = Rule {
    code: "cookie/path-too-narrow",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The session cookie's Path is too narrow",
    explain: "A cookie goes along only below its Path. Where that is deeper than the service's prefix, or another one, \
              part of the service never sees the session: one page knows the user, and the next asks for a login.",
    told_by: "The service set the cookie with a Path that doesn't cover its prefix, and a later request to it, outside \
              that Path, went without. A cookie that went along and wasn't understood is another matter.",
    remedy: "Have the service set Path to its public prefix. For Forgejo and Gitea it follows from ROOT_URL, for most \
             others from a setting for the base path.",
    references: &["RFC 6265, section 5.1.4"],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let mut cookies: BTreeMap<(&str, &str), (Given<'_>, String, Vec<usize>)> = BTreeMap::new();
    for (id, symptom) in case.open() {
        if let Some((given, missed)) = narrow(symptom, stack) {
            cookies.entry((given.service, &given.cookie.name)).or_insert((given, missed, Vec::new())).2.push(id);
        }
    }
    let candidate = |(given, missed, explains): (Given<'_>, String, Vec<usize>)| {
        let (service, name, path) = (given.service, &given.cookie.name, given.path());
        let (root, who) = (root_path(service, stack), called(service));
        let is_changed = is_changed_on_the_way(case.evidence, &given, |cookie| {
            cookie.path.as_deref().is_some_and(|path| covers(path, &root))
        });
        let fix = if is_changed {
            leave_it_alone(&given)
        } else {
            Fix::advice(format!("Have the {who} set {name} with Path={root}."))
                .line(format!("what the {who} takes for its base path"), root)
        };
        Candidate {
            cause: format!("The {who} sets its cookie {name} for {path} alone, and {missed} needs it as well."),
            fix: Some(fix),
            observations: observed(&[given]),
            explains,
        }
    };
    cookies.into_values().map(candidate).collect()
}

/// A cookie whose Path doesn't cover its service, and the path that went without it.
fn narrow<'a>(symptom: &Symptom<'a>, stack: &'a StackFacts) -> Option<(Given<'a>, String)> {
    if !may_be_signed_out(symptom) {
        return None;
    }
    let history = symptom.history();
    let all: Vec<Given<'a>> =
        given(&history, stack).into_iter().filter(|given| given.cookie.refused.is_none()).collect();
    let is_wide = |given: &Given<'_>| covers(&given.path(), &root_path(given.service, stack));
    all.iter().filter(|given| !is_wide(given)).find_map(|narrow| {
        let same = |other: &&Given<'_>| (other.service, &other.cookie.name) == (narrow.service, &narrow.cookie.name);
        if all.iter().filter(same).any(is_wide) {
            return None;
        }
        let later = at_service(symptom, narrow.service, &history, stack).into_iter().filter(|(at, _)| *at > narrow.at);
        let mut paths = later.filter_map(|(_, exchange)| {
            let path = path_of(&exchange.request.url);
            let missed = !covers(&narrow.path(), &path) && !sent(exchange).contains(&narrow.cookie.name.as_str());
            missed.then_some(path)
        });
        paths.next().map(|path| (*narrow, path))
    })
}
