//! What the services are told: the settings that go with the routes, with the user's own on top.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use doubles::ci;
use doubles::ci::agent::AgentSettings;
use doubles::forge::{Builder, Flavour, Forge};
use routes::settings;
use scenario::Secret;
use scenario::model::Service;
use verdict::evidence::Trouble;

use super::ground::ChatGround;
use crate::stack::applications::{Registered, SIGNING_IN};
use crate::stack::bootstrap::{MAX_REQUESTS_PER_HOUR, REPOSITORY, TALKATIVE, USER};
use crate::stack::{Application, Product, StackOptions, addresses, applications};

/// Settings for services that take none are a mistake, not a wish to be ignored.
pub(super) fn refuse_unknown(options: &StackOptions) -> Result<(), Trouble> {
    applications::refuse_unknown(&options.applications, &SIGNING_IN)?;
    if !options.directives.is_empty() || !options.caddyfile.is_empty() {
        return Err(Trouble {
            service: Some(Service::Edge.to_string()),
            message: "the embedded stack's edge has no Caddyfile to change".to_owned(),
            help: Some("use --stack containers for Caddy".to_owned()),
            log: Vec::new(),
        });
    }
    for (service, settings) in &options.environment {
        if let Some(name) = settings.keys().next()
            && !matches!(service, Service::Forge | Service::Ci | Service::CiAgent | Service::Chat)
        {
            return Err(Trouble {
                service: Some(service.to_string()),
                message: format!("{name}: the embedded stack's {service} takes no settings"),
                help: Some("use --stack containers for the real program".to_owned()),
                log: Vec::new(),
            });
        }
    }
    Ok(())
}

/// The double's word for a forge.
pub(super) fn flavour(product: Product) -> Flavour {
    match product {
        Product::Forgejo => Flavour::Forgejo,
        Product::Gitea => Flavour::Gitea,
    }
}

/// Where webhooks may go: the edge has an address that they don't reach by default.
const ALLOWED_HOSTS: &str = "edge.test,*.edge.test";

/// A forge that agrees with the routes, but for what the user set otherwise.
pub(super) fn forge(site: &routes::Site, options: &StackOptions) -> Result<Builder, Trouble> {
    let mut environment = routed(site, Service::Forge);
    environment.insert("GITEA__webhook__ALLOWED_HOST_LIST".to_owned(), ALLOWED_HOSTS.to_owned());
    // Forgejo reads both spellings; the other one must not slip past a setting of ours.
    let spelled = |name: &str| name.strip_prefix("FORGEJO__").map(|rest| format!("GITEA__{rest}"));
    overlay(&mut environment, Service::Forge, site, options, spelled);
    environment
        .iter()
        .try_fold(Forge::builder().flavour(flavour(options.forge)), |forge, (name, value)| forge.setting(name, value))
        .map_err(|error| wrong(Service::Forge, error.to_string()))
}

