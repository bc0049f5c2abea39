//! What a scenario says: plain values, each with the place in the file that it was read from.

mod capture;
mod expect;
mod git;
mod place;
mod request;

use std::sync::Arc;
use std::time::Duration;

use crate::span::{Source, Span, Spanned};
use crate::template::Template;

pub use capture::{Capture, CaptureSource};
pub use expect::{Comparison, CookieAspect, CssAspect, Expectation, HopAspect, Operand, Predicate, Subject};
pub use git::{GENERATED_FILE, Git, GitAction, GitAspect, GitFact, GitPush};
pub use place::{Mode, Scheme, Service, StackKind};
pub use request::{BasicAuth, Body, JsonTemplate, Part, PartContent, Request, Submit};

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
pub enum Action {
    /// Send one request.
    Request(Request),
    /// Submit a form of the last page.
    Submit(Submit),
    /// Clone a repository, or push to it.
    Git(Git),
    /// Run another scenario's steps here.
    Use(Use),
}

impl Action {
    /// The key that names the action in the file, as reports show it (`get`, `submit`, `use`).
    pub fn keyword(&self) -> String {
        match self {
            Action::Request(request) => request.method.value.to_ascii_lowercase(),
            Action::Submit(_) => "submit".to_owned(),
            Action::Git(_) => "git".to_owned(),
            Action::Use(_) => "use".to_owned(),
        }
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
