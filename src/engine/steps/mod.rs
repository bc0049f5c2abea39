//! What steps do: one file each, one trait.

mod api;
mod assets;
mod closed;
mod git;
mod oauth;
mod request;
mod submit;
mod undo;
pub(crate) mod websocket;

use std::sync::Arc;

use async_trait::async_trait;
use hyper::upgrade::Upgraded;
use scenario::model::{Action, Expectation, Follow};
use scenario::template::Template;
use scenario::{Diagnostic, Source, Span, Spanned};
use scraper::Selector;
use verdict::evidence::{FailureKind, OAuthRecord};

use super::consents::Consents;
use super::desk::Desk;
use super::expect::{self, Observation, describe_hop};
use super::http::target::{Address, Origin};
use super::plan::PlannedStep;
use super::problem::{self, Problem};
use super::variables::Variables;
use super::visitor::{Obstacle, Visitor};
pub(super) use undo::Undo;

/// Something that a user does.
#[async_trait]
pub(super) trait Act: Send + Sync {
    /// Does it. What was seen is left in the visitor's hops and page.
    async fn act(&self, act: &mut Acting<'_>) -> Result<(), Problem>;
}

/// What an action has at hand.
pub(super) struct Acting<'a> {
    /// The step.
    pub(super) planned: &'a PlannedStep,
    /// The user.
    pub(super) visitor: &'a mut Visitor,
    /// The values of variables.
    pub(super) variables: &'a Variables,
    /// The origin that plain paths are relative to.
    pub(super) base: &'a Origin,
    /// Knows the secrets, captured ones included.
    pub(super) desk: &'a Desk<'a>,
    /// The names of variables whose values are secret.
    pub(super) secrets: &'a [String],
    /// Which sign-in is the first at a client.
    pub(super) consents: &'a Consents,
    /// What the action notes down.
    pub(super) noted: &'a mut Noted,
    /// What is to be undone when the journey ends.
    pub(super) undo: &'a mut Vec<Undo>,
}

/// What an action notes down on its way; it stays where a deadline ends the action.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// What doesn't hold, where the action went on all the same.
    pub(super) problems: Vec<Problem>,
    /// What was seen of a sign-in by OAuth.
    pub(super) oauth: Option<OAuthRecord>,
}

/// The code of an action; `None` for `use`, which the plan has replaced by its steps.
pub(super) fn of(action: &Action) -> Option<&dyn Act> {
    match action {
        Action::Request(request) => Some(request),
        Action::Submit(submit) => Some(submit),
        Action::WebSocket(socket) => Some(socket),
        Action::Api(api) => Some(api),
        Action::OAuth(oauth) => Some(&**oauth),
        Action::Git(git) => Some(git),
        Action::Closed(target) => Some(target),
        Action::Assets(assets) => Some(assets),
        Action::Use(_) => None,
    }
}

