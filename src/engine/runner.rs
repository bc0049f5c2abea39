//! All journeys of a run, several at once.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use verdict::evidence::{Journey, Outcome};

use super::events::Event;
use super::journey::{self, Surroundings};
use super::plan::Plan;

/// How a run goes about its journeys.
#[derive(Debug, Clone)]
pub struct Pace {
    /// How many journeys at once; at least one.
    pub jobs: usize,
    /// Begin no more journeys after the first failure.
    pub fail_fast: bool,
    /// A journey that has taken so long waits for somebody rather than works, and isn't counted among those at once any more. Without it
    /// all are, to the end.
    pub waits_after: Option<Duration>,
    /// How often a failed journey is begun anew before it counts as failed.
    pub retries: usize,
    /// Cancelled when the user wants to stop.
    pub cancel: CancellationToken,
}

/// Runs all plans, and gives their journeys in the same order.
pub async fn run(plans: &[Arc<Plan>], surroundings: &Arc<Surroundings>, pace: &Pace) -> Vec<Journey> {
    surroundings.sink.emit(Event::RunStarted { scenarios: plans.len() });
    let slots = Arc::new(Semaphore::new(pace.jobs.max(1)));
    let stop = CancellationToken::new();
    let mut tasks = Vec::with_capacity(plans.len());
    for (index, plan) in plans.iter().enumerate() {
        // Waited for here rather than in the task, so that journeys begin in their order.
        let slot = slots.clone().acquire_owned().await.ok();
        let task = one(index, plan.clone(), surroundings.clone(), slot, stop.clone(), pace.clone());
        tasks.push(tokio::spawn(task));
    }
    let mut journeys = Vec::with_capacity(tasks.len());
    for (plan, task) in plans.iter().zip(tasks) {
        let joined = task.await;
        journeys.push(joined.unwrap_or_else(|error| not_run(plan, Outcome::Errored, &panicked(&error))));
    }
    journeys
}

async fn one(
    index: usize,
    plan: Arc<Plan>,
    surroundings: Arc<Surroundings>,
    slot: Option<OwnedSemaphorePermit>,
    stop: CancellationToken,
    pace: Pace,
) -> Journey {
    let sink = surroundings.sink.clone();
    let reason = if pace.cancel.is_cancelled() {
        Some((Outcome::Errored, "interrupted before it began"))
    } else if stop.is_cancelled() {
        Some((Outcome::Skipped, "an earlier scenario failed (--fail-fast)"))
    } else {
        None
    };
    let (name, file) = (plan.scenario.name.value.clone(), plan.scenario.source.name.clone());
    sink.emit(Event::ScenarioStarted { index, name, file });
    let (journey, diagnostics) = match reason {
        Some((outcome, reason)) => (not_run(&plan, outcome, reason), Vec::new()),
        None => tokio::select! {
            biased;
            () = pace.cancel.cancelled() => (not_run(&plan, Outcome::Errored, "interrupted"), Vec::new()),
            never = lend(slot, pace.waits_after) => match never {},
            ended = when_all_are_there(index, &plan, &surroundings, pace.retries) => ended,
        },
    };
    if pace.fail_fast && journey.outcome == Outcome::Failed {
        stop.cancel();
    }
    sink.emit(Event::ScenarioFinished { index, journey: journey.clone(), diagnostics });
    journey
}

/// Holds the slot until the journey waits rather than works.
async fn lend(slot: Option<OwnedSemaphorePermit>, after: Option<Duration>) -> Infallible {
    match after {
        Some(after) => {
            tokio::time::sleep(after).await;
            drop(slot);
            std::future::pending().await
        }
        // Not dropped before the journey ends, and this with it.
        None => {
            let never = std::future::pending().await;
            drop(slot);
            never
        }
    }
}

/// The journey, once those are there that it needs besides what was ready with the stack.
async fn when_all_are_there(
    index: usize,
    plan: &Plan,
    surroundings: &Surroundings,
    retries: usize,
) -> (Journey, Vec<scenario::Diagnostic>) {
    let applies = journey::unmet(&plan.scenario.when, surroundings).is_none();
    for late in plan.waits_for().into_iter().filter(|_| applies) {
        if let Err(trouble) = surroundings.arrivals.wait_for(late).await {
            let reason = format!("{late} did not come up: {}", trouble.message);
            return (not_run(plan, Outcome::Errored, &reason), Vec::new());
        }
    }
    with_retries(index, plan, surroundings, retries).await
}

async fn with_retries(
    index: usize,
    plan: &Plan,
    surroundings: &Surroundings,
    retries: usize,
) -> (Journey, Vec<scenario::Diagnostic>) {
    let mut tries = 0;
    loop {
        let (mut journey, diagnostics) = journey::run(index, plan, surroundings).await;
        if journey.outcome != Outcome::Failed || tries == retries {
            if tries > 0 && journey.outcome == Outcome::Passed {
                journey.reason = Some(format!("passed at try {} of {}", tries + 1, retries + 1));
            }
            return (journey, diagnostics);
        }
        tries += 1;
    }
}

fn not_run(plan: &Plan, outcome: Outcome, reason: &str) -> Journey {
    Journey {
        name: plan.scenario.name.value.clone(),
        file: plan.scenario.source.name.clone(),
        tags: plan.scenario.tags.iter().map(|tag| tag.value.clone()).collect(),
        outcome,
        reason: Some(reason.to_owned()),
        duration_ms: 0.0,
        steps: Vec::new(),
        logs: Vec::new(),
    }
}

