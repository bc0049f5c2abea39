//! What a service's answers say of its address.
//!
//! Some name the address that the service was configured with, whoever asks: the OpenID issuer, the redirect URI of a CI,
//! the prefix in its scripts' configuration. Others hand out addresses, some of which follow from the request's `Host`: a
//! registry's realm, a repository's clone URL, `Location`, the references of a page.

use url::Url;

use super::answers::{is_html, media_type};
use super::site::{CALLBACK, Home, Root};
use super::text::{json_string, json_strings, root_references};
use super::{Seen, View};
use crate::evidence::{Exchange, Mode, ResponseRecord, Way};
use crate::finding::Observation;
use crate::sentence::{clause, excerpt};

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Says {
    /// Scheme, host, port and prefix.
    Root(Root),
    /// Scheme, host and port alone; its prefix is empty.
    Origin(Root),
    /// A redirect to an origin that isn't the site's: its prefix is empty.
    Off(Root),
    /// The prefix alone.
    Prefix(String),
    /// An address from the root of the origin, handed to a browser.
    Path(String),
}

/// One thing that an answer says of its service's address.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    /// The service's place among the homes.
    pub(crate) home: usize,
    /// What it says.
    pub(crate) says: Says,
    /// It is what the service was configured with, whoever asks.
    pub(crate) is_exact: bool,
    /// Which way the answer came.
    pub(crate) way: Way,
    /// The answer's exchange.
    pub(crate) exchange: &'a Exchange,
    /// The whole address that it hands out, without its query, where it is another origin's.
    pub(crate) address: Option<String>,
    /// As evidence.
    pub(crate) observation: Observation,
}

/// How an address that a service hands out lies to the service's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lies {
    /// Below it.
    Inside,
    /// Below it twice.
    Doubled,
    /// Elsewhere on the origin, where no other service is.
    Outside,
    /// At another service, or at the root: that says nothing.
    Elsewhere,
}

/// All claims, in the order of the evidence.
pub(super) fn all<'a>(view: &View<'a>) -> Vec<Claim<'a>> {
    let mut claims = Vec::new();
    for seen in &view.seen {
        if let (Some((home, inner)), Some(response)) = (&seen.at, seen.response())
            && !inner.is_empty()
            && !view.is_edges_own(response)
        {
            let observe = |what: String| seen.observation(what);
            // A probe asks with the prefix twice.
            let prefixed = Some(&view.homes[*home].root).filter(|root| !root.prefix.is_empty());
            let inner = prefixed.and_then(|root| root.inner(inner)).unwrap_or(inner);
            of_answer(view, *home, inner, seen.exchange, Way::Edge, &observe, &mut claims);
        }
        of_assets(view, seen, &mut claims);
    }
    for direct in &view.direct {
        let path = direct.path.split('?').next().unwrap_or_default();
        let inner = view.homes[direct.home].root.inner(path).unwrap_or(path);
        let observe = |what: String| Observation::new(format!("{what} (past the edge)"));
        of_answer(view, direct.home, inner, &direct.probe.exchange, Way::Direct, &observe, &mut claims);
    }
    claims
}

fn of_answer<'a>(
    view: &View<'a>,
    home: usize,
    inner: &str,
    exchange: &'a Exchange,
    way: Way,
    observe: &dyn Fn(String) -> Observation,
    claims: &mut Vec<Claim<'a>>,
) {
    let Some(response) = &exchange.response else { return };
    let asked = format!("{} {}", exchange.request.method, clause(without_query(&exchange.request.url)));
    let mut claim = |says, is_exact, what: String| {
        // What was handed out stands at the end of what is said about it.
        let address =
            what.rsplit(' ').next().filter(|word| word.contains("://")).map(|url| without_query(url).to_owned());
        let observation = observe(format!("{asked} → {}: {what}", response.status));
        claims.push(Claim { home, says, is_exact, way, exchange, address, observation });
    };
    for (root, is_exact, what) in roots(&view.homes[home], inner, response) {
        claim(Says::Root(root), is_exact, what);
    }
    if let Some(root) = off_site(view, inner, response) {
        claim(
            Says::Off(root),
            false,
            format!("Location: {}", excerpt(response.header("location").unwrap_or_default())),
        );
    }
    if let Some((says, what)) = realm(response) {
        claim(says, false, what);
    }
    let text = response.body_excerpt.as_deref().unwrap_or_default();
    if let Some(prefix) = configured_prefix(response, text) {
        claim(Says::Prefix(prefix.clone()), true, format!("it says that its prefix is `{prefix}`"));
    }
    if let Some(path) = response.header("location").and_then(|location| own_path(view, home, location)) {
        claim(Says::Path(path.clone()), false, format!("Location: {}", excerpt(&path)));
    }
    if is_html(response) {
        for reference in root_references(text) {
            let path = reference.split(['?', '#']).next().unwrap_or_default();
            claim(Says::Path(path.to_owned()), false, format!("the page refers to {}", excerpt(path)));
        }
    }
}

