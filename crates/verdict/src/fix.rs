//! What to change: in words for people, as lines for their files, and as values that a stack of ours can be given.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What to change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Fix {
    /// One sentence for people.
    pub summary: String,
    /// The same as values, all of them together; empty where only a person can carry it out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// The lines to change, by the file that they stand in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
}

impl Fix {
    /// A fix that a person carries out.
    pub fn advice(summary: impl Into<String>) -> Self {
        Self { summary: summary.into(), changes: Vec::new(), lines: Vec::new() }
    }

    /// A fix that a stack of ours can be given, and its lines for everybody else's.
    pub fn apply(summary: impl Into<String>, changes: Vec<Change>) -> Self {
        let lines = changes.iter().flat_map(Change::lines).collect();
        Self { summary: summary.into(), changes, lines }
    }

    /// A line that a person changes elsewhere.
    #[must_use]
    pub fn line(mut self, file: impl Into<String>, text: impl Into<String>) -> Self {
        self.lines.push(Line { file: file.into(), text: text.into() });
        self
    }
}

/// A line to write, or to take out, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// Where: `Caddyfile, route /forge/*`, `environment of forge` and so on.
    pub file: String,
    /// The line as it should be; `- ` before one that has to go.
    pub text: String,
}

/// One value to change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// A setting of a service, as an environment variable.
    Setting {
        /// The service.
        service: String,
        /// The variable.
        name: String,
        /// Its value; `null` unsets it.
        value: Option<String>,
    },
    /// A field of a route of the edge.
    Route {
        /// The route's name. A service's own route bears its name.
        route: String,
        /// The field with its value.
        field: RouteField,
    },
    /// A route that the edge lacks, from the shared origin or the service's host to a service.
    AddRoute {
        /// The route's name.
        route: String,
        /// The service that it leads to, at the upstream of the service's own route.
        service: String,
        /// The path that it takes, as Caddy's `path` has it: `/v2/*`.
        path: String,
        /// The prefix that is taken off, where one is.
        strip_prefix: Option<String>,
    },
    /// A path that the edge is to refuse, with 403.
    AddRefusal {
        /// The route's name.
        route: String,
        /// The path that it takes, as Caddy's `path` has it.
        path: String,
    },
    /// A redirect that the edge lacks.
    AddRedirect {
        /// The route's name.
        route: String,
        /// The path that it takes.
        path: String,
        /// Where it leads.
        to: String,
    },
    /// A directive of Caddy's, wherever it stands in the Caddyfile. Containers only.
    Directive {
        /// The directive with as many of its arguments as tell it: `read_timeout`, `admin`, `header_up -Connection`.
        name: String,
        /// What is to stand in its place; `null` takes it out.
        value: Option<String>,
    },
    /// The redirect URIs of the OAuth application that the forge has for a service. The service is given the secret that follows.
    Application {
        /// The service.
        service: String,
        /// All of them.
        redirect_uris: Vec<String>,
    },
    /// A new secret for the OAuth application that the forge has for a service; the service is given it.
    ApplicationSecret {
        /// The service.
        service: String,
    },
    /// A new secret for the edge and the service that it asks who may pass (`forward_auth`); both are given it.
    GateSecret {
        /// The service.
        service: String,
    },
    /// A service that isn't running and should.
    Start {
        /// The service.
        service: String,
    },
}

/// A field of a route, with its value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RouteField {
    /// The prefix is taken off the path, or isn't.
    StripPrefix(bool),
    /// This prefix is put before the path.
    AddPrefix(String),
    /// Where the service listens, `HOST:PORT`; the service's own address where it is its name alone.
    Upstream(String),
    /// A connection may be upgraded.
    Websocket(bool),
    /// The largest content of a request in bytes; `null` lifts the limit.
    MaxBody(Option<u64>),
    /// Cookies reach the service.
    Cookies(bool),
    /// What the service sends is passed on at once.
    FlushImmediately(bool),
    /// Header fields of the client's that never arrive.
    RemoveHeaders(Vec<String>),
    /// The fields of the gate's answer that a request takes along: who is signed in.
    GateCopies(Vec<String>),
    /// A request header field reaches the service as the edge sends it unless it is told otherwise.
    PassHeader(String),
}

