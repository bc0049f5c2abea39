//! The catalogue of faults: what each is expected to be found as, on the embedded stack, and on containers where
//! `EDGE_SMOKE_REQUIRE` names `faults-on-containers` (it takes most of an hour).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use edge_smoke::campaign::{Campaign, Ground, outcome};
use edge_smoke::commands::load;
use edge_smoke::engine::plan::Plan;
use edge_smoke::fault::Fault;
use edge_smoke::stack::{StackOptions, containers, embedded};
use libtest_mimic::{Arguments, Failed, Trial};
use scenario::Diagnostic;
use scenario::model::{Mode, Service, StackKind};
use tokio_util::sync::CancellationToken;

/// The word of `EDGE_SMOKE_REQUIRE` that asks for it on containers.
const ON_CONTAINERS: &str = "faults-on-containers";

fn main() {
    let mut arguments = Arguments::from_args();
    // They wait for pipelines and timers more than they work.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    arguments.test_threads.get_or_insert(2 * cores);
    let plans = read(load::plans(&[folder("scenarios")]));
    let faults = read(load::faults(&[folder("faults")]));
    let asked = std::env::var("EDGE_SMOKE_REQUIRE").unwrap_or_default();
    let mut kinds = vec![StackKind::Embedded];
    if asked.split(',').any(|word| word.trim() == ON_CONTAINERS) {
        kinds.push(StackKind::Containers);
        arguments.test_threads = Some(1);
    }
    let mut trials = Vec::new();
    for kind in kinds {
        let healthy = Fault::none();
        for fault in [&healthy].into_iter().chain(&faults) {
            let (plans, fault) = (plans.clone(), fault.clone());
            let has = services(kind).iter().copied().collect();
            // Shown as ignored: what a stack can't express hasn't passed.
            let is_ignored = fault.inject.inapplicable(kind, Mode::Subpath, &has).is_some();
            let trial = Trial::test(format!("{kind}::{}", fault.id), move || found_as_expected(kind, plans, fault));
            trials.push(trial.with_ignored_flag(is_ignored));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn services(kind: StackKind) -> &'static [Service] {
    match kind {
        StackKind::Embedded => embedded::SERVICES,
        _ => containers::SERVICES,
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read<T>(result: Result<T, Vec<Diagnostic>>) -> T {
    result.unwrap_or_else(|errors| panic!("{}", errors.first().map(|it| it.render(false)).unwrap_or_default()))
}

/// It is seen, its cause is named, verdict and class are right; or nothing is found, where nothing is wrong.
fn found_as_expected(kind: StackKind, plans: Vec<Arc<Plan>>, fault: Fault) -> Result<(), Failed> {
    let has = services(kind);
    let asked = plans.iter().flat_map(|plan| plan.services()).filter(|service| has.contains(service)).collect();
    let campaign = Arc::new(Campaign {
        ground: Ground { kind, services: asked, options: StackOptions::new(Mode::Subpath) },
        plans,
        jobs: 1,
        timeout: Duration::from_secs(60),
        proof_within: Duration::from_secs(120),
        cancel: CancellationToken::new(),
    });
    let runtime = tokio::runtime::Runtime::new()?;
    let trials = runtime.block_on(campaign.run(vec![fault], |_| {}));
    let outcome = &trials.first().ok_or("it was not tried")?.outcome;
    if outcome.not_applicable.is_some() && kind != StackKind::Embedded {
        return Ok(());
    }
    let judged = outcome.judged.as_ref().ok_or_else(|| format!("{:?}", outcome.not_applicable))?;
    let is_right = match outcome.is_innocent() {
        true => judged.is_clean(),
        false => judged.seen && judged.named == Some(true) && judged.class_right == Some(true),
    };
    if is_right { Ok(()) } else { Err(shown(outcome, judged).into()) }
}

fn shown(outcome: &outcome::Outcome, judged: &outcome::Judged) -> String {
    let found: Vec<&str> = judged.findings.iter().map(|found| found.code.as_str()).collect();
    format!(
        "expected {:?}\nfound {} {found:?}: {}\nfailed {:?}",
        outcome.expected,
        judged.verdict.as_str(),
        judged.reason,
        judged.failed
    )
}
