//! A journey's exchanges in their order: whose they are, which cookies were given out on the way, and which came back.

use url::Url;

use super::case::Symptom;
use crate::evidence::{Evidence, Exchange, Mode, Probe, SetCookie, StackFacts, Way};

/// The services that nobody has an address of in a browser.
const WITHOUT_ADDRESS: [&str; 2] = ["edge", "ci-agent"];

/// Where browsers reach a service, without a slash at its end.
pub(crate) fn public_url(service: &str, stack: &StackFacts) -> String {
    let base = stack.base_url.trim_end_matches('/');
    match (stack.mode, base.split_once("://")) {
        (Mode::Subpath, _) | (_, None) => format!("{base}/{service}"),
        // The project's own host is its staging site.
        (Mode::Subdomain, _) if service == "staging" => base.to_owned(),
        (Mode::Subdomain, Some((scheme, authority))) => format!("{scheme}://{service}.{authority}"),
    }
}

/// The service below whose address a URL lies.
pub(crate) fn service_of<'s>(url: &str, stack: &'s StackFacts) -> Option<&'s str> {
    let (scheme, authority) = stack.base_url.trim_end_matches('/').split_once("://")?;
    let (place, path) = split(url.strip_prefix(scheme)?.strip_prefix("://")?);
    let mut names = stack.services.iter().map(|service| service.name.as_str());
    let wanted = match (stack.mode, place == authority) {
        (Mode::Subpath, true) => split(path.strip_prefix('/')?).0,
        (Mode::Subpath, false) => return None,
        // The project's own host is its staging site.
        (Mode::Subdomain, true) => "staging",
        (Mode::Subdomain, false) => place.strip_suffix(authority)?.strip_suffix('.')?,
    };
    names.find(|name| *name == wanted && !WITHOUT_ADDRESS.contains(name))
}

/// What stands before the first `/`, `?` or `#`, and the rest from there on.
fn split(text: &str) -> (&str, &str) {
    text.split_at(text.find(['/', '?', '#']).unwrap_or(text.len()))
}

/// What a service is called in a sentence, after "the".
pub(crate) fn called(service: &str) -> &str {
    match service {
        "ci" => "CI",
        "ide" => "IDE",
        "staging" => "staging site",
        "ci-agent" => "CI's agent",
        other => other,
    }
}

/// The URL is this one, or below it segment by segment.
pub(crate) fn is_below(url: &str, base: &str) -> bool {
    url.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
}

/// The path of a URL; empty where it is none.
pub(crate) fn path_of(url: &str) -> String {
    Url::parse(url).map(|url| url.path().to_owned()).unwrap_or_default()
}

/// The exchanges of a symptom's journey, up to the last one of its step.
pub(crate) fn history<'a>(symptom: &Symptom<'a>) -> Vec<&'a Exchange> {
    let Some(last) = symptom.step else { return Vec::new() };
    let steps = &symptom.journey.steps;
    let end = steps.iter().position(|step| std::ptr::eq(step, last)).map_or(0, |at| at + 1);
    steps.iter().take(end).flat_map(|step| &step.trace).collect()
}

/// All exchanges of all journeys.
pub(crate) fn all(evidence: &Evidence) -> impl Iterator<Item = &Exchange> {
    evidence.journeys.iter().flat_map(|journey| &journey.steps).flat_map(|step| &step.trace)
}

/// What a service answered when it was asked past the edge.
pub(crate) fn direct<'a>(evidence: &'a Evidence, service: &str) -> impl Iterator<Item = &'a Probe> {
    evidence.probes.iter().filter(move |probe| probe.way == Way::Direct && probe.service == service)
}

/// The names of the cookies that a request carries, in their order, repetitions included.
pub(crate) fn sent(exchange: &Exchange) -> Vec<&str> {
    let fields = exchange.request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("cookie"));
    let pairs = fields.flat_map(|(_, value)| value.split(';'));
    pairs.filter_map(|pair| pair.split('=').next()).map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// A cookie that a service gave out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given<'a> {
    /// The service.
    pub(crate) service: &'a str,
    /// The cookie.
    pub(crate) cookie: &'a SetCookie,
    /// The exchange that brought it.
    pub(crate) exchange: &'a Exchange,
    /// The exchange's place among those looked at.
    pub(crate) at: usize,
}

