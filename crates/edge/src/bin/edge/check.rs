//! `edge check`.

use std::fmt::Write as _;
use std::path::Path;

use routes::stale::{self, Stale};
use routes::variables::Variables;

use crate::args::CheckArgs;
use crate::exit::{Exit, Failure};
use crate::input::{self, Settings};
use crate::output;

pub(crate) fn run(arguments: &CheckArgs, environment: Variables) -> Result<Exit, Failure> {
    let settings = Settings::read(arguments.env_file.as_deref(), environment)?;
    let deployment = &settings.deployment;
    let mut checked: Vec<String> = Vec::new();
    let mut stale: Vec<Stale> = Vec::new();
    if let Some((place, variables)) = &settings.file {
        checked.push(place.clone());
        stale.extend(stale::environment(place, variables, deployment));
    }
    let mut note = |path: &Path| {
        let place = path.display().to_string();
        checked.push(place.clone());
        place
    };
    if let Some(path) = &arguments.caddyfile {
        stale.extend(stale::caddyfile(&note(path), &input::text(path)?, deployment)?);
    }
    if let Some(path) = &arguments.compose_env {
        stale.extend(stale::compose(&note(path), &input::variables(path)?, deployment));
    }
    for path in &arguments.running {
        stale.extend(stale::running(&note(path), &input::printed(path)?, deployment));
    }
    for path in &arguments.nomad {
        stale.extend(stale::nomad(&note(path), &input::text(path)?, deployment)?);
    }
    if let Some(path) = &arguments.oauth {
        stale.extend(stale::oauth(&note(path), &input::text(path)?, deployment)?);
    }
    if checked.is_empty() {
        return Err(Failure::usage(
            "error: there is nothing to check; give --env-file, --caddyfile, --compose-env, --running, --nomad or --oauth",
        ));
    }
    let mut text = String::new();
    for stale in &stale {
        let _ = writeln!(text, "stale: {stale}");
    }
    if stale.is_empty() {
        let _ = writeln!(text, "up to date, mode {}: {}", deployment.site.mode, checked.join(", "));
    }
    output::print(&text)?;
    Ok(if stale.is_empty() { Exit::Success } else { Exit::Stale })
}
