//! What changes with the fallback, as values.

use std::fmt::Write as _;

use routes::caddyfile::{SecretSource, render_with};
use routes::{RouteError, environment, names, settings};
use verdict::Finding;
use verdict::evidence::StackFacts;

use super::called_for::Standing;
use super::diff::unified;
use super::sides::{MODE, Sides};

/// Lines around a change of a Caddyfile.
const AROUND: usize = 3;

/// The plan of a change from one origin with prefixes to one host a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The site's address.
    pub base_url: String,
    /// Where the report comes from.
    pub standing: Standing,
    /// Why, in a sentence.
    pub reason: String,
    /// The criteria that are met.
    pub criteria: Vec<Finding>,
    /// Each service's address before and after.
    pub addresses: Vec<Moved>,
    /// The settings file's name, and how it changes.
    pub env: (String, String),
    /// Settings that follow from the mode and have to go from the file.
    pub taken_out: Vec<String>,
    /// How what the services are told changes.
    pub compose_env: String,
    /// How the edge's Caddyfile changes.
    pub caddyfile: String,
    /// The OAuth applications, by the service that they are for, with their redirect URIs.
    pub applications: Vec<Moved>,
    /// The names that DNS and the certificate must have besides those that they have.
    pub names: Vec<String>,
}

/// Something at its place before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The service.
    pub service: String,
    /// Its URL before.
    pub before: String,
    /// Its URL after.
    pub after: String,
}

impl Plan {
    /// The plan for a report that calls for it.
    ///
    /// # Errors
    /// A site that can't be served.
    pub fn new(stack: &StackFacts, reason: &str, criteria: &[&Finding], sides: &Sides) -> Result<Self, RouteError> {
        let (before, after) = (&sides.before.site, &sides.after.site);
        let caddyfile = |site| render_with(site, SecretSource::Environment);
        let (env_name, env, taken_out) = match &sides.file {
            // No line around: one of them may be the secret.
            Some(file) => {
                let diff = unified((&file.before, &file.after), (&file.name, &file.name), 0);
                (file.name.clone(), diff, file.taken_out.clone())
            }
            None => {
                let line = |mode| format!("{MODE}={mode}\n");
                let texts = (line(before.mode), line(after.mode));
                (".env".to_owned(), unified((&texts.0, &texts.1), (".env", ".env"), 0), Vec::new())
            }
        };
        let told = |deployment| {
            let lines = environment::derived(deployment).into_iter();
            lines.fold(String::new(), |mut text, (name, value)| {
                // Writing to a string can't fail.
                let _ = writeln!(text, "{name}={value}");
                text
            })
        };
        let moved = |service: &str| {
            let url = |site: &routes::Site| site.service_url(service).map(|url| format!("{url}/"));
            Some(Moved { service: service.to_owned(), before: url(before)?, after: url(after)? })
        };
        let (old, new) =
            (settings::for_site(before).oauth_redirect_uris, settings::for_site(after).oauth_redirect_uris);
        let applications = old.iter().flat_map(|(service, uris)| {
            let after = new.get(service).cloned().unwrap_or_default();
            let moved =
                |(before, after): (&String, String)| Moved { service: service.clone(), before: before.clone(), after };
            uris.iter().zip(after).map(moved).collect::<Vec<_>>()
        });
        let had = names::needed(before);
        Ok(Self {
            base_url: stack.base_url.clone(),
            standing: Standing::of(stack),
            reason: reason.to_owned(),
            criteria: criteria.iter().map(|finding| (*finding).clone()).collect(),
            addresses: routes::standard::SERVICES.iter().filter_map(|service| moved(service)).collect(),
            env: (env_name, env),
            taken_out,
            compose_env: unified((&told(&sides.before), &told(&sides.after)), ("compose.env", "compose.env"), 0),
            caddyfile: unified((&caddyfile(before)?, &caddyfile(after)?), ("Caddyfile", "Caddyfile"), AROUND),
            applications: applications.collect(),
            names: names::needed(after).into_iter().filter(|name| !had.contains(name)).collect(),
        })
    }
}
