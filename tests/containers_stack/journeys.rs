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
use edge_smoke::stack::{Site, Stack};
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
        consents: Default::default(),
        services: site.services.keys().copied().chain([Service::Edge]).collect(),
        allow_writes: false,
        timeout: Duration::from_secs(60),
        secrets: std::sync::Mutex::new(variables.redactor()),
        variables,
        refused: Default::default(),
        sink: Arc::new(Listener(|_| {})),
    };
    let pace = Pace { jobs: 1, fail_fast: false, waits_after: None, retries: 0, cancel: CancellationToken::new() };
    let plans = plans(site);
    let journeys = runner::run(&plans, &Arc::new(surroundings), &pace).await;
    assert_eq!(journeys.len(), plans.len());
    for journey in journeys {
        assert_eq!(journey.outcome, Outcome::Passed, "{}: {journey:#?}", site.mode);
    }
}

fn plans(site: &Site) -> Vec<Arc<Plan>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let read = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        Arc::new(scenario::parse(&Source::new(name, text)).unwrap())
    };
    let plan = |name| Arc::new(Plan::new(read(name), &|_, used| panic!("{used} is used")).unwrap());
    let of = |service: Service, names: &'static [&'static str]| {
        if site.services.contains_key(&service) { names } else { &[] }
    };
    let always = ["forge-login.yaml", "root-redirect.yaml", "staging.yaml"];
    let ci = of(Service::Ci, &["ci-oauth.yaml"]);
    let chat = of(Service::Chat, &["chat-login.yaml", "chat-gate.yaml"]);
    always.iter().chain(ci).chain(chat).copied().map(plan).collect()
}
