//! Which symptoms follow from a wrong address.

use url::Url;

use super::claims::{Lies, Says, without_query};
use super::site::Root;
use super::{Seen, View};
use crate::evidence::{Exchange, Journey, Way};
use crate::rules::case::{Case, Symptom, SymptomId};

/// What of the evidence shows that a service hands out a wrong address.
#[derive(Debug)]
pub(crate) struct Taint<'v, 'a> {
    view: &'v View<'a>,
    home: usize,
    /// Exchanges in which it does.
    exchanges: Vec<*const Exchange>,
    /// The wrong addresses: whoever is sent there is lost.
    roots: Vec<Root>,
    /// Whole addresses that it handed out, wrong ones.
    addresses: Vec<&'v str>,
    /// The wrong paths on the site's own origin.
    paths: Vec<&'v str>,
    /// It thinks that browsers come by https, where they come by http: its session cookies never come back.
    is_secure_on_http: bool,
}

impl<'v, 'a> Taint<'v, 'a> {
    /// What shows that a service's addresses aren't those that browsers have; `believed` is what it believes in, where
    /// that is known.
    pub(crate) fn of(view: &'v View<'a>, home: usize, believed: Option<&Root>) -> Self {
        let own = &view.homes[home].root;
        let mut taint = Self {
            view,
            home,
            exchanges: Vec::new(),
            roots: Vec::new(),
            addresses: Vec::new(),
            paths: Vec::new(),
            is_secure_on_http: false,
        };
        for claim in view.claims.iter().filter(|claim| claim.home == home) {
            let is_wrong = match &claim.says {
                Says::Root(root) => root != own,
                Says::Origin(origin) => !origin.is_same_origin(own),
                Says::Off(_) => true,
                Says::Prefix(prefix) => *prefix != own.prefix,
                Says::Path(path) => match view.lies(home, path) {
                    Lies::Outside | Lies::Doubled => true,
                    // On a host of its own: a prefix that it believes in and that isn't there.
                    Lies::Inside => believed.is_some_and(|believed| {
                        own.prefix.is_empty() && !believed.prefix.is_empty() && believed.inner(path).is_some()
                    }),
                    Lies::Elsewhere => false,
                },
            };
            if is_wrong {
                taint.exchanges.push(claim.exchange);
                taint.addresses.extend(claim.address.as_deref());
                match &claim.says {
                    Says::Root(root) | Says::Origin(root) | Says::Off(root) => taint.roots.push(root.clone()),
                    Says::Path(path) => taint.paths.push(path),
                    Says::Prefix(_) => {}
                }
            }
        }
        // Where other addresses lack the prefix, a redirect to `/` lacks it as well.
        if !own.prefix.is_empty() && !taint.paths.is_empty() {
            let to_root = view.claims.iter().filter(|claim| {
                let is_redirect =
                    claim.exchange.response.as_ref().is_some_and(|response| (300..400).contains(&response.status));
                claim.home == home && is_redirect && claim.says == Says::Path("/".to_owned())
            });
            taint.exchanges.extend(to_root.map(|claim| std::ptr::from_ref(claim.exchange)));
        }
        taint.roots.extend(believed.filter(|believed| *believed != own).cloned());
        taint.roots.sort();
        taint.roots.dedup();
        taint.is_secure_on_http = own.scheme == "http" && believed.is_some_and(|believed| believed.scheme == "https");
        taint
    }

    /// Some of the addresses that the service hands out lack its prefix where they arrive, others have it, and asked directly
    /// it hands out none without: something on the way takes the prefix off. A program that ignores its prefix does so
    /// everywhere.
    pub(crate) fn is_of_the_way(view: &View<'a>, home: usize) -> bool {
        let any = |way: Way, wanted: Lies| {
            view.claims.iter().any(|claim| {
                let is_there = matches!(&claim.says, Says::Path(path) if view.lies(home, path) == wanted);
                claim.home == home && claim.way == way && is_there
            })
        };
        any(Way::Edge, Lies::Outside)
            && any(Way::Edge, Lies::Inside)
            && any(Way::Direct, Lies::Inside)
            && !any(Way::Direct, Lies::Outside)
    }

