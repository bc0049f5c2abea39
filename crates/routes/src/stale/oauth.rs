//! The forge's OAuth applications compared with what the settings ask for.

use serde_json::Value;

use super::Stale;
use crate::deployment::Deployment;
use crate::error::{Problem, RouteError};
use crate::model::{Mode, Site};
use crate::settings;

/// Compares the applications as the forge's API lists them (`GET /api/v1/user/applications/oauth2`). An application may have several
/// addresses, those of the other mode too; what counts is that each service finds its own.
///
/// # Errors
/// A text that isn't such a list.
pub fn oauth(place: &str, text: &str, deployment: &Deployment) -> Result<Vec<Stale>, RouteError> {
    let applications = read(place, text)?;
    let site = &deployment.site;
    let wanted = settings::for_site(site).oauth_redirect_uris;
    let other = other_mode(site);
    let old = settings::for_site(&other).oauth_redirect_uris;
    let mut stale = Vec::new();
    for (service, uris) in &wanted {
        for uri in uris {
            if applications.iter().any(|application| application.redirect_uris.contains(uri)) {
                continue;
            }
            let had = applications.iter().find(|application| {
                old.get(service).into_iter().flatten().any(|uri| application.redirect_uris.contains(uri))
            });
            let message = match had {
                Some(application) => format!(
                    "the application `{}` has the address of the mode {}, and the mode {} asks for `{uri}`; update it, and give \
                     the service the new secret, which the forge then makes",
                    application.name.escape_debug(),
                    other.mode,
                    site.mode
                ),
                None => format!(
                    "no application has the redirect URI `{uri}`, which the mode {} asks for; add it",
                    site.mode
                ),
            };
            stale.push(Stale {
                place: place.to_owned(),
                setting: format!("{}_OAUTH_REDIRECT_URI", service.to_ascii_uppercase()),
                message,
            });
        }
    }
    Ok(stale)
}

struct Application {
    name: String,
    redirect_uris: Vec<String>,
}

fn read(place: &str, text: &str) -> Result<Vec<Application>, RouteError> {
    let wrong = || {
        RouteError::from(Problem::new(
            place,
            "expected the list of applications as the forge's API gives it, `[{\"name\": …, \"redirect_uris\": […]}, …]`",
        ))
    };
    let Ok(Value::Array(list)) = serde_json::from_str(text) else { return Err(wrong()) };
    list.iter()
        .map(|item| {
            let name = item.get("name").and_then(Value::as_str).unwrap_or("without a name").to_owned();
            let uris = item.get("redirect_uris").and_then(Value::as_array).ok_or_else(wrong)?;
            let redirect_uris = uris.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
            Ok(Application { name, redirect_uris })
        })
        .collect()
}

/// The same services in the other mode, as far as public addresses go.
fn other_mode(site: &Site) -> Site {
    let (mode, prefix) = match site.mode {
        Mode::Subpath => (Mode::Subdomain, true),
        Mode::Subdomain => (Mode::Subpath, false),
    };
    let mut other = Site { mode, ..site.clone() };
    for route in &mut other.routes {
        route.host = if prefix && route.service != "staging" {
            format!("{}.{}", route.service, site.origin.host)
        } else {
            site.origin.host.clone()
        };
    }
    other
}
