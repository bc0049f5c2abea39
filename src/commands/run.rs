//! `edge-smoke run`: journeys in, a verdict out.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use scenario::model::{Service, StackKind};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use verdict::evidence::{Evidence, Journey, Outcome, ServiceLog, Trouble};
use verdict::{Verdict, judge};

use super::inputs::{self, Inputs};
use super::select::Selection;
use super::stack_choice::{self, Chosen};
use super::{check, interrupt, load};
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::{CommandError, RunArgs};
use crate::engine::events::{Event, Sink};
use crate::engine::http::Connector;
use crate::engine::http::target::Origin;
use crate::engine::journey::{SCENARIO_TIMEOUT, Surroundings};
use crate::engine::plan::Plan;
use crate::engine::runner::{self, Pace};
use crate::engine::variables::Variables;
use crate::engine::warm_up;
use crate::report::{Format, Report, Reporters, Style};
use crate::stack::embedded::Embedded;
use crate::stack::external::{External, ExternalOptions};
use crate::stack::{Needs, Site, Stack, StackOptions, containers};

/// How many of a service's last log lines a failed run shows.
const LOG_LINES: usize = 20;

/// Runs the scenarios that the command line asks for.
///
/// # Errors
/// The command line or a file is wrong; or the harness broke before it could judge.
pub async fn run(args: RunArgs, environment: &Environment) -> Result<Exit, CommandError> {
    let color = environment.color_on_stderr();
    let all = load::plans(&args.scenarios).map_err(|errors| check::wrong_files(&errors, color))?;
    let number = all.len();
    let selection = Selection { tags: args.tags.clone(), filter: args.filter.clone(), shard: args.shard };
    let plans = selection.of(all);
    if args.list {
        return list(&plans);
    }
    if plans.is_empty() && args.shard.is_none() {
        return Err(CommandError::usage(format!(
            "error: none of the {number} scenarios fits --tag and --filter; `--list` shows what there is"
        )));
    }
    let inputs = inputs::read(&args, environment)?;
    let options = stack_options(&args, environment);
    let asked = plans.iter().flat_map(|plan| plan.services()).chain([Service::Edge]).collect();
    let chosen = stack_choice::choose(&args, &asked, &options).await?;
    let needs = Needs { services: chosen.services.clone() };
    inputs::check(&plans, &inputs, chosen.kind).map_err(|errors| check::wrong_files(&errors, color))?;
    let cancel = interrupt::token().map_err(|error| CommandError::broken(format!("error: signals: {error}")))?;
    let reporters = Arc::new(reporters(args.format, environment));
    Session { args, inputs, options, needs, chosen, plans, cancel, reporters }.run().await
}

/// What would run, a line each.
fn list(plans: &[Arc<Plan>]) -> Result<Exit, CommandError> {
    let width = plans.iter().map(|plan| plan.scenario.source.name.chars().count()).max().unwrap_or_default();
    let mut out = std::io::stdout().lock();
    for plan in plans {
        let scenario = &plan.scenario;
        let tags: Vec<&str> = scenario.tags.iter().map(|tag| tag.value.as_str()).collect();
        let tags = if tags.is_empty() { String::new() } else { format!("  [{}]", tags.join(", ")) };
        writeln!(out, "{:width$}  {}{tags}", scenario.source.name, scenario.name.value)
            .map_err(|error| CommandError::broken(format!("error: standard output: {error}")))?;
    }
    Ok(Exit::Pass)
}

fn stack_options(args: &RunArgs, environment: &Environment) -> StackOptions {
    let mut options = StackOptions {
        tls: args.tls,
        images: crate::images::overrides(&|name| environment.variables.get(name).cloned()),
        // Only who asks for containers by name waits for downloads.
        pull: args.stack == crate::cli::StackChoice::Containers,
        keep: args.keep,
        ..StackOptions::new(args.mode.unwrap_or_default())
    };
    options.images.extend(args.images.iter().map(|choice| (choice.service, choice.image.clone())));
    for (service, name, value) in &args.settings {
        options.environment.entry(*service).or_default().insert(name.clone(), value.clone());
    }
    options
}

