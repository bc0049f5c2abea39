//! `gate/bypassed`: another spelling of a path gets past the gate.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use url::Url;

use super::super::case::{Candidate, Case, SymptomId};
use super::super::view::{Print, View, service_of, status};
use super::super::{Needs, Rule};
use crate::evidence::{Exchange, StackFacts, StackKind};
use crate::finding::{Class, Observation, Severity};
use crate::fix::{Change, Fix};

pub(in super::super) static RULE: Rule = Rule {
    code: "gate/bypassed",
    class: Class::Security,
    severity: Severity::Error,
    title: "Another spelling of a path gets past the gate",
    explain: "The edge asks the gate on the paths that it takes for gated. Where it compares them as they are written, and what it doesn't \
              recognise is led on all the same, two slashes for one or a letter in per cent are enough: the service reads such a \
              path as what it means.",
    told_by: "A request without a session is let in at a path that means the same, once slashes, dots and per cent are resolved, as one at \
              which it is refused with 401.",
    remedy: "Match with `path`, which normalises what it compares, rather than with an expression on {path}; lead nothing to \
             a gated service but by its gate; and have the service look for a session itself.",
    references: &[
        "Caddy, request matchers, path",
        "RFC 3986, section 6.2.2",
        "CWE-289: Authentication Bypass by Alternate Name",
    ],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let Some(view) = case.view() else { return Vec::new() };
    let refused: BTreeSet<String> = view
        .seen
        .iter()
        .filter(|seen| status(seen.exchange) == Some(401) && is_of_nobody(seen.exchange))
        .map(|seen| seen.url[..url::Position::AfterPath].to_owned())
        .collect();
    let (mut explains, mut first): (Vec<SymptomId>, Option<(&str, Url)>) = (Vec::new(), None);
    for (id, symptom) in case.open() {
        let Some(exchange) = symptom.last_exchange() else { continue };
        let of_gated = |meant: &Url| refused.contains(meant.as_str()) && !is_anothers(view, stack, meant, exchange);
        let Some((written, meant)) = passed(exchange).filter(|(_, meant)| of_gated(meant)) else { continue };
        explains.push(id);
        first.get_or_insert((written, meant));
    }
    let Some((written, meant)) = first else { return Vec::new() };
    let cause = format!("{written} is let in without a session, which {meant} is not.");
    let observations = vec![Observation::new(format!("GET {meant} → 401, without a session"))];
    vec![Candidate { cause, fix: Some(fix(case, stack, &meant)), observations, explains }]
}

fn fix(case: &Case<'_>, stack: &StackFacts, meant: &Url) -> Fix {
    let advice = "Match the gated paths with `path`, and lead nothing to the service but by its gate.";
    let Some(service) = service_of(meant.as_str(), stack).filter(|_| stack.kind == StackKind::Containers) else {
        return Fix::advice(advice);
    };
    let prefix = meant.path().split('/').nth(1).unwrap_or_default();
    let (name, value) = (format!("@{service} expression"), Some(format!("@{service} path /{prefix}/*")));
    let matcher = Fix::apply("Match the gated paths with `path`.", vec![Change::Directive { name, value }]);
    case.unless_refuted(RULE.code, matcher, advice)
}

/// A request without a session that was let in, at a path that isn't written plainly: its address, and the plain one.
fn passed(exchange: &Exchange) -> Option<(&str, Url)> {
    let is_let_in = matches!(status(exchange), Some(101 | 200..=299));
    let written = exchange.request.url.split(['?', '#']).next().filter(|_| is_let_in && is_of_nobody(exchange))?;
    let (_, rest) = written.split_once("://")?;
    let path = rest.find('/').map(|start| &rest[start..])?;
    let mut meant = Url::parse(written).ok()?;
    meant.set_query(None);
    meant.set_path(&plain(path));
    (meant.path() != path).then_some((written, meant))
}

/// What came is the edge's own answer, or another service's: such a path led elsewhere, and opened nothing.
fn is_anothers(view: &View<'_>, stack: &StackFacts, meant: &Url, exchange: &Exchange) -> bool {
    let Some(response) = &exchange.response else { return true };
    let service = service_of(meant.as_str(), stack);
    let print = Print::of(response);
    let others = view
        .seen
        .iter()
        .filter(|seen| seen.at.as_ref().is_some_and(|(home, _)| Some(view.homes[*home].service.as_str()) != service));
    let mut others = others.filter_map(|seen| seen.response());
    let is_like_others = print.is_some() && others.any(|other| Print::of(other) == print);
    is_like_others || view.is_edges_own(response) || view.is_nobodys_answer(response)
}

/// It shows no session, nor any other proof of who asks.
fn is_of_nobody(exchange: &Exchange) -> bool {
    let is_proof = |name: &str| ["cookie", "authorization"].iter().any(|proof| name.eq_ignore_ascii_case(proof));
    !exchange.request.headers.iter().any(|(name, _)| is_proof(name))
}

/// A path as a service may read it that takes none by the letter: decoded, without empty segments and dots.
fn plain(path: &str) -> String {
    let decoded = percent_decode_str(path).decode_utf8_lossy().replace('\\', "/");
    let mut segments: Vec<&str> = Vec::new();
    for segment in decoded.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let end = if decoded.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_a_path_means() {
        for (written, meant) in [
            ("/chat/history", "/chat/history"),
            ("//chat//history/", "/chat/history/"),
            ("/chat/login/../history", "/chat/history"),
            ("/%63hat/login%2f..%2Fhistory", "/chat/history"),
            ("/chat/login\\..\\history", "/chat/history"),
            ("/../..", "/"),
            ("/", "/"),
        ] {
            assert_eq!(plain(written), meant, "{written}");
        }
    }
}
