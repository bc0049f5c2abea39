//! `chat/navigation-unknown`: the gate takes a person's browser for a program.

use super::super::case::{Candidate, Case};
use super::super::view::status;
use super::super::{Needs, Rule};
use super::{Asked, field, found};
use crate::evidence::Exchange;
use crate::finding::{Class, Severity};

pub(in super::super) static RULE: Rule = Rule {
    code: "chat/navigation-unknown",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The gate takes a person's browser for a program",
    explain: "Browsers say in Sec-Fetch-Dest what they fetch something for, but on secure origins only. A gate \
              that goes by that field alone shows people on plain http a bare 401, without a way to the login.",
    told_by: "A request that asks for text/html, without Sec-Fetch-Dest, got a 401 that is no page; with the field \
              the same request gets one, or a redirect to the login.",
    remedy: "Have the gate look at Accept where Sec-Fetch-Dest isn't sent; or serve the site over https.",
    references: &[
        "Fetch Metadata Request Headers, section 4: sent to potentially trustworthy URLs",
        "RFC 9110, section 12.5.1",
    ],
    needs: Needs { services: &["chat"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    found(case, ADVICE, cause)
}

const ADVICE: &str =
    "Upgrade to a chat whose gate looks at Accept where there is no Sec-Fetch-Dest; or serve the site over https.";

fn cause(asked: &Asked<'_>) -> Option<String> {
    let asks_for_page = asked.field("accept").is_some_and(|accept| accept.contains("text/html"));
    let is_bare = asked.response.status == 401 && asks_for_page && !is_page(asked.exchange);
    // The same with the field.
    let is_known = |exchange: &&Exchange| {
        let is_same = exchange.request.url == asked.exchange.request.url && field(exchange, "sec-fetch-dest").is_some();
        is_same && (status(exchange) == Some(401) && is_page(exchange) || status(exchange) == Some(303))
    };
    (is_bare && asked.field("sec-fetch-dest").is_none() && asked.before().iter().any(is_known))
        .then(|| format!("{} by a browser that sends no Sec-Fetch-Dest is a bare 401.", asked.line()))
}

fn is_page(exchange: &Exchange) -> bool {
    let kind = exchange.response.as_ref().and_then(|response| response.header("content-type"));
    kind.is_some_and(|kind| kind.starts_with("text/html"))
}
