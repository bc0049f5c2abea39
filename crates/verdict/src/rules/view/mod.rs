//! The evidence as rules see it: whose an exchange was and how it went, the same question by several ways, cookies on their
//! way, and what services said of their own addresses.
//!
//! - `addresses`: whose an address is, and its parts
//! - `exchanges`: how an exchange went
//! - `ways`: the same question in journeys, once more, and past the edge
//! - `cookies`: which were given out, and which came back
//!
//! And by service, as [`View`]:
//!
//! - `site`: where browsers reach the services
//! - `text`: what stands in excerpts
//! - `claims`: what a service's answers say of its address
//! - `belief`: what that comes to, and how it differs from the address that browsers have
//! - `taint`: the symptoms that follow from a wrong address
//! - `forms`: whether a service wants its prefix, and whether it gets it
//! - `loops`: redirects that lead back to where they began
//! - `reflection`: what a service that shows requests says that it got
//! - `answers`: comparing answers

mod addresses;
mod answers;
mod belief;
mod claims;
mod cookies;
mod exchanges;
mod forms;
mod loops;
mod reflection;
mod site;
mod taint;
mod text;
mod ways;

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use crate::evidence::{Evidence, Exchange, Journey, Mode, Outcome, Probe, ResponseRecord, StepRecord, Way};
use crate::finding::{Observation, Place};

pub(crate) use addresses::{
    called, is_below, is_of_site, leads_to, origin, path_of, public_url, route, service_of, target,
};
pub(crate) use answers::{Print, is_empty_ok, is_html, media_type, without_chance};
pub(crate) use belief::{Belief, Difference};
pub(crate) use claims::{Claim, Lies, Says, without_query};
pub(crate) use cookies::{Given, covers, given, sent};
pub(crate) use exchanges::{body, came_through, is_broken, is_gateway_error, is_handshake, is_whole, status};
pub(crate) use loops::{Hop, redirect_loop};
pub(crate) use reflection::{Reflection, found_instead};
pub(crate) use site::{CALLBACK, Home, LOGIN, Root};
pub(crate) use taint::Taint;
pub(crate) use text::{json_string, root_references};
pub(crate) use ways::{ELSEWHERE, all, direct, log, seen, seen_in};

/// An exchange through the edge.
#[derive(Debug)]
pub(crate) struct Seen<'a> {
    /// The exchange.
    pub(crate) exchange: &'a Exchange,
    /// Its URL.
    pub(crate) url: Url,
    /// The service that the URL leads to, and the path below its prefix. The registry at the root of the origin is the
    /// forge's, its path being the whole.
    pub(crate) at: Option<(usize, String)>,
    /// The journey and the step; `None` for a probe.
    pub(crate) step: Option<(&'a Journey, &'a StepRecord)>,
}

impl<'a> Seen<'a> {
    /// The response.
    pub(crate) fn response(&self) -> Option<&'a ResponseRecord> {
        self.exchange.response.as_ref()
    }

    /// As evidence: `text` is what was seen.
    pub(crate) fn observation(&self, text: String) -> Observation {
        // A scenario that passed shows it as well, but isn't explained by it.
        let failed = self.step.filter(|(journey, _)| journey.outcome == Outcome::Failed);
        let scenario = failed.map(|(journey, _)| journey.name.clone());
        let place = failed.map(|(_, step)| Place { file: step.file.clone(), line: step.line, column: 1 });
        Observation { text, scenario, place, quote: Vec::new() }
    }
}

/// A probe that went past the edge.
#[derive(Debug)]
pub(crate) struct Direct<'a> {
    /// The probe.
    pub(crate) probe: &'a Probe,
    /// The service's place among the homes.
    pub(crate) home: usize,
    /// The path with its query, as it was sent.
    pub(crate) path: String,
}

impl<'a> Direct<'a> {
    /// The response.
    pub(crate) fn response(&self) -> Option<&'a ResponseRecord> {
        self.probe.exchange.response.as_ref()
    }
}

/// The evidence by service.
#[derive(Debug)]
pub(crate) struct View<'a> {
    /// The shared origin.
    pub(crate) base: Root,
    /// The routing mode.
    pub(crate) mode: Mode,
    /// The services.
    pub(crate) homes: Vec<Home>,
    /// What went through the edge.
    pub(crate) seen: Vec<Seen<'a>>,
    /// What went past it.
    pub(crate) direct: Vec<Direct<'a>>,
    /// What services said of their addresses.
    pub(crate) claims: Vec<Claim<'a>>,
    /// The exchanges' places in `seen`.
    places: BTreeMap<*const Exchange, usize>,
    /// Answers that services gave carry `Via` (RFC 9110, section 7.6.3), so that one without it is the edge's own.
    has_via: bool,
    /// What the edge answers where nobody is.
    nobody: BTreeSet<Print>,
}

