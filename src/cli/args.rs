//! The command line.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use scenario::Secret;
use scenario::model::{Mode, Service};

use crate::report::{Format, Shard};

/// End-to-end smoke tests, with a verdict, for sites that serve several services from one origin.
#[derive(Debug, Parser)]
#[command(
    name = "edge-smoke",
    version,
    disable_help_subcommand = true,
    args_conflicts_with_subcommands = true,
    after_help = "Exit codes: 0 PASS, 1 FIX, 2 PIVOT, 3 INCONCLUSIVE, 64 wrong command line or file, 130 interrupted."
)]
pub struct Arguments {
    /// What to do; `run` where nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The flags of `run`.
    #[command(flatten)]
    pub run: RunArgs,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run journeys, print the verdict, write the report.
    Run(Box<RunArgs>),
    /// Validate scenario and fault files; run nothing.
    Check(CheckArgs),
    /// Inject known misconfigurations one by one, and score what was seen and named.
    Faults(FaultsArgs),
    /// The images that the containers stack needs: list them, or build those that can't be pulled.
    Images(ImagesArgs),
    /// Print the plan for the fallback to one subdomain per service that a report calls for; or file it, or carry it out.
    Pivot(PivotArgs),
    /// Say what a finding means, how it is told and what to do; without a code, list all.
    Explain(ExplainArgs),
    /// Look at the chat's running container, from outside and from within, and say of each promise of its sandbox whether it is kept.
    VerifyChatSandbox(VerifyChatSandboxArgs),
    /// Print a JSON Schema.
    Schema(SchemaArgs),
    /// Make one report of the shards of a run.
    Merge(MergeArgs),
}

