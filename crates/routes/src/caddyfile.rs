//! A site as text for Caddy (`caddy run --adapter caddyfile`).
//!
//! What Caddy's own defaults get wrong for this purpose is written out: the order of handlers is the order of the text (`route`), the header
//! fields that a client may not send go before the gate is asked, unmatched requests are 404 and not an empty 200, and the admin API is off.

use std::fmt::Write as _;

use crate::error::RouteError;
use crate::matching::{NOT_FOUND, URI};
use crate::model::{Action, Cookies, Flush, Forward, Gate, PathEdit, PathMatch, Route, Scheme, Site};
use crate::validate;

/// The first words of every rendered text, by which a file is known as one that may be written anew.
pub const MARK: &str = "# Generated from the route model, mode ";

/// Where the text has the gate's secret from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretSource {
    /// It stands in the text.
    Text,
    /// Caddy reads it from its environment, `FORWARD_AUTH_SECRET`, whenever it asks the gate: for texts that others may read.
    Environment,
}

/// Renders a site. The same site gives the same text.
///
/// # Errors
/// Whatever [`validate::site`] finds: no text is made that Caddy would refuse or read as something else.
pub fn render(site: &Site) -> Result<String, RouteError> {
    render_with(site, SecretSource::Text)
}

/// As [`render`], with the secret from where the caller wants it.
///
/// # Errors
/// As [`render`]. A secret that doesn't stand in the text needn't be known.
pub fn render_with(site: &Site, secret: SecretSource) -> Result<String, RouteError> {
    match secret {
        SecretSource::Text => validate::site(site)?,
        SecretSource::Environment => validate::site_without_secret(site)?,
    }
    let (scheme, port) = site.listens();
    let style = Style { secret, forwarded_proto: site.front.map(|_| site.origin.scheme) };
    let mut text = Text::default();
    text.line(format_args!("{MARK}{}. Changes made here are lost.", site.mode));
    text.open("");
    text.line(format_args!("admin off"));
    text.line(format_args!("auto_https off"));
    text.line(format_args!("persist_config off"));
    if let Some(address) = site.bind {
        text.line(format_args!("default_bind {}", quote(&address.to_string())));
    }
    if site.tls.is_some() {
        // HTTP/3 would be announced by Alt-Svc, on a UDP port that nobody publishes: browsers would try it and wait.
        text.open("servers");
        text.line(format_args!("protocols h1 h2"));
        text.close();
    }
    text.close();
    let removals = Removals::of(site);
    removals.define(&mut text);
    for host in site.hosts() {
        text.blank();
        let routes: Vec<&Route> = site.routes.iter().filter(|route| route.host == host).collect();
        text.open(&format!("{scheme}://{host}:{port}"));
        tls(&mut text, site);
        text.open("route");
        for route in &routes {
            handle(&mut text, route, &removals, style);
        }
        text.line(format_args!("respond {} 404", quote(NOT_FOUND)));
        text.close();
        text.close();
    }
    text.blank();
    // Other hosts than the site's: without this block Caddy answers them with an empty 200.
    text.open(&format!("{scheme}://:{port}"));
    tls(&mut text, site);
    text.line(format_args!("respond {} 404", quote(NOT_FOUND)));
    text.close();
    Ok(text.text)
}

fn tls(text: &mut Text, site: &Site) {
    if let Some(files) = &site.tls {
        text.line(format_args!("tls {} {}", quote(&files.certificate), quote(&files.key)));
    }
}

fn handle(text: &mut Text, route: &Route, removals: &Removals<'_>, style: Style) {
    let matcher = match &route.path {
        PathMatch::Any => None,
        PathMatch::Exact(path) => Some(path.clone()),
        PathMatch::Prefix(prefix) => Some(format!("{prefix}*")),
    };
    text.line(format_args!("# {}", route.name));
    match matcher {
        None => text.open("handle"),
        Some(path) => {
            text.line(format_args!("@{} path {}", route.name, quote(&path)));
            text.open(&format!("handle @{}", route.name));
        }
    }
    match &route.action {
        // The `*` is a matcher: without it the target is read as one.
        Action::Redirect { to, status } if to.ends_with(URI) => text.line(format_args!("redir * \"{to}\" {status}")),
        Action::Redirect { to, status } => text.line(format_args!("redir * \"{to}{{?query}}\" {status}")),
        Action::Respond { status, body } => text.line(format_args!("respond {} {status}", quote(body))),
        Action::Forward(forward) => {
            text.open("route");
            forwarding(text, forward, removals, style);
            text.close();
        }
    }
    text.close();
}