impl<'a> View<'a> {
    /// `None` where no stack stood.
    pub(crate) fn new(evidence: &'a Evidence) -> Option<Self> {
        let stack = evidence.stack.as_ref()?;
        let (base, homes) = site::homes(stack)?;
        let mut view = Self {
            base,
            mode: stack.mode,
            homes,
            seen: Vec::new(),
            direct: Vec::new(),
            claims: Vec::new(),
            places: BTreeMap::new(),
            has_via: false,
            nobody: BTreeSet::new(),
        };
        for journey in &evidence.journeys {
            for step in &journey.steps {
                let exchanges = step.trace.iter().filter_map(|exchange| view.see(exchange, Some((journey, step))));
                view.seen.extend(exchanges.collect::<Vec<_>>());
            }
        }
        for probe in &evidence.probes {
            match probe.way {
                Way::Edge => view.seen.extend(view.see(&probe.exchange, None)),
                Way::Direct => view.direct.extend(view.past(probe)),
            }
        }
        let places = view.seen.iter().enumerate().map(|(place, seen)| (std::ptr::from_ref(seen.exchange), place));
        view.places = places.collect();
        view.has_via = view.seen.iter().any(|seen| seen.response().is_some_and(has_via));
        view.nobody = view.seen.iter().filter_map(|seen| view.nobodys(seen)).collect();
        view.claims = claims::all(&view);
        Some(view)
    }

    fn see(&self, exchange: &'a Exchange, step: Option<(&'a Journey, &'a StepRecord)>) -> Option<Seen<'a>> {
        let url = Url::parse(&exchange.request.url).ok()?;
        let at = if asks_another_host(exchange, &url) { None } else { self.at(&url) };
        Some(Seen { exchange, url, at, step })
    }

    fn past(&self, probe: &'a Probe) -> Option<Direct<'a>> {
        let home = self.homes.iter().position(|home| home.service == probe.service)?;
        let url = Url::parse(&probe.exchange.request.url).ok()?;
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Some(Direct { probe, home, path: format!("{}{query}", url.path()) })
    }

    /// The service that a URL leads to, and the path below its prefix.
    pub(crate) fn at(&self, url: &Url) -> Option<(usize, String)> {
        let found = self.homes.iter().enumerate().filter(|(_, home)| home.root.covers(url));
        let home = found.max_by_key(|(_, home)| home.root.prefix.len()).map(|(index, _)| index);
        match home {
            Some(index) => Some((index, self.homes[index].root.inner(url.path())?.to_owned())),
            None => self.registry(url).map(|index| (index, url.path().to_owned())),
        }
    }

    /// Clients of a registry ask at the root of its host (OCI Distribution Specification, "Endpoints").
    fn registry(&self, url: &Url) -> Option<usize> {
        let is_registry = url.path() == "/v2" || url.path().starts_with("/v2/");
        let root = Root::of(url)?;
        if !is_registry || !root.is_same_origin(&self.base) {
            return None;
        }
        self.homes.iter().position(|home| home.service == "forge")
    }

    /// What went through the edge to a service, the prefix without its slash left out: that is the edge's to answer.
    pub(crate) fn with(&self, home: usize) -> impl Iterator<Item = (&Seen<'a>, &str)> {
        self.seen.iter().filter_map(move |seen| match &seen.at {
            Some((index, inner)) if *index == home && !inner.is_empty() => Some((seen, inner.as_str())),
            _ => None,
        })
    }

    /// The exchange, as it was seen.
    pub(crate) fn find(&self, exchange: &Exchange) -> Option<&Seen<'a>> {
        self.places.get(&std::ptr::from_ref(exchange)).and_then(|place| self.seen.get(*place))
    }

    /// The answer is the edge's own, as far as that shows.
    pub(crate) fn is_edges_own(&self, response: &ResponseRecord) -> bool {
        self.has_via && !has_via(response)
    }

    /// Whether the service lets nobody in without a session: asked for its own page past the edge, it wants to know who asks.
    pub(crate) fn is_gated(&self, home: usize) -> bool {
        let below = format!("/{}", self.homes[home].service);
        let pages = self.direct.iter().filter(|direct| {
            let path = direct.path.trim_end_matches('/');
            direct.home == home && (path.is_empty() || path == below)
        });
        pages.filter_map(|direct| direct.response()).any(|response| response.status == 401)
    }

    /// A service answered, as far as that shows.
    pub(crate) fn is_passed_on(&self, response: &ResponseRecord) -> bool {
        self.has_via && has_via(response)
    }

    /// The edge has no route there: an empty success, which is Caddy's way, or what it says wherever nobody is.
    pub(crate) fn is_nobodys_answer(&self, response: &ResponseRecord) -> bool {
        if self.is_passed_on(response) {
            return false;
        }
        // The edge's own 404, where its own answers can be told.
        let is_own = self.has_via && matches!(response.status, 404 | 421);
        is_own || is_empty_ok(response) || Print::of(response).is_some_and(|print| self.nobody.contains(&print))
    }

    /// What the edge answers at an address that is nobody's.
    fn nobodys(&self, seen: &Seen<'a>) -> Option<Print> {
        let root = Root::of(&seen.url)?;
        let other_host = asks_another_host(seen.exchange, &seen.url);
        let is_nobodys = seen.at.is_none()
            && (other_host || root.is_same_origin(&self.base))
            && (other_host || (self.mode == Mode::Subpath && seen.url.path() != "/"));
        let response = seen.response().filter(|response| response.status == 404 || response.status == 421)?;
        (is_nobodys && !(self.has_via && has_via(response)) && response.body_bytes < 1024)
            .then(|| Print::of(response))?
    }
}

fn has_via(response: &ResponseRecord) -> bool {
    response.header("via").is_some()
}

/// The request names another host than its URL: it asks what the edge makes of that.
fn asks_another_host(exchange: &Exchange, url: &Url) -> bool {
    let authority = url[url::Position::BeforeHost..url::Position::AfterPort].to_owned();
    let host = exchange.request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host"));
    host.is_some_and(|(_, value)| !value.eq_ignore_ascii_case(&authority))
}
