//! The chat: what it does wrong by itself, which no setting and no route cures, and what it is told of its users, its command and its tokens.

pub(super) mod actions_from_elsewhere;
pub(super) mod answer_at_once;
pub(super) mod command_fails;
pub(super) mod first_cookie_only;
pub(super) mod forge_token_refused;
pub(super) mod gate_answers_anybody;
pub(super) mod history_of_others;
pub(super) mod identity_believed;
pub(super) mod navigation_unknown;
pub(super) mod origin_unchecked;
pub(super) mod page_without_policy;
pub(super) mod redirects_programs;
pub(super) mod repeats_actions;
pub(super) mod repository_unchecked;
pub(super) mod session_fixed;
pub(super) mod session_outlived;
pub(super) mod sign_out_ignored;
pub(super) mod socket_outlives_session;
pub(super) mod socket_unlimited;
pub(super) mod strangers_admitted;
pub(super) mod token_told;
pub(super) mod user_not_listed;

use super::case::{Candidate, Case, Symptom};
use super::view::{origin, public_url, service_of};
use crate::evidence::{Exchange, ResponseRecord, StackFacts};
use crate::fix::Fix;

/// The cookie that holds a session.
const SESSION: &str = "disinto_chat_session";

/// What a step that failed asked the chat last, and what came.
struct Asked<'a> {
    symptom: &'a Symptom<'a>,
    stack: &'a StackFacts,
    exchange: &'a Exchange,
    response: &'a ResponseRecord,
    /// The path below the chat's root, as it was written.
    path: String,
}

impl<'a> Asked<'a> {
    fn of(symptom: &'a Symptom<'a>, stack: &'a StackFacts) -> Option<Self> {
        let exchange = symptom.last_exchange()?;
        let path = path_at_chat(exchange, stack)?;
        Some(Self { symptom, stack, exchange, response: exchange.response.as_ref()?, path })
    }

    /// A field of the request.
    fn field(&self, name: &str) -> Option<&'a str> {
        field(self.exchange, name)
    }

    /// The request comes from a page of the chat's own.
    fn is_from_own_page(&self) -> bool {
        let own = public_url("chat", self.stack);
        self.field("origin") == Some(origin(&own).as_str())
    }

    /// The answer is a success, or switches protocols.
    fn is_let_in(&self) -> bool {
        matches!(self.response.status, 101 | 200..=299)
    }

    /// This status was expected, alone or among others.
    fn expected_status(&self, statuses: &[&str]) -> bool {
        let failure = self.symptom.failure.filter(|failure| failure.message.starts_with("the status "));
        let expected = failure.and_then(|failure| failure.expected.as_deref()).unwrap_or_default();
        statuses.iter().any(|status| expected.contains(status))
    }

    /// What was asked, in a line.
    fn line(&self) -> String {
        format!("{} {}", self.exchange.request.method, self.exchange.request.url)
    }

    /// The exchanges of its journey before this one.
    fn before(&self) -> Vec<&'a Exchange> {
        let mut history = self.symptom.history();
        history.pop();
        history
    }
}

/// The path below the chat's root of a request that goes there.
fn path_at_chat(exchange: &Exchange, stack: &StackFacts) -> Option<String> {
    let url = &exchange.request.url;
    if service_of(url, stack) != Some("chat") {
        return None;
    }
    let path = super::view::path_of(url);
    // On a host of its own the chat has both.
    Some(path.strip_prefix("/chat").filter(|rest| rest.is_empty() || rest.starts_with('/')).unwrap_or(&path).to_owned())
}

fn field<'a>(exchange: &'a Exchange, name: &str) -> Option<&'a str> {
    let mut fields = exchange.request.headers.iter();
    fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// The exchange gives out a session of the chat's.
fn begins_session(exchange: &Exchange) -> bool {
    let set = exchange.response.iter().flat_map(|response| &response.set_cookies);
    set.into_iter().any(|cookie| cookie.name == SESSION && !cookie.deleted && cookie.refused.is_none())
}

/// The exchange takes the chat's session away.
fn ends_session(exchange: &Exchange) -> bool {
    let set = exchange.response.iter().flat_map(|response| &response.set_cookies);
    set.into_iter().any(|cookie| cookie.name == SESSION && cookie.deleted)
}

/// One finding for all open symptoms of which `cause` says what is wrong; it is in the program, so a person has to see to it.
fn found(case: &Case<'_>, advice: &str, cause: impl Fn(&Asked<'_>) -> Option<String>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let (mut explains, mut first) = (Vec::new(), None);
    for (id, symptom) in case.open() {
        if let Some(cause) = Asked::of(symptom, stack).and_then(|asked| cause(&asked)) {
            explains.push(id);
            first.get_or_insert(cause);
        }
    }
    let candidate = |cause| Candidate { cause, fix: Some(Fix::advice(advice)), observations: Vec::new(), explains };
    first.map(candidate).into_iter().collect()
}
