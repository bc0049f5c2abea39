//! What is wrong with a site, by the name of the setting: nothing that passes here makes Caddy refuse its file, or read it as
//! something else.

use std::net::Ipv4Addr;

use crate::error::{Problem, RouteError};
use crate::matching::URI;
use crate::model::{Action, Forward, Gate, Mode, PathEdit, PathMatch, Route, Scheme, Site};

/// Checks a whole site.
///
/// # Errors
/// All problems at once, in the order of the model.
pub fn site(site: &Site) -> Result<(), RouteError> {
    let mut problems = Vec::new();
    if let Err(why) = host(&site.origin.host) {
        problems.push(Problem::new("origin.host", why));
    } else if site.mode == Mode::Subdomain && site.origin.host.parse::<Ipv4Addr>().is_ok() {
        problems.push(Problem::new(
            "origin.host",
            format!(
                "`{}` is an address, and an address has no subdomains; give a name, or use the mode `subpath`",
                site.origin.host
            ),
        ));
    }
    if let Some(front) = site.front {
        if front.port == 0 {
            problems.push(Problem::new("front.port", "expected a port from 1 to 65535, found 0"));
        }
        if site.tls.is_some() {
            problems.push(Problem::new(
                "tls",
                "there is a certificate, but something before the edge ends TLS; give one or the other",
            ));
        }
    }
    match (site.origin.scheme, &site.tls) {
        (_, None) if site.front.is_some() => {}
        (Scheme::Https, None) => problems.push(Problem::new(
            "tls",
            format!(
                "the origin is {}, but there is no certificate; give certificate and key, or an http:// origin",
                site.origin
            ),
        )),
        (Scheme::Http, Some(_)) => problems.push(Problem::new(
            "tls",
            format!(
                "there is a certificate, but the origin is {}; give an https:// origin, or no certificate",
                site.origin
            ),
        )),
        (Scheme::Https, Some(files)) => {
            for (setting, path) in [("tls.certificate", &files.certificate), ("tls.key", &files.key)] {
                if path.is_empty()
                    || path.chars().any(|character| character.is_control() || "\"`{}\\".contains(character))
                {
                    problems.push(Problem::new(
                        setting,
                        format!(
                            "expected a path without quotes, braces and backslashes, found `{}`",
                            path.escape_debug()
                        ),
                    ));
                }
            }
        }
        (Scheme::Http, None) => {}
    }
    for (index, route) in site.routes.iter().enumerate() {
        check_route(route, &site.routes[..index], &mut problems);
    }
    if problems.is_empty() { Ok(()) } else { Err(RouteError { problems }) }
}

/// Checks a site whose gates have their secret from elsewhere; one that is known already must be right all the same.
///
/// # Errors
/// As [`site`].
pub fn site_without_secret(site: &Site) -> Result<(), RouteError> {
    let missing = |route: &Route| match &route.action {
        Action::Forward(forward) => forward.gate.as_ref().is_some_and(|gate| gate.secret.expose().is_empty()),
        Action::Redirect { .. } | Action::Respond { .. } => false,
    };
    if site.routes.iter().any(missing) {
        self::site(&site.clone().with_gate_secret(crate::GateSecret::new("from-elsewhere")))
    } else {
        self::site(site)
    }
}

/// Says why a text isn't a host: neither a name (RFC 1123, section 2.1) nor an IPv4 address.
///
/// # Errors
/// The reason, for people.
pub fn host(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("the host is empty; set it to the name that browsers use, such as `project.example.com`".to_owned());
    }
    if text.len() > 253 {
        return Err(format!("a host name has at most 253 characters, and this one has {}", text.len()));
    }
    for label in text.split('.') {
        let fits = (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-');
        if !fits {
            return Err(format!(
                "`{}` is not a host name; expected labels of a-z, 0-9 and - with dots between, such as `project.example.com`",
                text.escape_debug()
            ));
        }
    }
    let numeric = text.split('.').next_back().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    if numeric && text.parse::<Ipv4Addr>().is_err() {
        return Err(format!("`{text}` is neither a host name nor an IPv4 address"));
    }
    Ok(())
}

/// Says why a text can't name an upstream. Container names may have underscores and capitals, which host names don't.
pub(crate) fn upstream_host(text: &str) -> Result<(), String> {
    let fits = !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && !text.starts_with(['-', '.']);
    if fits {
        Ok(())
    } else {
        Err("the host has other characters than letters, digits, `-`, `_` and `.`, or none; give no scheme and no path"
            .to_owned())
    }
}

