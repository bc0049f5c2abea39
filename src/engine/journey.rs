//! One scenario from its first step to its last.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use scenario::model::{Action, Assets, AssetsPage, GitAction, Mode, Service, StackKind, When};
use scenario::{Diagnostic, Redactor, Secret, Source, Span};
use verdict::evidence::{FailureKind, Journey, Outcome, StepRecord};

use super::assets;
use super::content;
use super::events::{Event, Sink};
use super::expect::{self, Observation};
use super::http::connect::Connector;
use super::http::error::HttpError;
use super::http::target::Origin;
use super::plan::{Condition, Plan, PlannedStep, Scope};
use super::problem::Problem;
use super::refused::AllRefused;
use super::steps::{self, Act, Acting, Noted, Undo};
use super::trace;
use super::variables::Variables;
use super::visitor::Visitor;

/// The longest that a step may take where it doesn't say.
pub const STEP_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest that a scenario may take where neither it nor the command line says.
pub const SCENARIO_TIMEOUT: Duration = Duration::from_secs(120);

/// What all journeys of a run share.
pub struct Surroundings {
    /// Opens connections.
    pub connector: Connector,
    /// The origin that plain paths are relative to.
    pub base: Origin,
    /// The routing mode.
    pub mode: Mode,
    /// The kind of stack.
    pub kind: StackKind,
    /// The services that are there.
    pub services: Vec<Service>,
    /// Scenarios that change something may run.
    pub allow_writes: bool,
    /// The longest that a scenario may take where it doesn't say.
    pub timeout: Duration,
    /// The variables at the beginning of each journey.
    pub variables: Variables,
    /// Knows every secret of the run, those that journeys met on their way included: for what is read after them, such as
    /// the logs of services.
    pub secrets: Mutex<Redactor>,
    /// Requests that were refused although they carried credentials.
    pub refused: AllRefused,
    /// Where events go.
    pub sink: Arc<dyn Sink>,
}

/// Why the conditions aren't met; `None` where they are.
pub fn unmet(when: &When, surroundings: &Surroundings) -> Option<String> {
    if !when.modes.is_empty() && !when.modes.iter().any(|mode| mode.value == surroundings.mode) {
        return Some(format!("not in {} mode", surroundings.mode));
    }
    let scheme = surroundings.base.scheme.as_str();
    if !when.schemes.is_empty() && !when.schemes.iter().any(|wanted| wanted.value.as_str() == scheme) {
        return Some(format!("not over {scheme}"));
    }
    if !when.stacks.is_empty() && !when.stacks.iter().any(|kind| kind.value == surroundings.kind) {
        return Some(format!("not on the {} stack", surroundings.kind));
    }
    let missing = when.services.iter().find(|service| !surroundings.services.contains(&service.value));
    if let Some(service) = missing {
        return Some(format!("there is no {} here", service.value));
    }
    if when.writes && surroundings.kind == StackKind::External && !surroundings.allow_writes {
        return Some("it writes; give --allow-writes to let it".to_owned());
    }
    None
}

