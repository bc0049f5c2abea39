//! Whether what is reached from outside is what stands inside: the edge passes requests on.

use std::time::Duration;

use scenario::model::Service;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use verdict::evidence::Trouble;

use super::inside::log_lines;
use super::plan::Plan;
use super::ready::{TROUBLE_LOG_LINES, interrupted};
use super::standing::Standing;
use crate::stack::api::Api;

/// How long the edge may take to pass requests on, once it and what is behind it are ready.
const EDGE_WITHIN: Duration = Duration::from_secs(30);
/// How often it is asked.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Waits until the edge, reached as a browser reaches it, passes a request on to the forge; where there is no
/// forge, or the routes aren't as they should be, until it answers at all.
pub(super) async fn wait_for_edge(standing: &Standing, plan: &Plan, stop: &CancellationToken) -> Result<(), Trouble> {
    let forge = plan.site.service_url("forge").filter(|_| plan.edge_is_well());
    match forge {
        Some(url) => wait(standing, plan, &url, "/api/healthz", Some(200), stop).await,
        None => wait_for_an_answer(standing, plan, stop).await,
    }
}

/// Waits until the edge answers, whatever it says.
pub(super) async fn wait_for_an_answer(
    standing: &Standing,
    plan: &Plan,
    stop: &CancellationToken,
) -> Result<(), Trouble> {
    wait(standing, plan, &plan.site.origin.to_string(), "/", None, stop).await
}

/// Waits until the edge passes a request on to the CI, where there is one and the routes are as they should be.
pub(super) async fn wait_for_ci(standing: &Standing, plan: &Plan, stop: &CancellationToken) -> Result<(), Trouble> {
    match plan.site.service_url(Service::Ci.as_str()).filter(|_| plan.edge_is_well()) {
        Some(url) => wait(standing, plan, &url, "/healthz", Some(204), stop).await,
        None => Ok(()),
    }
}

async fn wait(
    standing: &Standing,
    plan: &Plan,
    base: &str,
    path: &str,
    expected: Option<u16>,
    stop: &CancellationToken,
) -> Result<(), Trouble> {
    let way = plan.way();
    let api = Api { base, way: &way, credentials: None };
    let deadline = Instant::now() + EDGE_WITHIN;
    let mut ticks = interval(ASK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let answer = tokio::select! {
            () = stop.cancelled() => return Err(interrupted("edge")),
            answer = async { ticks.tick().await; api.get(path).await } => answer,
        };
        let found = match answer {
            Ok(answer) if expected.is_none_or(|status| answer.status == status) => return Ok(()),
            Ok(answer) => format!("answered {}", answer.excerpt()),
            Err(why) => why,
        };
        if Instant::now() >= deadline {
            let log = match standing.container("edge") {
                Some(container) => log_lines(&standing.docker, &container, TROUBLE_LOG_LINES).await,
                None => Vec::new(),
            };
            let message =
                format!("the edge did not pass requests on within {} s: {base}{path}: {found}", EDGE_WITHIN.as_secs());
            return Err(Trouble { service: Some("edge".to_owned()), message, help: None, log });
        }
    }
}
