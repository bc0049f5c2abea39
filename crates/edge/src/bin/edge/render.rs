//! `edge render`.

use routes::nomad::{self, Job};
use routes::stale;
use routes::variables::Variables;
use routes::{caddyfile, environment};

use crate::args::{JobName, RenderArgs, Target};
use crate::exit::{Exit, Failure};
use crate::input::Settings;
use crate::output;

pub(crate) fn run(arguments: &RenderArgs, environment: Variables) -> Result<Exit, Failure> {
    if arguments.job.is_some() && arguments.target != Target::Nomad {
        return Err(Failure::usage("error: --job: only the target nomad has jobs; leave it out"));
    }
    let settings = Settings::read(arguments.env_file.as_deref(), environment)?;
    if arguments.target != Target::EnvTemplate {
        refuse_contradictions(&settings)?;
    }
    let text = text(arguments, &settings)?;
    match &arguments.out {
        None => output::print(&text)?,
        Some(path) => output::write(path, &text, arguments.target, arguments.force)?,
    }
    Ok(Exit::Success)
}

fn text(arguments: &RenderArgs, settings: &Settings) -> Result<String, Failure> {
    let deployment = &settings.deployment;
    Ok(match (arguments.target, arguments.job) {
        (Target::Caddyfile, _) => caddyfile::render(&deployment.site)?,
        (Target::ComposeEnv, _) => environment::compose(deployment)?,
        (Target::EnvTemplate, _) => environment::template(&settings.variables),
        (Target::Nomad, None) => nomad::render_all(deployment)?,
        (Target::Nomad, Some(JobName::Edge)) => nomad::render(deployment, Job::Edge)?,
        (Target::Nomad, Some(JobName::Chat)) => nomad::render(deployment, Job::Chat)?,
    })
}

/// A settings file that also holds what follows from the settings, and holds it for another mode, would start the services with the old
/// values under the new routes.
fn refuse_contradictions(settings: &Settings) -> Result<(), Failure> {
    let Some((place, variables)) = &settings.file else { return Ok(()) };
    let stale = stale::environment(place, variables, &settings.deployment);
    if stale.is_empty() {
        return Ok(());
    }
    let mut text: String = stale.iter().map(|stale| format!("stale: {stale}\n")).collect();
    text.push_str("help: change these lines, or take them out and let `edge render --target compose-env` write them\n");
    Err(Failure { exit: Exit::Stale, text })
}