/// References of a page that are essential to it.
fn of_assets<'a>(view: &View<'a>, seen: &Seen<'a>, claims: &mut Vec<Claim<'a>>) {
    let Some((_, step)) = seen.step else { return };
    let Some(assets) = &step.assets else { return };
    let Some((home, _)) = &seen.at else { return };
    if assets.page != seen.exchange.request.url {
        return;
    }
    for asset in assets.list.iter().filter(|asset| asset.essential) {
        let by_page = asset.references.iter().find(|reference| reference.file == assets.page);
        let Some(reference) = by_page.filter(|reference| reference.written.starts_with('/')) else { continue };
        let Ok(url) = Url::parse(&asset.url) else { continue };
        if !Root::of(&url).is_some_and(|root| root.is_same_origin(&view.homes[*home].root)) {
            continue;
        }
        let path = url.path().to_owned();
        let what = format!("{} refers to {}", clause(&assets.page), excerpt(&reference.written));
        let (says, observation) = (Says::Path(path), seen.observation(what));
        claims.push(Claim {
            home: *home,
            says,
            is_exact: false,
            way: Way::Edge,
            exchange: seen.exchange,
            address: None,
            observation,
        });
    }
}

/// Whole addresses in an answer: each with whether it is what was configured, and what was seen.
fn roots(home: &Home, inner: &str, response: &ResponseRecord) -> Vec<(Root, bool, String)> {
    let mut found = Vec::new();
    let text = response.body_excerpt.as_deref().unwrap_or_default();
    let is_json = media_type(response) == "application/json";
    if is_json && inner.ends_with("/.well-known/openid-configuration") {
        // OpenID Connect Discovery 1.0, section 3.
        let issuer = json_string(text, "issuer");
        let root = issuer.as_ref().and_then(|issuer| Root::of(&Url::parse(issuer).ok()?));
        found.extend(root.map(|root| (root, true, format!("issuer {}", issuer.unwrap_or_default()))));
    }
    if let Some(location) = response.header("location") {
        // RFC 6749, section 4.1.1: where the browser is to come back to.
        if let Some((uri, root)) = redirect_uri(location, inner) {
            found.push((root, true, format!("redirect_uri={}", excerpt(&uri))));
        }
        // A redirect to where the request already was, but on another origin.
        if let Some(root) = self_redirect(home, inner, location) {
            found.push((root, false, format!("Location: {}", excerpt(location))));
        }
    }
    if is_json {
        found.extend(repository_addresses(text));
        // Where Gitea and Forgejo describe their API, as errors of the API say: by ROOT_URL, whoever asks.
        let described =
            json_strings(text, "url").into_iter().find_map(|url| Some((Root::before(&url, "/api/swagger")?, url)));
        found.extend(described.map(|(root, url)| (root, true, format!("its API is described at {}", excerpt(&url)))));
    }
    found
}

/// Where a registry sends its clients for a token (Docker Registry HTTP API V2, token authentication). Forgejo puts its
/// prefix before it; Gitea names the root of the host, where the registry is anyway.
fn realm(response: &ResponseRecord) -> Option<(Says, String)> {
    let field = response.header("www-authenticate")?;
    let realm = field.split_once("realm=\"")?.1.split('"').next()?;
    let root = Root::before(realm, "/v2/token")?;
    let what = format!("realm {}", excerpt(realm));
    Some((if root.prefix.is_empty() { Says::Origin(root) } else { Says::Root(root) }, what))
}

