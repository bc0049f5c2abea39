//! `edge-smoke run`: journeys in, a verdict out.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use scenario::model::{Service, StackKind};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use verdict::changes::Changes;
use verdict::evidence::{Evidence, Trouble};
use verdict::{Attempt, Judgement, Verdict, judge};

use super::inputs::{self, Inputs};
use super::select::Selection;
use super::stack_choice::{self, Chosen};
use super::{check, interrupt, load};
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::{CommandError, RunArgs};
use crate::engine::events::{Event, Sink};
use crate::engine::journey::SCENARIO_TIMEOUT;
use crate::engine::plan::Plan;
use crate::engine::runner::Pace;
use crate::engine::warm_up;
use crate::proof::{self, Limits, Proved};
use crate::report::{Format, Report, Reporters, Style, green};
use crate::stack::embedded::Embedded;
use crate::stack::external::{External, ExternalOptions};
use crate::stack::{Changeable, Needs, Site, Stack, StackOptions, containers};
use crate::walk::{Probes, Walk};

/// A scenario that has taken so long waits for somebody, and another begins beside it.
const WAITS_AFTER: Duration = Duration::from_secs(10);

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
    let faults = load::injections(&args.faults).map_err(|errors| check::wrong_files(&errors, color))?;
    let since = args.since.as_deref().map(earlier).transpose()?;
    let about = faults.known.iter().flat_map(|fault| fault.inject.services());
    let asked = plans.iter().flat_map(|plan| plan.services()).chain(about).chain([Service::Edge]).collect();
    let options = faults.inject(stack_options(&args, environment));
    let chosen = stack_choice::choose(&args, &asked, &options).await?;
    for fault in &faults.known {
        if let Some(reason) = fault.inject.inapplicable(chosen.kind, options.mode, &chosen.services) {
            let (id, kind) = (&fault.id, chosen.kind);
            return Err(CommandError::usage(format!("error: --fault: {id} is not applicable on {kind}: {reason}")));
        }
    }
    let needs = Needs { services: chosen.services.clone() };
    inputs::check(&plans, &inputs, chosen.kind).map_err(|errors| check::wrong_files(&errors, color))?;
    let cancel = interrupt::token().map_err(|error| CommandError::broken(format!("error: signals: {error}")))?;
    let reporters = Arc::new(reporters(args.format, environment));
    let faults = faults.known.into_iter().map(|fault| format!("{}: {}", fault.id, fault.title)).collect();
    Session { args, inputs, options, needs, chosen, plans, cancel, reporters, faults, since }.run().await
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

/// The report that is to be compared with.
fn earlier(path: &Path) -> Result<Report, CommandError> {
    let wrong = |why: String| CommandError::usage(format!("error: --since: {why}"));
    let report = green::read(path).map_err(|error| wrong(error.to_string()))?;
    if report.stack.is_none() {
        return Err(wrong(format!("{}: no stack stood in that run, so there is nothing to compare", path.display())));
    }
    Ok(report)
}

pub(super) fn reporters(format: Format, environment: &Environment) -> Reporters {
    let style = style(format == Format::Human, environment);
    Reporters::new(format, style, Box::new(std::io::stdout()), Box::new(std::io::stderr()))
}

/// The style of the stream that people read: standard output, or standard error where programs read that.
pub(super) fn style(on_stdout: bool, environment: &Environment) -> Style {
    let (color, live) = if on_stdout {
        (environment.color(), environment.stdout_is_terminal)
    } else {
        (environment.color_on_stderr(), environment.stderr_is_terminal)
    };
    Style { color, live, width: environment.width(), annotations: environment.annotations() }
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
    /// What is set wrong on purpose.
    faults: Vec<String>,
    /// The report that a failure is compared with, where the user named one.
    since: Option<Report>,
}

/// What a run has come to.
struct Walked {
    evidence: Evidence,
    judgement: Judgement,
    attempts: Vec<Attempt>,
}

impl Walked {
    /// With nothing tried.
    fn of(evidence: Evidence) -> Self {
        Self { judgement: judge(&evidence), evidence, attempts: Vec::new() }
    }
}

