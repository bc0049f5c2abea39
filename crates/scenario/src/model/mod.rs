//! What a scenario says: plain values, each with the place in the file that it was read from.

mod api;
mod assets;
mod capture;
mod expect;
mod git;
mod oauth;
mod place;
mod request;
mod websocket;

use std::sync::Arc;
use std::time::Duration;

use crate::span::{Source, Span, Spanned};
use crate::template::Template;

pub use api::{Api, Credentials, UndoCall};
pub use assets::{Assets, AssetsAspect, AssetsPage};
pub use capture::{Capture, CaptureSource};
pub use expect::{Comparison, CookieAspect, CssAspect, Expectation, HopAspect, Operand, Predicate, Subject};
pub use git::{GENERATED_FILE, Git, GitAction, GitAspect, GitFact, GitPush};
pub use oauth::{Attack, OAuth, Refusal, SessionCookie};
pub use place::{Mode, Scheme, Service, StackKind};
pub use request::{BasicAuth, Body, JsonTemplate, Part, PartContent, Request, Submit};
pub use websocket::{
    Awaited, AwaitedKind, Closing, FrameExpectation, FrameSubject, Frames, Message, Turn, TurnAction, WebSocket,
};

/// One journey: one file.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The file that it was read from, for located messages.
    pub source: Arc<Source>,
    /// What the journey is called in reports.
    pub name: Spanned<String>,
    /// A longer text for people.
    pub description: Option<String>,
    /// Labels that `--tag` selects by.
    pub tags: Vec<Spanned<String>>,
    /// Where the journey applies; elsewhere it is skipped.
    pub when: When,
    /// Defaults of variables; the command line overrides them.
    pub vars: Vec<(Spanned<String>, Spanned<Template>)>,
    /// Names of variables that must never be printed. The stack gives their values, or `--secret`.
    pub secrets: Vec<Spanned<String>>,
    /// The longest that the whole journey may take.
    pub timeout: Option<Spanned<Duration>>,
    /// What the user does, in order.
    pub steps: Vec<Step>,
}

/// Conditions under which a scenario or a step applies. An empty list means: anywhere.
#[derive(Debug, Clone, Default)]
pub struct When {
    /// Services that must be part of the stack.
    pub services: Vec<Spanned<Service>>,
    /// Routing modes.
    pub modes: Vec<Spanned<Mode>>,
    /// Schemes of the base URL.
    pub schemes: Vec<Spanned<Scheme>>,
    /// Kinds of stack.
    pub stacks: Vec<Spanned<StackKind>>,
    /// The journey changes data at the services; an external stack needs `--allow-writes`.
    pub writes: bool,
    /// Of a step: a selector that must find something on the last page.
    pub css: Option<Spanned<Template>>,
    /// Of a step: the status codes of which the last answer must have one.
    pub statuses: Vec<Spanned<u16>>,
}

/// One step of a journey.
#[derive(Debug, Clone)]
pub struct Step {
    /// The key that says what the step does (`get`, `submit`, `use` …): where its line and caret point.
    pub span: Span,
    /// A name for people.
    pub name: Option<Spanned<String>>,
    /// Where the step applies; elsewhere it is skipped.
    pub when: When,
    /// What is done.
    pub action: Action,
    /// Whether, and how far, redirects are followed. `None`: not at all.
    pub follow: Option<Follow>,
    /// Where what is expected doesn't hold, the journey doesn't apply here, for this reason, and ends as skipped.
    pub prerequisite: Option<Spanned<String>>,
    /// What must hold of what came back, in the order of the file.
    pub expect: Vec<Expectation>,
    /// What is kept for later steps.
    pub capture: Vec<Capture>,
    /// Repeat the step until all its expectations hold.
    pub retry: Option<Retry>,
    /// The longest that the step may take, its redirects and repetitions included.
    pub timeout: Option<Spanned<Duration>>,
}

/// What a step does.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "nearly all steps are requests or calls, and a file has few")]
pub enum Action {
    /// Send one request.
    Request(Request),
    /// Submit a form of the last page.
    Submit(Submit),
    /// Open a WebSocket, and talk over it.
    WebSocket(WebSocket),
    /// Call an API.
    Api(Api),
    /// Sign in by OAuth 2.
    OAuth(Box<OAuth>),
    /// Clone a repository, or push to it.
    Git(Git),
    /// Make sure that nobody listens at an address.
    Closed(Spanned<Template>),
    /// Load all that a page refers to.
    Assets(Assets),
    /// Run another scenario's steps here.
    Use(Use),
}

impl Action {
    /// The key that names the action in the file, as reports show it (`get`, `submit`, `use`).
    pub fn keyword(&self) -> String {
        match self {
            Action::Request(request) => request.method.value.to_ascii_lowercase(),
            Action::Submit(_) => "submit".to_owned(),
            Action::WebSocket(_) => "websocket".to_owned(),
            Action::Api(_) => "api".to_owned(),
            Action::OAuth(_) => "oauth".to_owned(),
            Action::Git(_) => "git".to_owned(),
            Action::Closed(_) => "closed".to_owned(),
            Action::Assets(_) => "assets".to_owned(),
            Action::Use(_) => "use".to_owned(),
        }
    }

    /// What of the action is a token or a password: secret whether or not the scenario says so.
    pub fn credentials(&self) -> Option<&Spanned<Template>> {
        match self {
            Action::Request(request) => request.basic_auth.as_ref().map(|pair| &pair.password),
            Action::Api(api) => api.credentials.as_ref().and_then(Credentials::secret),
            Action::Git(git) => git.basic_auth.as_ref().map(|pair| &pair.password),
            Action::Assets(assets) => assets.basic_auth.as_ref().map(|pair| &pair.password),
            Action::WebSocket(socket) => socket.basic_auth.as_ref().map(|pair| &pair.password),
            Action::Submit(_) | Action::OAuth(_) | Action::Closed(_) | Action::Use(_) => None,
        }
    }
}

impl Step {
    /// The values that the step keeps while it is under way: what it does afterwards knows them.
    pub fn captures_on_the_way(&self) -> impl Iterator<Item = &Capture> {
        let socket = match &self.action {
            Action::WebSocket(socket) => Some(socket),
            _ => None,
        };
        socket.into_iter().flat_map(WebSocket::captures)
    }

    /// All values that the step keeps, in order.
    pub fn captures(&self) -> impl Iterator<Item = &Capture> {
        self.captures_on_the_way().chain(&self.capture)
    }
}

/// Another scenario's steps.
#[derive(Debug, Clone)]
pub struct Use {
    /// File name of the other scenario, without folder and `.yaml`, looked up beside this one.
    pub scenario: Spanned<String>,
    /// Variables for it.
    pub with: Vec<(Spanned<String>, Spanned<Template>)>,
}

/// How redirects are followed.
#[derive(Debug, Clone, Copy)]
pub struct Follow {
    /// The most redirects that are followed before the step fails.
    pub max_hops: usize,
}

/// Repetition until the expectations hold.
#[derive(Debug, Clone)]
pub struct Retry {
    /// For how long; the last failure is reported.
    pub within: Spanned<Duration>,
    /// The pause between two tries.
    pub every: Duration,
}
