//! The address that browsers use, which follows from how the edge routes.

use std::fmt;
use std::str::FromStr;

use url::Url;

use super::Reader;

/// Under which path the service lives behind a shared host; on a host of its own it answers there as well.
pub(crate) const PREFIX: &str = "/chat";

/// How the edge routes (`EDGE_ROUTING_MODE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Below `/chat` of the project's host.
    #[default]
    Subpath,
    /// On a host of its own.
    Subdomain,
}

impl FromStr for Mode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "subpath" => Ok(Self::Subpath),
            "subdomain" => Ok(Self::Subdomain),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Subpath => "subpath",
            Self::Subdomain => "subdomain",
        })
    }
}

/// The service's address for browsers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Public {
    mode: Mode,
    /// Scheme, host and port.
    origin: Url,
}

impl Public {
    /// The address at an origin.
    pub fn new(mode: Mode, origin: &Url) -> Self {
        let mut origin = origin.clone();
        origin.set_path("");
        Self { mode, origin }
    }

    /// From `CHAT_PUBLIC_URL`, or from `EDGE_TUNNEL_FQDN` (`EDGE_TUNNEL_FQDN_CHAT` in subdomain mode), which may have a port. Those two name
    /// no scheme: it is then the forge's, for both are behind one edge, and else https.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let mode = reader.parsed("EDGE_ROUTING_MODE", "`subpath` or `subdomain`").unwrap_or_default();
        let given = reader.url("CHAT_PUBLIC_URL");
        let name = match mode {
            Mode::Subpath => "EDGE_TUNNEL_FQDN",
            Mode::Subdomain => "EDGE_TUNNEL_FQDN_CHAT",
        };
        let host = host(reader, name);
        if let Some(url) = given {
            return Self::given(reader, mode, &url, name, host.as_ref());
        }
        if host.is_none() && reader.get("CHAT_PUBLIC_URL").is_none() && reader.get(name).is_none() {
            reader.problem(
                name,
                format!(
                    "it is missing: the host at which browsers find the chat (or give CHAT_PUBLIC_URL), in {mode} mode"
                ),
            );
        }
        Some(Self::new(mode, &host?))
    }

    /// Settings that were written for another mode would be a chat that nobody can sign in to.
    fn given(reader: &mut Reader<'_>, mode: Mode, url: &Url, name: &str, host: Option<&Url>) -> Option<Self> {
        let public = Self::new(mode, url);
        let path = url.path().trim_end_matches('/');
        if path != public.prefix() {
            reader.problem(
                "CHAT_PUBLIC_URL",
                format!(
                    "in {mode} mode its path is `{}`, found `{}`; EDGE_ROUTING_MODE and it must agree",
                    public.prefix(),
                    path.escape_debug()
                ),
            );
        }
        if let Some(host) = host.filter(|host| host.host() != url.host()) {
            let (here, there) = (url.host_str().unwrap_or_default(), host.host_str().unwrap_or_default());
            reader.problem("CHAT_PUBLIC_URL", format!("its host is {here}, and {name} says {there}; they must agree"));
        }
        Some(public)
    }

    /// How the edge routes.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// What stands before the service's own paths in a browser: `/chat`, or nothing on a host of its own. No slash at its end.
    pub fn prefix(&self) -> &'static str {
        match self.mode {
            Mode::Subpath => PREFIX,
            Mode::Subdomain => "",
        }
    }

    /// The origin as browsers write it (RFC 6454, section 6.2): no port where it is the scheme's own, no slash.
    pub fn origin(&self) -> String {
        self.origin.origin().ascii_serialization()
    }

    /// Whether browsers come over https.
    pub fn is_https(&self) -> bool {
        self.origin.scheme() == "https"
    }

    /// The whole address of one of the service's own paths (`/login`).
    pub fn url(&self, path: &str) -> String {
        format!("{}{}{path}", self.origin(), self.prefix())
    }
}

/// A host with or without a port, as an origin.
fn host(reader: &mut Reader<'_>, name: &str) -> Option<Url> {
    let text = reader.get(name)?;
    let scheme =
        reader.get("FORGE_PUBLIC_URL").and_then(|url| url.split_once(':')).map_or("https", |(scheme, _)| scheme);
    let scheme = if scheme == "http" { "http" } else { "https" };
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte));
    let url = Url::parse(&format!("{scheme}://{text}")).ok().filter(|url| is_plain && url.has_host());
    if url.is_none() {
        reader.problem(
            name,
            format!("expected a host, with a port where it isn't the scheme's own, found `{}`", text.escape_debug()),
        );
    }
    url
}
