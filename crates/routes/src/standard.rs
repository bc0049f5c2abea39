//! The design's routes, for the services that a site has.

use std::collections::BTreeMap;

use crate::error::{Problem, RouteError};
use crate::model::{
    Action, Cookies, Flush, Forward, Gate, GateSecret, Mode, Origin, PathEdit, PathMatch, Route, Site, Upstream,
    service_host,
};

/// The services that a site can have, in the order of their routes.
pub const SERVICES: &[&str] = &["forge", "ci", "chat", "staging"];

/// Services that only stacks made for tests have: no setting of a deployment names them. The echo shows whoever asks what
/// reached it, cookies and credentials included.
pub const TEST_SERVICES: &[&str] = &["echo"];

/// Header fields by which services are told who is signed in, or that it is the edge that asks. From a client they are forgeries.
pub const IDENTITY_HEADERS: &[&str] = &[
    "X-Forwarded-User",
    "X-Forward-Auth-Secret",
    "X-Webauth-User",
    "X-Webauth-Email",
    "X-Webauth-Fullname",
    "Remote-User",
    "Remote-Email",
    "Remote-Name",
    "Remote-Groups",
];

impl Site {
    /// The routes of the design for the services present, each with its upstream (`forge` → `forge:3000`).
    ///
    /// With `chat` present the gates still need their secret: [`Site::with_gate_secret`].
    ///
    /// # Errors
    /// An unknown service; an upstream that isn't `HOST:PORT`.
    pub fn standard(origin: Origin, mode: Mode, upstreams: &BTreeMap<String, String>) -> Result<Site, RouteError> {
        let mut problems = Vec::new();
        let mut parsed: BTreeMap<&str, Upstream> = BTreeMap::new();
        for (name, text) in upstreams {
            let setting = format!("upstreams.{}", name.escape_debug());
            if !SERVICES.iter().chain(TEST_SERVICES).any(|service| service == name) {
                problems.push(Problem::new(
                    setting,
                    format!("there is no such service; expected one of {}", SERVICES.join(", ")),
                ));
                continue;
            }
            match Upstream::parse(&setting, text) {
                Ok(upstream) => {
                    parsed.insert(name, upstream);
                }
                Err(error) => problems.extend(error.problems),
            }
        }
        if !problems.is_empty() {
            return Err(RouteError { problems });
        }
        let mut routes = Vec::new();
        for service in SERVICES.iter().chain(TEST_SERVICES) {
            if let Some(upstream) = parsed.get(service) {
                Builder { service, mode, host: &origin.host, upstream, routes: &mut routes }.add();
            }
        }
        Ok(Site { origin, mode, bind: None, tls: None, front: None, routes })
    }
}

/// Adds the routes of one service.
struct Builder<'a> {
    service: &'static str,
    mode: Mode,
    host: &'a str,
    upstream: &'a Upstream,
    routes: &'a mut Vec<Route>,
}

