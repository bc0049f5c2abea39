//! Redirects that lead back to where they began.

use url::Url;

use super::claims::Lies;
use super::{Root, View};
use crate::evidence::{Exchange, StepRecord};

/// Redirects that lead in a circle.
#[derive(Debug)]
pub(crate) struct Loop<'a> {
    /// The exchanges of one turn.
    pub(crate) turn: &'a [Exchange],
}

/// Who sent the browser on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hop {
    /// The edge itself, or something that stands between it and the service.
    Edge,
    /// A service, to an address that lacks its prefix.
    Lost(usize),
    /// A service, to an address of its own.
    Service(usize),
}

/// The circle in which a step's redirects ended, if they did.
pub(crate) fn redirect_loop(step: &StepRecord) -> Option<Loop<'_>> {
    let last = step.trace.last()?;
    let next = target(last)?;
    // Redirects alone: whoever submits a form on the way comes back to a page for a reason.
    let chain = step.trace.iter().rev().take_while(|exchange| target(exchange).is_some()).count();
    let chain = &step.trace[step.trace.len() - chain..];
    let is_there = |exchange: &Exchange| Url::parse(&exchange.request.url).is_ok_and(|url| is_same(&url, &next));
    let begin = chain.iter().rposition(is_there)?;
    Some(Loop { turn: &chain[begin..] })
}

/// Where a redirect leads.
pub(super) fn target(exchange: &Exchange) -> Option<Url> {
    let response = exchange.response.as_ref().filter(|response| (300..400).contains(&response.status))?;
    Url::parse(&exchange.request.url).ok()?.join(response.header("location")?).ok()
}

/// The same address: a fragment isn't sent.
fn is_same(one: &Url, other: &Url) -> bool {
    one[..url::Position::AfterQuery] == other[..url::Position::AfterQuery]
}

impl View<'_> {
    /// Who sent the browser on in this exchange.
    pub(crate) fn hop(&self, exchange: &Exchange) -> Option<Hop> {
        let next = target(exchange)?;
        let seen = self.find(exchange)?;
        let response = seen.response()?;
        let Some((home, inner)) = &seen.at else { return Some(Hop::Edge) };
        if inner.is_empty() || self.is_edges_own(response) {
            return Some(Hop::Edge);
        }
        let is_own_origin = Root::of(&next).is_some_and(|root| root.is_same_origin(&self.homes[*home].root));
        if is_own_origin && self.lies(*home, next.path()) == Lies::Outside {
            return Some(Hop::Lost(*home));
        }
        let past = self.direct.iter().filter(|direct| direct.home == *home);
        let mut same = past.filter(|direct| {
            let path = direct.path.split('?').next().unwrap_or_default();
            path == inner || path == seen.url.path()
        });
        // The service itself doesn't redirect there, whichever way it is asked.
        let is_asked = same.clone().any(|direct| direct.response().is_some());
        let redirects =
            same.any(|direct| direct.response().is_some_and(|response| (300..400).contains(&response.status)));
        Some(if is_asked && !redirects { Hop::Edge } else { Hop::Service(*home) })
    }
}
