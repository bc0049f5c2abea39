//! `chat/first-cookie-only`: the chat reads only the first cookie of its name.

use super::super::case::{Candidate, Case};
use super::super::view::status;
use super::super::{Needs, Rule};
use super::{Asked, SESSION, field, found, path_at_chat};
use crate::evidence::Exchange;
use crate::finding::{Class, Severity};

pub(in super::super) static RULE: Rule = Rule {
    code: "chat/first-cookie-only",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The chat reads only the first cookie of its name",
    explain: "A browser sends all cookies of a name that fit, those with the longer path first: one that an \
              earlier setting has left behind, or that another service put there for the whole host, comes along \
              with the right one. A chat that looks at one alone throws people out who are signed in.",
    told_by: "With its own session alone somebody is let in; with another cookie of the same name before it the \
              answer is 401.",
    remedy: "Have the chat try every cookie of the name. For whoever is thrown out now: delete the cookies of the \
              host.",
    references: &["RFC 6265, sections 4.2.2 and 5.4"],
    needs: Needs { services: &["chat"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    found(case, ADVICE, cause)
}

const ADVICE: &str =
    "Upgrade to a chat that tries every cookie of its name; until then delete the stale one in the browser.";

fn cause(asked: &Asked<'_>) -> Option<String> {
    let named = format!("{SESSION}=");
    let count = |exchange: &Exchange| field(exchange, "cookie").map_or(0, |cookies| cookies.matches(&named).count());
    let is_let_in = |exchange: &&Exchange| {
        let is_good = matches!(status(exchange), Some(200..=299));
        is_good && count(exchange) == 1 && path_at_chat(exchange, asked.stack).is_some()
    };
    let several = count(asked.exchange);
    (several > 1 && asked.response.status == 401 && asked.before().iter().any(is_let_in)).then(|| {
        format!(
            "{} with {several} cookies called {SESSION} is a 401, and with the right one alone it isn't.",
            asked.line()
        )
    })
}