/// Says why a secret can't be one.
pub(crate) fn secret(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        Err("the secret is empty; generate one, for example 32 random bytes in hexadecimal")
    } else if text.contains("<no value>") {
        Err(
            "the secret is `<no value>`, which a template leaves where a value is missing; seed the value before rendering",
        )
    } else if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        Err("the secret contains a space or a line break; generate one without")
    } else if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=:@%,".contains(&byte)) {
        // What is left means itself in a Caddyfile, in an environment file and in a shell.
        Err("the secret contains a quote, a brace or another character than letters, digits and -._~+/=:@%,; generate \
             one of letters and digits")
    } else {
        Ok(())
    }
}

fn check_route(route: &Route, earlier: &[Route], problems: &mut Vec<Problem>) {
    let setting = |field: &str| format!("routes.{}.{field}", route.name.escape_debug());
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    if !plain(&route.name) {
        problems.push(Problem::new(setting("name"), "expected a-z, 0-9 and -"));
    }
    if earlier.iter().any(|other| other.name == route.name) {
        problems.push(Problem::new(setting("name"), "two routes have this name; rename one"));
    }
    if let Err(why) = host(&route.host) {
        problems.push(Problem::new(setting("host"), why));
    }
    match &route.path {
        PathMatch::Any => {}
        PathMatch::Exact(path) if path.starts_with('/') && is_plain_path(path) => {}
        PathMatch::Exact(path) => problems.push(Problem::new(
            setting("path"),
            format!("expected a path such as `/chat/login`, found `{}`", path.escape_debug()),
        )),
        PathMatch::Prefix(prefix) => {
            if !prefix.starts_with('/') || !prefix.ends_with('/') || !is_plain_path(prefix) {
                problems.push(Problem::new(
                    setting("prefix"),
                    format!(
                        "expected a prefix with a slash at both ends, such as `/forge/`, found `{}`",
                        prefix.escape_debug()
                    ),
                ));
            }
        }
    }
    for other in earlier.iter().filter(|other| other.host == route.host) {
        if let Some(why) = overlap(other, route) {
            problems.push(Problem::new(setting("prefix"), why));
        }
    }
    match &route.action {
        Action::Forward(forward) => check_forward(route, forward, problems),
        Action::Redirect { to, status } => {
            if !matches!(status, 301 | 302 | 303 | 307 | 308) {
                problems.push(Problem::new(
                    setting("redirect"),
                    format!("expected 301, 302, 303, 307 or 308, found {status}"),
                ));
            }
            if !is_redirect_target(to) {
                problems.push(Problem::new(
                    setting("redirect"),
                    format!(
                        "expected a path of the same host, such as `/forge/` or `/forge{URI}`, or a URL, found `{}`",
                        to.escape_debug()
                    ),
                ));
            }
        }
        Action::Respond { status, body } => {
            if !(200..=599).contains(status) {
                problems.push(Problem::new(
                    setting("respond"),
                    format!("expected a status from 200 to 599, found {status}"),
                ));
            }
            if !is_plain_text(body) {
                problems.push(Problem::new(
                    setting("respond"),
                    "expected one line of text without quotes, braces and backslashes",
                ));
            }
        }
    }
}

/// Whether an earlier route makes a later one unreachable, or two services claim the same paths.
fn overlap(earlier: &Route, later: &Route) -> Option<String> {
    use PathMatch::{Any, Exact, Prefix};
    let under =
        |path: &str, prefix: &str| path.len() >= prefix.len() && path[..prefix.len()].eq_ignore_ascii_case(prefix);
    let hidden = match (&earlier.path, &later.path) {
        (Any, _) => true,
        (Exact(first), Exact(second)) => first.eq_ignore_ascii_case(second),
        (Prefix(first), Exact(second) | Prefix(second)) => under(second, first),
        (Exact(_) | Prefix(_), Any) | (Exact(_), Prefix(_)) => false,
    };
    if hidden {
        return Some(format!(
            "the route `{}` takes all of these paths before it; give it other paths, or put it first",
            earlier.name
        ));
    }
    let (Prefix(first), Prefix(second)) = (&earlier.path, &later.path) else { return None };
    (under(first, second) && earlier.service != later.service).then(|| {
        format!(
            "`{second}` overlaps `{first}` of the route `{}`, which is another service's; give it a prefix of its own",
            earlier.name
        )
    })
}