impl Session {
    async fn run(&self) -> Result<Exit, CommandError> {
        let started = (jiff::Timestamp::now(), Instant::now());
        self.reporters.emit(Event::Notice(self.chosen.notice.clone()));
        for fault in &self.faults {
            self.reporters.emit(Event::Notice(format!("set wrong on purpose: {fault}")));
        }
        let walked = match self.up().await {
            Ok(mut stack) => {
                let ready_ms = started.1.elapsed().as_secs_f64() * 1000.0;
                let walked = self.walk(stack.as_mut(), ready_ms).await;
                let torn_down = match self.options.keep {
                    // Who called it off finds nothing half changed, and nothing that runs.
                    _ if self.cancel.is_cancelled() => stack.remove().await,
                    true => Ok(()),
                    false => stack.down().await,
                };
                match (walked?, torn_down) {
                    (walked, Ok(())) => walked,
                    (Walked { mut evidence, attempts, .. }, Err(trouble)) => {
                        evidence.troubles.push(trouble);
                        Walked { judgement: judge(&evidence), evidence, attempts }
                    }
                }
            }
            Err(trouble) => Walked::of(Evidence { troubles: vec![trouble], ..Evidence::default() }),
        };
        if self.cancel.is_cancelled() {
            self.reporters.clear();
            return Err(CommandError {
                text: "interrupted: nothing is claimed, and the stack is torn down".to_owned(),
                exit: Exit::Interrupted,
            });
        }
        let Walked { evidence, judgement, attempts } = walked;
        let exit = exit_of(judgement.verdict);
        let mut report = Report::from_parts(started.0, started.1.elapsed(), evidence, judgement);
        report.proof = attempts;
        report.changes = self.changes(&report);
        self.reporters
            .finish(&report, &self.args.report_dir)
            .map_err(|error| CommandError { text: format!("error: {error}"), exit: delivered_badly(exit) })?;
        // What is wrong on purpose is nothing to be held against later runs.
        if self.faults.is_empty() {
            green::keep(&self.args.report_dir, &report, &|file| Path::new(file).exists())
                .map_err(|error| CommandError { text: format!("error: {error}"), exit: delivered_badly(exit) })?;
        }
        Ok(exit)
    }

    /// What is otherwise than in the report that the user named, or in the last green one.
    fn changes(&self, report: &Report) -> Option<Changes> {
        let stack = report.stack.as_ref().filter(|_| report.verdict != Verdict::Pass)?;
        let like = |other: &Report| other.stack.as_ref().map(|other| (other.kind, other.mode));
        if let Some(since) = self.since.as_ref().filter(|since| like(since) != Some((stack.kind, stack.mode))) {
            let (kind, mode) = like(since).map(|(kind, mode)| (kind.as_str(), mode.as_str())).unwrap_or_default();
            let text = format!("--since: that run was on the stack {kind} in mode {mode}: nothing is compared with it");
            self.reporters.emit(Event::Notice(text));
            return None;
        }
        let kept = || match green::last(&self.args.report_dir, stack) {
            Ok(kept) => kept,
            Err(error) => {
                let text = format!("the last green report is of no use, so nothing is compared with it: {error}");
                self.reporters.emit(Event::Notice(text));
                None
            }
        };
        green::since(&self.since.clone().or_else(kept)?, report)
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

    /// Runs the journeys on a stack that stands, gathers what is to be known of it, and tries what is proposed.
    async fn walk(&self, stack: &mut dyn Stack, ready_ms: f64) -> Result<Walked, CommandError> {
        self.reporters.emit(Event::StackReady(stack.facts()));
        self.hand_out_authority(stack.site())?;
        let pace = Pace {
            jobs: self.args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
            fail_fast: self.args.fail_fast,
            // Who says how many at once means it.
            waits_after: self.args.jobs.is_none().then_some(WAITS_AFTER),
            retries: self.args.retries,
            cancel: self.cancel.clone(),
        };
        let walk = Walk {
            resolve: self.args.resolve.clone(),
            ca_pem: self.inputs.ca_pem.clone(),
            variables: self.inputs.variables.clone(),
            secrets: self.inputs.secrets.clone(),
            allow_writes: self.args.allow_writes,
            timeout: self.args.timeout.unwrap_or(SCENARIO_TIMEOUT),
            probes: if self.args.no_probe { Probes::Never } else { Probes::AfterFailure },
            ..Walk::new(self.plans.clone(), pace, self.reporters.clone())
        };
        let broken = |text: String| CommandError::broken(format!("error: {text}"));
        let evidence = walk.on(&*stack).await.map_err(broken)?;
        let walked = Walked::of(Evidence { stack_ready_ms: Some(ready_ms), ..evidence });
        let is_well = walked.judgement.verdict == Verdict::Pass;
        if is_well || self.args.no_proof || self.cancel.is_cancelled() {
            return Ok(walked);
        }
        Ok(match stack.changeable() {
            Some(stack) => self.prove(stack, &walk, walked.evidence).await,
            None => walked,
        })
    }

    /// Tries the fixes, on a stack of ours.
    async fn prove(&self, stack: &mut dyn Changeable, walk: &Walk, evidence: Evidence) -> Walked {
        let within = self.args.proof_timeout.unwrap_or(match self.chosen.kind {
            StackKind::Containers => proof::WITHIN_ON_CONTAINERS,
            StackKind::Embedded | StackKind::External => proof::WITHIN,
        });
        let limits = Limits { within, put_back: self.options.keep, cancel: self.cancel.clone() };
        let Proved { evidence, judgement, attempts, broken } = proof::prove(stack, walk, evidence, &limits).await;
        if let Some(trouble) = broken.filter(|_| self.options.keep) {
            let text = format!("the stack that is kept is not as it was, take it down: {}", trouble.message);
            self.reporters.emit(Event::Notice(text));
        }
        Walked { evidence, judgement, attempts }
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