/// What to run, and against what.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Scenario files, or directories of them.
    #[arg(value_name = "SCENARIO|DIR", default_value = "scenarios")]
    pub scenarios: Vec<PathBuf>,

    /// What to run against. `auto`: containers where an engine answers and every image needed is present, else embedded.
    #[arg(long, value_enum, default_value_t = StackChoice::Auto, help_heading = "Stack")]
    pub stack: StackChoice,

    /// The origin of a site that somebody else runs, such as https://example.org; implies `--stack external`.
    #[arg(long, value_name = "URL", help_heading = "Stack")]
    pub base_url: Option<String>,

    /// How the services share names, `subpath` or `subdomain`. Where nothing is said, a stack of ours is in subpath mode, and of a
    /// site that somebody else runs it is found out.
    #[arg(long, value_parser = parse_mode, value_name = "MODE", help_heading = "Stack")]
    pub mode: Option<Mode>,

    /// Of a site that somebody else runs: this service must be there. Others that aren't are skipped, and said so.
    #[arg(long = "require", value_name = "SERVICE", value_parser = parse_service, help_heading = "Stack")]
    pub required: Vec<Service>,

    /// Serve https, with a certificate authority made for the run; what goes by `https` alone, such as Secure cookies, is tried.
    #[arg(long, help_heading = "Stack")]
    pub tls: bool,

    /// Use this image for a service of the containers stack.
    #[arg(long = "image", value_name = "SERVICE=NAME", value_parser = parse_image, help_heading = "Stack")]
    pub images: Vec<ImageChoice>,

    /// Set (`forge:NAME=VALUE`) or unset (`forge:NAME`) a setting of a service of a stack that we stand up; `${edge}`, `${forge}`
    /// and so on stand for public addresses.
    #[arg(long = "set", value_name = "SERVICE:NAME[=VALUE]", value_parser = parse_setting, help_heading = "Stack")]
    pub settings: Vec<(Service, String, Option<String>)>,

    /// Set wrong what this file of a known misconfiguration says, in a stack that we stand up.
    #[arg(long = "fault", value_name = "FILE", help_heading = "Stack")]
    pub faults: Vec<PathBuf>,

    /// Look a name, and all names below it, up here.
    #[arg(long, value_name = "NAME=ADDRESS", value_parser = parse_resolve, help_heading = "Stack")]
    pub resolve: Vec<(String, IpAddr)>,

    /// Trust the certificates of this PEM file besides the system's.
    #[arg(long, value_name = "FILE", help_heading = "Stack")]
    pub ca: Option<PathBuf>,

    /// Leave the stack standing after the run.
    #[arg(long, help_heading = "Stack")]
    pub keep: bool,

    /// Let scenarios that change something run on a site that somebody else runs.
    #[arg(long, help_heading = "Stack")]
    pub allow_writes: bool,

    /// Give a variable its value.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = parse_pair, help_heading = "Variables")]
    pub vars: Vec<(String, String)>,

    /// Read variables from a file of NAME=VALUE lines.
    #[arg(long = "vars", value_name = "FILE", help_heading = "Variables")]
    pub vars_file: Option<PathBuf>,

    /// Give a secret: `NAME` reads the environment variable NAME (or its upper case), `NAME=@FILE` a file. Never a value.
    #[arg(long = "secret", value_name = "NAME[=@FILE]", help_heading = "Variables")]
    pub secrets: Vec<String>,

    /// Run only scenarios with this tag; several: any of them.
    #[arg(long = "tag", value_name = "TAG", help_heading = "Selection")]
    pub tags: Vec<String>,

    /// Run only scenarios whose name or file contains this text.
    #[arg(long, value_name = "TEXT", help_heading = "Selection")]
    pub filter: Option<String>,

    /// Run the i-th of n parts, such as 1/4.
    #[arg(long, value_name = "I/N", help_heading = "Selection")]
    pub shard: Option<Shard>,

    /// Print what would run, and run nothing.
    #[arg(long, help_heading = "Selection")]
    pub list: bool,

    /// How many scenarios at once; as many as there are cores where nothing is said, not counting those that have been waiting for long.
    #[arg(long, value_name = "N", value_parser = parse_jobs, help_heading = "Pace")]
    pub jobs: Option<usize>,

    /// Begin a failed scenario anew this often.
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Pace")]
    pub retries: usize,

    /// The longest that a scenario may take where it doesn't say, such as 90s.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, help_heading = "Pace")]
    pub timeout: Option<Duration>,

    /// Begin no more scenarios after the first failure.
    #[arg(long, help_heading = "Pace")]
    pub fail_fast: bool,

    /// Ask nothing further after a failure: fewer requests, and causes that look alike stay so.
    #[arg(long, help_heading = "Pace")]
    pub no_probe: bool,

    /// Try no fix: findings are told, and none is proved. On a stack of ours fixes are tried otherwise.
    #[arg(long, help_heading = "Pace")]
    pub no_proof: bool,

    /// How long trying fixes may take; 60s on the embedded stack and 300s on containers where nothing is said.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, help_heading = "Pace")]
    pub proof_timeout: Option<Duration>,

    /// Where reports go.
    #[arg(long, value_name = "DIR", default_value = "reports", help_heading = "Reports")]
    pub report_dir: PathBuf,

    /// Where a scenario fails, name the first hop that is otherwise than in this report, in place of the last green one.
    #[arg(long, value_name = "REPORT", help_heading = "Reports")]
    pub since: Option<PathBuf>,

    /// What to print on standard output.
    #[arg(long, default_value_t, value_name = "human|json|junit|github|markdown", help_heading = "Reports")]
    pub format: Format,
}

/// Which stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StackChoice {
    /// Containers where they can be had, else embedded.
    Auto,
    /// Doubles in this process.
    Embedded,
    /// The real programs in containers.
    Containers,
    /// A site that somebody else runs (`--base-url`).
    External,
}

/// An image for a service.
#[derive(Debug, Clone)]
pub struct ImageChoice {
    /// The service.
    pub service: Service,
    /// The image's name.
    pub image: String,
}

/// What to check.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Scenario and fault files, or directories of them; `scenarios` and `faults` where nothing is said.
    #[arg(value_name = "FILE|DIR")]
    pub files: Vec<PathBuf>,
}

/// Which faults, and on what.
#[derive(Debug, Args)]
pub struct FaultsArgs {
    /// Fault files, or directories of them.
    #[arg(value_name = "FILE|DIR", default_value = "faults")]
    pub files: Vec<PathBuf>,

    /// The scenarios that each fault is held against: a file, or a directory of them.
    #[arg(long, value_name = "FILE|DIR", default_value = "scenarios")]
    pub scenarios: Vec<PathBuf>,

