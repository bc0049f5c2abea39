//! What a step is called, and what is said of one that came to no end.

use std::time::Duration;

use scenario::model::{Action, Assets, AssetsPage, GitAction};
use scenario::{Diagnostic, Span};
use verdict::evidence::{FailureKind, Outcome, StepRecord};

use super::Walk;
use crate::engine::http::error::HttpError;
use crate::engine::plan::PlannedStep;
use crate::engine::problem::Problem;
use crate::engine::{assets, expect};

impl Walk<'_> {
    /// The step's name, or else what it does, as written.
    pub(super) fn title(&self, planned: &PlannedStep) -> String {
        if let Some(name) = &planned.step.name {
            return name.value.clone();
        }
        let template = match &planned.step.action {
            Action::Request(request) => &request.target.value,
            Action::Submit(submit) => &submit.form.value,
            Action::WebSocket(socket) => &socket.target.value,
            Action::Api(api) => {
                let request = &api.request;
                return format!("api {} {}", request.method.value, expect::shown(&request.target.value));
            }
            Action::OAuth(oauth) => &oauth.start.value,
            Action::Git(git) => {
                let verb = if matches!(git.action, GitAction::Clone { .. }) { "clone" } else { "push" };
                return format!("git {verb} {}", expect::shown(&git.url.value));
            }
            Action::Closed(target) => &target.value,
            Action::Assets(Assets { page: AssetsPage::At(target), .. }) => &target.value,
            Action::Assets(_) => return "assets of the last page".to_owned(),
            Action::Use(used) => return used.scenario.value.clone(),
        };
        format!("{} {}", planned.step.action.keyword(), expect::shown(template))
    }

    pub(super) fn timed_out(&mut self, planned: &PlannedStep, span: Span, after: Duration, whose: &str) -> Problem {
        let error = HttpError::Timeout { after };
        let in_flight = self.visitor.hops.last_mut().filter(|hop| hop.response.is_none());
        if let Some(hop) = in_flight {
            hop.error = Some(error.clone());
        }
        let last = self.visitor.hops.last().map(expect::describe_hop).unwrap_or_default();
        let message = format!("{whose} took longer than its {}", scenario::duration::show(after));
        if let Some(socket) = &self.visitor.socket {
            let label =
                format!("open for {}, and {} frames came", scenario::duration::show(socket.age()), socket.received());
            let mut diagnostic = Diagnostic::at(&planned.source, span, message).label(label).help(
                "the WebSocket is open, and what this turn waits for doesn't come; say with `within` how long the server \
                 may take, or raise `timeout:`",
            );
            if let Some(turn) = socket.waiting() {
                diagnostic = diagnostic.related(turn, "it was waiting here");
            }
            return Problem { kind: FailureKind::Timeout, diagnostic };
        }
        let mut diagnostic = Diagnostic::at(&planned.source, span, message).label(last).help(error.help());
        diagnostic.found = self.visitor.assets.as_ref().and_then(assets::pending);
        Problem { kind: FailureKind::Timeout, diagnostic }
    }
}

/// A step of which nothing is known yet.
pub(super) fn blank(planned: &PlannedStep, title: String) -> StepRecord {
    StepRecord {
        file: planned.source.name.clone(),
        line: planned.step.span.line,
        kind: planned.step.action.keyword(),
        title,
        outcome: Outcome::Passed,
        reason: None,
        duration_ms: 0.0,
        attempts: 0,
        failures: Vec::new(),
        trace: Vec::new(),
        oauth: None,
        git: None,
        assets: None,
        websocket: None,
    }
}