pub(super) fn reporters(format: Format, environment: &Environment) -> Reporters {
    let (color, live) = match format {
        Format::Human => (environment.color(), environment.stdout_is_terminal),
        _ => (environment.color_on_stderr(), environment.stderr_is_terminal),
    };
    let style = Style { color, live, width: environment.width(), annotations: environment.annotations() };
    Reporters::new(format, style, Box::new(std::io::stdout()), Box::new(std::io::stderr()))
}

/// A run, once everything that can be known beforehand is known.
struct Session {
    args: RunArgs,
    inputs: Inputs,
    options: StackOptions,
    needs: Needs,
    chosen: Chosen,
    plans: Vec<Arc<Plan>>,
    cancel: CancellationToken,
    reporters: Arc<Reporters>,
}

impl Session {
    async fn run(&self) -> Result<Exit, CommandError> {
        let started = (jiff::Timestamp::now(), Instant::now());
        self.reporters.emit(Event::Notice(self.chosen.notice.clone()));
        let mut evidence = Evidence::default();
        match self.up().await {
            Ok(stack) => {
                evidence.stack_ready_ms = Some(started.1.elapsed().as_secs_f64() * 1000.0);
                let walked = self.walk(stack.as_ref(), &mut evidence).await;
                let torn_down = if self.options.keep { Ok(()) } else { stack.down().await };
                walked?;
                evidence.troubles.extend(torn_down.err());
            }
            Err(trouble) => evidence.troubles.push(trouble),
        }
        if self.cancel.is_cancelled() {
            self.reporters.clear();
            return Err(CommandError {
                text: "interrupted: nothing is claimed, and the stack is torn down".to_owned(),
                exit: Exit::Interrupted,
            });
        }
        let judgement = judge(&evidence);
        let exit = exit_of(judgement.verdict);
        let report = Report::from_parts(started.0, started.1.elapsed(), evidence, judgement);
        self.reporters
            .finish(&report, &self.args.report_dir)
            .map_err(|error| CommandError { text: format!("error: {error}"), exit: delivered_badly(exit) })?;
        Ok(exit)
    }

    async fn up(&self) -> Result<Box<dyn Stack>, Trouble> {
        match self.chosen.kind {
            StackKind::Embedded => Ok(Box::new(Embedded::start(&self.options).await?)),
            StackKind::Containers => {
                // It takes seconds; meanwhile every thread that journeys may run on gets ready for them.
                for _ in 0..Handle::current().metrics().num_workers() {
                    tokio::spawn(warm_up());
                }
                Ok(Box::new(containers::up(&self.needs, &self.options, self.reporters.as_ref(), &self.cancel).await?))
            }
            StackKind::External => {
                let options = ExternalOptions {
                    base_url: self.args.base_url.clone().unwrap_or_default(),
                    mode: self.args.mode,
                    required: self.args.required.iter().copied().collect(),
                    resolve: self.args.resolve.clone(),
                    ca_pem: self.inputs.ca_pem.clone(),
                };
                let site = External::reach(options, &self.needs.services).await?;
                site.notice().into_iter().for_each(|notice| self.reporters.emit(Event::Notice(notice.to_owned())));
                Ok(Box::new(site))
            }
        }
    }

