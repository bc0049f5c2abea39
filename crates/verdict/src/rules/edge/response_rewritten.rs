//! `edge/response-rewritten`: what arrives isn't what the service answered.

use std::collections::BTreeSet;

use super::{is_with, with_exchange, without_directive};
use crate::evidence::{Exchange, ResponseRecord, StackKind};
use crate::finding::{Class, Observation, Severity};
use crate::fix::Fix;
use crate::rules::case::{Candidate, Case, SymptomId};
use crate::rules::view::{
    Lies, Print, Root, Says, Taint, View, is_html, root_references, without_chance, without_query,
};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "edge/response-rewritten",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "What arrives isn't what the service answered",
    explain: "Between the service and the browser something changes the answer: its status, a header field that it needs or its \
              content. The service itself answers as it should, so that its settings and its log look well.",
    told_by: "The same request, straight to the service and through the edge, comes back with another status, without a header \
              field, with other content, or as a page that refers to other things. An answer that shows its request differs as \
              the requests do, and is no sign. Paths that the edge passes on wrongly (`edge/prefix-kept`, `edge/prefix-stripped`) and \
              routes that lead elsewhere (`edge/wrong-upstream`) are told first.",
    remedy: "Look for `header_down`, `header`, `replace_status`, `handle_response` and `intercept` in the Caddyfile, and for \
              whatever else stands between the edge and the service.",
    references: &[
        "RFC 9110, section 7.7 (message transformations)",
        "Caddy, reverse_proxy, header_down and handle_response",
    ],
    needs: Needs { stacks: &[StackKind::Embedded, StackKind::Containers], ..Needs::NOTHING },
    find,
};

/// What a client needs, and nobody changes on the way for good reasons.
const FIELDS: [&str; 4] = ["content-type", "location", "www-authenticate", "content-disposition"];

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(view) = case.view() else { return Vec::new() };
    (0..view.homes.len()).filter_map(|home| of(case, view, home)).collect()
}

/// A difference of an answer, and where it shows.
struct Difference<'v> {
    inner: &'v str,
    what: String,
    field: Option<&'static str>,
    /// The status that came, where that is what differs.
    status: Option<u16>,
}

