//! `chat/gate-answers-anybody`: the chat's gate answers whoever asks.

use super::super::case::{Candidate, Case};
use super::super::{Needs, Rule};
use super::{Asked, found};
use crate::finding::{Class, Severity};

pub(in super::super) static RULE: Rule = Rule {
    code: "chat/gate-answers-anybody",
    class: Class::Security,
    severity: Severity::Error,
    title: "The chat's gate answers whoever asks",
    explain: "The edge asks the chat's gate who somebody is, and shows by a secret that it is the edge. A gate \
              that doesn't look at the secret tells anybody whose session a cookie is, and edge and chat have \
              nothing left by which they know each other.",
    told_by: "The gate's address was asked through the edge by a client, without the secret, and answered with \
              success. A gate that looks at the secret answers 403, and 401 to who isn't signed in.",
    remedy: "Have the chat compare X-Forward-Auth-Secret with its FORWARD_AUTH_SECRET, in constant time, and \
              refuse with 403.",
    references: &["Caddy: forward_auth"],
    needs: Needs { services: &["chat"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    found(case, ADVICE, cause)
}

const ADVICE: &str = "Upgrade to a chat whose gate asks for the edge's secret.";

fn cause(asked: &Asked<'_>) -> Option<String> {
    let is_gate = asked.path == "/auth/verify";
    let has_secret = asked.field("x-forward-auth-secret").is_some();
    (is_gate && asked.is_let_in() && !has_secret)
        .then(|| format!("{} without the edge's secret is answered with {}.", asked.line(), asked.response.status))
}