    /// Runs the journeys on a stack that stands, and gathers what is to be known of it.
    async fn walk(&self, stack: &dyn Stack, evidence: &mut Evidence) -> Result<(), CommandError> {
        let facts = stack.facts();
        self.reporters.emit(Event::StackReady(facts.clone()));
        evidence.stack = Some(facts);
        self.hand_out_authority(stack.site())?;
        let surroundings = Arc::new(self.surroundings(stack)?);
        let pace = Pace {
            jobs: self.args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
            fail_fast: self.args.fail_fast,
            retries: self.args.retries,
            cancel: self.cancel.clone(),
        };
        evidence.journeys = runner::run(&self.plans, &surroundings, &pace).await;
        let redactor = surroundings.secrets.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for journey in evidence.journeys.iter_mut().filter(|journey| journey.outcome == Outcome::Failed) {
            let service = service_in_question(journey, stack);
            let lines = stack.logs(service, LOG_LINES).await;
            if !lines.is_empty() {
                let hide = |line: &String| scenario::secret::mask_parameters(&redactor.redact(line)).into_owned();
                let lines = lines.iter().map(hide).collect();
                journey.logs.push(ServiceLog { service: service.as_str().to_owned(), lines });
            }
        }
        evidence.troubles.extend(stack.troubles().await);
        Ok(())
    }

    /// A stack that is kept is there to be looked at, which takes trust in its certificate authority.
    fn hand_out_authority(&self, site: &Site) -> Result<(), CommandError> {
        let (true, Some(pem)) = (self.options.tls && self.options.keep, &site.ca_pem) else { return Ok(()) };
        let path = self.args.report_dir.join("ca.pem");
        std::fs::create_dir_all(&self.args.report_dir)
            .and_then(|()| std::fs::write(&path, pem))
            .map_err(|error| CommandError::broken(format!("error: {}: {error}", path.display())))?;
        let text = format!("its certificate authority, for other clients: {}", path.display());
        self.reporters.emit(Event::Notice(text));
        Ok(())
    }

    fn surroundings(&self, stack: &dyn Stack) -> Result<Surroundings, CommandError> {
        let site = stack.site();
        let broken = |text: String| CommandError::broken(format!("error: {text}"));
        // Names given on the command line win over the stack's.
        let resolve = self.args.resolve.iter().chain(&site.resolve).cloned().collect();
        // Those of the command line, and the stack's own.
        let authorities: Vec<&str> =
            [&self.inputs.ca_pem, &site.ca_pem].into_iter().flatten().map(String::as_str).collect();
        let ca_pem = (!authorities.is_empty()).then(|| authorities.join("\n"));
        let variables = Variables::new(site, self.inputs.variables.clone(), self.inputs.secrets.clone());
        Ok(Surroundings {
            connector: Connector::new(resolve, ca_pem.as_deref()).map_err(|error| broken(error.to_string()))?,
            base: Origin::parse(&site.base_url).map_err(|error| broken(error.to_string()))?,
            mode: site.mode,
            kind: self.chosen.kind,
            services: site.services.keys().copied().chain([Service::Edge]).collect(),
            allow_writes: self.args.allow_writes,
            timeout: self.args.timeout.unwrap_or(SCENARIO_TIMEOUT),
            secrets: Mutex::new(variables.redactor()),
            variables,
            sink: self.reporters.clone(),
        })
    }
}

/// The service that answered last: the one with the longest URL that the last request's begins with; else the edge.
fn service_in_question(journey: &Journey, stack: &dyn Stack) -> Service {
    let exchanges = journey.steps.iter().flat_map(|step| &step.trace);
    let Some(last) = exchanges.last() else { return Service::Edge };
    let url = last.request.url.as_str();
    let is_under =
        |base: &str| url.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    let services = stack.site().services.iter().filter(|(_, base)| is_under(base));
    services.max_by_key(|(_, base)| base.len()).map_or(Service::Edge, |(service, _)| *service)
}

pub(super) fn exit_of(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Pass => Exit::Pass,
        Verdict::Fix => Exit::Fix,
        Verdict::Pivot => Exit::Pivot,
        Verdict::Inconclusive => Exit::Inconclusive,
    }
}

/// A pipeline that reads the report must not take a PASS that it can't find for one.
fn delivered_badly(exit: Exit) -> Exit {
    if exit == Exit::Pass { Exit::Inconclusive } else { exit }
}
