//! Calls of APIs.

use super::request::{BasicAuth, Request};
use crate::span::Spanned;
use crate::template::Template;

/// A call of an API: nobody's browser. No cookies go along unless asked for, redirects aren't followed, and JSON is what
/// is wanted.
#[derive(Debug, Clone)]
pub struct Api {
    /// The request; its `basic_auth` is `None`.
    pub request: Request,
    /// As whom.
    pub credentials: Option<Credentials>,
    /// The call that takes this one back, with the same credentials, when the journey ends.
    pub undo: Option<UndoCall>,
}

/// A call that takes another one back.
#[derive(Debug, Clone)]
pub struct UndoCall {
    /// Its method, in upper case.
    pub method: Spanned<String>,
    /// Its target. It may hold what the other call captured.
    pub target: Spanned<Template>,
}

/// What a caller proves with who they are. All of it is secret.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// The cookies of the journey.
    Session,
    /// The same, with the token that shows that no other site sends the request: `X-CSRF-TOKEN`.
    Csrf(Spanned<Template>),
    /// `Authorization: Bearer` (RFC 6750, section 2.1).
    Bearer(Spanned<Template>),
    /// `Authorization: token`, the scheme of Forgejo, Gitea and GitHub.
    Token(Spanned<Template>),
    /// `Authorization: Basic` (RFC 7617).
    Basic(BasicAuth),
}

impl Credentials {
    /// What of them is secret.
    pub fn secret(&self) -> Option<&Spanned<Template>> {
        match self {
            Credentials::Session => None,
            Credentials::Csrf(token) | Credentials::Bearer(token) | Credentials::Token(token) => Some(token),
            Credentials::Basic(pair) => Some(&pair.password),
        }
    }
}
