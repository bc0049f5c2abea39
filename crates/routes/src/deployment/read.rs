//! From variables to a deployment, with every problem by the name of its variable.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::{Deployment, LOCAL_HOST, SETTINGS, Value};
use crate::error::{Problem, RouteError};
use crate::model::{Front, GateSecret, Mode, Origin, Scheme, Site, TlsFiles, Upstream};
use crate::standard::SERVICES;
use crate::validate;
use crate::variables::Variables;

/// Services that can have a public host name of their own.
const NAMED: &[&str] = &["forge", "ci", "chat"];

/// Where a misspelt name would silently change nothing.
const OURS: &[&str] = &["EDGE_ROUTING", "EDGE_TUNNEL_FQDN", "EDGE_UPSTREAM", "EDGE_TLS", "EDGE_SERVICE"];

/// Reads the settings.
///
/// A missing secret is no problem here: not every rendering needs it, and those that do refuse to go without.
///
/// # Errors
/// Everything that is wrong, at once, each problem by the name of its setting.
pub fn read(variables: &Variables) -> Result<Deployment, RouteError> {
    let mut reader = Reader { variables, problems: Vec::new() };
    let deployment = reader.deployment();
    match deployment {
        Some(deployment) if reader.problems.is_empty() => Ok(deployment),
        _ => Err(RouteError { problems: reader.problems }),
    }
}

