//! The question that the edge asks before it lets a request through (`forward_auth`), and what becomes of the answer.

pub(super) mod bypassed;
pub(super) mod login_gated;
pub(super) mod secret_mismatch;
pub(super) mod user_not_copied;

use std::collections::BTreeMap;

use super::case::{Case, SymptomId};
use super::view::{body, json_string, service_of, status};
use crate::evidence::{Exchange, StackFacts};

/// The gated service whose answer names this reason, in the error that it answers with.
pub(super) fn refused_by<'a>(exchange: &Exchange, code: &str, stack: &'a StackFacts) -> Option<&'a str> {
    let is_it = status(exchange) == Some(403) && json_string(body(exchange), "code").as_deref() == Some(code);
    is_it.then(|| service_of(&exchange.request.url, stack)).flatten()
}

/// The open symptoms in whose steps a gated service refused for this reason, by the service.
fn refused<'a>(case: &Case<'a>, code: &str, stack: &'a StackFacts) -> BTreeMap<&'a str, Vec<SymptomId>> {
    case.open_by(|symptom| symptom.history().into_iter().find_map(|exchange| refused_by(exchange, code, stack)))
}
