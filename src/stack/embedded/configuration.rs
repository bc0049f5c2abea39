//! What the services are told: the settings that go with the routes, with the user's own on top.

use std::collections::BTreeMap;

use doubles::forge::{Builder, Flavour, Forge};
use routes::settings;
use scenario::model::Service;
use verdict::evidence::Trouble;

use crate::stack::{Product, StackOptions, addresses, applications};

/// Settings for services that take none are a mistake, not a wish to be ignored.
pub(super) fn refuse_unknown(options: &StackOptions) -> Result<(), Trouble> {
    applications::refuse_unknown(&options.applications, &[])?;
    for (service, settings) in &options.environment {
        if let Some(name) = settings.keys().next()
            && *service != Service::Forge
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

/// A forge that agrees with the routes, but for what the user set otherwise.
pub(super) fn forge(site: &routes::Site, options: &StackOptions) -> Result<Builder, Trouble> {
    let mut environment: BTreeMap<String, String> =
        settings::for_site(site).environment.remove("forge").unwrap_or_default();
    for (name, value) in options.environment.get(&Service::Forge).into_iter().flatten() {
        // Forgejo reads both spellings; the other one must not slip past a setting of ours.
        let name = name.strip_prefix("FORGEJO__").map_or_else(|| name.clone(), |rest| format!("GITEA__{rest}"));
        match value {
            Some(value) => environment.insert(name, addresses::fill(value, site)),
            None => environment.remove(&name),
        };
    }
    environment
        .iter()
        .try_fold(Forge::builder().flavour(flavour(options.forge)), |forge, (name, value)| forge.setting(name, value))
        .map_err(|error| Trouble {
            service: Some(Service::Forge.to_string()),
            message: error.to_string(),
            help: Some("change or remove the setting".to_owned()),
            log: Vec::new(),
        })
}
