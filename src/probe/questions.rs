//! What to ask.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use scenario::model::Service;
use verdict::evidence::{Exchange, Journey, Outcome, StepRecord, Way};

use crate::stack::Site;

/// The most failures that are asked about: behind many there are few causes.
const FAILURES: usize = 12;
/// The longest that a WebSocket is watched past the edge.
const WATCHED: Duration = Duration::from_secs(4);
/// How long it is watched in any case: on a machine that is busy its timer may have been half over before it was open.
const WATCHED_BESIDES: Duration = Duration::from_millis(700);
/// A path that is nobody's, whoever runs the site.
const NOBODY: &str = "/edge-smoke-nobody-is-here";
const HTML: &str = "text/html";
const ANYTHING: &str = "*/*";

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Question {
    /// The service that it is about.
    pub(super) service: Service,
    /// Which way it goes.
    pub(super) way: Way,
    /// Through the edge a whole URL, past it a path.
    pub(super) url: String,
    /// `Accept`.
    pub(super) accept: Option<&'static str>,
    /// It carries the credentials of this one of the requests that were refused, counted from 0.
    pub(super) credentials: Option<usize>,
    /// It asks for a WebSocket, and watches it for as long.
    pub(super) holds_for: Option<Duration>,
    /// What it asks, for people.
    pub(super) asks: String,
}

/// Where services say what they are, and where they think they are; each answers strangers.
const TELLING: &[(Service, &[&str])] = &[
    (
        Service::Forge,
        &["/", "/user/login", "/api/healthz", "/api/v1/version", "/.well-known/openid-configuration", "/v2/"],
    ),
    (Service::Ci, &["/", "/web-config.js", "/healthz", "/authorize", "/api/user"]),
    (Service::Chat, &["/", "/login", "/oauth/callback", "/history"]),
    (Service::Staging, &["/"]),
    (Service::Echo, &["/"]),
];

/// What the failures of these journeys leave open, and requests to these URLs that were refused with the credentials that they
/// carried; nothing where no journey failed.
pub(super) fn questions(site: &Site, journeys: &[Journey], refused: &[&str]) -> Vec<Question> {
    if !journeys.iter().any(|journey| journey.outcome == Outcome::Failed) {
        return Vec::new();
    }
    let mut list = List { site, questions: Vec::new(), asked: BTreeSet::new() };
    for (service, paths) in TELLING.iter().filter(|(service, _)| site.services.contains_key(service)) {
        for path in *paths {
            list.well_known(*service, path);
        }
    }
    list.of_the_edge();
    let failed = journeys.iter().flat_map(|journey| &journey.steps).filter(|step| step.outcome == Outcome::Failed);
    let mut failures = BTreeSet::new();
    let failed: Vec<&StepRecord> = failed.collect();
    for step in &failed {
        for url in urls(step) {
            if failures.len() < FAILURES && failures.insert(url.to_owned()) {
                list.about_a_failure(url, step);
            }
        }
    }
    for (url, lived) in lives(&failed) {
        list.websocket(url, lived);
    }
    for (place, url) in refused.iter().enumerate() {
        list.with_credentials(place, url);
    }
    list.questions
}

/// The URLs that a failed step got no good answer from, as far as asking again changes nothing.
fn urls(step: &StepRecord) -> impl Iterator<Item = &str> {
    let is_read = |exchange: &&Exchange| matches!(exchange.request.method.as_str(), "GET" | "HEAD");
    let last = step.trace.last().filter(is_read).map(|exchange| exchange.request.url.as_str());
    let assets = step.assets.iter().flat_map(|assets| assets.broken().take(4)).map(|asset| asset.url.as_str());
    // What was hidden can't be asked again.
    last.into_iter().chain(assets).filter(|url| !url.contains("***"))
}

/// The WebSockets that failed, each with how long the longest of them lived, from its handshake on: a timer may run since then.
fn lives<'a>(failed: &[&'a StepRecord]) -> BTreeMap<&'a str, Duration> {
    let mut lives = BTreeMap::new();
    for step in failed.iter().filter(|step| step.kind == "websocket") {
        let Some(exchange) = step.trace.last() else { continue };
        let milliseconds = step.websocket.as_ref().map_or(0.0, |socket| socket.open_ms) + exchange.duration_ms;
        let lived = Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or_default();
        let longest: &mut Duration = lives.entry(exchange.request.url.as_str()).or_default();
        *longest = lived.max(*longest);
    }
    lives
}

