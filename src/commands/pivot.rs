//! `edge-smoke pivot`: the fallback that a report calls for: planned, filed as an issue, or carried out.

use std::io::Write;

use verdict::Finding;
use verdict::evidence::StackFacts;

use super::check;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::{CommandError, PivotArgs, read_secret};
use crate::pivot::issue::{Filed, Forge};
use crate::pivot::text::Reader;
use crate::pivot::{Call, Plan, Sides, Standing, text};
use crate::report::{Report, green};

/// Prints the plan that a report calls for, and does with it what the command line asks for.
///
/// # Errors
/// A report that can't be read or doesn't call for what is asked; settings that can't be; the forge or the stack refuses.
pub async fn pivot(args: PivotArgs, environment: &Environment) -> Result<Exit, CommandError> {
    let report = read(&args)?;
    let (stack, criteria) = match Call::of(&report) {
        Call::Pivot { stack, criteria } => (stack, criteria),
        Call::Nothing(why) if args.apply => {
            return Err(CommandError::usage(format!(
                "error: {}: {why}: there is nothing to carry out",
                args.report.display()
            )));
        }
        Call::Nothing(why) => {
            print(&format!("no pivot is called for: {why}\n"))?;
            return Ok(Exit::Pass);
        }
    };
    let plan = plan(&args, &report, stack, &criteria)?;
    if args.apply {
        return match plan.standing {
            Standing::Recommendation => {
                print(&text::plan(&plan, Reader::Terminal))?;
                Err(CommandError::usage(format!(
                    "error: --apply: {} is a site that somebody else runs: nothing is changed there\n  = help: the plan above \
                     says what to change, in which order, and how to go back",
                    plan.base_url
                )))
            }
            Standing::Real | Standing::Doubles => super::pivot_apply::apply(&args, &report, stack, environment).await,
        };
    }
    if args.open_issue {
        return open_issue(&args, &plan, environment).await;
    }
    print(&text::plan(&plan, Reader::Terminal))?;
    Ok(Exit::Pass)
}

fn read(args: &PivotArgs) -> Result<Report, CommandError> {
    green::read(&args.report).map_err(|error| {
        CommandError::usage(format!(
            "error: {error}\n  = help: name a report.json that this version of edge-smoke has written; `edge-smoke run` writes \
             reports/latest/report.json"
        ))
    })
}

fn plan(args: &PivotArgs, report: &Report, stack: &StackFacts, criteria: &[&Finding]) -> Result<Plan, CommandError> {
    let wrong = |error: &dyn std::fmt::Display| CommandError::usage(format!("error: {error}"));
    let sides = match &args.env_file {
        None => Sides::of_stack(stack),
        Some(path) => {
            let unreadable = |error| CommandError::usage(format!("error: {}: {error}", path.display()));
            Sides::of_file(&path.display().to_string(), &std::fs::read_to_string(path).map_err(unreadable)?)
        }
    };
    let sides = sides.map_err(|error| wrong(&error))?;
    Plan::new(stack, &report.reason, criteria, &sides).map_err(|error| wrong(&error))
}

/// Files the plan, once. A report on doubles files nothing: it says nothing about what anybody runs.
async fn open_issue(args: &PivotArgs, plan: &Plan, environment: &Environment) -> Result<Exit, CommandError> {
    if plan.standing == Standing::Doubles {
        print("the report was made on doubles, which say nothing about the real programs: no issue is opened\n")?;
        return Ok(Exit::Pass);
    }
    let usage = |text: String| CommandError::usage(format!("error: --open-issue: {text}"));
    let variable = |name: &str| environment.variables.get(name).filter(|value| !value.is_empty()).cloned();
    if let (None, Some(other)) = (&args.forge_url, variable("CI_FORGE_TYPE"))
        && !["forgejo", "gitea"].contains(&other.as_str())
    {
        let other = other.escape_debug().to_string();
        print(&format!("the forge is a `{other}`, and only Forgejo's and Gitea's API is known: no issue is opened\n"))?;
        return Ok(Exit::Pass);
    }
    let url = args.forge_url.clone().or_else(|| variable("CI_FORGE_URL"));
    let url = url.ok_or_else(|| usage("which forge? Give --forge-url, or set CI_FORGE_URL".to_owned()))?;
    let repository = args.repository.clone().or_else(|| variable("CI_REPO"));
    let repository =
        repository.ok_or_else(|| usage("which repository? Give --repo OWNER/NAME, or set CI_REPO".to_owned()))?;
    let (_, token) =
        read_secret(&args.token, &environment.variables).map_err(|text| usage(format!("--token: {text}")))?;
    let mut body = text::plan(plan, Reader::Forge);
    let is_plain =
        |url: &String| url.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~:/?#@%=&+-".contains(&byte));
    if let Some(pipeline) = variable("CI_PIPELINE_URL").filter(is_plain) {
        body.push_str(&format!("[The pipeline]({pipeline})\n"));
    }
    let mut forge = Forge::new(&url, &repository, token).map_err(usage)?;
    let broken = |why: String| CommandError::broken(format!("error: --open-issue: {why}"));
    match forge.file(&text::title(plan), &body).await.map_err(broken)? {
        Filed::Opened(url) => print(&format!("opened {url}\n"))?,
        Filed::There(url) => print(&format!("there is such an issue already: {url}\n"))?,
    }
    Ok(Exit::Pass)
}

pub(super) fn print(text: &str) -> Result<(), CommandError> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| CommandError::broken(format!("error: standard output: {error}")))
}

/// What is wrong with files, as `run` says it.
pub(super) fn wrong_files(errors: &[scenario::Diagnostic], environment: &Environment) -> CommandError {
    check::wrong_files(errors, environment.color_on_stderr())
}
