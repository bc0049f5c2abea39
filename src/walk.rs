//! Walking a stack that stands: the journeys of a run, and what is to be known of the stack besides.
//!
//! The command `run` walks once; a proof and the fault campaign walk again and again, on stacks that change meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use scenario::model::{Service, StackKind};
use scenario::{Redactor, Secret};
use verdict::evidence::{self, Evidence, Journey, Outcome, Restart, ServiceLog};

use crate::engine::events::Sink;
use crate::engine::http::Connector;
use crate::engine::http::target::Origin;
use crate::engine::journey::{SCENARIO_TIMEOUT, Surroundings};
use crate::engine::plan::Plan;
use crate::engine::refused::AllRefused;
use crate::engine::runner::{self, Pace};
use crate::engine::variables::Variables;
use crate::probe;
use crate::stack::Stack;

/// How many of a service's last log lines are kept after a failure.
const LOG_LINES: usize = 20;

/// When more is asked than the journeys do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probes {
    /// Never.
    Never,
    /// After a journey failed.
    AfterFailure,
    /// Whatever came of the journeys.
    Always,
}

/// What a walk takes besides a stack.
#[derive(Clone)]
pub struct Walk {
    /// The scenarios.
    pub plans: Vec<Arc<Plan>>,
    /// How they are gone about.
    pub pace: Pace,
    /// Names that are looked up here, before those of the stack.
    pub resolve: Vec<(String, IpAddr)>,
    /// Certificates to trust besides the system's and the stack's, in PEM.
    pub ca_pem: Option<String>,
    /// Variables that win over the stack's.
    pub variables: BTreeMap<String, String>,
    /// Secrets that win over the stack's.
    pub secrets: BTreeMap<String, Secret>,
    /// Scenarios that change something may run on somebody else's stack.
    pub allow_writes: bool,
    /// The longest that a scenario may take where it doesn't say.
    pub timeout: Duration,
    /// When more is asked, so that causes can be told apart.
    pub probes: Probes,
    /// Where events go.
    pub sink: Arc<dyn Sink>,
}

impl Walk {
    /// A walk with nothing given by a user.
    pub fn new(plans: Vec<Arc<Plan>>, pace: Pace, sink: Arc<dyn Sink>) -> Self {
        Self {
            plans,
            pace,
            resolve: Vec::new(),
            ca_pem: None,
            variables: BTreeMap::new(),
            secrets: BTreeMap::new(),
            allow_writes: false,
            timeout: SCENARIO_TIMEOUT,
            probes: Probes::AfterFailure,
            sink,
        }
    }

    /// Runs the journeys, and gathers what is to be known of the stack.
    ///
    /// # Errors
    /// The site's address or its certificates can't be used.
    pub async fn on(&self, stack: &dyn Stack) -> Result<Evidence, String> {
        let surroundings = Arc::new(self.surroundings(stack)?);
        let looks_around = self.probes != Probes::Never && stack.facts().kind != evidence::StackKind::External;
        let before = if looks_around { probe::logged(stack).await } else { BTreeSet::new() };
        let (mut journeys, starts) = self.walked(stack, &surroundings).await;
        let redactor = surroundings.secrets.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for journey in journeys.iter_mut().filter(|journey| journey.outcome == Outcome::Failed) {
            let service = service_in_question(journey, stack);
            journey.logs.extend(log(stack, service, &redactor).await);
        }
        let (mut probes, mut logs) = (Vec::new(), Vec::new());
        let has_failed = journeys.iter().any(|journey| journey.outcome == Outcome::Failed);
        if self.probes == Probes::Always || (self.probes == Probes::AfterFailure && has_failed) {
            probes =
                probe::probe(stack, &journeys, &surroundings.refused.all(), &surroundings.connector, &redactor).await;
        }
        if has_failed {
            let services: BTreeSet<Service> = surroundings.services.iter().copied().collect();
            // Who takes the CI's work, and who answers the chat's command, has no address of its own, and a log.
            for service in services.iter().chain([&Service::CiAgent, &Service::Model]) {
                logs.extend(log(stack, *service, &redactor).await);
            }
        }
        if looks_around {
            let (admin, kept) =
                tokio::join!(probe::admin(stack, &redactor), probe::kept_secrets(stack, &before, &redactor));
            probes.extend(admin);
            logs.extend(kept);
        }
        let troubles = stack.troubles().await;
        let mut restarts = Vec::new();
        for service in started_anew(&starts, &stack.starts().await) {
            let log = log(stack, service, &redactor).await.map(|log| log.lines).unwrap_or_default();
            restarts.push(Restart { service: service.to_string(), log });
        }
        let stack = Some(stack.facts());
        Ok(Evidence { stack, journeys, probes, logs, troubles, restarts, ..Evidence::default() })
    }

    /// The journeys, and how each service had started that was there, or came, while they were under way.
    async fn walked(
        &self,
        stack: &dyn Stack,
        surroundings: &Arc<Surroundings>,
    ) -> (Vec<Journey>, BTreeMap<Service, String>) {
        let mut starts = stack.starts().await;
        let arrivals = stack.arrivals();
        let mut later = std::pin::pin!(async {
            arrivals.settled().await;
            stack.starts().await
        });
        let mut journeys = std::pin::pin!(runner::run(&self.plans, surroundings, &self.pace));
        let mut are_all_there = arrivals.is_empty();
        loop {
            tokio::select! {
                journeys = &mut journeys => return (journeys, starts),
                later = &mut later, if !are_all_there => {
                    for (service, start) in later {
                        starts.entry(service).or_insert(start);
                    }
                    are_all_there = true;
                }
            }
        }
    }

