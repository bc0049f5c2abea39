//! `edge-smoke faults`: known misconfigurations in, a score out.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use scenario::model::{Mode, Service, StackKind};

use super::inputs::{self, Inputs};
use super::{check, interrupt, load, stack_choice};
use crate::campaign::{Campaign, Ground, Score, Told, Trial, compare};
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::{CommandError, FaultStack, FaultsArgs, ScoreFormat};
use crate::engine::journey::SCENARIO_TIMEOUT;
use crate::fault::Fault;
use crate::proof;
use crate::report::campaign::{self as show, Live};
use crate::report::{self, Report, Style};
use crate::stack::StackOptions;

/// Injects each fault, and scores what was seen and named.
///
/// # Errors
/// The command line or a file is wrong; the campaign could not be held, or its score not be written.
pub async fn faults(args: FaultsArgs, environment: &Environment) -> Result<Exit, CommandError> {
    let color = environment.color_on_stderr();
    let wrong = |errors: Vec<_>| check::wrong_files(&errors, color);
    let faults = chosen(&args, load::faults(&args.files).map_err(wrong)?)?;
    let plans = load::plans(&args.scenarios).map_err(wrong)?;
    let kind = match args.stack {
        FaultStack::Embedded => StackKind::Embedded,
        FaultStack::Containers => StackKind::Containers,
    };
    let base = args.base.as_deref().map(|file| read_base(file, kind)).transpose()?;
    inputs::check(&plans, &Inputs::default(), kind).map_err(wrong)?;
    let asked = plans.iter().flat_map(|plan| plan.services()).chain([Service::Edge]).collect();
    let ground = ground(&args, kind, asked, environment).await;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (jobs, proof_within) = match args.stack {
        FaultStack::Embedded => (args.jobs.unwrap_or(8 * cores), proof::WITHIN),
        // Several would starve each other of memory and cores, and what times out would say nothing.
        FaultStack::Containers => (1, proof::WITHIN_ON_CONTAINERS),
    };
    let cancel = interrupt::token().map_err(|error| CommandError::broken(format!("error: signals: {error}")))?;
    let timeout = args.timeout.unwrap_or(SCENARIO_TIMEOUT);
    let campaign = Arc::new(Campaign { ground, plans, jobs, timeout, proof_within, cancel });
    let started = Instant::now();
    let screen = Arc::new(Screen::new(&args, environment, faults.len()));
    let telling = screen.clone();
    let trials = campaign.run(faults, move |told| telling.tell(told)).await;
    if campaign.cancel.is_cancelled() {
        screen.live().clear();
        return Err(CommandError {
            text: "interrupted: nothing is scored, and all stacks are torn down".to_owned(),
            exit: Exit::Interrupted,
        });
    }
    let outcomes = trials.into_iter().map(|trial| trial.outcome).collect();
    let score = Score::new(&kind.to_string(), started.elapsed().as_secs_f64() * 1000.0, outcomes);
    let worse = base.map(|base| compare::worse(&base, &score, args.filter.is_empty())).unwrap_or_default();
    screen.finish(&score, &worse)?;
    Ok(if score.holds && worse.is_empty() { Exit::Pass } else { Exit::Fix })
}

/// The faults that the command line asks for; before a whole catalogue, the stack with nothing wrong.
fn chosen(args: &FaultsArgs, all: Vec<Fault>) -> Result<Vec<Fault>, CommandError> {
    let healthy = Fault::none();
    if args.filter.is_empty() {
        let is_there = all.iter().any(|fault| fault.id == healthy.id);
        return Ok((!is_there).then_some(healthy).into_iter().chain(all).collect());
    }
    let number = all.len();
    let fits = |fault: &Fault| args.filter.iter().any(|text| fault.id.contains(text.as_str()));
    let chosen: Vec<Fault> = all.into_iter().filter(fits).collect();
    if chosen.is_empty() {
        return Err(CommandError::usage(format!("error: none of the {number} faults fits --filter")));
    }
    Ok(chosen)
}

