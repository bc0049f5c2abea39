//! A sign-in by OAuth 2.

use super::expect::Expectation;
use super::request::Submit;
use crate::span::{Span, Spanned};
use crate::template::Template;

/// A user's sign-in at a client by way of a provider: the authorization code grant (RFC 6749, section 4.1), as a browser
/// sees it.
#[derive(Debug, Clone)]
pub struct OAuth {
    /// Where the client begins a sign-in: what its button leads to.
    pub start: Spanned<Template>,
    /// The provider's address: the authorization request goes to an address under it.
    pub provider: Spanned<Template>,
    /// The client's address: callback and landing lie under it. `None` stands for the origin of `start`.
    pub client: Option<Spanned<Template>>,
    /// The redirect URI as it is registered with the provider (RFC 6749, section 3.1.2).
    pub redirect_uri: Spanned<Template>,
    /// The provider's login form, for who isn't signed in there.
    pub sign_in: Option<Submit>,
    /// The provider's form that asks the user for consent.
    pub consent: Option<Submit>,
    /// The client's session cookies, each with what must hold of it once the user is signed in.
    pub session: Vec<SessionCookie>,
    /// Sign in a second time, with a fresh session at the client: the provider must ask for nothing.
    pub again: bool,
    /// What the client must refuse, in the order of the file.
    pub refuses: Vec<Refusal>,
}

/// A cookie that is a client's session.
#[derive(Debug, Clone)]
pub struct SessionCookie {
    /// Its name.
    pub name: Spanned<Template>,
    /// What must hold of it; at least that it is there.
    pub expect: Vec<Expectation>,
}

/// Something that the client must refuse at its callback: nobody is signed in afterwards.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// What it is.
    pub attack: Attack,
    /// Its place in the file; that of the step's action where it is tried by default.
    pub span: Span,
    /// How the refusal is seen.
    pub expect: Vec<Expectation>,
}

/// What is sent to a client's callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attack {
    /// A good code with a state that the client didn't give out (RFC 6749, section 10.12).
    ForgedState,
    /// `error=access_denied` with the state that the client gave out (RFC 6749, section 4.1.2.1).
    Error,
    /// A good code and its state, by a browser that never began to sign in: state must be bound to the browser.
    AnotherBrowser,
}

impl Attack {
    /// All of them, in the order in which they are tried.
    pub const ALL: &'static [Attack] = &[Attack::ForgedState, Attack::Error, Attack::AnotherBrowser];

    /// The name in scenarios.
    pub fn as_str(self) -> &'static str {
        match self {
            Attack::ForgedState => "forged_state",
            Attack::Error => "error",
            Attack::AnotherBrowser => "another_browser",
        }
    }

    /// Whether it is tried where the file doesn't say.
    pub fn by_default(self) -> bool {
        self != Attack::AnotherBrowser
    }
}