fn check_forward(route: &Route, forward: &Forward, problems: &mut Vec<Problem>) {
    let setting = |field: &str| format!("routes.{}.{field}", route.name.escape_debug());
    let mut upstream = |field: &str, upstream: &crate::Upstream| {
        if let Err(why) = upstream_host(&upstream.host) {
            problems.push(Problem::new(
                setting(field),
                format!("expected `HOST:PORT`, found `{}`: {why}", upstream.to_string().escape_debug()),
            ));
        } else if upstream.port == 0 {
            problems.push(Problem::new(
                setting(field),
                format!("expected `HOST:PORT`, found `{upstream}`: the port is not 1 to 65535"),
            ));
        }
    };
    upstream("upstream", &forward.upstream);
    if let Some(gate) = &forward.gate {
        upstream("gate.upstream", &gate.upstream);
    }
    if let PathEdit::Strip(prefix) | PathEdit::Add(prefix) = &forward.path
        && (!prefix.starts_with('/') || prefix.ends_with('/') || !is_plain_path(prefix))
    {
        problems.push(Problem::new(
            setting("path"),
            format!(
                "expected a prefix with a slash at its start alone, such as `/forge`, found `{}`",
                prefix.escape_debug()
            ),
        ));
    }
    for name in &forward.remove_headers {
        if !is_field_name(name) {
            problems.push(Problem::new(
                setting("remove_headers"),
                format!("`{}` is not the name of a header field", name.escape_debug()),
            ));
        }
    }
    for (name, value) in &forward.headers {
        if !is_field_name(name) {
            problems.push(Problem::new(
                setting("headers"),
                format!("`{}` is not the name of a header field", name.escape_debug()),
            ));
        }
        if value.as_ref().is_some_and(|value| !is_plain_text(value)) {
            problems.push(Problem::new(
                setting("headers"),
                format!("{name}: expected one line of text without quotes, braces and backslashes"),
            ));
        }
    }
    if let Some(gate) = &forward.gate {
        check_gate(route, gate, problems);
    }
}

/// A path, or a URL without a query, perhaps with `{uri}` at its end.
fn is_redirect_target(to: &str) -> bool {
    let start = to.strip_suffix(URI).unwrap_or(to);
    let path = match start.strip_prefix("http://").or(start.strip_prefix("https://")) {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let name = authority.rsplit_once(':').map_or(authority, |(name, _)| name);
            if host(&name.to_ascii_lowercase()).is_err() {
                return false;
            }
            path
        }
        None if start.is_empty() => return to == URI,
        None => start,
    };
    path.is_empty() || (path.starts_with('/') && is_plain_path(path))
}

/// One line that means itself between a Caddyfile's quotes.
fn is_plain_text(text: &str) -> bool {
    !text.chars().any(|character| character.is_control() || "\"`{}\\".contains(character))
}

fn check_gate(route: &Route, gate: &Gate, problems: &mut Vec<Problem>) {
    let setting = |field: &str| format!("routes.{}.gate.{field}", route.name.escape_debug());
    if !gate.uri.starts_with('/') || !is_plain_path(&gate.uri) {
        problems.push(Problem::new(
            setting("uri"),
            format!("expected a path such as `/chat/auth/verify`, found `{}`", gate.uri.escape_debug()),
        ));
    }
    for name in gate.copy_headers.iter().chain([&gate.secret_header]) {
        if !is_field_name(name) {
            problems.push(Problem::new(
                setting("copy_headers"),
                format!("`{}` is not the name of a header field", name.escape_debug()),
            ));
        }
    }
    if let Err(why) = secret(gate.secret.expose()) {
        let problem = Problem::new("FORWARD_AUTH_SECRET", why);
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
}

/// Unreserved characters and slashes (RFC 3986, section 2.3), and nothing that cleaning a path would change: such a text means the same to
/// Caddy's matchers, to its placeholders and to its lexer.
fn is_plain_path(path: &str) -> bool {
    path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte))
        && crate::target::clean(path) == path
}

/// A token (RFC 9110, section 5.6.2), without the characters that mean something to Caddy at a name's ends.
fn is_field_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        && !name.starts_with('-')
}