impl Builder<'_> {
    fn add(mut self) {
        match self.service {
            "forge" => self.forge(),
            "ci" => self.simple(PathEdit::Keep, Cookies::Pass),
            "chat" => self.chat(),
            // It sees the same paths in both modes, so that what it says can be compared.
            "echo" => self.simple(PathEdit::Strip("/echo".to_owned()), Cookies::Pass),
            // Services that share an origin share its cookies, and the project's own host still holds those from before a switch.
            _ => self.simple(PathEdit::Strip("/staging".to_owned()), Cookies::Drop),
        }
    }

    fn forge(&mut self) {
        if self.mode == Mode::Subpath {
            self.redirect("root", PathMatch::Exact("/".to_owned()), "/forge/");
        }
        // Hooks and the SSH server call this API on the service's own address, with a token that is sometimes left at a template's value.
        let internal = self.public("/api/internal");
        let refuse = || Action::Respond { status: 403, body: "403: this API is not reachable from outside".to_owned() };
        self.push("forge-internal-root", PathMatch::Exact(internal.clone()), refuse());
        self.push("forge-internal", PathMatch::Prefix(format!("{internal}/")), refuse());
        if self.mode == Mode::Subpath {
            // Clients of a container registry ask at the root of its host (OCI Distribution Specification, "Endpoints"), and the
            // forge expects them there, whatever prefix it has otherwise.
            self.push("forge-registry-bare", PathMatch::Exact("/v2".to_owned()), forwarded(self.forward()));
            self.push("forge-registry", PathMatch::Prefix("/v2/".to_owned()), forwarded(self.forward()));
        }
        self.simple(PathEdit::Strip("/forge".to_owned()), Cookies::Pass);
    }

    /// One prefix, or one host, and the prefix without its slash.
    fn simple(&mut self, edit: PathEdit, cookies: Cookies) {
        let forward = Forward { cookies, ..self.forward() };
        match self.mode {
            Mode::Subpath => {
                self.bare();
                let prefix = format!("/{}/", self.service);
                self.push(self.service, PathMatch::Prefix(prefix), forwarded(Forward { path: edit, ..forward }));
            }
            Mode::Subdomain => self.push(self.service, PathMatch::Any, forwarded(forward)),
        }
    }

    /// The chat knows only `/chat/…`. On a host of its own the prefix is put before each path that lacks it, so that both its public
    /// addresses and the root-absolute references of its pages arrive.
    fn chat(&mut self) {
        let gate = Gate {
            upstream: self.upstream.clone(),
            uri: "/chat/auth/verify".to_owned(),
            secret_header: "X-Forward-Auth-Secret".to_owned(),
            secret: GateSecret::default(),
            copy_headers: vec!["X-Forwarded-User".to_owned()],
        };
        let open = Forward { flush: Flush::Immediate, ..self.forward() };
        let gated = Forward { gate: Some(gate), ..open.clone() };
        let login = "/chat/login";
        let callback = "/chat/oauth/callback";
        match self.mode {
            Mode::Subpath => {
                self.bare();
                self.push("chat-login", PathMatch::Exact(login.to_owned()), forwarded(open.clone()));
                self.push("chat-callback", PathMatch::Exact(callback.to_owned()), forwarded(open));
                self.push("chat", PathMatch::Prefix("/chat/".to_owned()), forwarded(gated));
            }
            Mode::Subdomain => {
                let add = |forward: &Forward| {
                    forwarded(Forward { path: PathEdit::Add("/chat".to_owned()), ..forward.clone() })
                };
                self.bare();
                self.push("chat-login", PathMatch::Exact("/login".to_owned()), add(&open));
                self.push("chat-callback", PathMatch::Exact("/oauth/callback".to_owned()), add(&open));
                self.push("chat-login-prefixed", PathMatch::Exact(login.to_owned()), forwarded(open.clone()));
                self.push("chat-callback-prefixed", PathMatch::Exact(callback.to_owned()), forwarded(open));
                self.push("chat-prefixed", PathMatch::Prefix("/chat/".to_owned()), forwarded(gated.clone()));
                self.push("chat", PathMatch::Any, add(&gated));
            }
        }
    }

    /// `/forge` → `/forge/`: the prefix without its slash is not below the prefix.
    fn bare(&mut self) {
        let bare = format!("/{}", self.service);
        let name = format!("{}-bare", self.service);
        self.redirect(&name, PathMatch::Exact(bare.clone()), &format!("{bare}/"));
    }

    fn forward(&self) -> Forward {
        Forward {
            upstream: self.upstream.clone(),
            path: PathEdit::Keep,
            gate: None,
            remove_headers: IDENTITY_HEADERS.iter().map(|name| (*name).to_owned()).collect(),
            headers: Vec::new(),
            cookies: Cookies::Pass,
            websocket: true,
            max_body: None,
            flush: Flush::Auto,
        }
    }

    /// The public path of a path of the service's own.
    fn public(&self, path: &str) -> String {
        match self.mode {
            Mode::Subpath => format!("/{}{path}", self.service),
            Mode::Subdomain => path.to_owned(),
        }
    }

    /// Found rather than moved permanently: a browser would go on sending people there after a switch to subdomains.
    fn redirect(&mut self, name: &str, path: PathMatch, to: &str) {
        self.push(name, path, Action::Redirect { to: to.to_owned(), status: 302 });
    }

    fn push(&mut self, name: &str, path: PathMatch, action: Action) {
        let host = match self.mode {
            Mode::Subpath => self.host.to_owned(),
            Mode::Subdomain => service_host(self.host, self.service),
        };
        self.routes.push(Route { name: name.to_owned(), service: self.service.to_owned(), host, path, action });
    }
}

fn forwarded(forward: Forward) -> Action {
    Action::Forward(Box::new(forward))
}