    fn surroundings(&self, stack: &dyn Stack) -> Result<Surroundings, String> {
        let site = stack.site();
        // Names given by the user win over the stack's.
        let resolve = self.resolve.iter().chain(&site.resolve).cloned().collect();
        // Those of the user, and the stack's own.
        let authorities: Vec<&str> = [&self.ca_pem, &site.ca_pem].into_iter().flatten().map(String::as_str).collect();
        let ca_pem = (!authorities.is_empty()).then(|| authorities.join("\n"));
        let variables = Variables::new(site, self.variables.clone(), self.secrets.clone());
        Ok(Surroundings {
            connector: Connector::new(resolve, ca_pem.as_deref()).map_err(|error| error.to_string())?,
            base: Origin::parse(&site.base_url).map_err(|error| error.to_string())?,
            mode: site.mode,
            kind: kind(stack),
            services: site.services.keys().copied().chain([Service::Edge]).collect(),
            arrivals: stack.arrivals(),
            consents: Default::default(),
            allow_writes: self.allow_writes,
            timeout: self.timeout,
            secrets: Mutex::new(variables.redactor()),
            variables,
            refused: AllRefused::default(),
            sink: self.sink.clone(),
        })
    }
}

/// The services that were started again in between. Of one that doesn't run any more the stack's troubles tell.
fn started_anew(before: &BTreeMap<Service, String>, after: &BTreeMap<Service, String>) -> Vec<Service> {
    let is_anew = |(service, start): &(&Service, &String)| before.get(service).is_some_and(|before| before != *start);
    after.iter().filter(is_anew).map(|(service, _)| *service).collect()
}

/// How many of a service's last log lines are looked through for what tells of trouble.
const LOG_SEARCHED: usize = 1000;

async fn log(stack: &dyn Stack, service: Service, redactor: &Redactor) -> Option<ServiceLog> {
    let lines = stack.logs(service, LOG_SEARCHED).await;
    let hide = |line: &str| scenario::secret::mask_parameters(&redactor.redact(line)).into_owned();
    let lines: Vec<String> = telling(&lines).into_iter().map(hide).collect();
    (!lines.is_empty()).then(|| ServiceLog { service: service.as_str().to_owned(), lines })
}

/// The last lines, and before them the last ones that tell of trouble: other journeys' requests may have come between.
fn telling(lines: &[String]) -> Vec<&str> {
    const WORDS: [&str; 6] = ["error", "fail", "denied", "deny", "refused", "warn"];
    let (before, last) = lines.split_at(lines.len().saturating_sub(LOG_LINES));
    let is_telling = |line: &&String| {
        let line = line.to_ascii_lowercase();
        WORDS.iter().any(|word| line.contains(word))
    };
    let mut found: Vec<&str> = before.iter().rev().filter(is_telling).take(LOG_LINES).map(String::as_str).collect();
    found.reverse();
    found.extend(last.iter().map(String::as_str));
    found
}

fn kind(stack: &dyn Stack) -> StackKind {
    match stack.facts().kind {
        evidence::StackKind::Embedded => StackKind::Embedded,
        evidence::StackKind::Containers => StackKind::Containers,
        evidence::StackKind::External => StackKind::External,
    }
}

/// The service that answered last: the one with the longest URL that the last request's begins with; else the edge.
fn service_in_question(journey: &Journey, stack: &dyn Stack) -> Service {
    let exchanges = journey.steps.iter().flat_map(|step| &step.trace);
    let Some(last) = exchanges.last() else { return Service::Edge };
    let url = last.request.url.as_str();
    let is_under =
        |base: &str| url.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    let services = stack.site().services.iter().filter(|(_, base)| is_under(base));
    services.max_by_key(|(_, base)| base.len()).map_or(Service::Edge, |(service, _)| *service)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_there_before_and_is_another_now_was_started_anew() {
        let starts =
            |all: &[(Service, &str)]| all.iter().map(|(service, start)| (*service, (*start).to_owned())).collect();
        let before = starts(&[(Service::Forge, "1"), (Service::Ci, "1"), (Service::Staging, "1")]);
        let after = starts(&[(Service::Forge, "1"), (Service::Ci, "2"), (Service::Echo, "1")]);
        assert_eq!(started_anew(&before, &after), [Service::Ci], "one that is gone is told of otherwise");
    }

    #[test]
    fn lines_that_tell_of_trouble_are_not_crowded_out() {
        let mut lines = vec!["started".to_owned(), "webhook: DENY 'edge.test'".to_owned()];
        lines.extend((0..100).map(|number| format!("GET /{number} 200")));
        let kept = telling(&lines);
        assert_eq!((kept.len(), kept[0], kept[1]), (LOG_LINES + 1, "webhook: DENY 'edge.test'", "GET /80 200"));
        let errors: Vec<String> = (0..100).map(|number| format!("error {number}")).collect();
        assert_eq!(telling(&errors), errors[60..].iter().map(String::as_str).collect::<Vec<_>>());
        assert!(telling(&[]).is_empty());
    }
}
