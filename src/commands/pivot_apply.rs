//! `edge-smoke pivot --apply`: on the stack that a run left standing, or on one like it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use scenario::model::{Service, StackKind};
use tokio_util::sync::CancellationToken;
use verdict::evidence::{self, Evidence, StackFacts, Trouble};
use verdict::judge;

use super::inputs::{self, Inputs};
use super::pivot::{print, wrong_files};
use super::{interrupt, load, run};
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::{CommandError, PivotArgs};
use crate::engine::events::{Event, Sink};
use crate::engine::plan::Plan;
use crate::engine::runner::Pace;
use crate::pivot::carried_out::{CarriedOut, carry_out, said};
use crate::report::{Format, Report, Reporters};
use crate::stack::containers::{self, Containers};
use crate::stack::embedded::Embedded;
use crate::stack::{Changeable, Needs, Site, Stack, StackOptions};
use crate::walk::Walk;

/// The folder of the report on the new mode, inside the report folder: the report that called for it stays.
const FOLDER: &str = "pivot";

/// A stack that may be changed.
enum Ground {
    /// One that a run left standing.
    Kept(Containers),
    /// One that was stood up for this.
    Ours(Containers),
    /// The same, in this process.
    Embedded(Box<Embedded>),
}

impl Ground {
    fn stack(&mut self) -> &mut dyn Changeable {
        match self {
            Ground::Kept(stack) | Ground::Ours(stack) => stack,
            Ground::Embedded(stack) => stack.as_mut(),
        }
    }
}

/// Carries the fallback out.
///
/// # Errors
/// The scenarios of the report aren't there any more; no stack can be had; the stack could not be put back.
pub(super) async fn apply(
    args: &PivotArgs,
    report: &Report,
    facts: &StackFacts,
    environment: &Environment,
) -> Result<Exit, CommandError> {
    let mut files: Vec<PathBuf> = report.scenarios.iter().map(|journey| PathBuf::from(&journey.file)).collect();
    files.dedup();
    let plans = load::plans(&files).map_err(|errors| wrong_files(&errors, environment))?;
    let kind = match facts.kind {
        evidence::StackKind::Embedded => StackKind::Embedded,
        evidence::StackKind::Containers | evidence::StackKind::External => StackKind::Containers,
    };
    inputs::check(&plans, &Inputs::default(), kind).map_err(|errors| wrong_files(&errors, environment))?;
    let cancel = interrupt::token().map_err(|error| CommandError::broken(format!("error: signals: {error}")))?;
    let reporters = Arc::new(run::reporters(Format::Human, environment));
    let work = Work { args, facts, plans, cancel, reporters };
    let started = (jiff::Timestamp::now(), Instant::now());
    let mut ground =
        work.ground().await.map_err(|trouble| CommandError::broken(format!("error: {}", said(&trouble))))?;
    work.reporters.emit(Event::StackReady(ground.stack().facts()));
    let carried_out = work.carry_out(&mut ground).await;
    work.ending(carried_out, ground, started).await
}

struct Work<'a> {
    args: &'a PivotArgs,
    facts: &'a StackFacts,
    plans: Vec<Arc<Plan>>,
    cancel: CancellationToken,
    reporters: Arc<Reporters>,
}