fn of(case: &Case<'_>, view: &View<'_>, home: usize) -> Option<Candidate> {
    let mut differences: Vec<Difference<'_>> = Vec::new();
    for (seen, inner) in view.with(home).filter(|(seen, _)| seen.step.is_none()) {
        let Some(through) = seen.response().filter(|response| !view.is_edges_own(response)) else { continue };
        let query = seen.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let accept = accept(seen.exchange);
        let path = format!("{inner}{query}");
        let with_prefix = format!("{}{query}", seen.url.path());
        let past: Vec<&Exchange> = view
            .direct
            .iter()
            .filter(|direct| direct.home == home && (direct.path == path || direct.path == with_prefix))
            .filter(|direct| self::accept(&direct.probe.exchange) == accept && direct.probe.websocket.is_none())
            .map(|direct| &direct.probe.exchange)
            .filter(|exchange| exchange.response.is_some())
            .collect();
        let is_same_status =
            |past: &&Exchange| past.response.as_ref().is_some_and(|past| past.status == through.status);
        // Whichever way the service is asked, it answers otherwise.
        let mut different: Vec<(String, Option<&'static str>)> =
            past.iter().filter_map(|past| differs(past, seen.exchange, &view.homes[home].root)).collect();
        if !past.is_empty() && different.len() == past.len() {
            // Asked with its prefix, a service that knows none says no more than that.
            if let Some(place) = past.iter().position(is_same_status) {
                different = vec![different.swap_remove(place)];
            }
            let status = (!past.iter().any(is_same_status)).then_some(through.status);
            let difference = |(what, field)| Difference { inner, what, field, status };
            differences.extend(different.into_iter().map(difference));
        }
    }
    // What a page is to those who are signed in was never seen past the edge.
    let is_gated = view.is_gated(home);
    let mut observations: Vec<Observation> = Vec::new();
    let mut changed: BTreeSet<*const Exchange> = BTreeSet::new();
    if !is_gated && view.is_told_right(home) {
        // It knows its address, and sends browsers elsewhere.
        let is_elsewhere = |says: &Says| match says {
            Says::Off(_) => true,
            Says::Path(path) => view.lies(home, path) == Lies::Outside,
            _ => false,
        };
        for claim in view.claims.iter().filter(|claim| claim.home == home && is_elsewhere(&claim.says)) {
            observations.push(claim.observation.clone());
            changed.insert(std::ptr::from_ref(claim.exchange));
        }
    }
    let loses_prefix = !is_gated && Taint::is_of_the_way(view, home);
    if loses_prefix {
        let is_lost = |says: &Says| matches!(says, Says::Path(path) if view.lies(home, path) == Lies::Outside);
        let lost = view.claims.iter().filter(|claim| claim.home == home && is_lost(&claim.says));
        observations.extend(lost.map(|claim| claim.observation.clone()));
    }
    observations.sort();
    observations.dedup();
    let statuses: BTreeSet<u16> = differences.iter().filter_map(|difference| difference.status).collect();
    let paths: BTreeSet<&str> = differences.iter().map(|difference| difference.inner).collect();
    let mut explains: Vec<SymptomId> = with_exchange(case, |exchange: &Exchange| {
        let at = view.find(exchange).and_then(|seen| seen.at.as_ref());
        // What can't be asked again, such as a POST, and has the status that others were given.
        let is_alike = exchange.response.as_ref().is_some_and(|response| statuses.contains(&response.status));
        let is_changed = changed.contains(&std::ptr::from_ref(exchange));
        is_with(view, home, exchange)
            && (is_changed || is_alike || at.is_some_and(|(_, inner)| paths.contains(inner.as_str())))
    });
    if loses_prefix {
        explains.extend(Taint::of(view, home, None).explains(case));
        explains.sort_unstable();
        explains.dedup();
    }
    let service = &view.homes[home].service;
    let said: BTreeSet<String> =
        differences.iter().map(|difference| format!("{}: {}", difference.inner, difference.what)).collect();
    let first = match (said.first(), observations.first()) {
        (Some(said), _) => said.clone(),
        (None, Some(observation)) => observation.text.clone(),
        (None, None) => return None,
    };
    let fix = match differences.iter().filter_map(|difference| difference.field).min() {
        Some(field) => without_directive(
            case,
            RULE.code,
            &format!("header_down {field}"),
            &format!("Take out what changes {field} on the way."),
        ),
        None if !observations.is_empty() => {
            without_directive(case, RULE.code, "header_down location", "Take out what changes Location on the way.")
        }
        None => Fix::advice(format!("Take out what changes {service}'s answers between it and the browser.")),
    };
    (!explains.is_empty()).then(|| Candidate {
        cause: format!("{service} answers otherwise than what arrives ({first})."),
        fix: Some(fix),
        observations: said.into_iter().map(Observation::new).chain(observations).take(4).collect(),
        explains,
    })
}

/// What the answer through the edge lacks or has instead.
fn differs(asked: &Exchange, asked_through: &Exchange, own: &Root) -> Option<(String, Option<&'static str>)> {
    let (past, through) = (asked.response.as_ref()?, asked_through.response.as_ref()?);
    if past.status != through.status {
        return Some((format!("{} came, and the service answers {}", through.status, past.status), None));
    }
    for field in FIELDS {
        let (before, after) = (value(past, field), value(through, field));
        if before != after {
            let shown = |value: Option<String>| {
                value.map_or_else(|| format!("no {field}"), |value| format!("{field}: {value}"))
            };
            return Some((format!("{} came, and the service answers {}", shown(after), shown(before)), Some(field)));
        }
    }
    let (before, after) = (cookies(past), cookies(through));
    if before != after {
        let shown = |cookies: &BTreeSet<String>| match cookies.is_empty() {
            true => "no cookie".to_owned(),
            false => cookies.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
        };
        return Some((format!("{} came, and the service sets {}", shown(&after), shown(&before)), Some("set-cookie")));
    }
    // Who shows requests answers each otherwise, as the requests are.
    if shows_its_request(asked) || shows_its_request(asked_through) {
        return None;
    }
    if let Some((before, after)) = other_reference(past, through) {
        return Some((format!("the page that came refers to {after}, and the service's own to {before}"), None));
    }
    let (before, after) = (Print::of(past), Print::of(through));
    // Errors have words of their own, and what is compressed isn't shown as it was sent.
    let is_plain = |response: &ResponseRecord| response.status < 300 && response.header("content-encoding").is_none();
    let is_shown = before.is_some() && !own.prefix.is_empty() && is_plain(past) && is_plain(through);
    // A service that shows the time answers otherwise each time: a little of it is no sign.
    let is_little =
        past.body_bytes.abs_diff(through.body_bytes) * 50 < past.body_bytes && before.is_some() == after.is_some();
    (is_shown && before != after && !is_little)
        .then(|| ("other content came than the service answers".to_owned(), None))
}

/// What is in the answer tells who asked: it is made of the request.
fn shows_its_request(exchange: &Exchange) -> bool {
    let text = exchange.response.as_ref().and_then(|response| response.body_excerpt.as_deref()).unwrap_or_default();
    let agent = exchange.request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("user-agent"));
    agent.is_some_and(|(_, value)| !value.is_empty() && text.contains(value.as_str()))
}

