//! `chat/actions-from-elsewhere`: another site's page acts in a user's name.

use super::super::case::{Candidate, Case};
use super::super::{Needs, Rule};
use super::{Asked, found};
use crate::finding::{Class, Severity};

pub(in super::super) static RULE: Rule = Rule {
    code: "chat/actions-from-elsewhere",
    class: Class::Security,
    severity: Severity::Error,
    title: "Another site's page acts in a user's name",
    explain: "What changes something has to come from the chat's own page: browsers send cookies with what other \
              sites' pages ask for as well. Where the chat doesn't look at Origin, a page that a signed-in user \
              visits opens issues, starts pipelines and speaks to the model.",
    told_by: "A request that changes something, with a session and the Origin of another site, is answered with \
              success.",
    remedy: "Have the chat compare Origin with its own address for every method but GET and HEAD, and refuse with \
              403. SameSite=Lax on its cookie is no substitute where sites share a domain.",
    references: &["RFC 9110, section 9.2.1", "RFC 6454, section 7", "OWASP: Cross-Site Request Forgery Prevention"],
    needs: Needs { services: &["chat"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    found(case, ADVICE, cause)
}

const ADVICE: &str = "Upgrade to a chat that compares Origin with its own address for whatever changes something.";

fn cause(asked: &Asked<'_>) -> Option<String> {
    let changes = !matches!(asked.exchange.request.method.as_str(), "GET" | "HEAD" | "OPTIONS" | "TRACE");
    let origin = asked.field("origin").filter(|_| changes && asked.is_let_in() && !asked.is_from_own_page())?;
    asked.field("cookie")?;
    Some(format!("{} from a page of {origin} is answered with {}.", asked.line(), asked.response.status))
}