fn panicked(error: &tokio::task::JoinError) -> String {
    format!("the harness broke: {error}; this is a defect of edge-smoke, please report it")
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::Mutex;

    use scenario::Source;
    use scenario::model::{Mode, Service, StackKind};
    use tokio::sync::oneshot;
    use verdict::evidence::Trouble;

    use super::*;
    use crate::engine::events::Sink;
    use crate::engine::http::Connector;
    use crate::engine::http::target::Origin;
    use crate::engine::refused::AllRefused;
    use crate::engine::variables::Variables;
    use crate::stack::{Arrivals, Late, Site};

    /// Begins and ends, in their order.
    #[derive(Default)]
    struct Order(Mutex<Vec<(&'static str, usize)>>);

    impl Sink for Order {
        fn emit(&self, event: Event) {
            let noted = match event {
                Event::ScenarioStarted { index, .. } => ("begins", index),
                Event::ScenarioFinished { index, .. } => ("ends", index),
                _ => return,
            };
            self.0.lock().unwrap().push(noted);
        }
    }

    /// Two journeys to somebody who never answers, one at a time.
    async fn order(waits_after: Option<Duration>) -> Vec<(&'static str, usize)> {
        // Connections are taken by the system, and nobody reads.
        let mute = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}", mute.local_addr().unwrap());
        let plan = plan("name: patience\nsteps:\n  - get: /\n    timeout: 1s\n    expect: { status: 200 }\n");
        let order = Arc::new(Order::default());
        let surroundings = surroundings(&base_url, Arrivals::default(), order.clone());
        let pace = Pace { jobs: 1, fail_fast: false, waits_after, retries: 0, cancel: CancellationToken::new() };
        run(&[plan.clone(), plan], &Arc::new(surroundings), &pace).await;
        std::mem::take(&mut *order.0.lock().unwrap())
    }

    fn plan(text: &str) -> Arc<Plan> {
        let parsed = Arc::new(scenario::parse(&Source::new("any.yaml", text)).unwrap());
        Arc::new(Plan::new(parsed, &|_: &Source, _: &str| Err(Vec::new())).unwrap())
    }

    fn surroundings(base_url: &str, arrivals: Arrivals, sink: Arc<Order>) -> Surroundings {
        let site = Site {
            base_url: base_url.to_owned(),
            mode: Mode::Subpath,
            services: Default::default(),
            resolve: Vec::new(),
            ca_pem: None,
            variables: Default::default(),
            secrets: Default::default(),
        };
        let variables = Variables::new(&site, Default::default(), Default::default());
        Surroundings {
            connector: Connector::new(Vec::new(), None).unwrap(),
            base: Origin::parse(base_url).unwrap(),
            mode: Mode::Subpath,
            kind: StackKind::Embedded,
            services: vec![Service::Ci, Service::Forge],
            arrivals,
            consents: Default::default(),
            allow_writes: true,
            timeout: Duration::from_secs(5),
            secrets: Mutex::new(variables.redactor()),
            variables,
            refused: AllRefused::default(),
            sink,
        }
    }

    #[tokio::test]
    async fn who_makes_pipelines_waits_for_who_runs_them_and_nobody_else_does() {
        let agent = Late::Service(Service::CiAgent);
        waits("service: ci, writes: true", "service: ci", agent, "ci-agent").await;
    }

    #[tokio::test]
    async fn who_speaks_of_the_forge_waits_for_what_is_in_it_and_nobody_else_does() {
        waits("service: forge", "service: ci", Late::Repository, "the forge's demo repository").await;
    }

    async fn waits(who: &str, who_else: &str, late: Late, called: &str) {
        let plan_of =
            |when: &str| plan(&format!("name: any\nwhen: {{ {when} }}\nsteps:\n  - get: http://127.0.0.1:1/\n"));
        let trouble = Trouble {
            service: Some("ci-agent".to_owned()),
            message: "it died".to_owned(),
            help: None,
            log: Vec::new(),
        };
        for (arrival, outcome) in [(Ok(()), Outcome::Failed), (Err(trouble), Outcome::Errored)] {
            let (arrives, way) = oneshot::channel();
            let mut arrivals = Arrivals::default();
            arrivals.note(late, async { way.await.unwrap() });
            let order = Arc::new(Order::default());
            let surroundings = Arc::new(surroundings("http://127.0.0.1:1", arrivals, order.clone()));
            let pace =
                Pace { jobs: 2, fail_fast: false, waits_after: None, retries: 0, cancel: CancellationToken::new() };
            let plans = [plan_of(who), plan_of(who_else)];
            let walked = tokio::spawn(async move { run(&plans, &surroundings, &pace).await });
            // Nobody is there, so that it ends at once.
            while !order.0.lock().unwrap().contains(&("ends", 1)) {
                tokio::task::yield_now().await;
            }
            assert!(!order.0.lock().unwrap().contains(&("ends", 0)), "it waits");
            arrives.send(arrival).unwrap();
            let journeys = walked.await.unwrap();
            assert_eq!((journeys[0].outcome, journeys[1].outcome), (outcome, Outcome::Failed));
            let reason = journeys[0].reason.as_deref();
            let said = format!("{called} did not come up: it died");
            assert_eq!(reason, (outcome == Outcome::Errored).then_some(said.as_str()));
        }
    }

    #[tokio::test]
    async fn who_waits_lends_its_place() {
        let one_by_one = [("begins", 0), ("ends", 0), ("begins", 1), ("ends", 1)];
        let beside = [("begins", 0), ("begins", 1), ("ends", 0), ("ends", 1)];
        let (first, second) = tokio::join!(order(None), order(Some(Duration::from_millis(50))));
        assert_eq!((first.as_slice(), second.as_slice()), (&one_by_one[..], &beside[..]));
    }
}