/// The first place at which two copies of a page refer to different things: what the service's own has there, and what came.
fn other_reference(past: &ResponseRecord, through: &ResponseRecord) -> Option<(String, String)> {
    let references = |response: &ResponseRecord| -> Vec<String> {
        let is_page = response.status < 300 && response.header("content-encoding").is_none() && is_html(response);
        let text = response.body_excerpt.as_deref().filter(|_| is_page).unwrap_or_default();
        // What stands in a query may be chance: versions, tokens, where to go on.
        root_references(text).into_iter().map(|it| without_chance(without_query(it))).collect()
    };
    // Excerpts end anywhere, so that only what both have is compared.
    references(past).into_iter().zip(references(through)).find(|(before, after)| before != after)
}

/// The cookies that an answer sets, by name, path and the other attributes that browsers go by; not by what is chance or time.
fn cookies(response: &ResponseRecord) -> BTreeSet<String> {
    let set = response.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    set.map(|(_, field)| {
        let mut parts = field.split(';').map(str::trim);
        let name = parts.next().and_then(|pair| pair.split('=').next()).unwrap_or_default().to_owned();
        let is_lasting = |part: &&str| {
            let attribute = part.split('=').next().unwrap_or_default().to_ascii_lowercase();
            matches!(attribute.as_str(), "path" | "domain" | "secure" | "httponly" | "samesite")
        };
        let attributes: BTreeSet<String> = parts.filter(is_lasting).map(str::to_ascii_lowercase).collect();
        std::iter::once(name).chain(attributes).collect::<Vec<_>>().join("; ")
    })
    .collect()
}

/// The value as far as it isn't chance: addresses without their query, media types without parameters.
fn value(response: &ResponseRecord, field: &str) -> Option<String> {
    let value = response.header(field)?;
    let end = match field {
        "location" => '?',
        "content-type" => ';',
        _ => '\n',
    };
    Some(value.split(end).next().unwrap_or_default().trim().to_ascii_lowercase())
}

fn accept(exchange: &Exchange) -> Option<&str> {
    let header = exchange.request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("accept"));
    header.map(|(_, value)| value.as_str())
}