impl Work<'_> {
    fn say(&self, text: String) {
        self.reporters.emit(Event::Notice(text));
    }

    /// The stack that a run left standing, or else one like it.
    async fn ground(&self) -> Result<Ground, Trouble> {
        let base_url = &self.facts.base_url;
        if self.facts.kind == evidence::StackKind::Embedded {
            self.say(
                "embedded: doubles, stood up anew as the report has them; what was wrong with them isn't known"
                    .to_owned(),
            );
            return Ok(Ground::Embedded(Box::new(Embedded::start(&self.options()).await?)));
        }
        if let Some(kept) = containers::kept(base_url).await? {
            let faults = load::faults_in(kept.injected().faults.clone()).map_err(|errors| Trouble {
                service: None,
                message: "the faults of the kept stack can't be read by this version of edge-smoke".to_owned(),
                help: errors.first().map(|error| error.render(false)),
                log: Vec::new(),
            })?;
            self.say(format!("containers: the stack that a run left standing at {base_url}"));
            let options = faults.inject(kept.options());
            let options = if kept.injected().changed_over { options.changed_over() } else { options };
            return Ok(Ground::Kept(kept.stack(options)?));
        }
        self.say(format!(
            "containers: no stack is left standing at {base_url}, so one is stood up by the report; what was wrong with that one isn't \
             known, so this shows that the fallback works, not that it cures"
        ));
        let asked = self.plans.iter().flat_map(|plan| plan.services()).chain([Service::Edge]);
        let has = |service: &Service| self.facts.services.iter().any(|it| it.name == service.as_str());
        let needs = Needs { services: asked.filter(has).collect::<BTreeSet<Service>>() };
        let stack = containers::up(&needs, &self.options(), self.reporters.as_ref(), &self.cancel).await?;
        Ok(Ground::Ours(stack))
    }

    /// As far as the report says how its stack was.
    fn options(&self) -> StackOptions {
        let image = |service: &evidence::ServiceFacts| {
            let name = Service::PARTS.iter().copied().find(|part| part.as_str() == service.name)?;
            Some((name, service.image.clone()?))
        };
        let images: BTreeMap<Service, String> = self.facts.services.iter().filter_map(image).collect();
        let tls = self.facts.base_url.starts_with("https://");
        StackOptions { tls, images, keep: true, ..StackOptions::new(scenario::model::Mode::Subpath) }
    }

    async fn carry_out(&self, ground: &mut Ground) -> CarriedOut {
        let pace = Pace {
            jobs: std::thread::available_parallelism().map_or(1, usize::from),
            fail_fast: false,
            waits_after: None,
            retries: 0,
            cancel: self.cancel.clone(),
        };
        let walk = Walk::new(self.plans.clone(), pace, self.reporters.clone());
        carry_out(ground.stack(), &walk, &|text| self.say(text)).await
    }

    /// Says what came of it, and leaves behind what is to be left.
    async fn ending(
        &self,
        carried_out: CarriedOut,
        mut ground: Ground,
        started: (jiff::Timestamp, Instant),
    ) -> Result<Exit, CommandError> {
        match carried_out {
            CarriedOut::Green(evidence) => {
                self.report(*evidence, started)?;
                let left = standing(&ground.stack().site().clone());
                let left = match &ground {
                    Ground::Embedded(_) => {
                        "an embedded stack ends with this program: nothing is left standing\n".to_owned()
                    }
                    Ground::Kept(stack) | Ground::Ours(stack) => {
                        format!("{left}this removes it: {}\n", stack.removal_commands())
                    }
                };
                print(&format!("\nthe fallback is carried out, and the scenarios pass in the mode subdomain\n{left}"))?;
                Ok(Exit::Pass)
            }
            CarriedOut::WentBack { why, seen } => {
                if let Some(seen) = seen {
                    self.report(seen.0, started)?;
                }
                self.reporters.clear();
                let (text, torn_down) = match &ground {
                    Ground::Kept(_) => ("the stack is as it was", Ok(())),
                    Ground::Ours(stack) => ("the stack is torn down", stack.remove().await),
                    Ground::Embedded(stack) => ("the stack is torn down", stack.down().await),
                };
                let exit = if self.cancel.is_cancelled() { Exit::Interrupted } else { Exit::Fix };
                match torn_down {
                    Ok(()) => Err(CommandError { text: format!("error: {why}; {text}"), exit }),
                    Err(trouble) => Err(CommandError::broken(format!("error: {why}; besides, {}", said(&trouble)))),
                }
            }
            CarriedOut::LeftHalfway { why, trouble } => {
                self.reporters.clear();
                let rest = match &ground {
                    Ground::Kept(stack) => format!("it stands halfway; this removes it: {}", stack.removal_commands()),
                    Ground::Ours(stack) => {
                        stack.remove().await.err().map_or("it is torn down".to_owned(), |it| said(&it))
                    }
                    Ground::Embedded(_) => "it ends with this program".to_owned(),
                };
                let text = format!("error: {why}\nerror: the stack could not be put back: {}; {rest}", said(&trouble));
                Err(CommandError::broken(text))
            }
        }
    }

    /// The report on the new mode, beside the one that called for it.
    fn report(&self, evidence: Evidence, started: (jiff::Timestamp, Instant)) -> Result<(), CommandError> {
        let judgement = judge(&evidence);
        let report = Report::from_parts(started.0, started.1.elapsed(), evidence, judgement);
        self.reporters
            .finish(&report, &self.args.report_dir.join(FOLDER))
            .map_err(|error| CommandError::broken(format!("error: {error}")))
    }
}

/// Where the stack stands.
fn standing(site: &Site) -> String {
    let services = site.services.iter().map(|(service, url)| format!("  {service} {url}/\n"));
    format!("it is left standing at {}\n{}", site.base_url, services.collect::<String>())
}
