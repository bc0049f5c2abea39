//! The same question by several ways: in journeys, once more through the edge as browsers ask, and past it.

use super::addresses::{service_of, target, without_prefix};
use crate::evidence::{Evidence, Exchange, Journey, Probe, StackFacts, StackKind, StepRecord, Way};
use crate::finding::{Observation, Place};
use crate::rules::case::Case;

/// What is left to do where the edge's own settings are as they should be.
pub(crate) const ELSEWHERE: &str = "Look for something else between the edge and the service that does so: another proxy, a load balancer, \
                                    a firewall.";

/// What was seen, in one line: `GET http://forge:3000/ → 200, past the edge`.
pub(crate) fn seen(probe: &Probe, more: &str) -> Observation {
    let Exchange { request, response, .. } = &probe.exchange;
    let came = response.as_ref().map_or_else(|| "no answer".to_owned(), |response| response.status.to_string());
    let way = match probe.way {
        Way::Direct => ", past the edge",
        Way::Edge => ", once more",
    };
    Observation::new(format!("{} {} → {came}{way}{more}", request.method, request.url))
}

/// Something seen in a journey.
pub(crate) fn seen_in(journey: &Journey, step: &StepRecord, text: String) -> Observation {
    let place = Place { file: step.file.clone(), line: step.line, column: 1 };
    Observation { text, scenario: Some(journey.name.clone()), place: Some(place), quote: Vec::new() }
}

/// All exchanges of all journeys.
pub(crate) fn all(evidence: &Evidence) -> impl Iterator<Item = &Exchange> {
    exchanges(evidence).map(|(_, _, exchange)| exchange)
}

/// The same, with where they were.
fn exchanges(evidence: &Evidence) -> impl Iterator<Item = (&Journey, &StepRecord, &Exchange)> {
    let steps = evidence.journeys.iter().flat_map(|journey| journey.steps.iter().map(move |step| (journey, step)));
    steps.flat_map(|(journey, step)| step.trace.iter().map(move |exchange| (journey, step, exchange)))
}

/// What a service answered when it was asked past the edge.
pub(crate) fn direct<'a, 'b>(
    evidence: &'a Evidence,
    service: &'b str,
) -> impl Iterator<Item = &'a Probe> + use<'a, 'b> {
    evidence.probes.iter().filter(move |probe| probe.way == Way::Direct && probe.service == service)
}

/// The log lines of a service that there are, each once.
pub(crate) fn log<'a>(evidence: &'a Evidence, service: &'a str) -> impl Iterator<Item = &'a str> {
    let of_journeys = evidence.journeys.iter().flat_map(|journey| &journey.logs);
    let logs = evidence.logs.iter().chain(of_journeys).filter(move |log| log.service == service);
    logs.flat_map(|log| &log.lines).map(String::as_str)
}

impl<'a> Case<'a> {
    /// All exchanges of all journeys.
    pub(crate) fn exchanges(&self) -> impl Iterator<Item = (&'a Journey, &'a StepRecord, &'a Exchange)> + use<'a> {
        exchanges(self.evidence)
    }

    /// A stack of ours, where services can be asked past the edge.
    pub(crate) fn own_stack(&self) -> Option<&'a StackFacts> {
        self.evidence.stack.as_ref().filter(|stack| stack.kind != StackKind::External)
    }

    /// What a service answered when it was asked directly.
    pub(crate) fn direct<'b>(&self, service: &'b str) -> impl Iterator<Item = &'a Probe> + use<'a, 'b> {
        direct(self.evidence, service)
    }

    /// What came past the edge for a URL of the site's: its path with the service's prefix, or without.
    pub(crate) fn directly<'b>(&self, url: &'b str) -> impl Iterator<Item = &'a Probe> + use<'a, 'b> {
        let service = self.evidence.stack.as_ref().and_then(|stack| service_of(url, stack));
        let whole = target(url);
        let bare = service.map_or(whole, |service| without_prefix(whole, service));
        let probes = self.evidence.probes.iter().filter(|probe| probe.way == Way::Direct);
        let of_service = probes.filter(move |probe| service.is_none_or(|service| probe.service == service));
        of_service.filter(move |probe| [whole, bare].contains(&target(&probe.exchange.request.url)))
    }

    /// What came when the same URL was asked for through the edge once more.
    pub(crate) fn again<'b>(&self, url: &'b str) -> impl Iterator<Item = &'a Probe> + use<'a, 'b> {
        let probes = self.evidence.probes.iter().filter(|probe| probe.way == Way::Edge);
        probes.filter(move |probe| probe.exchange.request.url == url)
    }

    /// What came when a service was asked once more, through the edge.
    pub(crate) fn probes_through<'b>(&self, service: &'b str) -> impl Iterator<Item = &'a Probe> + use<'a, 'b> {
        self.evidence.probes.iter().filter(move |probe| probe.way == Way::Edge && probe.service == service)
    }

    /// All that came from the route of a service through the edge: in journeys, and when it was asked again.
    pub(crate) fn on_route<'b>(&self, service: &'b str) -> impl Iterator<Item = &'a Exchange> + use<'a, 'b> {
        let stack = self.evidence.stack.as_ref();
        let probes = self.evidence.probes.iter().filter(|probe| probe.way == Way::Edge).map(|probe| &probe.exchange);
        let all = self.exchanges().map(|(_, _, exchange)| exchange).chain(probes);
        all.filter(move |exchange| stack.is_some_and(|stack| service_of(&exchange.request.url, stack) == Some(service)))
    }
}
