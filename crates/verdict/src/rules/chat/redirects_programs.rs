//! `chat/redirects-programs`: the gate sends programs to the login as well.

use super::super::case::{Candidate, Case};
use super::super::{Needs, Rule};
use super::{Asked, found};
use crate::finding::{Class, Severity};

pub(in super::super) static RULE: Rule = Rule {
    code: "chat/redirects-programs",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The gate sends programs to the login as well",
    explain: "A person's navigation may be sent to the login. A script, a socket or an action that gets a redirect \
              follows it, or takes it for an answer: the page shows nothing, or the forge's login where data \
              should be, and nobody learns that the session is over.",
    told_by: "Without a session a request that isn't a person's navigation to the page gets a redirect to the \
              chat's login in place of 401: a socket's handshake, something that changes something, or what a \
              script asks for.",
    remedy: "Have the gate answer 401 to everything but GET navigations to the page, told by Accept and Sec- \
              Fetch-Mode.",
    references: &["RFC 9110, section 15.5.2", "Fetch Metadata Request Headers", "Caddy: forward_auth"],
    needs: Needs { services: &["chat"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    found(case, ADVICE, cause)
}

const ADVICE: &str = "Upgrade to a chat whose gate redirects navigations alone.";

fn cause(asked: &Asked<'_>) -> Option<String> {
    let to = asked.response.header("location").filter(|_| (300..400).contains(&asked.response.status))?;
    let is_login = to.split('?').next().is_some_and(|to| to.ends_with("/login"));
    let is_page = asked.exchange.request.method == "GET" && matches!(asked.path.as_str(), "" | "/");
    (is_login && !is_page).then(|| format!("{} is sent to {to} with {}.", asked.line(), asked.response.status))
}
