//! Healthy stacks that are disturbed: `cargo bench --bench steady -- [RUNS [SEED]] [--all]`.
//!
//! 200 embedded stacks, one after another and a few at a time, are walked with all shipped scenarios, while services answer late,
//! restart (every connection breaks, and none is taken for a while) or stop for good. Nothing of their configuration is wrong, so
//! PASS and INCONCLUSIVE are right, FIX and PIVOT are not: then this ends with 1, with the seed and the findings of each such run.

#![expect(clippy::print_stdout, reason = "a benchmark's table is its output")]

mod chance;
mod gate;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use edge_smoke::engine::events::{Event, Sink};
use edge_smoke::engine::plan::Plan;
use edge_smoke::engine::runner::Pace;
use edge_smoke::stack::embedded::Embedded;
use edge_smoke::stack::{Change, Changeable, Stack, StackOptions};
use edge_smoke::walk::Walk;
use futures_util::StreamExt;
use routes::change::RouteChange;
use scenario::Source;
use scenario::model::{Mode, Service};
use tokio_util::sync::CancellationToken;
use verdict::{Class, Judgement, Verdict, judge};

use chance::Chance;
use gate::Gate;

/// How many stacks stand at once.
const AT_ONCE: usize = 6;
/// A seed for who gives none.
const SEED: u64 = 0x5eed;
/// Who stands behind a route, and may be disturbed.
const SERVICES: [Service; 4] = [Service::Forge, Service::Ci, Service::Staging, Service::Echo];

struct Nobody;

impl Sink for Nobody {
    fn emit(&self, _event: Event) {}
}

/// What one run came to.
struct Came {
    seed: u64,
    disturbed: Vec<String>,
    judgement: Judgement,
}

fn main() -> std::process::ExitCode {
    // Cargo says `--bench` as well.
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u64>().ok());
    let (runs, seed) = (numbers.next().unwrap_or(200), numbers.next().unwrap_or(SEED));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let started = Instant::now();
    println!("{runs} healthy stacks, disturbed; seed {seed}");
    let came: Vec<Came> = runtime.block_on(async {
        let plans = plans();
        let each = (0..runs).map(|number| run(plans.clone(), seed.wrapping_add(number)));
        futures_util::stream::iter(each).buffer_unordered(AT_ONCE).collect().await
    });
    let count = |verdict: Verdict| came.iter().filter(|came| came.judgement.verdict == verdict).count();
    for verdict in Verdict::ALL {
        println!("{:<14} {:>4}", verdict.as_str(), count(*verdict));
    }
    println!("in {:.1} s", started.elapsed().as_secs_f64());
    let mut named = BTreeMap::<&str, usize>::new();
    for finding in came.iter().flat_map(|came| &came.judgement.findings) {
        *named.entry(finding.code.as_str()).or_default() += usize::from(finding.class != Class::Note);
    }
    for (code, times) in named.iter().filter(|(_, times)| **times > 0) {
        println!("  {code:<28} {times:>4}");
    }
    if std::env::args().any(|argument| argument == "--all") {
        came.iter().for_each(show);
    }
    let wrong: Vec<&Came> =
        came.iter().filter(|came| matches!(came.judgement.verdict, Verdict::Fix | Verdict::Pivot)).collect();
    wrong.iter().copied().for_each(show);
    u8::from(!wrong.is_empty()).into()
}

/// A run with its findings and what they rest on.
fn show(came: &Came) {
    println!("\nseed {}: {}\n  {}", came.seed, came.disturbed.join("; "), came.judgement.reason);
    for finding in came.judgement.findings.iter().filter(|finding| finding.class != Class::Note) {
        println!("  {}: {}", finding.code, finding.cause);
        for seen in finding.evidence.iter().take(4) {
            println!("    {}", seen.text);
        }
    }
}

/// The shipped scenarios.
fn plans() -> Vec<Arc<Plan>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut read = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("the scenarios").flatten() {
        let text = std::fs::read_to_string(entry.path()).expect("a scenario");
        let name = format!("scenarios/{}", entry.file_name().display());
        let parsed = scenario::parse(&Source::new(name.clone(), text)).expect("a scenario without mistakes");
        read.insert(name, Arc::new(parsed));
    }
    let find = |_: &Source, used: &str| read.get(used).cloned().ok_or_else(Vec::new);
    read.values().map(|scenario| Arc::new(Plan::new(scenario.clone(), &find).expect("a plan"))).collect()
}

async fn run(plans: Vec<Arc<Plan>>, seed: u64) -> Came {
    let mut chance = Chance::new(seed);
    let mode = if chance.below(4) == 0 { Mode::Subdomain } else { Mode::Subpath };
    let mut stack = Embedded::start(&StackOptions::new(mode)).await.expect("an embedded stack");
    let gates = gates(&mut stack).await;
    let pace = Pace { jobs: 6, fail_fast: false, waits_after: None, retries: 0, cancel: CancellationToken::new() };
    let timeout = Duration::from_secs(20);
    let walk = Walk { allow_writes: true, timeout, ..Walk::new(plans, pace, Arc::new(Nobody)) };
    let done = CancellationToken::new();
    let walking = async {
        let evidence = walk.on(&stack).await.expect("a walk");
        done.cancel();
        evidence
    };
    let (evidence, disturbed) = tokio::join!(walking, disturb(&stack, &gates, &mut chance, &done));
    stack.down().await.expect("a stack that goes down");
    Came { seed, disturbed, judgement: judge(&evidence) }
}

/// A gate before each service.
async fn gates(stack: &mut Embedded) -> BTreeMap<Service, Gate> {
    let mut gates = BTreeMap::new();
    let mut change: Change = stack.current();
    for service in SERVICES {
        let direct = stack.direct(service).await.expect("a way to the service");
        let gate = Gate::before(direct.authority.parse().expect("an address")).await;
        let upstream = Some(gate.address.to_string());
        // The registry's routes lead to the forge past the gate: one more way to be half well.
        change.routes.insert(service.to_string(), Some(RouteChange { upstream, ..RouteChange::default() }));
        gates.insert(service, gate);
    }
    stack.change(&change).await.expect("gates before the services");
    gates
}

/// Does this and that to the services for as long as they are walked; what, in words.
async fn disturb(
    stack: &Embedded,
    gates: &BTreeMap<Service, Gate>,
    chance: &mut Chance,
    done: &CancellationToken,
) -> Vec<String> {
    let mut said = Vec::new();
    let times = chance.below(4);
    for _ in 0..times {
        let pause = Duration::from_millis(chance.below(1500));
        tokio::select! {
            () = done.cancelled() => return said,
            () = tokio::time::sleep(pause) => {}
        }
        let service = SERVICES[usize::try_from(chance.below(4)).unwrap_or_default()];
        let Some(gate) = gates.get(&service) else { continue };
        match chance.below(10) {
            0 => {
                said.push(format!("{service} stops"));
                stack.stop(service).await;
            }
            1..=4 => {
                let away = chance.below(800);
                said.push(format!("{service} restarts within {away} ms"));
                stack.stop(service).await;
                tokio::time::sleep(Duration::from_millis(away)).await;
                stack.start_stopped().await.expect("services that start again");
            }
            5 => {
                said.push(format!("{service} answers 15 s late"));
                gate.delay(15_000);
            }
            _ => {
                let delay = chance.below(250);
                said.push(format!("{service} answers {delay} ms late"));
                gate.delay(delay);
            }
        }
    }
    said
}
