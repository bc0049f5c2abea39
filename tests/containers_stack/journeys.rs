//! The shipped scenarios, run by the engine on a stack that stands.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use edge_smoke::engine::http::Connector;
use edge_smoke::engine::http::target::Origin;
use edge_smoke::engine::journey::Surroundings;
use edge_smoke::engine::plan::Plan;
use edge_smoke::engine::runner::{self, Pace};
use edge_smoke::engine::variables::Variables;
use edge_smoke::stack::Stack;
use scenario::Source;
use scenario::model::{Service, StackKind};
use tokio_util::sync::CancellationToken;
use verdict::evidence::Outcome;

use crate::helpers::Listener;

/// Runs all of them, each of which has to pass.
pub(crate) async fn all_pass(stack: &dyn Stack) {
    let site = stack.site();
    let variables = Variables::new(site, Default::default(), Default::default());
    let surroundings = Surroundings {
        connector: Connector::new(site.resolve.clone(), site.ca_pem.as_deref()).unwrap(),
        base: Origin::parse(&site.base_url).unwrap(),
        mode: site.mode,
        kind: StackKind::Containers,
        arrivals: stack.arrivals(),
        services: site.services.keys().copied().chain([Service::Edge]).collect(),
        allow_writes: false,
        timeout: Duration::from_secs(60),
        secrets: std::sync::Mutex::new(variables.redactor()),
        variables,
        refused: Default::default(),
        sink: Arc::new(Listener(|_| {})),
    };
    let pace = Pace { jobs: 1, fail_fast: false, waits_after: None, retries: 0, cancel: CancellationToken::new() };
    let has_ci = site.services.contains_key(&Service::Ci);
    let journeys = runner::run(&plans(has_ci), &Arc::new(surroundings), &pace).await;
    assert_eq!(journeys.len(), if has_ci { 4 } else { 3 });
    for journey in journeys {
        assert_eq!(journey.outcome, Outcome::Passed, "{}: {journey:#?}", site.mode);
    }
}

fn plans(with_ci: bool) -> Vec<Arc<Plan>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let read = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        Arc::new(scenario::parse(&Source::new(name, text)).unwrap())
    };
    let plan = |name| Arc::new(Plan::new(read(name), &|_, used| panic!("{used} is used")).unwrap());
    let with_ci = with_ci.then_some("ci-oauth.yaml");
    ["forge-login.yaml", "root-redirect.yaml", "staging.yaml"].into_iter().chain(with_ci).map(plan).collect()
}
