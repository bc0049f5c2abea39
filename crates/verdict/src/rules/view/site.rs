//! Where browsers reach the services of a site.

use url::Url;

use super::addresses::public_url;
use crate::evidence::StackFacts;

/// Where the chat's sign-ins begin, below its address.
pub(crate) const LOGIN: &str = "/login";
/// Where they come back to. Both are open where all else of it is gated, by routes of their own.
pub(crate) const CALLBACK: &str = "/oauth/callback";

/// Scheme, host, port and prefix: an address below which a service is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Root {
    /// `http` or `https`.
    pub(crate) scheme: String,
    /// The host.
    pub(crate) host: String,
    /// The port, the scheme's own where the URL names none.
    pub(crate) port: u16,
    /// `/forge`; empty at the root. Never with a slash at its end.
    pub(crate) prefix: String,
}

impl Root {
    /// The root of a URL, its whole path being the prefix.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        Some(Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str()?.to_owned(),
            port: url.port_or_known_default()?,
            prefix: url.path().trim_end_matches('/').to_owned(),
        })
    }

    /// The root of a URL whose path ends in this path of the service's own; `None` where it doesn't.
    pub(crate) fn before(url: &str, own: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let prefix = url.path().strip_suffix(own)?;
        Some(Self { prefix: prefix.trim_end_matches('/').to_owned(), ..Self::of(&url)? })
    }

    /// `http://edge.test:8080`
    pub(crate) fn origin(&self) -> String {
        let default = matches!((self.scheme.as_str(), self.port), ("http", 80) | ("https", 443));
        let port = if default { String::new() } else { format!(":{}", self.port) };
        format!("{}://{}{port}", self.scheme, self.host)
    }

    /// Another prefix on the same origin.
    pub(crate) fn with_prefix(&self, prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), ..self.clone() }
    }

    /// The URL lies below: on the origin, and at or below the prefix.
    pub(crate) fn covers(&self, url: &Url) -> bool {
        Root::of(url).is_some_and(|other| other.is_same_origin(self)) && self.inner(url.path()).is_some()
    }

    pub(crate) fn is_same_origin(&self, other: &Root) -> bool {
        (&self.scheme, &self.host, self.port) == (&other.scheme, &other.host, other.port)
    }

    /// The path below the prefix, with its slash; empty for the prefix without one. `None` outside.
    pub(crate) fn inner<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(self.prefix.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl std::fmt::Display for Root {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}{}", self.origin(), self.prefix)
    }
}

/// A service with the address that browsers have of it.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    /// The service's name.
    pub(crate) service: String,
    /// Where browsers reach it.
    pub(crate) root: Root,
}

impl Home {
    /// The names of the paths in a route's place: `/forge/*`, or all paths of its host.
    pub(crate) fn route_path(&self) -> String {
        format!("{}/*", self.root.prefix)
    }
}

/// The services of a site, the edge left out.
pub(crate) fn homes(stack: &StackFacts) -> Option<(Root, Vec<Home>)> {
    let base = Root { prefix: String::new(), ..Root::of(&Url::parse(&stack.base_url).ok()?)? };
    let home = |service: &str| {
        let root = Root::of(&Url::parse(&public_url(service, stack)).ok()?)?;
        Some(Home { service: service.to_owned(), root })
    };
    let services = stack.services.iter().map(|service| service.name.as_str()).filter(|name| *name != "edge");
    Some((base, services.filter_map(home).collect()))
}

/// A host that browsers can't have an address of: a name without a dot, an address of loopback or of a private network.
pub(crate) fn is_internal(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = host.parse::<std::net::IpAddr>() {
        return match address {
            std::net::IpAddr::V4(address) => {
                address.is_loopback() || address.is_private() || address.is_link_local() || address.is_unspecified()
            }
            std::net::IpAddr::V6(address) => {
                address.is_loopback() || address.is_unique_local() || address.is_unspecified()
            }
        };
    }
    let name = host.trim_end_matches('.');
    let last = name.rsplit('.').next().unwrap_or_default();
    !name.contains('.') || matches!(last, "local" | "internal" | "localhost" | "lan" | "consul")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_an_origin_with_a_prefix() {
        let root = Root::before("http://edge.test:8080/forge/v2/token", "/v2/token").unwrap();
        assert_eq!(root.to_string(), "http://edge.test:8080/forge");
        assert_eq!(Root::before("https://h:443/authorize", "/authorize").unwrap().to_string(), "https://h");
        assert_eq!(Root::before("https://h/x", "/authorize"), None);
        assert_eq!(Root::before("ftp://h/authorize", "/authorize"), None);
        assert!(root.covers(&Url::parse("http://edge.test:8080/forge/x").unwrap()));
        assert!(!root.covers(&Url::parse("http://edge.test:8080/forgery").unwrap()));
        assert_eq!((root.inner("/forge"), root.inner("/forge/a"), root.inner("/x")), (Some(""), Some("/a"), None));
    }

    #[test]
    fn hosts_that_only_containers_know() {
        for host in ["forgejo", "localhost", "127.0.0.1", "10.1.2.3", "172.18.0.4", "[::1]", "ci.service.consul"] {
            assert!(is_internal(host), "{host}");
        }
        for host in ["edge.test", "forge.example.com", "203.0.113.7", "[2001:db8::1]"] {
            assert!(!is_internal(host), "{host}");
        }
    }
}
