//! Requests for assets, with the fields that browsers send.

use assets::Kind;
use bytes::Bytes;
use url::{Host, Url};

use super::book::{Entry, Use};
use super::rules::Rules;
use crate::engine::http::cookies::{self, Jar};
use crate::engine::http::redirect;
use crate::engine::http::{Address, Outgoing};
use crate::engine::visitor::USER_AGENT;

/// The request for what an entry stands for, from `address`, where redirects may have led.
pub(super) fn outgoing(entry: &Entry, address: Address, rules: &Rules, jar: &Jar) -> Option<Outgoing> {
    let first = entry.uses.first()?;
    let url = Url::parse(&address.to_string()).ok()?;
    let is_own = rules.is_own(&url);
    let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |name: &str, value: String| headers.push((name.to_owned(), value.into_bytes()));
    add("User-Agent", USER_AGENT.to_owned());
    add("Accept", first.kind.accept().to_owned());
    if is_trustworthy(&url) {
        add("Sec-Fetch-Dest", first.kind.destination().to_owned());
        add("Sec-Fetch-Mode", mode(first).to_owned());
        add("Sec-Fetch-Site", site(&rules.page, &url).to_owned());
    }
    if let Some(referrer) = referrer(&first.source.file, &url) {
        add("Referer", referrer);
    }
    if first.cors && !is_own {
        add("Origin", rules.page.origin().ascii_serialization());
    }
    // By CORS cookies go to the page's own origin alone, and to other sites hardly any browser sends them at all.
    let is_near = !first.cors && site(&rules.page, &url) != "cross-site";
    let has_cookies = first.credentials && (is_own || is_near);
    if let Some(cookie) = jar.header(&address, cookies::now()).filter(|_| has_cookies) {
        add("Cookie", cookie);
    }
    if is_own {
        for (name, _) in &rules.headers {
            headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        }
        headers.extend(rules.headers.iter().cloned());
    }
    Some(Outgoing { method: "GET".to_owned(), address, headers, body: Bytes::new() })
}

/// The address of a URL that a browser resolved.
pub(super) fn address(url: &Url) -> Result<Address, String> {
    let origin = Address::parse(
        "/",
        &crate::engine::http::target::Origin::parse(&url.origin().ascii_serialization())
            .map_err(|error| error.to_string())?,
    )
    .map_err(|error| error.to_string())?;
    redirect::next_address(&origin, url.as_str())
}

/// Browsers tell what a request is for only where nobody can listen (W3C Secure Contexts, section 3.1).
fn is_trustworthy(url: &Url) -> bool {
    url.scheme() == "https" || is_loopback(url)
}

/// Whether a URL leads to this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// `Sec-Fetch-Mode` (Fetch standard, "request mode").
fn mode(first: &Use) -> &'static str {
    match first.kind {
        Kind::Frame => "navigate",
        _ if first.cors => "cors",
        _ => "no-cors",
    }
}

/// `Sec-Fetch-Site`; of two sites the same one is told by the names alone, without the list of public suffixes.
fn site(page: &Url, url: &Url) -> &'static str {
    if page.origin() == url.origin() {
        return "same-origin";
    }
    let below =
        |one: &str, other: &str| one == other || one.strip_suffix(other).is_some_and(|rest| rest.ends_with('.'));
    match (page.host_str(), url.host_str()) {
        (Some(one), Some(other)) if page.scheme() == url.scheme() && (below(one, other) || below(other, one)) => {
            "same-site"
        }
        _ => "cross-site",
    }
}

/// `Referer` by the policy that browsers have where a page says nothing: `strict-origin-when-cross-origin`.
fn referrer(file: &Url, to: &Url) -> Option<String> {
    if file.scheme() == "https" && to.scheme() == "http" {
        return None;
    }
    if file.origin() == to.origin() {
        let mut file = file.clone();
        file.set_fragment(None);
        return Some(file.into());
    }
    Some(format!("{}/", file.origin().ascii_serialization()))
}
