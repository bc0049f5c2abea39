//! A site and its routes.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use crate::error::{Problem, RouteError};
use crate::validate;

/// Everything that one edge serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The origin that browsers use. The edge listens on its port.
    pub origin: Origin,
    /// How the services share names.
    pub mode: Mode,
    /// The address to listen on; `None` listens on all, as a container on its own network must.
    pub bind: Option<IpAddr>,
    /// Certificate and key; needed for an `https` origin that nothing stands before, and refused for an `http` one.
    pub tls: Option<TlsFiles>,
    /// What stands before the edge and ends TLS in its place. `None`: browsers reach the edge itself, at the origin's port.
    pub front: Option<Front>,
    /// The routes. The first that matches takes the request; what none takes is answered with 404.
    pub routes: Vec<Route>,
}

impl Site {
    /// The public URL of a service that the site has routes for, without a slash at its end; `edge` is the origin itself.
    pub fn service_url(&self, name: &str) -> Option<String> {
        if name == "edge" {
            return Some(self.origin.to_string());
        }
        let host = self.service_host(name)?;
        Some(match self.mode {
            Mode::Subpath => format!("{}/{name}", self.origin),
            Mode::Subdomain => self.origin.with_host(host).to_string(),
        })
    }

    /// Where a service listens, as its own route has it.
    pub fn upstream(&self, name: &str) -> Option<&Upstream> {
        self.routes.iter().filter(|route| route.name == name).find_map(|route| match &route.action {
            Action::Forward(forward) => Some(&forward.upstream),
            Action::Redirect { .. } | Action::Respond { .. } => None,
        })
    }

    /// The host of a service that the site has routes for.
    pub fn service_host(&self, name: &str) -> Option<&str> {
        self.routes.iter().find(|route| route.service == name).map(|route| route.host.as_str())
    }

    /// The scheme and the port on which the edge itself listens: the origin's, unless something stands before it.
    pub fn listens(&self) -> (Scheme, u16) {
        self.front.map_or((self.origin.scheme, self.origin.port), |front| (Scheme::Http, front.port))
    }

    /// Gives services other hosts than the standard ones (`forge` → `git.example.com`). In the mode `subpath` all share the origin's, and
    /// nothing changes.
    #[must_use]
    pub fn with_service_hosts(mut self, hosts: &BTreeMap<String, String>) -> Self {
        if self.mode == Mode::Subdomain {
            for route in &mut self.routes {
                if let Some(host) = hosts.get(&route.service) {
                    route.host.clone_from(host);
                }
            }
        }
        self
    }

    /// The host names that the site answers to, in the order of its routes, the origin's own first.
    pub fn hosts(&self) -> Vec<&str> {
        let mut hosts = vec![self.origin.host.as_str()];
        for route in &self.routes {
            if !hosts.contains(&route.host.as_str()) {
                hosts.push(&route.host);
            }
        }
        hosts
    }

    /// Gives every gate the secret that it shares with the service that it asks.
    #[must_use]
    pub fn with_gate_secret(mut self, secret: GateSecret) -> Self {
        for route in &mut self.routes {
            if let Action::Forward(forward) = &mut route.action
                && let Some(gate) = &mut forward.gate
            {
                gate.secret = secret.clone();
            }
        }
        self
    }

    /// The secret of its gates; `None` where no route has one.
    pub fn gate_secret(&self) -> Option<&GateSecret> {
        self.routes.iter().find_map(|route| match &route.action {
            Action::Forward(forward) => forward.gate.as_ref().map(|gate| &gate.secret),
            Action::Redirect { .. } | Action::Respond { .. } => None,
        })
    }
}

/// The host of a service in subdomain mode. Staging has the project's own host.
pub(crate) fn service_host(host: &str, service: &str) -> String {
    if service == "staging" { host.to_owned() } else { format!("{service}.{host}") }
}

/// Scheme, host and port, as a browser has them in its address (RFC 6454).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The scheme.
    pub scheme: Scheme,
    /// The host: a name in lower case, or an IPv4 address.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Origin {
    /// Reads `http://edge.test:8080` or `https://project.example.com`.
    ///
    /// # Errors
    /// What isn't an origin, by the name `origin`.
    pub fn parse(text: &str) -> Result<Self, RouteError> {
        let wrong = |why: &str| {
            Problem::new("origin", format!("expected `http://HOST[:PORT]` or `https://…`, found `{text}`: {why}"))
        };
        let (scheme, rest) = if let Some(rest) = text.strip_prefix("http://") {
            (Scheme::Http, rest)
        } else if let Some(rest) = text.strip_prefix("https://") {
            (Scheme::Https, rest)
        } else {
            return Err(wrong("it begins with neither scheme").into());
        };
        let (host, port) = match rest.rsplit_once(':') {
            None => (rest, scheme.default_port()),
            Some((host, port)) => {
                (host, port.parse().ok().filter(|port| *port != 0).ok_or_else(|| wrong("its port is not 1 to 65535"))?)
            }
        };
        let origin = Self { scheme, host: host.to_ascii_lowercase(), port };
        match validate::host(&origin.host) {
            Ok(()) => Ok(origin),
            Err(why) => Err(Problem::new("origin.host", why).into()),
        }
    }

    /// The same scheme and port with another host.
    pub fn with_host(&self, host: impl Into<String>) -> Self {
        Self { scheme: self.scheme, host: host.into(), port: self.port }
    }

    /// What a browser sends as `Host`: the port only where it isn't the scheme's own.
    pub fn authority(&self) -> String {
        if self.port == self.scheme.default_port() { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", self.scheme, self.authority())
    }
}

