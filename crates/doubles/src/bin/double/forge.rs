//! The forge, with one user.

use std::convert::Infallible;

use doubles::forge::{Flavour, Forge};
use serve::Log;

use crate::Environment;
use crate::listen::listen;

/// Serves until the process ends.
///
/// `DOUBLE_FORGE` is `forgejo` (the default) or `gitea`; `DOUBLE_USER` and `DOUBLE_PASSWORD` are who can sign in; `DOUBLE_ADDR` is where it listens, `:3000`
/// unless said otherwise; `GITEA__section__KEY` and `FORGEJO__section__KEY` are its settings.
///
/// # Errors
/// A setting that it can't take; the address isn't free.
pub(crate) async fn serve(environment: &Environment, log: Log) -> Result<Infallible, String> {
    let value = |name: &str| environment.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
    let flavour = match value("DOUBLE_FORGE") {
        None | Some("forgejo") => Flavour::Forgejo,
        Some("gitea") => Flavour::Gitea,
        Some(other) => return Err(format!("DOUBLE_FORGE: expected `forgejo` or `gitea`, found `{other}`")),
    };
    let mut forge = Forge::builder().flavour(flavour);
    for (name, value) in environment.iter().filter(|(it, _)| it.starts_with("GITEA__") || it.starts_with("FORGEJO__")) {
        forge = forge.setting(name, value).map_err(|error| error.to_string())?;
    }
    match (value("DOUBLE_USER"), value("DOUBLE_PASSWORD")) {
        (Some(user), Some(password)) => forge = forge.user(user, password),
        (None, None) => {}
        _ => return Err("DOUBLE_USER and DOUBLE_PASSWORD go together".to_owned()),
    }
    let address = value("DOUBLE_ADDR").unwrap_or(":3000");
    let listener = listen(address).await?;
    let forge = forge.serve(listener).map_err(|error| error.to_string())?;
    log.line(format!("{} (a double) listens at {}", flavour.as_str(), forge.addr()));
    std::future::pending().await
}
