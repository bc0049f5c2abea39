//! What is there, compared with what the settings ask for: a file that was not rendered anew keeps the old configuration running, and
//! nothing says so.

mod caddyfile;
mod oauth;

use std::fmt;

use serde_json::Value;

use crate::deployment::Deployment;
use crate::environment::derived;
use crate::error::RouteError;
use crate::model::Action;
use crate::nomad;
use crate::variables::Variables;

pub use self::caddyfile::caddyfile;
pub use self::oauth::oauth;

/// Something that is of another configuration than the one asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// The file.
    pub place: String,
    /// The setting that it disagrees about.
    pub setting: String,
    /// What it has and what it should have. Never a secret.
    pub message: String,
}

impl fmt::Display for Stale {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}: {}", self.place, self.setting, self.message)
    }
}

/// What follows from the settings and is given as something else, as in an `.env` that was written for another mode.
pub fn environment(place: &str, variables: &Variables, deployment: &Deployment) -> Vec<Stale> {
    let mode = deployment.site.mode;
    let mut expected = derived(deployment);
    // The forge reads both spellings.
    if let Some((_, root_url)) = expected.iter().find(|(name, _)| *name == "ROOT_URL").cloned() {
        expected.push(("FORGEJO__server__ROOT_URL", root_url));
    }
    let differing = expected.into_iter().filter_map(|(name, value)| {
        let found = variables
            .get(name)
            .filter(|found| !found.eq_ignore_ascii_case(&value) || is_url(&value) && **found != value)?;
        Some(Stale {
            place: place.to_owned(),
            setting: name.to_owned(),
            message: format!("it is `{}`, and the mode {mode} asks for `{value}`", found.escape_debug()),
        })
    });
    differing.collect()
}

fn is_url(value: &str) -> bool {
    value.contains("://")
}

/// The environment of a service that runs (`docker compose exec SERVICE env`): what follows from the settings, what it has by the names
/// under which services are told, and the secret, which is compared and never shown.
pub fn running(place: &str, variables: &Variables, deployment: &Deployment) -> Vec<Stale> {
    let mut stale = environment(place, variables, deployment);
    let gates = deployment.site.routes.iter().filter_map(|route| match &route.action {
        Action::Forward(forward) => forward.gate.as_ref(),
        Action::Redirect { .. } | Action::Respond { .. } => None,
    });
    let secret = "FORWARD_AUTH_SECRET";
    if variables.get(secret).is_some_and(|found| gates.into_iter().any(|gate| gate.secret.expose() != found)) {
        stale.push(Stale {
            place: place.to_owned(),
            setting: secret.to_owned(),
            message: "it is another secret than the settings have; start the service anew".to_owned(),
        });
    }
    stale
}

/// As [`environment`] for a file that was rendered as a whole: what is missing is stale too.
pub fn compose(place: &str, variables: &Variables, deployment: &Deployment) -> Vec<Stale> {
    let mut stale = environment(place, variables, deployment);
    let expected = derived(deployment);
    let of = |setting: &str, message: String| Stale { place: place.to_owned(), setting: setting.to_owned(), message };
    for (name, value) in &expected {
        if !variables.contains_key(*name) {
            stale.push(of(name, format!("it is not there, and the mode {} asks for `{value}`", deployment.site.mode)));
        }
    }
    for name in variables.keys() {
        if !expected.iter().any(|(known, _)| known == name) {
            stale.push(of(name, format!("it is there, and the mode {} has no such setting", deployment.site.mode)));
        }
    }
    stale
}

/// Compares a rendered Nomad job, or the object of all of them.
///
/// # Errors
/// A deployment that could not be served.
pub fn nomad(place: &str, text: &str, deployment: &Deployment) -> Result<Vec<Stale>, RouteError> {
    let of = |setting: &str, message: String| Stale { place: place.to_owned(), setting: setting.to_owned(), message };
    let Ok(found) = serde_json::from_str::<Value>(text) else {
        return Ok(vec![of(
            "JSON",
            "expected a rendered job, found something that is not JSON; render it anew".to_owned(),
        )]);
    };
    let mut stale = Vec::new();
    for job in nomad::jobs(deployment) {
        let name = job.to_string();
        let alone = found.pointer("/Job/ID").and_then(Value::as_str);
        let there = if alone == Some(name.as_str()) { Some(&found) } else { found.get(&name) };
        match there {
            Some(there) => {
                differences(place, &format!("/{name}"), there, &nomad::value(deployment, job)?, deployment, &mut stale)?
            }
            None if alone.is_some() => {}
            None => stale.push(of(&name, "the job is not there; render it anew".to_owned())),
        }
    }
    let known = nomad::jobs(deployment);
    let others = match found.pointer("/Job/ID").and_then(Value::as_str) {
        Some(alone) => vec![alone],
        None => found.as_object().into_iter().flat_map(|jobs| jobs.keys().map(String::as_str)).collect(),
    };
    for other in others {
        if !known.iter().any(|job| job.to_string() == other) {
            stale.push(of(&other.escape_debug().to_string(), "there is no such job in this deployment".to_owned()));
        }
    }
    Ok(stale)
}

/// Differences of two JSON values by their place in them.
fn differences(
    place: &str,
    pointer: &str,
    found: &Value,
    expected: &Value,
    deployment: &Deployment,
    stale: &mut Vec<Stale>,
) -> Result<(), RouteError> {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            for (key, value) in expected {
                differences(
                    place,
                    &format!("{pointer}/{key}"),
                    found.get(key).unwrap_or(&Value::Null),
                    value,
                    deployment,
                    stale,
                )?;
            }
            for key in found.keys().filter(|key| !expected.contains_key(*key)) {
                let setting = format!("{pointer}/{}", key.escape_debug());
                stale.push(Stale {
                    place: place.to_owned(),
                    setting,
                    message: "there should be no such field".to_owned(),
                });
            }
        }
        (Value::Array(found), Value::Array(expected)) if found.len() == expected.len() => {
            for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
                differences(place, &format!("{pointer}/{index}"), found, expected, deployment, stale)?;
            }
        }
        (Value::String(found), Value::String(expected)) if expected.starts_with(crate::caddyfile::MARK) => {
            stale.extend(self::caddyfile::compare(place, found, expected));
        }
        _ if found == expected => {}
        _ => stale.push(Stale {
            place: place.to_owned(),
            setting: pointer.to_owned(),
            message: format!("it is {found}, and the mode {} asks for {expected}", deployment.site.mode),
        }),
    }
    Ok(())
}
