//! The site as it is, and as it will be after the change.

use std::collections::BTreeMap;

use routes::deployment::{Deployment, LOCAL_HOST, SETTINGS, Value, read};
use routes::variables::{Variables, parse};
use routes::{Mode, Origin, RouteError, Site, stale};
use verdict::evidence::StackFacts;

/// The setting from which everything else follows.
pub(super) const MODE: &str = "EDGE_ROUTING_MODE";
/// Where the site would say where its files are, where nobody told us.
const TLS: [(&str, &str); 2] =
    [("EDGE_TLS_CERTIFICATE", "/etc/caddy/tls/edge.pem"), ("EDGE_TLS_KEY", "/etc/caddy/tls/edge.key")];

/// Both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sides {
    /// In the mode subpath.
    pub before: Deployment,
    /// In the mode subdomain.
    pub after: Deployment,
    /// The settings file, where one was given: its name and its text before and after.
    pub file: Option<SettingsFile>,
}

/// A settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsFile {
    /// Its name, as the user gave it.
    pub name: String,
    /// Its text.
    pub before: String,
    /// Its text with the mode changed and without the lines that follow from the mode.
    pub after: String,
    /// The settings that were taken out.
    pub taken_out: Vec<String>,
}

/// Why there are no two sides.
#[derive(Debug, thiserror::Error)]
pub enum SidesError {
    /// The report's site can't be described by settings.
    #[error("the site of the report at {base_url} can't be described by settings: {why}; give them by --env-file")]
    Site {
        /// Its address.
        base_url: String,
        /// What is wrong.
        why: String,
    },
    /// Settings that can't be.
    #[error("{place}: {why}")]
    Settings {
        /// The file.
        place: String,
        /// What is wrong.
        why: RouteError,
    },
    /// The settings are in the other mode already.
    #[error("{place}: {MODE} is `subdomain` already: there is nothing to change over")]
    ChangedOver {
        /// The file.
        place: String,
    },
}

impl Sides {
    /// As the report has the site: its address, and its services at their usual upstreams.
    ///
    /// # Errors
    /// An address that no site has.
    pub fn of_stack(stack: &StackFacts) -> Result<Self, SidesError> {
        let wrong = |why: String| SidesError::Site { base_url: stack.base_url.clone(), why };
        let origin = Origin::parse(&stack.base_url).map_err(|error| wrong(error.to_string()))?;
        let upstream = |service: &str| {
            let name = format!("EDGE_UPSTREAM_{}", service.to_ascii_uppercase());
            SETTINGS.iter().find_map(|setting| match setting.value {
                Value::Default(value) if setting.name == name => Some(value.to_owned()),
                _ => None,
            })
        };
        let services = stack.services.iter().map(|service| service.name.as_str());
        let upstreams: BTreeMap<String, String> =
            services.filter_map(|name| Some((name.to_owned(), upstream(name)?))).collect();
        let public = origin.host != LOCAL_HOST;
        let image = |name: &str| match SETTINGS.iter().find(|setting| setting.name == name).map(|it| it.value) {
            Some(Value::Default(image)) => image.to_owned(),
            _ => String::new(),
        };
        let side = |mode: Mode| {
            let site = Site::standard(origin.clone(), mode, &upstreams).map_err(|error| wrong(error.to_string()))?;
            let tls = (origin.scheme == routes::Scheme::Https && !public)
                .then(|| routes::TlsFiles { certificate: TLS[0].1.to_owned(), key: TLS[1].1.to_owned() });
            let port = SETTINGS.iter().find(|setting| setting.name == "EDGE_PORT").map(|setting| setting.value);
            let front = match (port, public && origin.scheme == routes::Scheme::Https) {
                (Some(Value::Default(port)), true) => port.parse().ok().map(|port| routes::Front { port }),
                _ => None,
            };
            let site = Site { tls, front, ..site };
            Ok(Deployment { site, public, edge_image: image("EDGE_IMAGE"), chat_image: image("CHAT_IMAGE") })
        };
        Ok(Self { before: side(Mode::Subpath)?, after: side(Mode::Subdomain)?, file: None })
    }

    /// As a settings file has it.
    ///
    /// # Errors
    /// What is wrong with the file, in either mode; it is in the mode subdomain.
    pub fn of_file(name: &str, text: &str) -> Result<Self, SidesError> {
        let wrong = |why| SidesError::Settings { place: name.to_owned(), why };
        let variables = parse(text).map_err(wrong)?;
        let before = read(&variables).map_err(wrong)?;
        if before.site.mode == Mode::Subdomain {
            return Err(SidesError::ChangedOver { place: name.to_owned() });
        }
        let mut settings = variables.clone();
        settings.insert(MODE.to_owned(), Mode::Subdomain.to_string());
        let after = read(&settings).map_err(wrong)?;
        let taken_out = follow(name, &settings, &after);
        let file = SettingsFile {
            name: name.to_owned(),
            before: text.to_owned(),
            after: changed_over(text, &variables, &taken_out),
            taken_out,
        };
        Ok(Self { before, after, file: Some(file) })
    }
}

/// The settings that follow from the mode and are given as they were before it.
fn follow(place: &str, settings: &Variables, after: &Deployment) -> Vec<String> {
    stale::environment(place, settings, after).into_iter().map(|stale| stale.setting).collect()
}

/// The file's text, line by line as it was but for the mode and what follows from it.
fn changed_over(text: &str, variables: &Variables, taken_out: &[String]) -> String {
    let name_of = |line: &str| {
        let line = line.trim();
        let line = line.strip_prefix("export ").map_or(line, str::trim_start);
        line.split_once('=').map(|(name, _)| name.trim_end().to_owned()).filter(|name| variables.contains_key(name))
    };
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        match name_of(line) {
            Some(name) if name == MODE => out.push_str(&format!("{MODE}=subdomain\n")),
            Some(name) if taken_out.contains(&name) => {}
            _ => out.push_str(line),
        }
    }
    if !variables.contains_key(MODE) {
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        out.push_str(&format!("{MODE}=subdomain\n"));
    }
    out
}
