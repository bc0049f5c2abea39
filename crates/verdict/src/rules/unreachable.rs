//! `stack/unreachable`: nothing accepts connections where the site should be.

use super::case::{Candidate, Case};
use super::view::is_of_site;
use super::{Needs, Rule};
use crate::evidence::{FailureKind, StackKind};
use crate::finding::{Class, Severity};
use crate::fix::Fix;

pub(super) static RULE: Rule = Rule {
    code: "stack/unreachable",
    class: Class::Infrastructure,
    severity: Severity::Error,
    title: "The site can't be reached",
    explain: "The site's own name doesn't resolve, or its port refuses or breaks connections, so no request reached \
              an edge. Nothing is claimed about what stands there. This is about the site's own origin alone: where the \
              site itself sends a browser on to a name or port that can't be reached, that is the site's mistake and \
              is reported as such.",
    told_by: "No request to the site's own origin got as far as a connection. A name or port that the site itself \
              hands out is another matter: an address handed to the browser.",
    remedy: "Check the address, and that the edge runs and listens where it is asked; --resolve stands in for \
              DNS.",
    references: &["RFC 9110, section 4.3.3"],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let troubles = case.open_by(|symptom| {
        let how = match symptom.kind()? {
            FailureKind::Resolve => "its name does not resolve",
            FailureKind::Connect => "the connection is refused or breaks",
            _ => return None,
        };
        // A step that failed before anything was sent can only have been on its way to the site.
        symptom.last_url().is_none_or(|url| is_of_site(url, stack)).then_some(how)
    });
    let fix = match stack.kind {
        StackKind::External => {
            "Check the address given as --base-url, and that the edge runs and can be reached from this machine."
        }
        StackKind::Embedded | StackKind::Containers => {
            "Run again; if it persists, look at the edge's log lines (--keep leaves the stack standing)."
        }
    };
    let candidate = |(how, explains): (&str, _)| Candidate {
        cause: format!("{} can't be reached: {how}.", stack.base_url),
        fix: Some(Fix::advice(fix)),
        observations: Vec::new(),
        explains,
    };
    troubles.into_iter().map(candidate).collect()
}