    /// What to inject into: `embedded`, several faults at once; `containers`, one after the other.
    #[arg(long, value_enum, default_value_t = FaultStack::Embedded)]
    pub stack: FaultStack,

    /// Use this image for a service of the containers stack.
    #[arg(long = "image", value_name = "SERVICE=NAME", value_parser = parse_image)]
    pub images: Vec<ImageChoice>,

    /// Only faults whose id contains this text; several: any of them.
    #[arg(long, value_name = "TEXT")]
    pub filter: Vec<String>,

    /// How many faults at once on embedded; eight times as many as there are cores where nothing is said, since they wait most of the time.
    #[arg(long, value_name = "N", value_parser = parse_jobs)]
    pub jobs: Option<usize>,

    /// The longest that a scenario may take where it doesn't say, such as 90s.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub timeout: Option<Duration>,

    /// An earlier score.json: say what got worse since, and fail if anything did.
    #[arg(long, value_name = "FILE")]
    pub base: Option<PathBuf>,

    /// Below each fault, what was found, and why scenarios failed.
    #[arg(long)]
    pub verbose: bool,

    /// Where the score and a report for each fault go, in a folder `faults`.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub report_dir: PathBuf,

    /// What to print on standard output.
    #[arg(long, value_enum, default_value_t = ScoreFormat::Human)]
    pub format: ScoreFormat,
}

/// A stack that faults can be injected into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FaultStack {
    /// Doubles in this process.
    Embedded,
    /// The real programs in containers.
    Containers,
}

/// What to print of a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScoreFormat {
    /// The table for people, as it happens.
    Human,
    /// `score.json`.
    Json,
    /// `score.md`.
    Markdown,
}

/// What to do about images.
#[derive(Debug, Args)]
pub struct ImagesArgs {
    /// `list` where nothing is said.
    #[command(subcommand)]
    pub action: Option<ImagesAction>,
}

/// What to do about images.
#[derive(Debug, Subcommand)]
pub enum ImagesAction {
    /// Show which image each service would run from.
    List,
    /// Build the images that can't be pulled; one that its recipe has built already stays.
    Build {
        /// Build only these recipes (`caddy`, `gitea`), or those of these services.
        names: Vec<String>,

        /// Build them anew.
        #[arg(long)]
        force: bool,
    },
}

/// The fallback that a report calls for.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 the plan is printed, or none is called for; with --apply, the scenarios pass in the new mode. \
1 --apply: they don't, and the stack is as it was. 3 the stack or the forge doesn't do what is asked. 64 wrong command line, or \
the report doesn't allow it. 130 interrupted."
)]
pub struct PivotArgs {
    /// The report.
    #[arg(value_name = "REPORT", default_value = "reports/latest/report.json")]
    pub report: PathBuf,

    /// The settings of the site, as `edge render` reads them, in place of what the report says.
    #[arg(long, value_name = "FILE")]
    pub env_file: Option<PathBuf>,

    /// Carry it out on the stack that `run --keep` left standing, or on one like it: verified by the report's scenarios, undone if
    /// they fail.
    #[arg(long, conflicts_with = "open_issue")]
    pub apply: bool,

    /// File it as an issue at the forge, unless one is open.
    #[arg(long)]
    pub open_issue: bool,

    /// The forge's address; else CI_FORGE_URL.
    #[arg(long, value_name = "URL", requires = "open_issue")]
    pub forge_url: Option<String>,

    /// The repository at the forge; else CI_REPO.
    #[arg(long = "repo", value_name = "OWNER/NAME", requires = "open_issue")]
    pub repository: Option<String>,

    /// The forge's token: `NAME` reads the environment variable NAME (or its upper case), `NAME=@FILE` a file. Never a value.
    #[arg(long, value_name = "NAME[=@FILE]", default_value = "forge_token")]
    pub token: String,

    /// Where the report of `--apply` goes, into the folder `pivot`.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub report_dir: PathBuf,
}

/// What to explain.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The code of a finding, such as `edge/prefix-stripped`.
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
}

/// Which container to look at.
#[derive(Debug, Args)]
pub struct VerifyChatSandboxArgs {
    /// The container's name or id; where none is named, the one that runs the chat.
    #[arg(value_name = "CONTAINER")]
    pub container: Option<String>,