struct List<'a> {
    site: &'a Site,
    questions: Vec<Question>,
    asked: BTreeSet<(Service, Way, String, Option<&'static str>, bool)>,
}

impl List<'_> {
    fn push(&mut self, service: Service, way: Way, url: String, accept: Option<&'static str>, asks: impl Into<String>) {
        if self.asked.insert((service, way, url.clone(), accept, false)) {
            let asks = asks.into();
            self.questions.push(Question { service, way, url, accept, credentials: None, holds_for: None, asks });
        }
    }

    /// The prefix of a service's public URL; none in subdomain mode.
    fn prefix(&self, service: Service) -> String {
        let Some(url) = self.site.services.get(&service) else { return String::new() };
        url.strip_prefix(super::origin_of(url).as_str()).unwrap_or_default().to_owned()
    }

    fn well_known(&mut self, service: Service, path: &str) {
        let public = format!("{}{path}", self.site.services[&service]);
        let origin = super::origin_of(&public);
        let prefix = self.prefix(service);
        self.push(service, Way::Edge, public, Some(ANYTHING), "what the service says of itself");
        // The registry's path is the same under every prefix (OCI Distribution Specification, "Endpoints").
        if path == "/v2/" {
            self.push(
                service,
                Way::Edge,
                format!("{origin}{path}"),
                Some(ANYTHING),
                "the registry at the root of its host",
            );
        }
        self.push(service, Way::Direct, path.to_owned(), Some(ANYTHING), "the same past the edge, without the prefix");
        // On a host of its own the chat lives below its prefix all the same, which the edge adds there.
        let prefix = if prefix.is_empty() && service == Service::Chat { "/chat".to_owned() } else { prefix };
        if !prefix.is_empty() {
            let path = format!("{prefix}{path}");
            self.push(service, Way::Direct, path, Some(ANYTHING), "the same past the edge, with the prefix");
        }
    }

    fn of_the_edge(&mut self) {
        let base = self.site.base_url.clone();
        self.push(Service::Edge, Way::Edge, format!("{base}/"), Some(HTML), "what the root leads to");
        self.push(
            Service::Edge,
            Way::Edge,
            format!("{base}{NOBODY}"),
            Some(HTML),
            "what the edge says where nobody is",
        );
        for (service, url) in self.site.services.clone() {
            if !self.prefix(service).is_empty() {
                self.push(service, Way::Edge, url, Some(HTML), "the prefix without its slash");
            }
        }
    }

    /// The same path with and without prefix, through the edge and past it, for whoever may be behind it.
    fn about_a_failure(&mut self, url: &str, step: &StepRecord) {
        let Some(path) = self.path_of_the_site(url) else { return };
        self.push_with_accepts(self.service_of(url).unwrap_or(Service::Edge), url);
        // Where no prefix says whose it is, it is of those who sent the browser there.
        let senders = step.trace.iter().filter_map(|exchange| self.service_of(&exchange.request.url));
        let services: BTreeSet<Service> = self.service_of(url).into_iter().chain(senders).collect();
        for service in services {
            let public = self.site.services[&service].clone();
            let (origin, prefix) = (super::origin_of(&public), self.prefix(service));
            let bare = match path.strip_prefix(prefix.as_str()) {
                Some(rest) if rest.is_empty() || rest.starts_with('/') => rest.to_owned(),
                _ => path.clone(),
            };
            let bare = if bare.starts_with('/') { bare } else { format!("/{bare}") };
            self.push(service, Way::Edge, format!("{public}{bare}"), Some(ANYTHING), "the same path with its prefix");
            self.push(
                service,
                Way::Direct,
                bare.clone(),
                Some(ANYTHING),
                "the same path past the edge, without a prefix",
            );
            if !prefix.is_empty() {
                self.push(
                    service,
                    Way::Edge,
                    format!("{origin}{bare}"),
                    Some(ANYTHING),
                    "the same path without its prefix",
                );
                let with = format!("{prefix}{bare}");
                self.push(
                    service,
                    Way::Direct,
                    with.clone(),
                    Some(ANYTHING),
                    "the same path past the edge, with its prefix",
                );
                let twice = format!("{public}{with}");
                self.push(service, Way::Edge, twice, Some(ANYTHING), "the same path with its prefix twice");
            }
        }
    }

    fn push_with_accepts(&mut self, service: Service, url: &str) {
        self.push(
            service,
            Way::Edge,
            url.to_owned(),
            Some(ANYTHING),
            "the same again, whatever its type, without cookies",
        );
        self.push(service, Way::Edge, url.to_owned(), Some(HTML), "the same again, as a page, without cookies");
    }

    /// A WebSocket that failed: the same handshake past the edge, and how long it lives there.
    fn websocket(&mut self, url: &str, lived: Duration) {
        let (Some(service), Some(path)) = (self.service_of(url), self.path_of_the_site(url)) else { return };
        let watched = (lived * 3 / 2 + WATCHED_BESIDES).min(WATCHED);
        let prefix = self.prefix(service);
        let bare = path.strip_prefix(prefix.as_str()).unwrap_or(&path).to_owned();
        let ways = [
            (Way::Direct, bare, "the same WebSocket past the edge, without a prefix"),
            (Way::Direct, path.clone(), "the same WebSocket past the edge, with its prefix"),
            (Way::Edge, url.to_owned(), "the same WebSocket again"),
        ];
        let holds_for = Some(watched);
        for (way, url, asks) in ways {
            if self.asked.insert((service, way, url.clone(), None, true)) {
                // Whether it ends in the same way each time shows the second time.
                let once_more = (way == Way::Edge).then(|| Question {
                    service,
                    way,
                    url: url.clone(),
                    accept: None,
                    credentials: None,
                    holds_for,
                    asks: "and once more".to_owned(),
                });
                self.questions.extend(once_more);
                let asks = asks.to_owned();
                self.questions.push(Question { service, way, url, accept: None, credentials: None, holds_for, asks });
            }
        }
    }

    /// Whether credentials that were refused are taken past the edge, and what is said there without any.
    fn with_credentials(&mut self, place: usize, url: &str) {
        let Some(path) = self.path_of_the_site(url) else { return };
        // The registry's path is at the root of the forge's origin (OCI Distribution Specification, "Endpoints").
        let at_root = path.starts_with("/v2/").then_some(Service::Forge);
        let Some(service) = self.service_of(url).or(at_root).filter(|at| self.site.services.contains_key(at)) else {
            return;
        };
        let prefix = self.prefix(service);
        let bare = path.strip_prefix(prefix.as_str()).filter(|bare| bare.starts_with('/')).unwrap_or(&path).to_owned();
        let paths: BTreeSet<String> = [bare, path].into();
        let with = |way: Way, url: String, asks: &str| Question {
            service,
            way,
            url,
            accept: Some(ANYTHING),
            credentials: Some(place),
            holds_for: None,
            asks: asks.to_owned(),
        };
        self.questions.push(with(Way::Edge, url.to_owned(), "the same again, with the same credentials"));
        for path in paths {
            self.questions.push(with(Way::Direct, path.clone(), "the same past the edge, with the same credentials"));
            self.push(service, Way::Direct, path, Some(ANYTHING), "the same past the edge, without credentials");
        }
    }

    /// The service whose public URL the URL is below: the longest, so that a prefix wins over a host.
    fn service_of(&self, url: &str) -> Option<Service> {
        let is_below =
            |base: &str| url.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
        let services = self.site.services.iter().filter(|(service, base)| **service != Service::Edge && is_below(base));
        services.max_by_key(|(_, base)| base.len()).map(|(service, _)| *service)
    }

    /// Path and query of a URL on the site's origin or on one of its services'.
    fn path_of_the_site(&self, url: &str) -> Option<String> {
        let origin = super::origin_of(url);
        let own = self.site.services.values().chain([&self.site.base_url]).any(|own| super::origin_of(own) == origin);
        let path = url.get(origin.len()..).filter(|path| path.starts_with('/'))?;
        own.then(|| path.to_owned())
    }
}
