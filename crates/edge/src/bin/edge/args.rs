//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Render what follows from the settings of an edge, and name what is stale.
#[derive(Debug, Parser)]
#[command(
    name = "edge",
    version,
    after_help = "\
Exit codes:
  0   rendered; nothing is stale
  1   something is stale
  64  the command line, a setting or a file is wrong"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write what the settings ask for: the same settings give the same text
    Render(RenderArgs),
    /// Compare what is there with what the settings ask for, and name each setting that differs
    Check(CheckArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RenderArgs {
    /// What to write
    #[arg(long)]
    pub(crate) target: Target,
    /// Read the settings from this file; without it, from the environment alone
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Only this job, as `nomad job run -json` takes it
    #[arg(long)]
    pub(crate) job: Option<JobName>,
    /// Write over a file that this program didn't render
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// The routes as text for Caddy
    Caddyfile,
    /// The services' environment: ROOT_URL, WOODPECKER_HOST, redirect URIs
    ComposeEnv,
    /// All settings with their meaning, to be filled in
    EnvTemplate,
    /// The jobs of the edge and the chat, as JSON by their names
    Nomad,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum JobName {
    Edge,
    Chat,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Read the settings from this file; what it holds of values that follow from others is checked as well
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
    /// A rendered Caddyfile
    #[arg(long, value_name = "FILE")]
    pub(crate) caddyfile: Option<PathBuf>,
    /// A rendered environment
    #[arg(long, value_name = "FILE")]
    pub(crate) compose_env: Option<PathBuf>,
    /// The environment of a service that runs, NAME=VALUE lines (`docker compose exec forge env`); more than one may be given
    #[arg(long, value_name = "FILE")]
    pub(crate) running: Vec<PathBuf>,
    /// A rendered Nomad job, or all of them
    #[arg(long, value_name = "FILE")]
    pub(crate) nomad: Vec<PathBuf>,
    /// The forge's OAuth applications, as GET /api/v1/user/applications/oauth2 answers
    #[arg(long, value_name = "FILE")]
    pub(crate) oauth: Option<PathBuf>,
}
