//! `edge-smoke faults`: known misconfigurations in, a score out.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use scenario::model::{Service, StackKind};
use verdict::evidence::{Journey, Outcome as Ended};

use super::inputs::{self, Inputs};
use super::{check, interrupt, load, stack_choice};
use crate::campaign::{Campaign, Ground, Trial};
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::{CommandError, FaultStack, FaultsArgs};
use crate::engine::journey::SCENARIO_TIMEOUT;
use crate::stack::StackOptions;

/// Injects each fault, and scores what was seen and named.
///
/// # Errors
/// The command line or a file is wrong; the campaign could not be held.
pub async fn faults(args: FaultsArgs, environment: &Environment) -> Result<Exit, CommandError> {
    let color = environment.color_on_stderr();
    let wrong = |errors: Vec<_>| check::wrong_files(&errors, color);
    let all = load::faults(&args.files).map_err(wrong)?;
    let plans = load::plans(&args.scenarios).map_err(wrong)?;
    let number = all.len();
    let is_chosen = |id: &str| args.filter.is_empty() || args.filter.iter().any(|text| id.contains(text.as_str()));
    let faults: Vec<_> = all.into_iter().filter(|fault| is_chosen(&fault.id)).collect();
    if faults.is_empty() {
        return Err(CommandError::usage(format!("error: none of the {number} faults fits --filter")));
    }
    let kind = match args.stack {
        FaultStack::Embedded => StackKind::Embedded,
        FaultStack::Containers => StackKind::Containers,
    };
    inputs::check(&plans, &Inputs::default(), kind).map_err(wrong)?;
    let asked = plans.iter().flat_map(|plan| plan.services()).chain([Service::Edge]).collect();
    let ground = ground(&args, kind, asked, environment).await;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = match args.stack {
        FaultStack::Embedded => args.jobs.unwrap_or(2 * cores),
        // They would wait for each other's images, and starve each other.
        FaultStack::Containers => 1,
    };
    let cancel = interrupt::token().map_err(|error| CommandError::broken(format!("error: signals: {error}")))?;
    let timeout = args.timeout.unwrap_or(SCENARIO_TIMEOUT);
    let campaign = Campaign { ground, plans, jobs, timeout, cancel };
    let folder = args.report_dir.join("faults");
    let trials = campaign.run(&faults, |trial| show(trial, &folder, args.verbose)).await;
    if campaign.cancel.is_cancelled() {
        return Err(CommandError {
            text: "interrupted: nothing is scored, and all stacks are torn down".to_owned(),
            exit: Exit::Interrupted,
        });
    }
    drop(trials);
    Ok(Exit::Pass)
}

async fn ground(args: &FaultsArgs, kind: StackKind, asked: BTreeSet<Service>, environment: &Environment) -> Ground {
    let mut options = StackOptions {
        images: crate::images::overrides(&|name| environment.variables.get(name).cloned()),
        pull: args.stack == FaultStack::Containers,
        ..StackOptions::new(scenario::model::Mode::Subpath)
    };
    options.images.extend(args.images.iter().map(|choice| (choice.service, choice.image.clone())));
    let mut services = stack_choice::had(kind, asked);
    if kind == StackKind::Containers && stack_choice::lacks_echo(&services, &options).await {
        services.remove(&Service::Echo);
    }
    Ground { kind, services, options }
}

fn show(trial: &Trial, folder: &Path, verbose: bool) {
    let outcome = &trial.outcome;
    let mut out = std::io::stdout().lock();
    if let Some(reason) = &outcome.not_applicable {
        let _ = writeln!(out, "{:44} not applicable: {reason}", outcome.id);
    }
    let (Some(judged), Some(report)) = (&outcome.judged, &trial.report) else { return };
    let codes: Vec<&str> = judged.findings.iter().map(|found| found.code.as_str()).collect();
    let _ = writeln!(
        out,
        "{:44} {:12} {:5.1} s  {}",
        outcome.id,
        judged.verdict.as_str(),
        outcome.duration_ms / 1000.0,
        codes.join(", ")
    );
    if verbose {
        for finding in &report.findings {
            let _ = writeln!(out, "    {}: {}", finding.code, finding.cause);
            if let Some(fix) = &finding.fix {
                let _ = writeln!(out, "        fix: {}", fix.summary);
            }
        }
        for journey in report.scenarios.iter().filter(|journey| journey.outcome != Ended::Passed) {
            let _ = writeln!(out, "    {}: {}", journey.file, why(journey));
        }
    }
    let folder = folder.join(&outcome.id);
    if let Ok(json) = report.to_json() {
        let _ = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(folder.join("report.json"), json));
    }
}

fn why(journey: &Journey) -> String {
    let step = journey.steps.iter().find(|step| step.outcome == Ended::Failed);
    let failure = step.and_then(|step| step.failures.first().map(|failure| format!("line {}: {failure:?}", step.line)));
    failure.or_else(|| journey.reason.clone()).unwrap_or_default()
}