/// An earlier score on the same kind of stack.
fn read_base(file: &Path, kind: StackKind) -> Result<Score, CommandError> {
    let wrong = |reason: String| CommandError::usage(format!("error: --base: {}: {reason}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let score = Score::from_json(&text).map_err(wrong)?;
    if score.stack != kind.to_string() {
        let reason = format!("it is a score on {}, and this is one on {kind}: they can't be compared", score.stack);
        return Err(wrong(reason));
    }
    Ok(score)
}

async fn ground(args: &FaultsArgs, kind: StackKind, asked: BTreeSet<Service>, environment: &Environment) -> Ground {
    let mut options = StackOptions {
        images: crate::images::overrides(&|name| environment.variables.get(name).cloned()),
        // Only who asks for containers by name waits for downloads.
        pull: args.stack == FaultStack::Containers,
        ..StackOptions::new(Mode::Subpath)
    };
    options.images.extend(args.images.iter().map(|choice| (choice.service, choice.image.clone())));
    let mut services = stack_choice::had(kind, asked);
    if kind == StackKind::Containers
        && let Some(lacking) = stack_choice::lacking(&services, &options).await
    {
        services.retain(|service| !lacking.services.contains(service));
    }
    Ground { kind, services, options }
}

/// What people see, and where files go.
struct Screen {
    format: ScoreFormat,
    verbose: bool,
    style: Style,
    folder: std::path::PathBuf,
    live: Mutex<Live>,
    /// The first report that could not be written.
    unwritten: Mutex<Option<report::WriteError>>,
}

impl Screen {
    fn new(args: &FaultsArgs, environment: &Environment, total: usize) -> Self {
        let is_human = args.format == ScoreFormat::Human;
        let style = super::run::style(is_human, environment);
        let to: Box<dyn Write + Send> =
            if is_human { Box::new(std::io::stdout()) } else { Box::new(std::io::stderr()) };
        let mut live = Live::new(style, to, total);
        live.write(&format!("{}\n", show::heading(style)));
        let folder = args.report_dir.join("faults");
        let (live, unwritten) = (Mutex::new(live), Mutex::new(None));
        Self { format: args.format, verbose: args.verbose, style, folder, live, unwritten }
    }

    fn live(&self) -> std::sync::MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, told: Told<'_>) {
        match told {
            Told::Began(id) => self.live().began(id),
            Told::Ended(id) => self.live().ended(id),
            Told::Result(trial) => self.result(trial),
        }
    }

    fn result(&self, trial: &Trial) {
        let mut text = format!("{}\n", show::row(&trial.outcome, self.style));
        if let Some(observed) = &trial.observed {
            let (evidence, judgement) = (observed.evidence.clone(), observed.judgement.clone());
            let report = Report {
                proof: observed.attempts.clone(),
                ..Report::from_parts(observed.started, observed.duration, evidence, judgement)
            };
            if self.verbose {
                text.push_str(&show::details(&report));
            }
            let json = report.to_json().unwrap_or_default();
            let written = report::write_into(&self.folder.join(&trial.outcome.id), &[("report.json", &json)]);
            if let Err(error) = written {
                self.unwritten.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
        }
        self.live().write(&text);
    }

    /// Writes the score, and says what it is.
    fn finish(&self, score: &Score, worse: &[String]) -> Result<(), CommandError> {
        let broken = |text: String| CommandError::broken(format!("error: {text}"));
        let json = score.to_json().map_err(|error| broken(error.to_string()))?;
        let markdown = show::markdown(score);
        let written = report::write_into(&self.folder, &[("score.md", &markdown), ("score.json", &json)]);
        self.live().write(&show::ending(score, worse, self.style));
        let mut out = std::io::stdout().lock();
        let delivered = match self.format {
            ScoreFormat::Human => Ok(()),
            ScoreFormat::Json => out.write_all(json.as_bytes()).and_then(|()| out.flush()),
            ScoreFormat::Markdown => out.write_all(markdown.as_bytes()).and_then(|()| out.flush()),
        };
        delivered.map_err(|error| broken(format!("standard output: {error}")))?;
        let unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner).take();
        written.map_err(|error| broken(error.to_string()))?;
        unwritten.map_or(Ok(()), |error| Err(broken(error.to_string())))
    }
}