/// A URL's scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// The port that a URL needn't name.
    pub fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }

    /// As a URL has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// How the site's services share names: `EDGE_ROUTING_MODE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// One origin, one path prefix a service.
    Subpath,
    /// One host name a service.
    Subdomain,
}

impl Mode {
    /// Reads the setting's value.
    ///
    /// # Errors
    /// Any other value than the two.
    pub fn parse(text: &str) -> Result<Self, RouteError> {
        match text {
            "subpath" => Ok(Mode::Subpath),
            "subdomain" => Ok(Mode::Subdomain),
            _ => {
                Err(Problem::new("EDGE_ROUTING_MODE", format!("expected `subpath` or `subdomain`, found `{text}`"))
                    .into())
            }
        }
    }

    /// The setting's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Subpath => "subpath",
            Mode::Subdomain => "subdomain",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What stands before the edge and ends TLS in its place: the far end of a tunnel, a load balancer. It passes `Host` on as it came.
///
/// Services are told the origin's scheme in `X-Forwarded-Proto`, whatever the request says of itself: nothing that a client can send is
/// believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Front {
    /// The port on which the edge listens, in plain HTTP.
    pub port: u16,
}

/// Where the edge finds its certificate and key, both in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate chain.
    pub certificate: String,
    /// The private key.
    pub key: String,
}

/// One prefix, path or host, and what the edge does with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its name, which no other route of the site has.
    pub name: String,
    /// The service that it belongs to; `edge` for the edge's own answers.
    pub service: String,
    /// The host that it answers at.
    pub host: String,
    /// The paths that it takes.
    pub path: PathMatch,
    /// What becomes of a request.
    pub action: Action,
}

/// Which paths a route takes. Compared after percent-decoding and cleaning, without regard to case, as Caddy's `path` does:
/// `//forge/x`, `/FORGE/x` and `/a/%2e%2e/forge/x` are under `/forge/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathMatch {
    /// Every path.
    Any,
    /// This path alone.
    Exact(String),
    /// Everything below this prefix, which begins and ends in a slash. `/x/` does not take `/x`.
    Prefix(String),
}

/// What becomes of a request that a route took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It goes to a service.
    Forward(Box<Forward>),
    /// The client is sent elsewhere; the query comes along.
    Redirect {
        /// A path of the same host, or an `http` or `https` URL. With `{uri}` at its end the path comes along as well as the query.
        to: String,
        /// 301, 302, 303, 307 or 308.
        status: u16,
    },
    /// The edge answers by itself.
    Respond {
        /// The status code.
        status: u16,
        /// The content, as plain text.
        body: String,
    },
}

/// How a request goes to a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Where the service listens.
    pub upstream: Upstream,
    /// What the path becomes.
    pub path: PathEdit,
    /// Who must agree before the request goes on.
    pub gate: Option<Gate>,
    /// Header fields of the client's that never arrive: those by which services know who is signed in.
    pub remove_headers: Vec<String>,
    /// Header fields as the service is told them, whatever they were before, those that the edge adds included; `None` takes one off.
    pub headers: Vec<(String, Option<String>)>,
    /// Which cookies arrive.
    pub cookies: Cookies,
    /// Whether a connection may be upgraded (RFC 9110, section 7.8), as WebSockets are.
    pub websocket: bool,
    /// The largest content of a request in bytes; more is answered with 413. `None` sets no limit.
    pub max_body: Option<u64>,
    /// When what the service sends is passed on.
    pub flush: Flush,
}

/// Where a service listens: `forge:3000`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// A name or an IPv4 address.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Upstream {
    /// Reads `HOST:PORT`; errors are about this setting.
    ///
    /// # Errors
    /// A missing port, a scheme, a host that isn't one.
    pub fn parse(setting: &str, text: &str) -> Result<Self, RouteError> {
        let (host, port) = text.rsplit_once(':').ok_or_else(|| {
            Problem::new(
                setting,
                format!(
                    "expected `HOST:PORT`, found `{text}`: the port is missing; add the one that the service listens on"
                ),
            )
        })?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
            Problem::new(setting, format!("expected `HOST:PORT`, found `{text}`: the port is not 1 to 65535"))
        })?;
        let upstream = Self { host: host.to_owned(), port };
        validate::upstream_host(host)
            .map_err(|why| Problem::new(setting, format!("expected `HOST:PORT`, found `{text}`: {why}")))?;
        Ok(upstream)
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.host, self.port)
    }
}

/// What the path of a request becomes on its way to the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathEdit {
    /// It stays, byte for byte as far as it is well-formed.
    Keep,
    /// This prefix (`/forge`) is taken off.
    Strip(String),
    /// This prefix (`/chat`) is put before it.
    Add(String),
}

/// A service that is asked about each request before it goes on (Caddy's `forward_auth`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// Who is asked.
    pub upstream: Upstream,
    /// The path that is asked for, with GET.
    pub uri: String,
    /// The field that carries the secret.
    pub secret_header: String,
    /// What proves to the service that it is the edge that asks.
    pub secret: GateSecret,
    /// Fields of a 2xx answer that the request takes along; the client's own of these names never do.
    pub copy_headers: Vec<String>,
}

/// The secret that edge and gate share (`FORWARD_AUTH_SECRET`). Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct GateSecret(String);

impl GateSecret {
    /// A secret with this value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for GateSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("GateSecret(…)")
    }
}

/// Which of the client's cookies reach a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookies {
    /// All of them.
    Pass,
    /// None: services that share an origin share its cookies, and this one has no business with the others' sessions.
    Drop,
}

/// When the edge passes on what a service sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flush {
    /// When Caddy sees fit: at once for event streams and contents of unknown length.
    Auto,
    /// Each piece at once.
    Immediate,
}
