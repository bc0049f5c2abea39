//! `ci/no-agent`: pipelines wait, and nobody takes them.

use super::super::case::{Candidate, Case, Symptom};
use super::super::view::{body, direct, log, service_of, status};
use super::super::{Needs, Rule};
use crate::evidence::{Evidence, StackFacts};
use crate::finding::{Class, Observation, Severity};
use crate::fix::{Change, Fix};

pub(in super::super) static RULE: Rule = Rule {
    code: "ci/no-agent",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "No agent takes the CI's pipelines",
    explain: "Agents come to the CI by gRPC, on a port of its own. Behind an edge that speaks plain HTTP/1.1, or at the \
              dashboard's port, they get nowhere; nor does one that has another secret than the server. The dashboard is \
              fine all the while, and pipelines stay pending.",
    told_by: "A pipeline is there and stays `pending`. One that no push started is a matter of webhooks, one that ends \
              in `failure` was taken. The agent's log tells a wrong address from a wrong secret; an agent that isn't \
              running is the stack's trouble.",
    remedy: "Set the agent's WOODPECKER_SERVER to the server's gRPC address, `ci:9000`, not to the edge's; and \
             WOODPECKER_AGENT_SECRET to the server's.",
    references: &["Woodpecker: WOODPECKER_SERVER, WOODPECKER_GRPC_ADDR, WOODPECKER_AGENT_SECRET"],
    needs: Needs { services: &["ci"], ..Needs::A_STACK },
    find,
};

/// Where Woodpecker takes agents where nobody says otherwise (`WOODPECKER_GRPC_ADDR`).
const GRPC_PORT: u16 = 9000;
/// What an agent says that finds no server: words of gRPC and of Go's network.
const NO_CONNECTION: &[&str] = &[
    "unavailable",
    "deadlineexceeded",
    "deadline exceeded",
    "dial tcp",
    "connection refused",
    "no such host",
    "connection error",
    "can't connect",
    "cannot connect",
    "name resolver error",
    "produced zero addresses",
];
/// What one says that the server turns away.
const NOT_LET_IN: &[&str] = &["could not auth", "unauthenticated", "permissiondenied", "not found by token"];
/// The agent, as a part of the stack.
pub(in super::super) const AGENT: &str = "ci-agent";

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let explains: Vec<usize> = case.open().filter(|(_, symptom)| waits(symptom, stack)).map(|(id, _)| id).collect();
    // Without an agent that runs there is nothing to be told it.
    let is_down = case.evidence.troubles.iter().any(|trouble| trouble.service.as_deref() == Some(AGENT));
    if explains.is_empty() || is_down || is_busy(case.evidence) {
        return Vec::new();
    }
    let said =
        log(case.evidence, AGENT).filter(|line| speaks_of(line, NO_CONNECTION) || speaks_of(line, NOT_LET_IN)).last();
    // A connection that didn't come about is said to be one that could not authenticate, too.
    let refused = said.is_some_and(|line| !speaks_of(line, NO_CONNECTION));
    let server = format!("{}:{GRPC_PORT}", host(case));
    let (told, fix) = if refused {
        let summary = "Give the agent the secret that the server has, as WOODPECKER_AGENT_SECRET.";
        let fix = Fix::advice(summary).line(format!("environment of {AGENT}"), "WOODPECKER_AGENT_SECRET=the server's");
        ("the server doesn't let the agent in, whose secret is another one, as the agent's log says".to_owned(), fix)
    } else {
        let setting = Change::Setting {
            service: AGENT.to_owned(),
            name: "WOODPECKER_SERVER".to_owned(),
            value: Some(server.clone()),
        };
        let fix = Fix::apply(format!("Have the agent come to the server's gRPC port, {server}."), vec![setting]);
        let told = match said {
            Some(_) => "the agent doesn't reach the server, as its log says",
            None => "no agent comes to the server's gRPC port, or it isn't let in; the agent's log tells which",
        };
        (told.to_owned(), fix)
    };
    let observation =
        said.map(|line| Observation { quote: vec![line.to_owned()], ..Observation::new("the agent's log") });
    vec![Candidate {
        cause: format!("Pipelines stay pending: {told}."),
        fix: Some(fix),
        observations: observation.into_iter().collect(),
        explains,
    }]
}

/// The CI was asked for a pipeline again and again, and it is still pending.
pub(in super::super) fn waits(symptom: &Symptom<'_>, stack: &StackFacts) -> bool {
    let Some(last) = symptom.last_exchange() else { return false };
    let is_of_ci = service_of(&last.request.url, stack) == Some("ci") && last.request.url.contains("/pipelines");
    let text: String = body(last).chars().filter(|character| !character.is_whitespace()).collect();
    let is_pending = status(last) == Some(200) && text.contains("\"status\":\"pending\"");
    is_of_ci && is_pending && symptom.step.is_some_and(|step| step.attempts > 1)
}

/// An agent that says much and nothing of trouble with its server is there, and has other work, or little time.
pub(in super::super) fn is_busy(evidence: &Evidence) -> bool {
    let mut lines = log(evidence, AGENT).peekable();
    let is_trouble = |line: &str| speaks_of(line, NO_CONNECTION) || speaks_of(line, NOT_LET_IN);
    lines.peek().is_some() && !lines.any(is_trouble)
}

fn speaks_of(line: &str, words: &[&str]) -> bool {
    let line = line.to_lowercase();
    words.iter().any(|word| line.contains(word))
}

/// The server's name among containers: that at which the edge reaches it, if it is a name; else that of the service.
fn host(case: &Case<'_>) -> String {
    let asked = direct(case.evidence, "ci").filter_map(|probe| url::Url::parse(&probe.exchange.request.url).ok());
    let mut names = asked.filter_map(|url| url.domain().map(str::to_owned));
    names.next().unwrap_or_else(|| "ci".to_owned())
}
