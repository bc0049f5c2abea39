//! The same question by two ways: through the edge, as browsers ask, and past it.

use url::Url;

use super::case::{Case, leads_to};
use crate::evidence::{Exchange, Journey, Mode, Probe, ResponseRecord, StackFacts, StackKind, StepRecord, Way};
use crate::finding::{Observation, Place};

/// What is left to do where the edge's own settings are as they should be.
pub(crate) const ELSEWHERE: &str = "Look for something else between the edge and the service that does so: another proxy, a load balancer, \
                                    a firewall.";

/// What stands in a stack and has no route of its own.
const WITHOUT_ROUTE: &[&str] = &["edge", "ci-agent"];

/// The service whose route a URL of the site is on: the one that its prefix or its host names.
pub(crate) fn service_of<'a>(url: &str, stack: &'a StackFacts) -> Option<&'a str> {
    let mut names = stack.services.iter().map(|service| service.name.as_str());
    let named = names.clone().filter(|name| !WITHOUT_ROUTE.contains(name)).find(|name| leads_to(url, name, stack));
    // In subdomain mode the staging site has the project's own host.
    let is_own_host = stack.mode == Mode::Subdomain && origin(url) == origin(&stack.base_url);
    named.or_else(|| names.find(|name| *name == "staging" && is_own_host))
}

/// Path and query of a URL, as they were sent.
pub(crate) fn target(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let path = url[authority..].find(['/', '?']).map(|at| authority + at);
    path.map_or("/", |path| &url[path..])
}

/// The request asks for a WebSocket.
pub(crate) fn is_handshake(exchange: &Exchange) -> bool {
    let mut headers = exchange.request.headers.iter();
    headers.any(|(name, value)| name.eq_ignore_ascii_case("upgrade") && value.eq_ignore_ascii_case("websocket"))
}

/// The status that came.
pub(crate) fn status(exchange: &Exchange) -> Option<u16> {
    exchange.response.as_ref().map(|response| response.status)
}

/// An edge says so where it has no answer from a service (RFC 9110, sections 15.6.3 to 15.6.5).
pub(crate) fn is_gateway_error(exchange: &Exchange) -> bool {
    matches!(status(exchange), Some(502..=504))
}

/// Nothing came, or it broke off.
pub(crate) fn is_broken(exchange: &Exchange) -> bool {
    exchange.error.is_some()
}

/// The answer came whole, and isn't a gateway's error.
pub(crate) fn is_whole(exchange: &Exchange) -> bool {
    exchange.response.is_some() && exchange.error.is_none() && !is_gateway_error(exchange)
}

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

impl<'a> Case<'a> {
    /// All exchanges of all journeys.
    pub(crate) fn exchanges(&self) -> impl Iterator<Item = (&'a Journey, &'a StepRecord, &'a Exchange)> + use<'a> {
        let journeys = self.evidence.journeys.iter();
        let steps = journeys.flat_map(|journey| journey.steps.iter().map(move |step| (journey, step)));
        steps.flat_map(|(journey, step)| step.trace.iter().map(move |exchange| (journey, step, exchange)))
    }

    /// A stack of ours, where services can be asked past the edge.
    pub(crate) fn own_stack(&self) -> Option<&'a StackFacts> {
        self.evidence.stack.as_ref().filter(|stack| stack.kind != StackKind::External)
    }

    /// What a service answered when it was asked directly.
    pub(crate) fn direct<'b>(&self, service: &'b str) -> impl Iterator<Item = &'a Probe> + use<'a, 'b> {
        self.evidence.probes.iter().filter(move |probe| probe.way == Way::Direct && probe.service == service)
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

/// The answer came from behind the edge: it has the `Via` that a gateway adds (RFC 9110, section 7.6.3).
pub(crate) fn came_through(response: &ResponseRecord) -> bool {
    response.header("via").is_some()
}

fn without_prefix<'a>(target: &'a str, service: &str) -> &'a str {
    let rest = target.strip_prefix('/').and_then(|rest| rest.strip_prefix(service));
    rest.filter(|rest| rest.starts_with('/')).unwrap_or(target)
}

/// The origin of a URL, or the URL itself where it has none.
pub(crate) fn origin(url: &str) -> String {
    Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_what_was_sent() {
        for (url, expected) in [
            ("http://edge.test:8080/forge/x?y=1", "/forge/x?y=1"),
            ("http://edge.test:8080", "/"),
            ("http://edge.test?x", "?x"),
            ("/x", "/x"),
            ("", "/"),
        ] {
            assert_eq!(target(url), expected, "{url}");
        }
        assert_eq!(without_prefix("/forge/x", "forge"), "/x");
        assert_eq!(without_prefix("/forgery/x", "forge"), "/forgery/x");
        assert_eq!(without_prefix("/forge", "forge"), "/forge");
    }
}
