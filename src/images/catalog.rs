//! Which image each service of the containers stack runs from.

use std::collections::BTreeMap;

use scenario::model::Service;

use super::recipe::{CADDY, CHAT, DOUBLE, GITEA, Recipe};

/// A service's images.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The service.
    pub service: Service,
    /// The image that its makers publish, as `compose.yml` has it by default; `None` where it is ours.
    pub official: Option<&'static str>,
    /// How to build one where there is none to be pulled.
    pub recipe: &'static Recipe,
    /// The environment variable that names another; `compose.yml` reads it too.
    pub variable: &'static str,
}

/// All services that run from an image.
pub const CATALOG: &[Entry] = &[
    Entry { service: Service::Edge, official: Some("caddy:2"), recipe: &CADDY, variable: "EDGE_IMAGE" },
    Entry {
        service: Service::Forge,
        official: Some("codeberg.org/forgejo/forgejo:11"),
        recipe: &GITEA,
        variable: "FORGE_IMAGE",
    },
    Entry {
        service: Service::Ci,
        official: Some("woodpeckerci/woodpecker-server:v3"),
        recipe: &DOUBLE,
        variable: "CI_IMAGE",
    },
    // After the CI: which one goes with it depends on the CI's.
    Entry {
        service: Service::CiAgent,
        official: Some("woodpeckerci/woodpecker-agent:v3-alpine"),
        recipe: &DOUBLE,
        variable: "CI_AGENT_IMAGE",
    },
    Entry { service: Service::Chat, official: None, recipe: &CHAT, variable: "CHAT_IMAGE" },
    // What it answers is no model's: there is no other.
    Entry { service: Service::Model, official: None, recipe: &DOUBLE, variable: "MODEL_IMAGE" },
    Entry { service: Service::Staging, official: Some("caddy:2"), recipe: &CADDY, variable: "STAGING_IMAGE" },
    Entry { service: Service::Echo, official: None, recipe: &DOUBLE, variable: "ECHO_IMAGE" },
];

impl Entry {
    /// The image that a run asks for first.
    pub fn default_image(&self) -> &'static str {
        self.official.unwrap_or(self.recipe.image)
    }
}

/// The service's entry, where it has an image.
pub fn entry(service: Service) -> Option<&'static Entry> {
    CATALOG.iter().find(|entry| entry.service == service)
}

/// The images that the environment names; an empty name is none. `variable` gives an environment variable's value.
pub fn overrides(variable: &dyn Fn(&str) -> Option<String>) -> BTreeMap<Service, String> {
    let given = |entry: &Entry| Some((entry.service, variable(entry.variable).filter(|image| !image.is_empty())?));
    CATALOG.iter().filter_map(given).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_names_images_by_the_catalogue_s_variables() {
        let found = overrides(&|name| match name {
            "FORGE_IMAGE" => Some("own:1".to_owned()),
            "EDGE_IMAGE" => Some(String::new()),
            _ => None,
        });
        assert_eq!(found, BTreeMap::from([(Service::Forge, "own:1".to_owned())]));
    }
}
