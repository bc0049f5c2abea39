//! `cookie/shadowed`: an older cookie of the same name hides the session.

use std::collections::{BTreeMap, BTreeSet};

use super::super::case::{Candidate, Case, Symptom};
use super::super::view::{Given, called, given, sent};
use super::super::{Needs, Rule};
use super::{at_service, may_be_signed_out, observed};
use crate::evidence::StackFacts;
use crate::finding::{Class, Severity};
use crate::fix::Fix;
use crate::sentence::list;

pub(in super::super) static RULE: Rule = Rule {
    code: "cookie/shadowed",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "A cookie of the same name hides the session",
    explain: "A browser that has two cookies of one name, for different paths, sends both, that with the longer path \
              first; most services read the first. So a stale cookie of an older set-up hides the session, however often \
              the user signs in.",
    told_by: "One service set the name under two paths, and a request of the failed step carries it twice. Where all is \
              well nevertheless, nothing is said: the forge itself copes with a leftover of its own.",
    remedy: "Have the service set the cookie under one path, and delete the other one (`Max-Age=0` with its very Path).",
    references: &["RFC 6265, section 5.4"],
    needs: Needs::A_STACK,
    find,
};

/// Cookies of one name, and the symptoms that follow.
type Twice<'a> = (Vec<Given<'a>>, Vec<usize>);

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let mut cookies: BTreeMap<(&str, &str), Twice<'_>> = BTreeMap::new();
    for (id, symptom) in case.open() {
        if let Some(givens) = shadowed(symptom, stack)
            && let Some(first) = givens.first()
        {
            let key = (first.service, first.cookie.name.as_str());
            cookies.entry(key).or_insert((givens, Vec::new())).1.push(id);
        }
    }
    let candidate = |((service, name), (givens, explains)): ((&str, &str), Twice<'_>)| {
        let paths: BTreeSet<String> = givens.iter().map(Given::path).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let who = called(service);
        Candidate {
            cause: format!(
                "The {who} sets its cookie {name} for {}: browsers send it twice, and the one with the longer path \
                 hides the other.",
                list(&paths)
            ),
            fix: Some(Fix::advice(format!("Have the {who} set {name} under one path, and delete the other one."))),
            observations: observed(&givens),
            explains,
        }
    };
    cookies.into_iter().map(candidate).collect()
}

/// The cookies of one service and one name that a request of the symptom's step carries twice.
fn shadowed<'a>(symptom: &Symptom<'a>, stack: &'a StackFacts) -> Option<Vec<Given<'a>>> {
    if !may_be_signed_out(symptom) {
        return None;
    }
    let history = symptom.history();
    let all: Vec<Given<'a>> =
        given(&history, stack).into_iter().filter(|given| given.cookie.refused.is_none()).collect();
    let is_twice = |one: &&Given<'a>| {
        let name = one.cookie.name.as_str();
        let own = at_service(symptom, one.service, &history, stack);
        own.iter().any(|(at, exchange)| *at > one.at && sent(exchange).iter().filter(|sent| **sent == name).count() > 1)
    };
    let first = all.iter().find(is_twice)?;
    let same: Vec<Given<'a>> = all
        .iter()
        .copied()
        .filter(|other| (other.service, &other.cookie.name) == (first.service, &first.cookie.name))
        .collect();
    let paths: BTreeSet<String> = same.iter().map(Given::path).collect();
    (paths.len() > 1).then_some(same)
}