/// Runs a journey. Gives what happened, and the located problems.
pub async fn run(index: usize, plan: &Plan, surroundings: &Surroundings) -> (Journey, Vec<Diagnostic>) {
    let scenario = &plan.scenario;
    let started = Instant::now();
    let mut journey = Journey {
        name: scenario.name.value.clone(),
        file: scenario.source.name.clone(),
        tags: scenario.tags.iter().map(|tag| tag.value.clone()).collect(),
        outcome: Outcome::Passed,
        reason: None,
        duration_ms: 0.0,
        steps: Vec::new(),
        logs: Vec::new(),
    };
    if let Some(reason) = unmet(&scenario.when, surroundings) {
        journey.outcome = Outcome::Skipped;
        journey.reason = Some(reason);
        return (journey, Vec::new());
    }
    let limit = scenario.timeout.as_ref().map_or(surroundings.timeout, |timeout| timeout.value);
    let mut walk = Walk {
        surroundings,
        visitor: Visitor::new(surroundings.connector.clone()),
        variables: surroundings.variables.clone(),
        redactor: surroundings.variables.redactor(),
        secrets: plan.secret_names(),
        hidden: Vec::new(),
        ends: started + limit,
        scenario_limit: limit,
        decided: Vec::new(),
        inapplicable_for: None,
        last_problems: Vec::new(),
        noted: Noted::default(),
        undo: Vec::new(),
    };
    let mut diagnostics = Vec::new();
    for planned in &plan.steps {
        let (record, mut found) = walk.step(planned).await;
        diagnostics.append(&mut found);
        let outcome = record.outcome;
        surroundings.sink.emit(Event::StepFinished { index, step: Box::new(record.clone()) });
        journey.steps.push(record);
        if outcome == Outcome::Failed {
            journey.outcome = Outcome::Failed;
            break;
        }
        if let Some(reason) = walk.inapplicable_for.take() {
            journey.outcome = Outcome::Skipped;
            journey.reason = Some(reason);
            break;
        }
    }
    // However it ended, nothing is left behind.
    while let Some(undo) = walk.undo.pop() {
        let (record, mut found) = walk.take_back(&undo).await;
        diagnostics.append(&mut found);
        if record.outcome == Outcome::Failed {
            journey.outcome = Outcome::Failed;
        }
        surroundings.sink.emit(Event::StepFinished { index, step: Box::new(record.clone()) });
        journey.steps.push(record);
    }
    let is_empty = journey.steps.iter().all(|step| step.outcome == Outcome::Skipped);
    if is_empty && journey.outcome == Outcome::Passed {
        journey.outcome = Outcome::Skipped;
        journey.reason = Some("none of its steps applies here".to_owned());
    }
    journey.duration_ms = trace::milliseconds(started.elapsed());
    (journey, diagnostics)
}

/// A journey on its way.
struct Walk<'a> {
    surroundings: &'a Surroundings,
    visitor: Visitor,
    variables: Variables,
    redactor: Redactor,
    secrets: Vec<String>,
    hidden: Vec<String>,
    ends: Instant,
    scenario_limit: Duration,
    /// Conditions around several steps that were looked at, with what is unmet of them.
    decided: Vec<(Arc<Condition>, Option<String>)>,
    /// A prerequisite that isn't met, with what came.
    inapplicable_for: Option<String>,
    /// Of a step that is tried again: what was wrong with the last try that came to its end.
    last_problems: Vec<Problem>,
    /// What the action at hand notes down.
    noted: Noted,
    /// What is to be undone when the journey ends, in the order in which it was done.
    undo: Vec<Undo>,
}