impl Change {
    /// The lines that say so in the files of those who deploy with Caddy and Compose.
    pub fn lines(&self) -> Vec<Line> {
        let line = |file: String, text: String| vec![Line { file, text }];
        match self {
            Change::Setting { service, name, value: Some(value) } => {
                line(format!("environment of {service}"), format!("{name}={value}"))
            }
            Change::Setting { service, name, value: None } => {
                line(format!("environment of {service}"), format!("- {name}"))
            }
            Change::Route { route, field } => line(format!("Caddyfile, route {route}"), field.caddy(route)),
            Change::AddRoute { route, service, path, strip_prefix } => {
                let strip =
                    strip_prefix.as_ref().map(|prefix| format!("uri strip_prefix {prefix}; ")).unwrap_or_default();
                line(
                    format!("Caddyfile, new route {route}"),
                    format!("handle {path} {{ {strip}reverse_proxy {service} }}"),
                )
            }
            Change::AddRefusal { route, path } => {
                line(format!("Caddyfile, new route {route}"), format!("respond {path} 403"))
            }
            Change::AddRedirect { route, path, to } => {
                line(format!("Caddyfile, new route {route}"), format!("redir {path} {to} 302"))
            }
            Change::Directive { name, value } => {
                line("Caddyfile".to_owned(), value.clone().unwrap_or_else(|| format!("- {name}")))
            }
            Change::Application { service, redirect_uris } => {
                line(format!("OAuth application of {service} at the forge"), redirect_uris.join(", "))
            }
            Change::ApplicationSecret { service } => {
                line(format!("environment of {service}"), "the client secret that the forge shows anew".to_owned())
            }
            Change::GateSecret { service } => vec![
                Line { file: format!("environment of {service}"), text: "FORWARD_AUTH_SECRET=a new one".to_owned() },
                Line { file: "environment of edge".to_owned(), text: "FORWARD_AUTH_SECRET=the same".to_owned() },
            ],
            Change::Start { service } => line("shell".to_owned(), format!("docker compose up -d {service}")),
        }
    }
}

impl RouteField {
    /// The field as a line of a Caddyfile.
    fn caddy(&self, route: &str) -> String {
        match self {
            RouteField::StripPrefix(true) => format!("uri strip_prefix /{route}"),
            RouteField::StripPrefix(false) => format!("- uri strip_prefix /{route}"),
            RouteField::AddPrefix(prefix) => format!("rewrite * {prefix}{{uri}}"),
            RouteField::Upstream(upstream) => format!("reverse_proxy {upstream}"),
            RouteField::Websocket(true) => "- header_up -Connection; - header_up -Upgrade".to_owned(),
            RouteField::Websocket(false) => "header_up -Connection".to_owned(),
            RouteField::MaxBody(Some(bytes)) => format!("request_body {{ max_size {bytes} }}"),
            RouteField::MaxBody(None) => "- request_body".to_owned(),
            RouteField::Cookies(true) => "- request_header -Cookie".to_owned(),
            RouteField::Cookies(false) => "request_header -Cookie".to_owned(),
            RouteField::FlushImmediately(true) => "reverse_proxy { flush_interval -1 }".to_owned(),
            RouteField::FlushImmediately(false) => "- flush_interval".to_owned(),
            RouteField::GateCopies(names) => format!("forward_auth {{ copy_headers {} }}", names.join(" ")),
            RouteField::PassHeader(name) => format!("- header_up {name}; - header_up -{name}"),
            RouteField::RemoveHeaders(names) => {
                names.iter().map(|name| format!("request_header -{name}")).collect::<Vec<_>>().join("; ")
            }
        }
    }
}
