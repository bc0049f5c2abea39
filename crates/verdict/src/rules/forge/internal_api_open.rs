//! `forge/internal-api-open`: strangers reach the forge's internal API, and its token is one that anybody knows.

use super::super::case::{Candidate, Case};
use super::super::view::{all, is_below, path_of, public_url, status};
use super::super::{Needs, Rule};
use crate::evidence::Exchange;
use crate::finding::{Class, Observation, Severity};
use crate::fix::{Change, Fix};

pub(in super::super) static RULE: Rule = Rule {
    code: "forge/internal-api-open",
    class: Class::Security,
    severity: Severity::Error,
    title: "The forge's internal API is open to strangers",
    explain: "The forge's hooks and commands call it by an API below `/api/internal/` that may do everything, with a token \
              as the only lock. Where INTERNAL_TOKEN was left at what a template had in its place, and the edge lets the \
              path through, whoever guesses the placeholder owns the forge.",
    told_by: "A request from outside with a placeholder for a token is answered with success. A 401, 403 or 404 is a \
              refusal, whether it is the edge's or the forge's.",
    remedy: "Have the forge make a token of its own (unset the setting, or `gitea generate secret INTERNAL_TOKEN`), and \
              refuse the path at the edge: `respond /forge/api/internal/* 403`.",
    references: &["Gitea and Forgejo, configuration: security.INTERNAL_TOKEN"],
    needs: Needs { services: &["forge"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let api = format!("{}/api/internal", public_url("forge", stack));
    // Success alone is certain: an error of the forge's own says that the path is there, not that the token is good.
    let is_open = |exchange: &Exchange| {
        let is_success = matches!(status(exchange), Some(200..=299));
        let is_page = exchange
            .response
            .as_ref()
            .and_then(|response| response.header("content-type"))
            .is_some_and(|kind| kind.starts_with("text/html"));
        let has_token = exchange.request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(TOKEN_FIELD));
        // An edge that answers for nobody's path does so with an empty 200.
        let is_empty = exchange.response.as_ref().is_none_or(|response| response.body_bytes == 0);
        is_below(&exchange.request.url, &api) && is_success && has_token && !is_page && !is_empty
    };
    let Some(open) = all(case.evidence).find(|exchange| is_open(exchange)) else { return Vec::new() };
    let explains =
        case.open().filter(|(_, symptom)| symptom.last_exchange().is_some_and(is_open)).map(|(id, _)| id).collect();
    let path = path_of(&api);
    let fix = Fix::apply(
        "Have the forge make a token of its own, and refuse the path at the edge.",
        vec![Change::Setting {
            service: "forge".to_owned(),
            name: "GITEA__security__INTERNAL_TOKEN".to_owned(),
            value: None,
        }],
    );
    vec![Candidate {
        cause: format!(
            "{} answers {} to a request from outside whose token is a placeholder that anybody can guess.",
            open.request.url,
            status(open).unwrap_or_default()
        ),
        fix: Some(fix.line("Caddyfile, before the route of forge", format!("respond {path}/* 403"))),
        observations: vec![Observation::new(format!("{} {}", open.request.method, open.request.url))],
        explains,
    }]
}

/// The field in which Gitea and Forgejo look for the token.
const TOKEN_FIELD: &str = "X-Gitea-Internal-Auth";