/// What the CI is told, as `fixtures/compose.yml` has it, but for what the user set otherwise.
pub(super) fn ci(
    site: &routes::Site,
    options: &StackOptions,
    registered: &Registered,
    agent_secret: &Secret,
) -> Result<ci::Settings, Trouble> {
    let application = &told(Service::Ci, registered, options)?;
    let mut environment = routed(site, Service::Ci);
    let is_gitea = options.forge == Product::Gitea;
    for (name, value) in [
        ("WOODPECKER_OPEN", "true"),
        ("WOODPECKER_ADMIN", USER),
        ("WOODPECKER_FORGEJO", if is_gitea { "false" } else { "true" }),
        ("WOODPECKER_GITEA", if is_gitea { "true" } else { "false" }),
        ("WOODPECKER_FORGEJO_CLIENT", &application.client_id),
        ("WOODPECKER_FORGEJO_SECRET", application.client_secret.expose()),
        ("WOODPECKER_AGENT_SECRET", agent_secret.expose()),
    ] {
        environment.insert(name.to_owned(), value.to_owned());
    }
    overlay(&mut environment, Service::Ci, site, options, |_| None);
    let settings = ci::Settings::read(environment.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let settings = settings.map_err(|error| wrong(Service::Ci, error.to_string()))?;
    refuse(Service::Ci, &settings.unknown)?;
    Ok(settings)
}

/// Where agents come to the CI in `fixtures/compose.yml`.
const SERVER_FOR_AGENTS: &str = "ci:9000";

/// What the CI's agent is told, as `fixtures/compose.yml` has it, but for what the user set otherwise.
pub(super) fn ci_agent(
    site: &routes::Site,
    options: &StackOptions,
    server: SocketAddr,
    agent_secret: &Secret,
) -> Result<AgentSettings, Trouble> {
    let mut environment = BTreeMap::from([
        ("WOODPECKER_SERVER".to_owned(), server.to_string()),
        ("WOODPECKER_AGENT_SECRET".to_owned(), agent_secret.expose().to_owned()),
        // Nobody asks it how it is.
        ("WOODPECKER_HEALTHCHECK".to_owned(), "false".to_owned()),
    ]);
    overlay(&mut environment, Service::CiAgent, site, options, |_| None);
    // The address that it has among containers, as the other services' names are known here too.
    if let Some(told) = environment.get_mut("WOODPECKER_SERVER").filter(|told| *told == SERVER_FOR_AGENTS) {
        *told = server.to_string();
    }
    let settings = AgentSettings::read(environment.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let settings = settings.map_err(|error| wrong(Service::CiAgent, error.to_string()))?;
    refuse(Service::CiAgent, &settings.unknown)?;
    Ok(settings)
}

/// What the chat is told, as `fixtures/compose.yml` has it, but for what the user set otherwise.
pub(super) fn chat(
    site: &routes::Site,
    options: &StackOptions,
    registered: &Registered,
    ground: &ChatGround,
) -> Result<BTreeMap<String, String>, Trouble> {
    let application = told(Service::Chat, registered, options)?;
    let mut environment = routed(site, Service::Chat);
    environment.extend(ground.home.settings().map(|(name, value)| (name.to_owned(), value)));
    let gate_secret = site.gate_secret().map(|secret| secret.expose().to_owned()).unwrap_or_default();
    for (name, value) in [
        ("ANTHROPIC_API_KEY", "no-real-key"),
        ("CHAT_OAUTH_CLIENT_ID", &application.client_id),
        ("CHAT_OAUTH_CLIENT_SECRET", application.client_secret.expose()),
        ("CHAT_MAX_REQUESTS_PER_HOUR", MAX_REQUESTS_PER_HOUR),
        ("DISINTO_CHAT_ALLOWED_USERS", &format!("{USER},{TALKATIVE}")),
        ("FORGE_OWNER", USER),
        ("FORGE_REPO", REPOSITORY),
        ("FORGE_TOKEN", ground.forge_token.expose()),
        ("FORGE_URL", "http://forge:3000"),
        ("FORWARD_AUTH_SECRET", &gate_secret),
    ] {
        environment.insert(name.to_owned(), value.to_owned());
    }
    overlay(&mut environment, Service::Chat, site, options, |_| None);
    Ok(environment)
}

/// What a service is told of its application.
fn told(service: Service, registered: &Registered, options: &StackOptions) -> Result<Application, Trouble> {
    let application = registered.get(&service);
    let application = application.ok_or_else(|| wrong(service, "the forge doesn't know it".to_owned()))?;
    Ok(applications::told(service, application, &options.applications))
}

fn refuse(service: Service, unknown: &[String]) -> Result<(), Trouble> {
    match unknown.first() {
        None => Ok(()),
        Some(name) => Err(wrong(service, format!("{name}: the {service} double doesn't know this setting"))),
    }
}

/// The settings that go with the routes.
fn routed(site: &routes::Site, service: Service) -> BTreeMap<String, String> {
    settings::for_site(site).environment.remove(service.as_str()).unwrap_or_default()
}

/// Lays the user's own settings on top, under the names that `spelled` gives them.
fn overlay(
    environment: &mut BTreeMap<String, String>,
    service: Service,
    site: &routes::Site,
    options: &StackOptions,
    spelled: impl Fn(&str) -> Option<String>,
) {
    for (name, value) in options.environment.get(&service).into_iter().flatten() {
        let name = spelled(name).unwrap_or_else(|| name.clone());
        match value {
            Some(value) => environment.insert(name, addresses::fill(value, site)),
            None => environment.remove(&name),
        };
    }
}

fn wrong(service: Service, message: String) -> Trouble {
    Trouble {
        service: Some(service.to_string()),
        message,
        help: Some("change or remove the setting".to_owned()),
        log: Vec::new(),
    }
}
