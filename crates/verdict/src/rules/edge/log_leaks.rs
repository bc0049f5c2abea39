//! `edge/log-leaks`: the edge's access log keeps tokens.

use std::collections::BTreeSet;

use crate::finding::{Class, Observation, Severity};
use crate::fix::{Change, Fix};
use crate::rules::case::{Candidate, Case};
use crate::rules::{Needs, Rule};
use crate::sentence::list;

pub(in crate::rules) static RULE: Rule = Rule {
    code: "edge/log-leaks",
    class: Class::Security,
    severity: Severity::Error,
    title: "The edge's access log keeps tokens",
    explain: "Hooks and OAuth carry tokens and codes in the query of a URL. An access log that keeps whole URLs keeps those too, \
              for everybody who may read logs, for as long as they are kept: with a hook's token anybody can start \
              pipelines. Caddy hides `Authorization` and cookies in its log, and nothing of a query.",
    told_by: "A line of the edge's access log with the value of such a parameter in it: a token, a client secret, or a code \
              beside its state. The report shows the line without the value. Errors that the edge logs are no access log.",
    remedy: "Give Caddy's `log` a filter: `format filter { request>uri regexp \\?.* ?*** }`, the same for `Referer` and for \
             `resp_headers>Location`; or keep no access log.",
    references: &["RFC 6750, section 5.3", "RFC 9700, section 4.2.2", "Caddy, log directive, filter"],
    needs: Needs::A_STACK,
    find,
};

/// Parameters whose values are secrets wherever they stand in a URL.
const SECRET: &[&str] =
    &["access_token", "refresh_token", "id_token", "client_secret", "client_assertion", "code_verifier"];
/// What stands for a value that was hidden.
const HIDDEN: &str = "=***";
/// How many lines are shown.
const SHOWN: usize = 4;

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let of_the_edge = case.evidence.logs.iter().filter(|log| log.service == "edge");
    let lines = of_the_edge.flat_map(|log| &log.lines).filter(|line| is_of_access(line));
    let mut names = BTreeSet::new();
    let mut shown = BTreeSet::new();
    for line in lines {
        let found = parameters(line);
        if !found.is_empty() {
            shown.insert(line.as_str());
            names.extend(found);
        }
    }
    if names.is_empty() {
        return Vec::new();
    }
    let quote = shown.into_iter().take(SHOWN).map(str::to_owned).collect();
    let observation =
        Observation { quote, ..Observation::new("lines of the edge's access log, their values hidden here") };
    let named: Vec<&str> = names.into_iter().collect();
    let change = Change::Directive { name: "log".to_owned(), value: Some(FILTERED.to_owned()) };
    vec![Candidate {
        cause: format!("The edge's access log keeps whole URLs, and with them the values of {}.", list(&named)),
        fix: Some(Fix::apply("Leave queries out of the access log.", vec![change])),
        observations: vec![observation],
        explains: Vec::new(),
    }]
}

/// An access log without queries, as Caddy has it.
const FILTERED: &str = "log {\n\tformat filter {\n\t\trequest>uri regexp \\?.* ?***\n\t\trequest>headers>Referer delete\n\t\t\
                        resp_headers>Location delete\n\t}\n}";

/// The line notes a request that was handled, rather than one that ended in an error of the edge's.
fn is_of_access(line: &str) -> bool {
    let is_json = line.trim_start().starts_with('{');
    !is_json || line.contains("\"http.log.access")
}

/// The names of secret parameters whose values stand in the line.
fn parameters(line: &str) -> BTreeSet<&'static str> {
    let has = |name: &str| {
        let value = format!("{name}{HIDDEN}");
        let before = |at: usize| line[..at].ends_with(['?', '&', ';']) || line[..at].ends_with("\\u0026");
        line.match_indices(&value).any(|(at, _)| before(at))
    };
    let mut found: BTreeSet<&'static str> = SECRET.iter().copied().filter(|name| has(name)).collect();
    // A code alone may be a country's; beside its state it is OAuth's.
    if has("code") && has("state") {
        found.insert("code");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_secret_by_their_names_and_their_company() {
        for (line, expected) in [
            ("POST /ci/api/hook?access_token=*** 200", vec!["access_token"]),
            (r#"{"logger":"http.log.access.log0","request":{"uri":"/ci/authorize?code=***&state=***"}}"#, vec!["code"]),
            (r#"{"uri":"/x?a=1\u0026access_token=***"}"#, vec!["access_token"]),
            ("GET /ci/authorize?code=*** 303", vec![]),
            ("GET /ci/authorize?state=*** 303", vec![]),
            ("GET /forge/x?no_access_token=*** 200", vec![]),
            ("GET /forge/x?access_token= 200", vec![]),
            ("GET /forge/ 200", vec![]),
        ] {
            assert_eq!(parameters(line).into_iter().collect::<Vec<_>>(), expected, "{line}");
        }
    }

    #[test]
    fn errors_are_no_access_log() {
        assert!(is_of_access(r#"{"level":"info","logger":"http.log.access","request":{}}"#));
        assert!(is_of_access("127.0.0.1 - - \"GET /x?access_token=*** HTTP/1.1\" 200"));
        assert!(!is_of_access(r#"{"level":"error","logger":"http.log.error","request":{}}"#));
    }
}
