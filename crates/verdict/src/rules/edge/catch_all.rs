//! `edge/catch-all`: an address that is nobody's is answered as if it were somebody's.

use url::Url;

use crate::evidence::{Exchange, FailureKind, Mode, ResponseRecord};
use crate::finding::{Class, Severity};
use crate::fix::Fix;
use crate::rules::case::{Candidate, Case, Symptom, SymptomId};
use crate::rules::view::{Root, View, is_empty_ok};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "edge/catch-all",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "An address that is nobody's is answered as somebody's",
    explain: "Where no route matches, Caddy answers 200 without content unless it is told otherwise, and a route for everything \
              answers with a service that was never meant. A status check takes either for a page: a prefix that was lost, a hook \
              that leads nowhere and a registry that isn't there all look well.",
    told_by: "An address below no service's prefix is a success, or a service answers there that it wants to know who asks. That a service's own address gets that answer is \
              `edge/route-unmatched`.",
    remedy: "End the site's block with `respond 404`, after all routes.",
    references: &["Caddy, respond directive", "RFC 9110, section 15.5.5"],
    needs: Needs { modes: &[Mode::Subpath], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(view) = case.view() else { return Vec::new() };
    let is_so = |symptom: &Symptom<'_>| {
        // What didn't come in time, or broke, is no answer.
        let step =
            symptom.step.filter(|step| step.trace.len() == 1 && symptom.kind() == Some(FailureKind::Expectation));
        step.and_then(|step| step.trace.first()).is_some_and(|exchange| is_answered(view, exchange))
    };
    let explains: Vec<SymptomId> = case.open().filter(|(_, symptom)| is_so(symptom)).map(|(id, _)| id).collect();
    if explains.is_empty() {
        return Vec::new();
    }
    let answered = view.seen.iter().filter(|seen| is_answered(view, seen.exchange)).filter_map(|seen| seen.response());
    let what = match answered.min_by_key(|response| (response.status, response.body_bytes)) {
        Some(response) if is_empty_ok(response) => "200 without content".to_owned(),
        Some(response) if response.status >= 300 => format!("{}, by a service", response.status),
        _ => "a page".to_owned(),
    };
    let fix = Fix::advice("Let the edge answer 404 where no route matches.")
        .line("Caddyfile, at the end of the site's block", "respond 404");
    let cause =
        format!("Addresses below {} that are nobody's are answered with {what}, where they should be 404.", view.base);
    vec![Candidate { cause, fix: Some(fix), observations: Vec::new(), explains }]
}

/// A request of the site's own, to no service, that isn't what visitors begin at, and a success.
fn is_answered(view: &View<'_>, exchange: &Exchange) -> bool {
    let Ok(url) = Url::parse(&exchange.request.url) else { return false };
    let is_nobodys = view.at(&url).is_none() && url.path() != "/" && !url.path().starts_with("/.well-known/");
    let is_own = Root::of(&url).is_some_and(|root| root.is_same_origin(&view.base));
    let is_for_all = |response: &ResponseRecord| match response.status {
        // A page that stands at this address alone may be meant to be there.
        200..300 => view.is_nobodys_answer(response),
        // Somebody who isn't the edge wants to know who asks.
        401 | 403 => view.is_passed_on(response),
        _ => false,
    };
    is_nobodys && is_own && exchange.response.as_ref().is_some_and(is_for_all)
}