    /// The open symptoms that follow.
    pub(crate) fn explains(&self, case: &Case<'_>) -> Vec<SymptomId> {
        case.open().filter(|(_, symptom)| self.follows(symptom)).map(|(id, _)| id).collect()
    }

    fn follows(&self, symptom: &Symptom<'_>) -> bool {
        let Some(step) = symptom.step else { return false };
        let is_about_it = symptom.failure.is_some_and(|failure| {
            let texts = [failure.found.as_deref(), Some(failure.message.as_str())];
            texts.into_iter().flatten().any(|text| self.names(text))
        });
        let is_on_the_way = step.trace.iter().any(|exchange| self.is_lost(exchange));
        is_about_it || is_on_the_way || (self.is_secure_on_http && self.lost_its_session(symptom.journey, symptom))
    }

    /// The exchange shows it, or goes where it leads.
    fn is_lost(&self, exchange: &Exchange) -> bool {
        if self.exchanges.iter().any(|tainted| std::ptr::eq(*tainted, exchange)) {
            return true;
        }
        if self.addresses.contains(&without_query(&exchange.request.url)) {
            return true;
        }
        let Ok(url) = Url::parse(&exchange.request.url) else { return false };
        let Some(root) = Root::of(&url) else { return false };
        let own = &self.view.homes[self.home].root;
        let is_off_site = !self.view.homes.iter().any(|home| home.root.is_same_origin(&root));
        let is_there = |wrong: &Root| wrong.covers(&url);
        // On the site's own origin: below a prefix that it believes in and that is nobody's.
        let is_nobodys = self.view.at(&url).is_none();
        let is_aside = |wrong: &Root| !wrong.prefix.is_empty() && wrong.covers(&url);
        let leads_off =
            (is_off_site && self.roots.iter().any(is_there)) || (is_nobodys && self.roots.iter().any(is_aside));
        let leads_aside = root.is_same_origin(own)
            && self.view.at(&url).is_none_or(|(home, inner)| {
                home == self.home && own.inner(&inner).is_some_and(|_| !own.prefix.is_empty())
            })
            && self.paths.contains(&url.path());
        leads_off || leads_aside
    }

    /// The text names an address below a wrong one on another origin, or below a wrong prefix of its own origin.
    fn names(&self, text: &str) -> bool {
        let own = self.view.homes[self.home].root.to_string();
        self.roots.iter().map(Root::to_string).any(|wrong| {
            // An address that is the beginning of the right one is named by the right one too.
            !own.starts_with(&wrong)
                && text.match_indices(&wrong).any(|(at, _)| {
                    let next = text[at + wrong.len()..].chars().next();
                    next.is_none_or(|next| !next.is_ascii_alphanumeric() && !matches!(next, '.' | '-' | ':'))
                })
        })
    }

    /// The service has set cookies in the journey that a browser doesn't send back over http, and is asked again.
    fn lost_its_session(&self, journey: &Journey, symptom: &Symptom<'_>) -> bool {
        let with_service = |seen: &&Seen<'a>| seen.at.as_ref().is_some_and(|(home, _)| *home == self.home);
        let of_journey = || {
            self.view
                .seen
                .iter()
                .filter(with_service)
                .filter(|seen| seen.step.is_some_and(|(other, _)| std::ptr::eq(other, journey)))
        };
        let is_secure = |seen: &Seen<'a>| {
            seen.response()
                .is_some_and(|response| response.set_cookies.iter().any(|cookie| cookie.secure && !cookie.deleted))
        };
        let is_in_step = |seen: &Seen<'a>| {
            symptom.step.is_some_and(|step| seen.step.is_some_and(|(_, other)| std::ptr::eq(other, step)))
        };
        of_journey().any(is_secure) && of_journey().any(is_in_step)
    }
}