impl Given<'_> {
    /// `GET http://edge.test/ci/authorize sets user_sess`
    pub(crate) fn said(&self) -> String {
        let Given { cookie, exchange, .. } = self;
        let path = cookie.path.as_deref().map(|path| format!("; Path={path}")).unwrap_or_default();
        let secure = if cookie.secure { "; Secure" } else { "" };
        format!("{} {} sets {}{path}{secure}", exchange.request.method, exchange.request.url, cookie.name)
    }

    /// The path that it is for (RFC 6265, section 5.1.4).
    pub(crate) fn path(&self) -> String {
        match self.cookie.path.as_deref().filter(|path| path.starts_with('/')) {
            Some(path) => path.to_owned(),
            None => {
                let path = path_of(&self.exchange.request.url);
                let end = path.rfind('/').unwrap_or_default();
                if end == 0 { "/".to_owned() } else { path[..end].to_owned() }
            }
        }
    }
}

/// The cookies that services gave out in these exchanges; those that are deleted aren't.
pub(crate) fn given<'a>(exchanges: &[&'a Exchange], stack: &'a StackFacts) -> Vec<Given<'a>> {
    let of = |(at, exchange): (usize, &&'a Exchange)| {
        let exchange = *exchange;
        let service = service_of(&exchange.request.url, stack);
        let set = exchange.response.iter().flat_map(|response| &response.set_cookies);
        let set = set.filter(|cookie| !cookie.deleted);
        set.filter_map(move |cookie| Some(Given { service: service?, cookie, exchange, at })).collect::<Vec<_>>()
    };
    exchanges.iter().enumerate().flat_map(of).collect()
}

/// A cookie for this path goes along to this one (RFC 6265, section 5.1.4).
pub(crate) fn covers(cookie_path: &str, path: &str) -> bool {
    let Some(rest) = path.strip_prefix(cookie_path) else { return false };
    rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/')
}

/// The status of an exchange.
pub(crate) fn status(exchange: &Exchange) -> Option<u16> {
    exchange.response.as_ref().map(|response| response.status)
}

/// The beginning of what came.
pub(crate) fn body(exchange: &Exchange) -> &str {
    exchange.response.as_ref().and_then(|response| response.body_excerpt.as_deref()).unwrap_or_default()
}

/// The log lines of a service that there are, each once.
pub(crate) fn log<'a>(evidence: &'a Evidence, service: &'a str) -> impl Iterator<Item = &'a str> {
    let of_journeys = evidence.journeys.iter().flat_map(|journey| &journey.logs);
    let logs = evidence.logs.iter().chain(of_journeys).filter(move |log| log.service == service);
    logs.flat_map(|log| &log.lines).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{ServiceFacts, ServiceKind, StackKind};

    fn stack(mode: Mode) -> StackFacts {
        let service = |name: &&str| ServiceFacts {
            name: (*name).to_owned(),
            kind: ServiceKind::Double,
            image: None,
            version: None,
        };
        StackFacts {
            kind: StackKind::Embedded,
            mode,
            base_url: "http://edge.test:80".into(),
            services: ["edge", "forge", "ci", "ci-agent", "staging"].iter().map(service).collect(),
        }
    }

    #[test]
    fn urls_are_their_services() {
        for (mode, url, service) in [
            (Mode::Subpath, "http://edge.test:80/forge", Some("forge")),
            (Mode::Subpath, "http://edge.test:80/forge?x", Some("forge")),
            (Mode::Subpath, "http://edge.test:80/forgery", None),
            (Mode::Subpath, "http://edge.test:80/ci-agent/", None),
            (Mode::Subpath, "http://edge.test:80/", None),
            (Mode::Subpath, "http://elsewhere:80/forge/", None),
            (Mode::Subdomain, "http://ci.edge.test:80/forge", Some("ci")),
            (Mode::Subdomain, "http://edge.test:80/x", Some("staging")),
        ] {
            assert_eq!(service_of(url, &stack(mode)), service, "{url}");
        }
    }

    #[test]
    fn paths_of_cookies_are_compared_as_browsers_do() {
        for (cookie, path, goes) in [
            ("/", "/x", true),
            ("/forge", "/forge", true),
            ("/forge", "/forge/x", true),
            ("/forge/", "/forge/x", true),
            ("/forge/", "/forge", false),
            ("/forge", "/forgery", false),
        ] {
            assert_eq!(covers(cookie, path), goes, "{cookie} {path}");
        }
    }
}