/// Clone URLs of repositories, whose last two segments are owner and repository.
fn repository_addresses(text: &str) -> Vec<(Root, bool, String)> {
    let root = |clone_url: &String| {
        let url = Url::parse(clone_url).ok()?;
        let path = url.path().strip_suffix(".git")?;
        let (rest, _) = path.rsplit_once('/')?;
        let (prefix, _) = rest.rsplit_once('/')?;
        Some((Root::of(&url)?.with_prefix(prefix), false, format!("clone_url {}", excerpt(clone_url))))
    };
    json_strings(text, "clone_url").iter().filter_map(root).collect()
}

/// The redirect URI of an authorization request, where it leads back to the path that was asked.
fn redirect_uri(location: &str, inner: &str) -> Option<(String, Root)> {
    let query = location.split_once('?')?.1;
    let pairs = url::form_urlencoded::parse(query.split('#').next()?.as_bytes());
    let mut uri = None;
    let mut is_request = false;
    for (name, value) in pairs {
        match &*name {
            "redirect_uri" => uri = Some(value.into_owned()),
            "response_type" | "client_id" => is_request = true,
            _ => {}
        }
    }
    let uri = uri.filter(|_| is_request)?;
    // Woodpecker comes back to where it began; the chat has a path of its own for it.
    let root = Root::before(&uri, inner.trim_end_matches('/')).or_else(|| Root::before(&uri, CALLBACK))?;
    Some((uri, root))
}

fn self_redirect(home: &Home, inner: &str, location: &str) -> Option<Root> {
    let own = inner.trim_end_matches('/');
    let path = Url::parse(location).ok()?.path().trim_end_matches('/').to_owned();
    // Of `/` alone every address is one.
    let is_there = own.len() > 1 && (path == own || home.root.inner(&path) == Some(own));
    let root = Root::before(location, own).or_else(|| Root::before(location, &format!("{own}/")))?;
    (is_there && !root.is_same_origin(&home.root)).then_some(root)
}

/// A redirect to an origin that none of the site's services has, unless it is part of a sign-in.
fn off_site(view: &View<'_>, inner: &str, response: &ResponseRecord) -> Option<Root> {
    if !(300..400).contains(&response.status) {
        return None;
    }
    let location = response.header("location")?;
    let url = Url::parse(location).ok()?;
    let is_of_sign_in =
        url.query_pairs().any(|(name, _)| matches!(&*name, "client_id" | "redirect_uri" | "code" | "state" | "error"));
    let root = Root::of(&url)?.with_prefix("");
    let is_on_site = root.is_same_origin(&view.base) || view.homes.iter().any(|home| home.root.is_same_origin(&root));
    (!is_of_sign_in && !is_on_site && inner.len() > 1).then_some(root)
}

/// Woodpecker's pages load a script that says what the server's prefix is.
fn configured_prefix(response: &ResponseRecord, text: &str) -> Option<String> {
    if !media_type(response).contains("javascript") {
        return None;
    }
    let rest = text.split_once("WOODPECKER_ROOT_PATH")?.1.trim_start().strip_prefix('=')?.trim_start();
    rest.strip_prefix('"')?.split('"').next().map(|prefix| prefix.trim_end_matches('/').to_owned())
}

/// The path of a redirect that stays on the service's origin.
fn own_path(view: &View<'_>, home: usize, location: &str) -> Option<String> {
    let root = &view.homes[home].root;
    let path = if location.starts_with('/') && !location.starts_with("//") {
        location.to_owned()
    } else {
        let url = Url::parse(location).ok()?;
        Root::of(&url).filter(|other| other.is_same_origin(root))?;
        url.path().to_owned()
    };
    path.split(['?', '#']).next().map(str::to_owned)
}

impl View<'_> {
    /// How a path that a service hands out lies to its prefix.
    pub(crate) fn lies(&self, home: usize, path: &str) -> Lies {
        let root = &self.homes[home].root;
        if root.prefix.is_empty() {
            return Lies::Inside;
        }
        match root.inner(path) {
            Some(rest) if root.inner(rest).is_some() => Lies::Doubled,
            Some(_) => Lies::Inside,
            None => {
                let is_others = self.homes.iter().any(|other| other.root.inner(path).is_some());
                let is_neutral = path == "/" || path.is_empty() || (self.mode == Mode::Subpath && is_others);
                if is_neutral { Lies::Elsewhere } else { Lies::Outside }
            }
        }
    }
}

/// The URL without its query: queries carry what differs from run to run.
pub(crate) fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}