fn forwarding(text: &mut Text, forward: &Forward, removals: &Removals<'_>, style: Style) {
    if let Some(snippet) = removals.name(&forward.remove_headers) {
        text.line(format_args!("import {snippet}"));
    }
    if forward.cookies == Cookies::Drop {
        text.line(format_args!("request_header -Cookie"));
    }
    if !forward.websocket {
        text.line(format_args!("request_header -Upgrade"));
    }
    if let Some(limit) = forward.max_body {
        text.open("request_body");
        text.line(format_args!("max_size {limit}"));
        text.close();
    }
    if let Some(gate) = &forward.gate {
        forward_auth(text, gate, style);
    }
    match &forward.path {
        PathEdit::Keep => {}
        PathEdit::Strip(prefix) => text.line(format_args!("uri strip_prefix {}", quote(prefix))),
        PathEdit::Add(prefix) => text.line(format_args!("uri path_regexp ^/ {}", quote(&format!("{prefix}/")))),
    }
    let head = format!("reverse_proxy {}", forward.upstream);
    if forward.flush == Flush::Auto && style.forwarded_proto.is_none() && forward.headers.is_empty() {
        text.line(format_args!("{head}"));
        return;
    }
    text.open(&head);
    if forward.flush == Flush::Immediate {
        text.line(format_args!("flush_interval -1"));
    }
    style.forwarded_proto(text);
    for (name, value) in &forward.headers {
        match value {
            Some(value) => text.line(format_args!("header_up {name} {}", quote(value))),
            None => text.line(format_args!("header_up -{name}")),
        }
    }
    text.close();
}

fn forward_auth(text: &mut Text, gate: &Gate, style: Style) {
    text.open(&format!("forward_auth {}", gate.upstream));
    text.line(format_args!("uri {}", quote(&gate.uri)));
    let secret = match style.secret {
        SecretSource::Text => gate.secret.expose(),
        SecretSource::Environment => "{env.FORWARD_AUTH_SECRET}",
    };
    text.line(format_args!("header_up {} {}", gate.secret_header, quote(secret)));
    style.forwarded_proto(text);
    if !gate.copy_headers.is_empty() {
        text.line(format_args!("copy_headers {}", gate.copy_headers.join(" ")));
    }
    text.close();
}

/// What holds for all routes of a text.
#[derive(Clone, Copy)]
struct Style {
    secret: SecretSource,
    /// The scheme that services are told, where it isn't the one of the connection.
    forwarded_proto: Option<Scheme>,
}

impl Style {
    fn forwarded_proto(self, text: &mut Text) {
        if let Some(scheme) = self.forwarded_proto {
            text.line(format_args!("header_up X-Forwarded-Proto {scheme}"));
        }
    }
}

/// The lists of header fields that are taken off requests: most routes share one, so each is written once.
struct Removals<'a> {
    lists: Vec<&'a [String]>,
}

impl<'a> Removals<'a> {
    fn of(site: &'a Site) -> Self {
        let mut lists: Vec<&[String]> = Vec::new();
        for route in &site.routes {
            let Action::Forward(forward) = &route.action else { continue };
            let list = forward.remove_headers.as_slice();
            if !list.is_empty() && !lists.contains(&list) {
                lists.push(list);
            }
        }
        Self { lists }
    }

    fn name(&self, list: &[String]) -> Option<String> {
        let index = self.lists.iter().position(|other| *other == list)?;
        Some(if index == 0 {
            "without-client-identity".to_owned()
        } else {
            format!("without-client-identity-{}", index + 1)
        })
    }

    fn define(&self, text: &mut Text) {
        for list in &self.lists {
            let Some(name) = self.name(list) else { continue };
            text.blank();
            text.open(&format!("({name})"));
            for field in *list {
                text.line(format_args!("request_header -{field}"));
            }
            text.close();
        }
    }
}

/// One token. Validation has refused what would need more than quotes.
fn quote(value: &str) -> String {
    format!("\"{value}\"")
}

/// Lines, indented as `caddy fmt` has them.
#[derive(Default)]
struct Text {
    text: String,
    depth: usize,
}

impl Text {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        self.text.extend(std::iter::repeat_n('\t', self.depth));
        // Writing to a string can't fail.
        let _ = writeln!(self.text, "{line}");
    }

    fn blank(&mut self) {
        self.text.push('\n');
    }

    fn open(&mut self, head: &str) {
        if head.is_empty() {
            self.line(format_args!("{{"))
        } else {
            self.line(format_args!("{head} {{"))
        }
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.line(format_args!("}}"));
    }
}
