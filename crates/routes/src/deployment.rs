//! The site that the settings of an environment ask for.

mod read;

use crate::model::Site;

pub use read::read;

/// The host of a site that has no public one. The name is reserved for tests (RFC 6761): nobody's public site can be meant.
pub const LOCAL_HOST: &str = "edge.test";

/// What is deployed: the site, and the images that its own jobs run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// The site. Its gates have no secret yet if none was given.
    pub site: Site,
    /// Whether browsers reach it from outside: `EDGE_TUNNEL_FQDN` is set.
    pub public: bool,
    /// The edge's image.
    pub edge_image: String,
    /// The chat's image.
    pub chat_image: String,
}

/// One setting of the environment.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What it means, line by line.
    pub about: &'static [&'static str],
    /// Its value where it isn't given, or an example where there is no such value.
    pub value: Value,
}

/// What a setting is without being given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// This.
    Default(&'static str),
    /// Nothing; this is what it may look like.
    Example(&'static str),
    /// Nothing, and the site doesn't come up without.
    Secret,
}

/// All settings, in the order of the template.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "EDGE_ROUTING_MODE",
        about: &[
            "How the services share names: `subpath` (one origin, one path prefix a service) or `subdomain` (one host a",
            "service). When to change it, what changes with it and how to go back: docs/edge-routing-fallback.md",
        ],
        value: Value::Default("subpath"),
    },
    Setting {
        name: "EDGE_TUNNEL_FQDN",
        about: &[
            "The project's public host name, served as https:// by what stands before the edge. Without it every address is",
            "a local one, http://edge.test:EDGE_PORT; let that name and, in the mode subdomain, forge., ci. and chat. before",
            "it resolve to 127.0.0.1.",
        ],
        value: Value::Example("project.example.com"),
    },
    Setting {
        name: "EDGE_TUNNEL_FQDN_FORGE",
        about: &[
            "The services' own public host names, for the mode subdomain alone; `forge.`, `ci.` and `chat.` before the",
            "project's where they aren't given.",
        ],
        value: Value::Example("forge.project.example.com"),
    },
    Setting { name: "EDGE_TUNNEL_FQDN_CI", about: &[], value: Value::Example("ci.project.example.com") },
    Setting { name: "EDGE_TUNNEL_FQDN_CHAT", about: &[], value: Value::Example("chat.project.example.com") },
    Setting {
        name: "EDGE_PORT",
        about: &["The port on which the edge listens; 443 with a certificate of its own."],
        value: Value::Default("8080"),
    },
    Setting {
        name: "EDGE_TLS_CERTIFICATE",
        about: &["Certificate and key in PEM, as the edge's container sees them, where the edge itself speaks https."],
        value: Value::Example("/etc/caddy/tls/edge.pem"),
    },
    Setting { name: "EDGE_TLS_KEY", about: &[], value: Value::Example("/etc/caddy/tls/edge.key") },
    Setting {
        name: "EDGE_SERVICES",
        about: &["The services behind the edge."],
        value: Value::Default("forge,ci,chat,staging"),
    },
    Setting {
        name: "EDGE_UPSTREAM_FORGE",
        about: &["Where the services listen, HOST:PORT, as the edge reaches them."],
        value: Value::Default("forge:3000"),
    },
    Setting { name: "EDGE_UPSTREAM_CI", about: &[], value: Value::Default("ci:8000") },
    Setting { name: "EDGE_UPSTREAM_CHAT", about: &[], value: Value::Default("chat:8080") },
    Setting { name: "EDGE_UPSTREAM_STAGING", about: &[], value: Value::Default("staging:8080") },
    Setting { name: "EDGE_IMAGE", about: &["The images of the Nomad jobs."], value: Value::Default("caddy:2") },
    Setting { name: "CHAT_IMAGE", about: &[], value: Value::Default("edge-smoke/chat:latest") },
    Setting {
        name: "FORWARD_AUTH_SECRET",
        about: &[
            "The secret by which the chat knows that it is the edge that asks; letters and digits, for example from",
            "`openssl rand -hex 32`.",
        ],
        value: Value::Secret,
    },
];
