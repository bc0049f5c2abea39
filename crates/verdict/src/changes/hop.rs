//! Two traces of one step, hop by hop.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Difference;
use super::volatile::Site;
use crate::evidence::{Asset, Exchange, ResponseRecord, SetCookie, StepRecord};

/// The place of a hop: its number from 1, and what was asked there.
type Place = Option<(usize, String)>;

/// Where the step went otherwise for the first time, and what differs there.
pub(super) fn first(then: &StepRecord, now: &StepRecord, was: &Site, is: &Site) -> Option<(Place, Vec<Difference>)> {
    let pair = Pair { was, is };
    let (mut before, mut after): (Vec<Cow<'_, Exchange>>, Vec<Cow<'_, Exchange>>) =
        (hops(then).iter().map(Cow::Borrowed).collect(), hops(now).iter().map(Cow::Borrowed).collect());
    // Who of those that sign in side by side is asked for consent is chance: it is asked once.
    if consents(&before) != consents(&after) {
        let (mut asked, mut as_well) = (Vec::new(), Vec::new());
        (before, after) = (without_consent(before, &mut asked), without_consent(after, &mut as_well));
        for hop in asked.into_iter().chain(as_well) {
            before.get_mut(hop).into_iter().chain(after.get_mut(hop)).for_each(only_where_to);
        }
    }
    for (index, (before, after)) in before.iter().zip(&after).enumerate() {
        let differences = pair.exchange(before, after);
        if !differences.is_empty() {
            let asked = format!("{} {}", after.request.method, is.shown(&after.request.url, is));
            return Some((Some((index + 1, asked)), differences));
        }
    }
    if before.len() != after.len() {
        let ended = |site: &Site, hops: &[Cow<'_, Exchange>]| match hops.last() {
            Some(last) => {
                let number = if hops.len() == 1 { "1 hop".to_owned() } else { format!("{} hops", hops.len()) };
                format!("{} after {number}", site.shown(&last.request.url, is))
            }
            None => "nowhere: no request was made".to_owned(),
        };
        return Some((None, vec![Difference::new("final URL", ended(was, &before), ended(is, &after))]));
    }
    let differences = pair.assets(then, now);
    (!differences.is_empty()).then_some((None, differences))
}

/// The exchanges that led to the step's page. Those of assets that are broken come behind it, and are looked at as such.
fn hops(step: &StepRecord) -> &[Exchange] {
    let page = step.assets.as_ref().map(|assets| assets.page.as_str());
    let end = page.and_then(|page| step.trace.iter().position(|exchange| exchange.request.url == page));
    end.map_or(step.trace.as_slice(), |end| &step.trace[..=end])
}

/// The user is asked for consent, and what they answer leads back to the client with a code (RFC 6749, section 4.1.2).
fn is_consent(asked: &Exchange, answered: &Exchange) -> bool {
    let is_page = asked.response.as_ref().is_some_and(|response| response.status == 200);
    let location = answered.response.as_ref().and_then(|response| response.header("location"));
    is_page && answered.request.method == "POST" && location.is_some_and(|to| to.contains("code="))
}

fn consents(hops: &[Cow<'_, Exchange>]) -> usize {
    hops.windows(2).filter(|pair| is_consent(&pair[0], &pair[1])).count()
}

/// As if consent had been given before: the authorization request is answered at once. `asked` gets the hops where it was.
fn without_consent<'a>(hops: Vec<Cow<'a, Exchange>>, asked: &mut Vec<usize>) -> Vec<Cow<'a, Exchange>> {
    let mut kept: Vec<Cow<'_, Exchange>> = Vec::with_capacity(hops.len());
    for hop in hops {
        let before = kept.len().saturating_sub(1);
        match kept.last_mut() {
            Some(page) if is_consent(page, &hop) => {
                page.to_mut().response = hop.response.clone();
                asked.push(before);
            }
            _ => kept.push(hop),
        }
    }
    kept
}

/// A form's answer and a link's say differently what they say: of both there is left where they lead.
fn only_where_to(hop: &mut Cow<'_, Exchange>) {
    if let Some(response) = &mut hop.to_mut().response {
        response.set_cookies.clear();
        response.headers.retain(|(name, _)| name.eq_ignore_ascii_case("location"));
    }
}

/// The two sites.
struct Pair<'a> {
    was: &'a Site,
    is: &'a Site,
}

