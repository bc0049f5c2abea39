//! The shipped scenarios, run by the engine on a stack that stands.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use edge_smoke::engine::http::Connector;
use edge_smoke::engine::http::target::Origin;
use edge_smoke::engine::journey::Surroundings;
use edge_smoke::engine::plan::Plan;
use edge_smoke::engine::runner::{self, Pace};
use edge_smoke::engine::variables::Variables;
use edge_smoke::stack::Stack;
use scenario::model::{Service, StackKind};
use scenario::{Scenario, Source};
use tokio_util::sync::CancellationToken;
use verdict::evidence::{Journey, Outcome};

/// How a scenario ended: by the name of its file, without its ending.
pub(crate) type Outcomes = BTreeMap<String, Journey>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// Runs all of them.
///
/// # Errors
/// One can't be read, or didn't come to an end.
pub(crate) async fn run(stack: &dyn Stack, kind: StackKind) -> Result<Outcomes, String> {
    let site = stack.site();
    let variables = Variables::new(site, BTreeMap::new(), BTreeMap::new());
    let surroundings = Surroundings {
        connector: Connector::new(site.resolve.clone(), site.ca_pem.as_deref()).map_err(|error| error.to_string())?,
        base: Origin::parse(&site.base_url).map_err(|error| error.to_string())?,
        mode: site.mode,
        kind,
        arrivals: stack.arrivals(),
        consents: Default::default(),
        services: site.services.keys().copied().chain([Service::Edge]).collect(),
        allow_writes: true,
        timeout: Duration::from_secs(60),
        secrets: Mutex::new(variables.redactor()),
        variables,
        refused: Default::default(),
        sink: Arc::new(edge_smoke::engine::events::Nobody),
    };
    let (names, plans): (Vec<String>, Vec<Arc<Plan>>) = plans()?.into_iter().unzip();
    let pace = Pace { jobs: 2, fail_fast: false, waits_after: None, retries: 0, cancel: CancellationToken::new() };
    let journeys = runner::run(&plans, &Arc::new(surroundings), &pace).await;
    let broken: Vec<String> = journeys
        .iter()
        .filter(|journey| journey.outcome == Outcome::Errored)
        .map(|journey| format!("{}: {:?}", journey.file, journey.reason))
        .collect();
    if broken.is_empty() { Ok(names.into_iter().zip(journeys).collect()) } else { Err(broken.join("\n")) }
}

/// Those that failed.
pub(crate) fn failed(outcomes: &Outcomes) -> BTreeSet<&str> {
    let failed = outcomes.iter().filter(|(_, journey)| journey.outcome == Outcome::Failed);
    failed.map(|(name, _)| name.as_str()).collect()
}

/// What went wrong where a scenario failed, in a line each.
pub(crate) fn failures(outcomes: &Outcomes) -> String {
    let failed = outcomes.iter().filter(|(_, journey)| journey.outcome == Outcome::Failed);
    let line = |(name, journey): (&String, &Journey)| {
        let step = journey.steps.iter().find(|step| step.outcome == Outcome::Failed);
        let (kind, line) = step.map_or_else(Default::default, |step| (format!("{:?}", step.kind), step.line));
        let why = step.map_or_else(String::new, |step| format!("{:?}", step.failures));
        format!("{name}, line {line}, {kind}: {}", why.chars().take(600).collect::<String>())
    };
    failed.map(line).collect::<Vec<_>>().join("\n")
}

fn plans() -> Result<Vec<(String, Arc<Plan>)>, String> {
    let mut read = BTreeMap::new();
    for entry in std::fs::read_dir(folder()).map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.extension().is_some_and(|ending| ending == "yaml") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
            let scenario: Scenario = scenario::parse(&Source::new(path.display().to_string(), text))
                .map_err(|errors| format!("{name}: {} errors", errors.len()))?;
            read.insert(name, Arc::new(scenario));
        }
    }
    let find = |_: &Source, used: &str| read.get(used).cloned().ok_or_else(Vec::new);
    let plan = |(name, scenario): (&String, &Arc<Scenario>)| {
        let plan = Plan::new(scenario.clone(), &find).map_err(|errors| format!("{name}: {} errors", errors.len()));
        Ok((name.clone(), Arc::new(plan?)))
    };
    read.iter().map(plan).collect()
}
