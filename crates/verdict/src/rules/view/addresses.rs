//! Addresses of the site: whose they are, and what their parts are.

use url::Url;

use crate::evidence::{Mode, StackFacts};

/// What stands in a stack and has no address of its own in a browser.
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

/// The URL belongs to the site: the scheme and port of its origin, and its host or one below that.
pub(crate) fn is_of_site(url: &str, stack: &StackFacts) -> bool {
    host_below(url, stack).is_some()
}

/// The labels that a URL's host has before the site's own; none for that itself, `None` where it isn't the site's.
fn host_below(url: &str, stack: &StackFacts) -> Option<String> {
    // As nearly all of them are written, which saves parsing them.
    if let (Some((scheme, place, _)), Some((own_scheme, own, _))) = (parts(url), parts(&stack.base_url))
        && scheme == own_scheme
        && let Some(below) = place.strip_suffix(own)
        && !place.contains('@')
    {
        match below.strip_suffix('.') {
            _ if below.is_empty() => return Some(String::new()),
            Some(labels) => return Some(labels.to_owned()),
            None => {}
        }
    }
    let (url, base) = (Url::parse(url).ok()?, Url::parse(&stack.base_url).ok()?);
    let is_same = url.scheme() == base.scheme() && url.port_or_known_default() == base.port_or_known_default();
    match url.host_str()?.strip_suffix(base.host_str()?).filter(|_| is_same)? {
        "" => Some(String::new()),
        below => below.strip_suffix('.').map(str::to_owned),
    }
}

/// The service to which a URL leads: that of its prefix, or of its host in subdomain mode.
pub(crate) fn service_of<'s>(url: &str, stack: &'s StackFacts) -> Option<&'s str> {
    let labels = host_below(url, stack)?;
    let wanted = match (stack.mode, labels.as_str()) {
        (Mode::Subpath, "") => match first_segment(url) {
            // Clients of a container registry ask at the root of its host (OCI Distribution Specification, "Endpoints").
            "v2" => "forge".to_owned(),
            segment => segment.to_owned(),
        },
        (Mode::Subpath, _) => return None,
        // The project's own host is its staging site.
        (Mode::Subdomain, "") => "staging".to_owned(),
        (Mode::Subdomain, labels) => labels.to_owned(),
    };
    let mut names = stack.services.iter().map(|service| service.name.as_str());
    names.find(|name| *name == wanted && !WITHOUT_ADDRESS.contains(name))
}

/// The URL leads to this service. Everything leads through the edge.
pub(crate) fn leads_to(url: &str, service: &str, stack: &StackFacts) -> bool {
    if service == "edge" { is_of_site(url, stack) } else { service_of(url, stack) == Some(service) }
}

/// What stands before the second slash of a URL's path, without the first.
fn first_segment(url: &str) -> &str {
    let path = parts(url).map_or("", |(_, _, path)| path);
    path.strip_prefix('/').and_then(|path| path.split(['/', '?', '#']).next()).unwrap_or_default()
}

/// Scheme, authority, and the rest.
fn parts(url: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let (place, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    Some((scheme, place, path))
}

/// The part of the site that a URL leads to: its origin and the first segment of its path.
pub(crate) fn route(url: &str) -> String {
    match Url::parse(url) {
        Ok(parsed) => format!("{}/{}", parsed.origin().ascii_serialization(), first_segment(url)),
        Err(_) => url.to_owned(),
    }
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

/// Path and query of a URL, as they were sent.
pub(crate) fn target(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let path = url[authority..].find(['/', '?']).map(|at| authority + at);
    path.map_or("/", |path| &url[path..])
}

/// The target without the prefix of a service, where it has it.
pub(crate) fn without_prefix<'a>(target: &'a str, service: &str) -> &'a str {
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
    use crate::evidence::{ServiceFacts, ServiceKind, StackKind};

    fn stack(mode: Mode, base_url: &str) -> StackFacts {
        let service = |name: &&str| ServiceFacts {
            name: (*name).to_owned(),
            kind: ServiceKind::Double,
            image: None,
            version: None,
        };
        StackFacts {
            kind: StackKind::Embedded,
            mode,
            base_url: base_url.into(),
            services: ["edge", "forge", "ci", "ci-agent", "staging"].iter().map(service).collect(),
        }
    }

    #[test]
    fn the_site_is_its_origin_and_the_hosts_below() {
        let site = stack(Mode::Subpath, "http://edge.test:8080");
        for (url, is_it) in [
            ("http://edge.test:8080/forge/", true),
            ("http://forge.edge.test:8080/", true),
            ("http://notedge.test:8080/", false),
            ("https://edge.test:8080/", false),
            ("http://edge.test/", false),
            ("http://forgejo:3000/", false),
            ("not a url", false),
        ] {
            assert_eq!(is_of_site(url, &site), is_it, "{url}");
        }
        assert!(is_of_site("https://x.example/", &stack(Mode::Subpath, "https://x.example:443")));
    }

    #[test]
    fn urls_are_their_services() {
        for (mode, url, service) in [
            (Mode::Subpath, "http://edge.test:81/forge", Some("forge")),
            (Mode::Subpath, "http://edge.test:81/forge?x", Some("forge")),
            (Mode::Subpath, "http://edge.test:81/forgery", None),
            (Mode::Subpath, "http://edge.test:81/ci-agent/", None),
            (Mode::Subpath, "http://edge.test:81/edge/", None),
            (Mode::Subpath, "http://edge.test:81/v2/", Some("forge")),
            (Mode::Subpath, "http://edge.test:81/", None),
            (Mode::Subpath, "http://forge.edge.test:81/", None),
            (Mode::Subpath, "http://elsewhere:81/forge/", None),
            (Mode::Subpath, "http://notedge.test:81/forge/", None),
            (Mode::Subpath, "http://forge@edge.test:81/ci/", Some("ci")),
            (Mode::Subpath, "http://EDGE.test:81/ci/", Some("ci")),
            (Mode::Subpath, "edge.test:81/ci/", None),
            (Mode::Subdomain, "http://ci.edge.test:81/forge", Some("ci")),
            (Mode::Subdomain, "http://a.ci.edge.test:81/", None),
            (Mode::Subdomain, "http://edge.test:81/x", Some("staging")),
            (Mode::Subdomain, "http://edge.test:81/v2/", Some("staging")),
        ] {
            let site = stack(mode, "http://edge.test:81");
            assert_eq!(service_of(url, &site), service, "{url}");
            assert_eq!(leads_to(url, "forge", &site), service == Some("forge"), "{url}");
            assert_eq!(leads_to(url, "edge", &site), is_of_site(url, &site), "{url}");
            if let Some(service) = service {
                assert!(is_of_site(&public_url(service, &site), &site));
            }
        }
    }

    #[test]
    fn a_route_is_an_origin_with_a_first_segment() {
        assert_eq!(route("http://edge.test:8080/forge/user/login?x=1"), "http://edge.test:8080/forge");
        assert_eq!(route("http://edge.test:8080/"), "http://edge.test:8080/");
        assert_eq!(route("nonsense"), "nonsense");
    }

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