impl Pair<'_> {
    fn exchange(&self, then: &Exchange, now: &Exchange) -> Vec<Difference> {
        let asked = |exchange: &Exchange| format!("{} {}", exchange.request.method, exchange.request.url);
        let mut differences: Vec<Difference> = self.text("request", &asked(then), &asked(now)).into_iter().collect();
        match (&then.response, &now.response) {
            (Some(then), Some(now)) => differences.extend(self.response(then, now)),
            (None, None) => {}
            (before, after) => differences.push(Difference::new("answer", answer(before, then), answer(after, now))),
        }
        differences
    }

    fn response(&self, then: &ResponseRecord, now: &ResponseRecord) -> Vec<Difference> {
        let mut differences = Vec::new();
        if then.status != now.status {
            differences.push(Difference::new("status", then.status.to_string(), now.status.to_string()));
        }
        let location = |response: &ResponseRecord| response.header("location").unwrap_or("not there").to_owned();
        differences.extend(self.text("Location", &location(then), &location(now)));
        let (was, is) = (content_type(then), content_type(now));
        if was != is {
            differences.push(Difference::new("Content-Type", was, is));
        }
        differences.extend(self.cookies(then, now));
        differences
    }

    /// A text that may hold addresses.
    fn text(&self, what: &str, then: &str, now: &str) -> Option<Difference> {
        let differs = self.was.key(then) != self.is.key(now);
        differs.then(|| Difference::new(what, self.was.shown(then, self.is), self.is.shown(now, self.is)))
    }

    fn cookies(&self, then: &ResponseRecord, now: &ResponseRecord) -> Vec<Difference> {
        let (before, after) = (self.by_name(self.was, then), self.by_name(self.is, now));
        let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let not_set = || "not set".to_owned();
        let difference = |name: &String| {
            let (was, is) = (before.get(name), after.get(name));
            let key = |cookies: Option<&Vec<Cookie>>| {
                cookies.map(|all| all.iter().map(|it| it.key.clone()).collect::<Vec<_>>())
            };
            let said = |cookies: Option<&Vec<Cookie>>| {
                cookies.map_or_else(not_set, |all| {
                    all.iter().map(|it| it.shown.clone()).collect::<Vec<_>>().join(", and ")
                })
            };
            (key(was) != key(is)).then(|| Difference::new(format!("cookie {name}"), said(was), said(is)))
        };
        names.into_iter().filter_map(difference).collect()
    }

    /// What a response says of cookies, by their names; of one name in a settled order.
    fn by_name(&self, site: &Site, response: &ResponseRecord) -> BTreeMap<String, Vec<Cookie>> {
        let mut by_name: BTreeMap<String, Vec<Cookie>> = BTreeMap::new();
        for cookie in &response.set_cookies {
            let name = site.key(&cookie.name);
            by_name
                .entry(name)
                .or_default()
                .push(Cookie { key: attributes(cookie, site, None), shown: attributes(cookie, site, Some(self.is)) });
        }
        by_name.values_mut().for_each(|cookies| cookies.sort());
        by_name
    }

    /// What is broken now and wasn't.
    fn assets(&self, then: &StepRecord, now: &StepRecord) -> Vec<Difference> {
        let (Some(before), Some(after)) = (&then.assets, &now.assets) else { return Vec::new() };
        let broken = after.broken().filter_map(|asset| {
            let key = self.is.key(&asset.url);
            let same = before.list.iter().find(|other| self.was.key(&other.url) == key);
            if same.is_some_and(|same| same.problem.is_some()) {
                return None;
            }
            let was = same.map_or_else(|| "not referred to".to_owned(), loaded);
            let what = format!("asset {}", self.is.shown(&asset.url, self.is));
            Some(Difference::new(
                what,
                was,
                asset.problem.as_ref().map(|problem| problem.found.clone()).unwrap_or_default(),
            ))
        });
        broken.take(1).collect()
    }
}

/// A cookie as it is compared, and as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Cookie {
    key: String,
    shown: String,
}

/// A cookie's attributes: what is compared, or what is shown on the site of now.
fn attributes(cookie: &SetCookie, site: &Site, shown_on: Option<&Site>) -> String {
    let mut parts = Vec::new();
    if let Some(path) = &cookie.path {
        parts.push(format!("Path={}", shown_on.map_or_else(|| site.key(path), |now| site.shown(path, now))));
    }
    if let Some(domain) = &cookie.domain {
        let domain = site.domain(domain);
        parts.push(format!("Domain={}", shown_on.map_or(domain.clone(), |now| now.host_in(&domain))));
    }
    if cookie.http_only {
        parts.push("HttpOnly".to_owned());
    }
    if cookie.secure {
        parts.push("Secure".to_owned());
    }
    parts.extend(cookie.same_site.as_ref().map(|same_site| format!("SameSite={same_site}")));
    if cookie.deleted {
        parts.push("deleted".to_owned());
    }
    if cookie.refused.is_some() {
        parts.push("refused by browsers".to_owned());
    }
    if parts.is_empty() { "set without attributes".to_owned() } else { parts.join("; ") }
}

/// Type and parameters that say how the content is to be read; a boundary is another each time.
fn content_type(response: &ResponseRecord) -> String {
    let Some(field) = response.header("content-type") else { return "not there".to_owned() };
    let parts = field.split(';').map(|part| part.trim().to_ascii_lowercase());
    parts.filter(|part| !part.is_empty() && !part.starts_with("boundary=")).collect::<Vec<_>>().join("; ")
}

fn answer(response: &Option<ResponseRecord>, exchange: &Exchange) -> String {
    match (response, &exchange.error) {
        (Some(response), _) => format!("status {}", response.status),
        (None, Some(error)) => error.clone(),
        (None, None) => "none".to_owned(),
    }
}

fn loaded(asset: &Asset) -> String {
    let status = asset.status.map(|status| status.to_string());
    let parts: Vec<String> = status.into_iter().chain(asset.media_type.clone()).collect();
    if parts.is_empty() { "well".to_owned() } else { parts.join(" ") }
}