    /// What to print on standard output.
    #[arg(long, value_enum, default_value_t = SandboxFormat::Human)]
    pub format: SandboxFormat,
}

/// What to print of a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SandboxFormat {
    /// A line a promise, for people.
    Human,
    /// The same as JSON.
    Json,
}

/// Which schema.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Which one.
    #[arg(value_enum, default_value_t = SchemaName::Scenario)]
    pub name: SchemaName,
}

/// The schemas that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaName {
    /// Of a scenario file.
    Scenario,
    /// Of a fault file.
    Fault,
    /// Of report.json.
    Report,
}

/// What to merge.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// The reports of the shards.
    #[arg(value_name = "REPORT", required = true)]
    pub reports: Vec<PathBuf>,

    /// Where the merged report goes.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub report_dir: PathBuf,
}

fn named<T: Copy>(text: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T, String> {
    all.iter().copied().find(|item| name(*item) == text).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|item| name(*item)).collect();
        format!("`{text}` is none of {}", names.join(", "))
    })
}

fn parse_mode(text: &str) -> Result<Mode, String> {
    named(text, Mode::ALL, Mode::as_str)
}

fn parse_service(text: &str) -> Result<Service, String> {
    named(text, Service::ALL, Service::as_str)
}

/// A service that can be set or replaced, be it one that only others know.
fn parse_part(text: &str) -> Result<Service, String> {
    named(text, Service::PARTS, Service::as_str)
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` isn't NAME=VALUE")),
    }
}

fn parse_image(text: &str) -> Result<ImageChoice, String> {
    let (service, image) = parse_pair(text).map_err(|_| format!("`{text}` isn't SERVICE=NAME"))?;
    if image.is_empty() {
        return Err("the image's name is empty".to_owned());
    }
    Ok(ImageChoice { service: parse_part(&service)?, image })
}

fn parse_setting(text: &str) -> Result<(Service, String, Option<String>), String> {
    let Some((service, setting)) = text.split_once(':') else {
        return Err(format!("`{text}` isn't SERVICE:NAME=VALUE"));
    };
    let (name, value) = match setting.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (setting, None),
    };
    if name.is_empty() {
        return Err(format!("`{text}` names no setting"));
    }
    Ok((parse_part(service)?, name.to_owned(), value))
}

fn parse_resolve(text: &str) -> Result<(String, IpAddr), String> {
    let (name, address) = parse_pair(text).map_err(|_| format!("`{text}` isn't NAME=ADDRESS"))?;
    let address = address.parse().map_err(|_| format!("`{address}` is no IP address"))?;
    Ok((name.to_ascii_lowercase(), address))
}

fn parse_jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(jobs) if jobs > 0 => Ok(jobs),
        _ => Err("a whole number from 1".to_owned()),
    }
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    scenario::duration::parse(text).ok_or_else(|| format!("`{text}` is no duration; write 500ms, 10s or 2m"))
}

/// Reads `NAME` or `NAME=@FILE`, with the environment.
///
/// # Errors
/// What is wrong with it; never the value.
pub fn read_secret(
    text: &str,
    variables: &std::collections::BTreeMap<String, String>,
) -> Result<(String, Secret), String> {
    let (name, value) = match text.split_once('=') {
        None => {
            let upper = text.to_ascii_uppercase();
            let value = variables.get(text).or_else(|| variables.get(&upper)).cloned();
            let value = value.ok_or_else(|| {
                format!("the secret `{text}` is not set: put it into the environment variable `{upper}`, or give `{text}=@FILE`")
            })?;
            (text, value)
        }
        Some((name, file)) if file.starts_with('@') => {
            let path = &file[1..];
            let value = std::fs::read_to_string(path)
                .map_err(|error| format!("the secret `{name}` can't be read from {path}: {error}"))?;
            (name, value.trim_end_matches(['\r', '\n']).to_owned())
        }
        Some((name, _)) => {
            return Err(format!(
                "a secret's value doesn't belong on the command line, where everybody sees it: \
                 give `--secret {name}` with the value in the environment, or `{name}=@FILE`"
            ));
        }
    };
    if value.is_empty() {
        return Err(format!("the secret `{name}` is empty"));
    }
    Ok((name.to_owned(), Secret::new(value)))
}