impl Walk<'_> {
    /// Hides the values that the step sees under the names of secrets, wherever they come from: a `use` may hand them in.
    fn hide_declared(&mut self, planned: &PlannedStep) {
        let values: Vec<String> =
            self.secrets.iter().filter_map(|name| self.variables.lookup(&planned.scope, name)).collect();
        values.iter().for_each(|value| self.hide(value));
    }

    fn hide(&mut self, value: &str) {
        if self.hidden.iter().any(|known| known == value) {
            return;
        }
        self.hidden.push(value.to_owned());
        let mut learned = Redactor::new();
        learned.add(&Secret::new(value));
        self.redactor.learn(&learned);
        self.surroundings.secrets.lock().unwrap_or_else(PoisonError::into_inner).learn(&learned);
    }

    /// Hides what the exchanges of the step carried of codes and tokens, and the credentials of the step itself.
    fn hide_tokens(&mut self, planned: &PlannedStep) {
        let own = planned
            .step
            .action
            .credentials()
            .and_then(|template| template.value.render(&|name| self.variables.lookup(&planned.scope, name)).ok());
        let carried: Vec<String> = self.visitor.hops.iter().flat_map(trace::tokens).collect();
        own.iter().chain(&carried).for_each(|value| self.hide(value));
    }

    async fn step(&mut self, planned: &PlannedStep) -> (StepRecord, Vec<Diagnostic>) {
        let started = Instant::now();
        self.last_problems.clear();
        self.hide_declared(planned);
        let step = &planned.step;
        let mut record = blank(planned, self.title(planned));
        match self.inapplicable(planned) {
            Ok(None) => {}
            Ok(reason) => {
                record.outcome = Outcome::Skipped;
                record.reason = reason;
                return (record, Vec::new());
            }
            Err(problem) => {
                let (failure, diagnostic) = problem.report(&self.redactor);
                record.outcome = Outcome::Failed;
                record.failures.push(failure);
                return (record, vec![diagnostic]);
            }
        }
        let own_limit = step.timeout.as_ref().map(|timeout| timeout.value).unwrap_or_else(|| {
            STEP_TIMEOUT.max(step.retry.as_ref().map_or(Duration::ZERO, |retry| retry.within.value + STEP_TIMEOUT))
        });
        let left = self.ends.saturating_duration_since(started);
        let result = tokio::time::timeout(own_limit.min(left), self.attempts(planned, &mut record.attempts)).await;
        let problems = match result {
            Ok(problems) => problems,
            Err(_) => {
                let (span, limit, whose) = match &step.timeout {
                    _ if left < own_limit => (step.span, self.scenario_limit, "the scenario"),
                    Some(timeout) => (timeout.span, own_limit, "the step"),
                    None => (step.span, own_limit, "the step"),
                };
                let missed = self.timed_out(planned, span, limit, whose);
                // Of a step that is tried again and again, the last answer says more than that time was over.
                let last_problems = std::mem::take(&mut self.last_problems);
                if last_problems.is_empty() { vec![missed] } else { last_problems }
            }
        };
        let problems = self.without_prerequisite(planned, problems, &mut record);
        if !problems.is_empty() {
            record.outcome = Outcome::Failed;
        }
        self.take_kept();
        record.websocket = self.visitor.socket.take().map(|socket| socket.record(&self.redactor));
        self.hide_tokens(planned);
        if let (Action::Git(_), Some(repository)) = (&step.action, &self.visitor.repository) {
            record.git = Some(trace::repository(repository, &self.redactor));
        }
        if record.outcome == Outcome::Failed {
            self.surroundings.refused.note(&self.visitor.hops);
        }
        let of_assets = self.visitor.assets.as_ref().map(assets::hops).unwrap_or_default();
        let hops = self.visitor.hops.iter().chain(of_assets);
        record.trace = hops.map(|hop| trace::exchange(hop, &self.redactor)).collect();
        record.assets = self.visitor.assets.as_ref().map(|book| assets::record(book, &self.redactor));
        let (failures, diagnostics): (Vec<_>, Vec<_>) =
            problems.into_iter().map(|problem| problem.report(&self.redactor)).unzip();
        record.failures = failures;
        record.oauth = self.noted.oauth.take().map(|oauth| trace::oauth(oauth, &self.redactor));
        record.duration_ms = trace::milliseconds(started.elapsed());
        (record, diagnostics)
    }

    /// Takes back what a step did. The journey's own time may be over by then.
    async fn take_back(&mut self, undo: &Undo) -> (StepRecord, Vec<Diagnostic>) {
        let started = Instant::now();
        let planned = undo.planned();
        let mut record = blank(planned, undo.title());
        record.attempts = 1;
        self.visitor.hops.clear();
        self.visitor.focus = None;
        let mut nothing = Vec::new();
        let mut acting = Acting {
            planned,
            visitor: &mut self.visitor,
            variables: &self.variables,
            base: &self.surroundings.base,
            redactor: &self.redactor,
            secrets: &self.secrets,
            noted: &mut self.noted,
            undo: &mut nothing,
        };
        let result = tokio::time::timeout(STEP_TIMEOUT, undo.act(&mut acting)).await;
        let problem = match result {
            Ok(result) => result.err(),
            Err(_) => Some(self.timed_out(planned, planned.step.span, STEP_TIMEOUT, "taking it back")),
        };
        record.trace = self.visitor.hops.iter().map(|hop| trace::exchange(hop, &self.redactor)).collect();
        let (failures, diagnostics): (Vec<_>, Vec<_>) =
            problem.into_iter().map(|problem| problem.report(&self.redactor)).unzip();
        if !failures.is_empty() {
            record.outcome = Outcome::Failed;
        }
        record.failures = failures;
        record.duration_ms = trace::milliseconds(started.elapsed());
        (record, diagnostics)
    }

    /// Where the step is a prerequisite and what it expects doesn't hold, the journey ends here as skipped. What kept it from
    /// being looked at stays a failure.
    fn without_prerequisite(
        &mut self,
        planned: &PlannedStep,
        problems: Vec<Problem>,
        record: &mut StepRecord,
    ) -> Vec<Problem> {
        let is_unmet = !problems.is_empty() && problems.iter().all(|problem| problem.kind == FailureKind::Expectation);
        let Some(prerequisite) = planned.step.prerequisite.as_ref().filter(|_| is_unmet) else { return problems };
        let came = self.visitor.hops.last().map(expect::describe_hop).unwrap_or_default();
        let reason = self.redactor.redact(&format!("{} ({came})", prerequisite.value)).into_owned();
        record.outcome = Outcome::Skipped;
        record.reason = Some(reason.clone());
        self.inapplicable_for = Some(reason);
        Vec::new()
    }

    /// Which of the conditions around the step, or of its own, isn't met; `None` where all are.
    fn inapplicable(&mut self, planned: &PlannedStep) -> Result<Option<String>, Problem> {
        for condition in &planned.conditions {
            if let Some(reason) = self.unmet_around(condition)? {
                return Ok(Some(reason));
            }
        }
        self.unmet_here(&planned.step.when, &planned.scope)
    }

    /// The same of a condition around several steps. The first of them decides, as their own pages are others.
    fn unmet_around(&mut self, condition: &Arc<Condition>) -> Result<Option<String>, Problem> {
        let known = self.decided.iter().find(|(other, _)| Arc::ptr_eq(other, condition));
        if let Some((_, reason)) = known {
            return Ok(reason.clone());
        }
        let reason = self.unmet_here(&condition.when, &condition.scope)?;
        self.decided.push((condition.clone(), reason.clone()));
        Ok(reason)
    }

    fn unmet_here(&self, when: &When, scope: &Scope) -> Result<Option<String>, Problem> {
        if let Some(reason) = unmet(when, self.surroundings) {
            return Ok(Some(reason));
        }
        if when.css.is_none() && when.statuses.is_empty() {
            return Ok(None);
        }
        let Some(observation) = self.observation(&scope.source, scope) else {
            return Ok(Some("there is no page yet".to_owned()));
        };
        let status = observation.page.response.status;
        if !when.statuses.is_empty() && !when.statuses.iter().any(|wanted| wanted.value == status) {
            return Ok(Some(format!("the last answer was {status}")));
        }
        let Some(css) = &when.css else { return Ok(None) };
        let selector = observation.selector(css)?;
        // A page that can't be read has no elements.
        let found = observation.page.look(|document| content::elements(document, &selector, None));
        let is_missing = found.map_or(true, |elements| elements.is_empty());
        Ok(is_missing.then(|| format!("the last page has no `{}`", expect::shown(&css.value))))
    }

    /// The step's name, or else what it does, as written.
    fn title(&self, planned: &PlannedStep) -> String {
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

    /// Tries until nothing is wrong, or the time for trying is over. Gives what was wrong with the last try.
    async fn attempts(&mut self, planned: &PlannedStep, attempts: &mut usize) -> Vec<Problem> {
        let started = Instant::now();
        let page_before = self.visitor.page.clone();
        loop {
            *attempts += 1;
            self.visitor.hops.clear();
            self.visitor.socket = None;
            self.visitor.focus = None;
            self.noted = Noted::default();
            self.visitor.assets = None;
            self.visitor.page.clone_from(&page_before);
            let problems = self.attempt(planned).await;
            let Some(retry) = &planned.step.retry else { return problems };
            let is_final = problems.is_empty() || problems.iter().any(|problem| problem.kind == FailureKind::Scenario);
            if is_final || started.elapsed() + retry.every > retry.within.value {
                return problems;
            }
            self.last_problems = problems;
            tokio::time::sleep(retry.every).await;
        }
    }

    async fn attempt(&mut self, planned: &PlannedStep) -> Vec<Problem> {
        let Some(action) = steps::of(&planned.step.action) else { return Vec::new() };
        let page_before = self.visitor.page.clone();
        if matches!(planned.step.action, Action::Git(_)) {
            self.visitor.repository = None;
        }
        let mut acting = Acting {
            planned,
            visitor: &mut self.visitor,
            variables: &self.variables,
            base: &self.surroundings.base,
            redactor: &self.redactor,
            secrets: &self.secrets,
            noted: &mut self.noted,
            undo: &mut self.undo,
        };
        let result = action.act(&mut acting).await;
        self.take_kept();
        if let Err(problem) = result {
            return vec![problem];
        }
        let mut problems = std::mem::take(&mut self.noted.problems);
        if problems.is_empty() {
            problems = self.expectations(planned);
        }
        if let Some(book) = &self.visitor.assets {
            problems.extend(assets::problems(book, planned));
        }
        if problems.is_empty() {
            problems = self.captures(planned);
        }
        if let Action::WebSocket(_) = planned.step.action {
            // The page that opened it is still the page.
            self.visitor.page = page_before;
        }
        problems
    }

    /// What the step kept on its way are variables from here on.
    fn take_kept(&mut self) {
        for kept in std::mem::take(&mut self.visitor.kept) {
            if kept.secret {
                self.hide(&kept.value);
            }
            self.variables.capture(&kept.name, kept.value);
        }
    }

    fn expectations(&self, planned: &PlannedStep) -> Vec<Problem> {
        let Some(mut observation) = self.observation(&planned.source, &planned.scope) else { return Vec::new() };
        observation.is_call = matches!(planned.step.action, Action::Api(_));
        let expectations = planned.step.expect.iter();
        expectations.filter_map(|expectation| expect::check(&observation, expectation).err()).collect()
    }

    fn captures(&mut self, planned: &PlannedStep) -> Vec<Problem> {
        for capture in &planned.step.capture {
            let Some(observation) = self.observation(&planned.source, &planned.scope) else { return Vec::new() };
            match super::capture::capture(&observation, capture) {
                Ok(value) => {
                    if capture.secret || self.secrets.contains(&capture.name.value) {
                        self.hide(&value);
                    }
                    self.variables.capture(&capture.name.value, value);
                }
                Err(problem) => return vec![problem],
            }
        }
        Vec::new()
    }

    /// What the last exchange left behind; `None` where nothing ever came.
    fn observation<'a>(&'a self, source: &'a Arc<Source>, scope: &'a Scope) -> Option<Observation<'a>> {
        Some(Observation {
            source,
            visitor: &self.visitor,
            page: self.visitor.page.as_ref()?,
            variables: &self.variables,
            scope,
            redactor: &self.redactor,
            is_call: false,
        })
    }

    fn timed_out(&mut self, planned: &PlannedStep, span: Span, after: Duration, whose: &str) -> Problem {
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
fn blank(planned: &PlannedStep, title: String) -> StepRecord {
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