impl Acting<'_> {
    /// What of these expectations doesn't hold of the last answer.
    fn check(&self, expectations: &[Expectation]) -> Vec<Problem> {
        let Some(page) = &self.visitor.page else { return Vec::new() };
        let observation = Observation {
            source: &self.planned.source,
            visitor: self.visitor,
            page,
            variables: self.variables,
            scope: &self.planned.scope,
            desk: self.desk,
            is_call: false,
        };
        expectations.iter().filter_map(|expectation| expect::check(&observation, expectation).err()).collect()
    }

    fn render(&self, template: &Template) -> Result<String, Problem> {
        problem::render(template, &self.planned.source, &|name| self.lookup(name), &|| self.names())
    }

    /// The value of a variable, those that the step has kept on its way included.
    fn lookup(&self, name: &str) -> Option<String> {
        let kept = self.visitor.kept.iter().rev().find(|kept| kept.name == name);
        kept.map(|kept| kept.value.clone()).or_else(|| self.variables.lookup(&self.planned.scope, name))
    }

    /// The names that have a value, for messages.
    fn names(&self) -> Vec<String> {
        let mut names = self.variables.names(&self.planned.scope);
        names.extend(self.visitor.kept.iter().map(|kept| kept.name.clone()));
        names.sort();
        names.dedup();
        names
    }

    fn render_pairs(&self, pairs: &[(Spanned<String>, Spanned<Template>)]) -> Result<Vec<(String, String)>, Problem> {
        pairs.iter().map(|(name, value)| Ok((name.value.clone(), self.render(&value.value)?))).collect()
    }

    fn diagnostic(&self, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::at(&self.planned.source, span, message)
    }

    fn address(&self, target: &Spanned<Template>) -> Result<Address, Problem> {
        Address::parse(&self.render(&target.value)?, self.base).map_err(|error| {
            Problem::scenario(self.diagnostic(target.span, error.to_string()).help(
                "write a path that starts with `/`, or an address that starts with http://, https:// or a service \
                 such as ${forge}",
            ))
        })
    }

    /// Sends a request, and says in the file's terms what kept it from arriving.
    async fn navigate(&mut self, request: super::http::Outgoing, follow: Option<Follow>) -> Result<(), Problem> {
        let what = format!("{} {}", request.method, request.address);
        let result = self.visitor.navigate(request, follow).await;
        result.map_err(|obstacle| self.obstacle(&what, obstacle))
    }

    /// Sends a request that asks for another protocol. Gives the connection where the server switches to it.
    async fn switch(&mut self, request: super::http::Outgoing) -> Result<Option<Upgraded>, Problem> {
        let what = format!("{} {}", request.method, request.address);
        let result = self.visitor.switch(request).await;
        result.map_err(|obstacle| self.obstacle(&what, obstacle))
    }

    fn obstacle(&self, what: &str, obstacle: Obstacle) -> Problem {
        let span = self.planned.step.span;
        let last = self.visitor.hops.last().map(describe_hop).unwrap_or_else(|| what.to_owned());
        match obstacle {
            Obstacle::Http(error) => {
                let diagnostic = self.diagnostic(span, error.to_string()).label(last).help(error.help());
                Problem { kind: error.kind(), diagnostic }
            }
            Obstacle::Location(reason) => {
                let diagnostic = self
                    .diagnostic(span, "the redirect can't be followed")
                    .label(last)
                    .found(reason)
                    .help("a browser stops here too: correct the Location that the service or the edge sends");
                Problem { kind: FailureKind::Protocol, diagnostic }
            }
            Obstacle::Astray { to } => {
                let diagnostic = self.diagnostic(span, format!("the way leads to {to}, where nothing was sent"));
                Problem { kind: FailureKind::Expectation, diagnostic: diagnostic.label(last) }
            }
            Obstacle::TooManyRedirects { limit } => {
                let hops = &self.visitor.hops;
                let redirects = if limit == 1 { "1 redirect".to_owned() } else { format!("{limit} redirects") };
                let tail: Vec<String> = hops.iter().rev().take(4).rev().map(describe_hop).collect();
                let diagnostic = self
                    .diagnostic(span, format!("{redirects}, and no page yet"))
                    .label(what)
                    .expected(format!("a page after at most {redirects}"))
                    .found(format!("… {}", tail.join("; ")))
                    .help(match expect::repeated(hops) {
                        Some(hop) => format!(
                            "it is a loop: {} {} was asked for again with the same cookies",
                            hop.request.method, hop.request.address
                        ),
                        None => {
                            "each address is a new one: raise `follow: { max_hops: … }` if that is meant".to_owned()
                        }
                    });
                Problem { kind: FailureKind::RedirectLoop, diagnostic }
            }
        }
    }
}

/// Compiles a CSS selector.
pub(super) fn selector(text: &str, source: &Arc<Source>, span: Span) -> Result<Selector, Problem> {
    Selector::parse(text).map_err(|error| {
        Problem::scenario(Diagnostic::at(source, span, format!("`{text}` is no CSS selector")).found(error.to_string()))
    })
}
