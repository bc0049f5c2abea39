//! What the services must be told, so that they agree with the edge. A service with a wrong idea of its address answers 200 all the same.

use std::collections::BTreeMap;

use crate::model::{Mode, Site};

/// The settings that go with a site. A service that the site doesn't have has none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// The forge's public URL, with a slash at its end (`ROOT_URL`).
    pub forge_root_url: Option<String>,
    /// The CI's public URL, without a slash at its end (`WOODPECKER_HOST`); its root path derives from it.
    pub ci_host: Option<String>,
    /// The chat's public URL, without a slash at its end.
    pub chat_public_url: Option<String>,
    /// For each service that signs people in at the forge, where its OAuth application must allow the browser to be sent back to.
    pub oauth_redirect_uris: BTreeMap<String, Vec<String>>,
    /// The same as environment variables, by service.
    pub environment: BTreeMap<String, BTreeMap<String, String>>,
}

/// The settings for a site.
pub fn for_site(site: &Site) -> Settings {
    let mut settings = Settings {
        forge_root_url: site.service_url("forge").map(|url| format!("{url}/")),
        ci_host: site.service_url("ci"),
        chat_public_url: site.service_url("chat"),
        ..Settings::default()
    };
    for (service, path) in [("ci", "/authorize"), ("chat", "/oauth/callback")] {
        if let Some(url) = site.service_url(service) {
            settings.oauth_redirect_uris.insert(service.to_owned(), vec![format!("{url}{path}")]);
        }
    }
    let mut set = |service: &str, key: &str, value: String| {
        settings.environment.entry(service.to_owned()).or_default().insert(key.to_owned(), value);
    };
    if let Some(root_url) = &settings.forge_root_url {
        // Forgejo reads this spelling as well.
        set("forge", "GITEA__server__ROOT_URL", root_url.clone());
    }
    if let Some(host) = &settings.ci_host {
        set("ci", "WOODPECKER_HOST", host.clone());
        if let Some(url) = site.service_url("forge") {
            // Browsers are sent there to sign in. Woodpecker takes this spelling for Gitea as well.
            set("ci", "WOODPECKER_FORGEJO_URL", url);
        }
    }
    if settings.chat_public_url.is_some() {
        set("chat", "EDGE_ROUTING_MODE", site.mode.to_string());
        set("chat", "EDGE_TUNNEL_FQDN", site.origin.authority());
        if site.mode == Mode::Subdomain {
            let host = site.service_host("chat").unwrap_or_default();
            set("chat", "EDGE_TUNNEL_FQDN_CHAT", site.origin.with_host(host).authority());
        }
        if let Some(url) = site.service_url("forge") {
            set("chat", "FORGE_PUBLIC_URL", url);
        }
    }
    settings
}
