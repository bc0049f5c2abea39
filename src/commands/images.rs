//! `edge-smoke images`: what the containers stack runs from.

use std::io::Write;

use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::{CommandError, ImagesAction};
use crate::images;

/// Lists the images, or builds those that can't be pulled.
///
/// # Errors
/// No engine answers, or a recipe failed.
pub async fn images(action: Option<ImagesAction>, environment: &Environment) -> Result<Exit, CommandError> {
    let variable = |name: &str| environment.variables.get(name).cloned();
    match action.unwrap_or(ImagesAction::List) {
        ImagesAction::List => {
            let rows = images::list(&images::overrides(&variable)).await.map_err(broken)?;
            print(&images::table(&rows))?;
        }
        ImagesAction::Build { names, force } => {
            let show = |line: &str| {
                // A closed terminal is no reason to stop a build half-way.
                let _ = writeln!(std::io::stderr(), "{line}");
            };
            let cache = images::cache_directory(&variable);
            let here = std::env::current_dir()
                .map_err(|error| CommandError::broken(format!("error: the current folder: {error}")))?;
            let built = images::build(&names, force, &cache, &here, &show).await.map_err(broken)?;
            let summary =
                if built.is_empty() { "nothing to build".to_owned() } else { format!("built {}", built.join(", ")) };
            print(&format!("{summary}\n"))?;
        }
    }
    Ok(Exit::Pass)
}

fn print(text: &str) -> Result<(), CommandError> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| CommandError::broken(format!("error: standard output: {error}")))
}

fn broken(trouble: verdict::evidence::Trouble) -> CommandError {
    let log: String = trouble.log.iter().map(|line| format!("\n    {line}")).collect();
    let help = trouble.help.map(|help| format!("\n  = help: {help}")).unwrap_or_default();
    CommandError::broken(format!("error: {}{log}{help}", trouble.message))
}
