//! Where a journey takes place: services, routing modes, schemes and kinds of stack.

use std::fmt;

/// What stands behind the edge, and the edge itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// The reverse proxy in front of all others.
    Edge,
    /// The forge (Forgejo, Gitea).
    Forge,
    /// The CI server (Woodpecker).
    Ci,
    /// The chat.
    Chat,
    /// The staging site.
    Staging,
    /// The IDE behind its proxy.
    Ide,
    /// The echo, which only stacks made for tests have: it says what reached it.
    Echo,
    /// The CI's agent, which runs its pipelines. It has no address: only the CI knows it.
    CiAgent,
    /// The model that the chat's command talks to, which is a double. It has no address either.
    Model,
}

impl Service {
    /// All that scenarios can speak of, in the order in which they are shown.
    pub const ALL: &'static [Service] =
        &[Service::Edge, Service::Forge, Service::Ci, Service::Chat, Service::Staging, Service::Ide, Service::Echo];

    /// All that a stack can consist of, and that can be set, replaced or stopped: besides, what only other services know.
    pub const PARTS: &'static [Service] = &[
        Service::Edge,
        Service::Forge,
        Service::Ci,
        Service::CiAgent,
        Service::Chat,
        Service::Model,
        Service::Staging,
        Service::Ide,
        Service::Echo,
    ];

    /// The name in scenarios, reports and `compose.yml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Service::Edge => "edge",
            Service::Forge => "forge",
            Service::Ci => "ci",
            Service::Chat => "chat",
            Service::Staging => "staging",
            Service::Ide => "ide",
            Service::Echo => "echo",
            Service::CiAgent => "ci-agent",
            Service::Model => "model",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// How the site's services share names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// One origin, one path prefix a service.
    #[default]
    Subpath,
    /// One host name a service.
    Subdomain,
}

impl Mode {
    /// All of them, in the order in which they are shown.
    pub const ALL: &'static [Mode] = &[Mode::Subpath, Mode::Subdomain];

    /// The name in scenarios, reports and `EDGE_ROUTING_MODE`.
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

/// The scheme of a site's URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// All of them, in the order in which they are shown.
    pub const ALL: &'static [Scheme] = &[Scheme::Http, Scheme::Https];

    /// The name in scenarios and URLs.
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

/// The kind of stack that a scenario runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StackKind {
    /// Doubles on loopback, in this process.
    Embedded,
    /// The real programs in containers.
    Containers,
    /// A stack that somebody else runs.
    External,
}

impl StackKind {
    /// All of them, in the order in which they are shown.
    pub const ALL: &'static [StackKind] = &[StackKind::Embedded, StackKind::Containers, StackKind::External];

    /// The name in scenarios, reports and `--stack`.
    pub fn as_str(self) -> &'static str {
        match self {
            StackKind::Embedded => "embedded",
            StackKind::Containers => "containers",
            StackKind::External => "external",
        }
    }
}

impl fmt::Display for StackKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
