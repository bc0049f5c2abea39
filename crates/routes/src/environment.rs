//! The settings as environment files: what the services are told, and the template that people fill in.

use std::fmt::Write as _;

use crate::deployment::{Deployment, SETTINGS, Setting, Value};
use crate::error::RouteError;
use crate::model::Mode;
use crate::settings;
use crate::validate;
use crate::variables::Variables;

/// The first words of a rendered environment.
pub const MARK: &str = "# Rendered by `edge render --target compose-env`, mode ";

/// What follows from the settings, by the names of `compose-env`, in its order. No secret is among them.
pub fn derived(deployment: &Deployment) -> Vec<(&'static str, String)> {
    let site = &deployment.site;
    let settings = settings::for_site(site);
    let mut lines = vec![("EDGE_ROUTING_MODE", site.mode.to_string()), ("EDGE_PORT", site.listens().1.to_string())];
    if deployment.public {
        lines.push(("EDGE_TUNNEL_FQDN", site.origin.host.clone()));
        if site.mode == Mode::Subdomain {
            for (name, service) in
                [("EDGE_TUNNEL_FQDN_FORGE", "forge"), ("EDGE_TUNNEL_FQDN_CI", "ci"), ("EDGE_TUNNEL_FQDN_CHAT", "chat")]
            {
                lines.extend(site.service_host(service).map(|host| (name, host.to_owned())));
            }
        }
    }
    let uri = |service: &str| settings.oauth_redirect_uris.get(service).and_then(|uris| uris.first()).cloned();
    let follows = [
        ("ROOT_URL", settings.forge_root_url.clone()),
        ("GITEA__server__ROOT_URL", settings.forge_root_url.clone()),
        ("FORGE_PUBLIC_URL", site.service_url("forge")),
        ("WOODPECKER_HOST", settings.ci_host.clone()),
        ("CI_OAUTH_REDIRECT_URI", uri("ci")),
        ("CHAT_PUBLIC_URL", settings.chat_public_url.clone()),
        ("CHAT_OAUTH_REDIRECT_URI", uri("chat")),
    ];
    lines.extend(follows.into_iter().filter_map(|(name, value)| Some((name, value?))));
    lines
}

/// The environment of the services, for `docker compose --env-file .env --env-file THIS`. The secret stays where it is.
///
/// # Errors
/// A deployment that could not be served.
pub fn compose(deployment: &Deployment) -> Result<String, RouteError> {
    validate::site(&deployment.site)?;
    let mut text = format!("{MARK}{}. Changes made here are lost.\n", deployment.site.mode);
    for (name, value) in derived(deployment) {
        // Every value is made of characters that need no quotes: validation has seen to it. Writing to a string can't fail.
        let _ = writeln!(text, "{name}={value}");
    }
    Ok(text)
}

/// The template of `.env`: every setting with its meaning, and with the value that is given where one is. The secret is never filled in.
pub fn template(given: &Variables) -> String {
    let mut text = String::from(
        "# The settings of the edge. Copy this to `.env`, fill it in, and render what follows from it:\n\
         #   edge render --target caddyfile --env-file .env --out Caddyfile\n\
         #   edge render --target compose-env --env-file .env --out compose.env\n\
         # After every change render again; `edge check --env-file .env` names what is stale.\n",
    );
    for setting in SETTINGS {
        if !setting.about.is_empty() {
            text.push('\n');
        }
        for line in setting.about {
            let _ = writeln!(text, "# {line}");
        }
        let _ = writeln!(text, "{}", line(setting, given.get(setting.name).map(String::as_str)));
    }
    text
}

fn line(setting: &Setting, given: Option<&str>) -> String {
    let name = setting.name;
    match (setting.value, given) {
        (Value::Secret, _) => format!("{name}="),
        (_, Some(value)) => format!("{name}={value}"),
        // The one that everything else follows from stands there to be changed.
        (Value::Default(value), None) if name == "EDGE_ROUTING_MODE" => format!("{name}={value}"),
        (Value::Default(value) | Value::Example(value), None) => format!("# {name}={value}"),
    }
}