struct Reader<'a> {
    variables: &'a Variables,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn deployment(&mut self) -> Option<Deployment> {
        self.unknown_names();
        let mode = self.checked("EDGE_ROUTING_MODE", Mode::parse);
        let public = self.given("EDGE_TUNNEL_FQDN").is_some();
        let host = if public { self.host("EDGE_TUNNEL_FQDN", mode) } else { Some(LOCAL_HOST.to_owned()) };
        let hosts = self.service_hosts(mode, public, host.as_deref());
        let tls = self.tls();
        let default_port = if tls.is_some() { "443" } else { default("EDGE_PORT") };
        let port = self.port(default_port);
        let upstreams = self.upstreams();
        let edge_image = self.image("EDGE_IMAGE");
        let chat_image = self.image("CHAT_IMAGE");
        let secret = self.secret();

        let (mode, host, port, upstreams) = (mode?, host?, port?, upstreams?);
        let (origin, front) = match (&tls, public) {
            (Some(_), _) => (Origin { scheme: Scheme::Https, host, port }, None),
            (None, true) => (Origin { scheme: Scheme::Https, host, port: 443 }, Some(Front { port })),
            (None, false) => (Origin { scheme: Scheme::Http, host, port }, None),
        };
        let mut site = match Site::standard(origin, mode, &upstreams) {
            Ok(site) => Site { tls, front, ..site }.with_service_hosts(&hosts),
            Err(error) => {
                self.problems.extend(error.problems);
                return None;
            }
        };
        if let Some(secret) = secret {
            site = site.with_gate_secret(secret);
        }
        if self.problems.is_empty()
            && let Err(error) = validate::site_without_secret(&site)
        {
            self.problems.extend(error.problems);
        }
        Some(Deployment { site, public, edge_image: edge_image?, chat_image: chat_image? })
    }

    fn given(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The value that is given, or else the default.
    fn value(&self, name: &'static str) -> &str {
        self.given(name).unwrap_or(default(name))
    }

    fn checked<T>(&mut self, name: &'static str, parse: impl Fn(&str) -> Result<T, RouteError>) -> Option<T> {
        match parse(self.value(name)) {
            Ok(value) => Some(value),
            Err(error) => {
                self.problems.extend(error.problems);
                None
            }
        }
    }

    fn unknown_names(&mut self) {
        for name in self.variables.keys() {
            if OURS.iter().any(|prefix| name.starts_with(prefix)) && !SETTINGS.iter().any(|known| known.name == name) {
                let known: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
                self.problems.push(Problem::new(
                    name,
                    format!("there is no such setting; expected one of {}", known.join(", ")),
                ));
            }
        }
    }

    fn host(&mut self, name: &'static str, mode: Option<Mode>) -> Option<String> {
        let host = self.given(name)?.to_ascii_lowercase();
        let why = match validate::host(&host) {
            Err(why) if host.is_empty() => format!("{why}; or take the line out, and the address is a standard one"),
            Err(why) => why,
            Ok(()) if mode == Some(Mode::Subdomain) && host.parse::<Ipv4Addr>().is_ok() => {
                format!(
                    "`{host}` is an address, and an address has no subdomains; give a name, or use the mode `subpath`"
                )
            }
            Ok(()) => return Some(host),
        };
        self.problems.push(Problem::new(name, why));
        None
    }

    fn service_hosts(&mut self, mode: Option<Mode>, public: bool, own: Option<&str>) -> BTreeMap<String, String> {
        let mut hosts: BTreeMap<String, String> = BTreeMap::new();
        for service in NAMED {
            let name = SETTINGS.iter().find_map(|setting| {
                (setting.name == format!("EDGE_TUNNEL_FQDN_{}", service.to_ascii_uppercase())).then_some(setting.name)
            });
            let Some(name) = name.filter(|name| self.given(name).is_some()) else { continue };
            let Some(host) = self.host(name, mode) else { continue };
            if !public {
                self.problems.push(Problem::new(
                    name,
                    "it is set, but EDGE_TUNNEL_FQDN is not; set that too, or take this one out for local addresses",
                ));
            }
            hosts.insert((*service).to_owned(), host);
        }
        // The hosts as they will be, those by default as well: one that two services claim serves one of them.
        let Some(own) = own.filter(|_| mode == Some(Mode::Subdomain)) else { return hosts };
        let mut claimed = vec![("EDGE_TUNNEL_FQDN".to_owned(), own.to_owned())];
        for service in NAMED {
            let name = format!("EDGE_TUNNEL_FQDN_{}", service.to_ascii_uppercase());
            let host = hosts.get(*service).cloned().unwrap_or_else(|| format!("{service}.{own}"));
            if let Some((other, _)) = claimed.iter().find(|(_, claimed)| *claimed == host) {
                self.problems.push(Problem::new(
                    &name,
                    format!("`{host}` is the host of {other} as well; give each service a host of its own"),
                ));
            }
            claimed.push((name, host));
        }
        hosts
    }

    fn tls(&mut self) -> Option<TlsFiles> {
        let (certificate, key) = ("EDGE_TLS_CERTIFICATE", "EDGE_TLS_KEY");
        match (self.given(certificate), self.given(key)) {
            (Some(certificate_file), Some(key_file)) => {
                let files = TlsFiles { certificate: certificate_file.to_owned(), key: key_file.to_owned() };
                for (name, path) in [(certificate, &files.certificate), (key, &files.key)] {
                    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"/._+@:,~-".contains(&byte);
                    if path.is_empty() || !path.bytes().all(fits) {
                        self.problems.push(Problem::new(
                            name,
                            format!("expected a path without spaces and quotes, found `{}`", path.escape_debug()),
                        ));
                    }
                }
                Some(files)
            }
            (None, None) => None,
            (given, _) => {
                let (missing, other) = if given.is_some() { (key, certificate) } else { (certificate, key) };
                self.problems.push(Problem::new(missing, format!("it is not set, but {other} is; set both or none")));
                None
            }
        }
    }

    fn port(&mut self, default: &str) -> Option<u16> {
        let text = self.given("EDGE_PORT").unwrap_or(default);
        let port = text.parse().ok().filter(|port| *port != 0 && text.bytes().all(|byte| byte.is_ascii_digit()));
        if port.is_none() {
            let message = format!("expected a port from 1 to 65535, found `{}`", text.escape_debug());
            self.problems.push(Problem::new("EDGE_PORT", message));
        }
        port
    }

    fn upstreams(&mut self) -> Option<BTreeMap<String, String>> {
        let mut upstreams = BTreeMap::new();
        let before = self.problems.len();
        let services = self.value("EDGE_SERVICES").to_owned();
        for service in services.split(',').map(str::trim) {
            let name = format!("EDGE_UPSTREAM_{}", service.to_ascii_uppercase());
            let Some(setting) = SETTINGS.iter().find(|known| known.name == name && SERVICES.contains(&service)) else {
                let (found, known) = (service.escape_debug(), SERVICES.join(", "));
                let message =
                    format!("there is no service `{found}`; expected one or more of {known}, with commas between");
                self.problems.push(Problem::new("EDGE_SERVICES", message));
                continue;
            };
            let text = self.value(setting.name).to_owned();
            if let Err(error) = Upstream::parse(setting.name, &text) {
                self.problems.extend(error.problems);
            } else if upstreams.insert(service.to_owned(), text).is_some() {
                self.problems.push(Problem::new("EDGE_SERVICES", format!("`{service}` is there twice; keep one")));
            }
        }
        (self.problems.len() == before).then_some(upstreams)
    }

    fn secret(&mut self) -> Option<GateSecret> {
        let secret = self.given("FORWARD_AUTH_SECRET")?.to_owned();
        match validate::secret(&secret) {
            Ok(()) => Some(GateSecret::new(secret)),
            Err(why) => {
                self.problems.push(Problem::new("FORWARD_AUTH_SECRET", why));
                None
            }
        }
    }

    fn image(&mut self, name: &'static str) -> Option<String> {
        let image = self.value(name).to_owned();
        let fits = image.starts_with(|first: char| first.is_ascii_alphanumeric())
            && image.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/:@".contains(&byte));
        if fits {
            return Some(image);
        }
        self.problems.push(Problem::new(
            name,
            format!("expected the name of an image, such as `caddy:2`, found `{}`", image.escape_debug()),
        ));
        None
    }
}

fn default(name: &str) -> &'static str {
    SETTINGS.iter().find(|setting| setting.name == name).map_or("", |setting| match setting.value {
        Value::Default(value) => value,
        Value::Example(_) | Value::Secret => "",
    })
}
