//! The shipped scenarios, each on each stack of ours, in each of its settings, and against a site that somebody else runs:
//! one test a scenario, stack and setting. A stack is stood up once a setting, and all scenarios run on it. Journeys through the chat run
//! on its double as well, which is held to the real one by that.

mod support;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

use edge_smoke::stack::embedded::{self, Embedded};
use edge_smoke::stack::{Stack, StackOptions, containers};
use libtest_mimic::{Arguments, Failed, Trial};
use scenario::Source;
use scenario::model::{Mode, Service};
use serde_json::Value;

/// Container stacks come up one after the other: two at once on two cores only wait for each other.
static ENGINE: Mutex<()> = Mutex::new(());

/// The chat double, with nothing wrong, stands in the chat's place.
const CHAT_DOUBLE: &str = "innocent-chat-double";
/// Sessions at the chat last for less than a minute, so that their end can be waited for; elsewhere that scenario is skipped.
const SHORT_SESSION: &str = "innocent-chat-short-session";
const SESSION_END: &str = "chat-session-end.yaml";

/// How a stack is stood up.
#[derive(Debug, Clone, Copy)]
struct Setting {
    stack: &'static str,
    mode: &'static str,
    tls: bool,
    /// Something is otherwise than usual, by this file, and nothing wrong with it.
    innocent: Option<&'static str>,
}

/// Every stack in every mode, with and without TLS. The site that somebody else runs is one on doubles, in this process.
fn settings() -> impl Iterator<Item = Setting> {
    let modes = ["embedded", "containers", "external"]
        .into_iter()
        .flat_map(|stack| ["subpath", "subdomain"].map(|mode| (stack, mode)));
    let usual = modes.flat_map(|(stack, mode)| [false, true].map(|tls| Setting { stack, mode, tls, innocent: None }));
    let unusual = [
        ("subpath", false, CHAT_DOUBLE),
        ("subdomain", false, CHAT_DOUBLE),
        ("subpath", true, CHAT_DOUBLE),
        ("subpath", false, SHORT_SESSION),
    ];
    usual.chain(unusual.map(|(mode, tls, file)| Setting { stack: "embedded", mode, tls, innocent: Some(file) }))
}

fn main() {
    let arguments = Arguments::from_args();
    let has_containers = support::require("containers", containers_ready());
    let scenarios = shipped();
    assert!(!scenarios.is_empty(), "there are no scenarios");
    let mut trials = Vec::new();
    for setting in settings() {
        let run: Arc<OnceLock<Result<Value, String>>> = Arc::default();
        for scenario in scenarios.iter().filter(|scenario| setting.is_about(scenario)) {
            let (run, file) = (run.clone(), scenario.clone());
            let name = format!("{setting}::{}", scenario.trim_end_matches(".yaml"));
            let trial = Trial::test(name, move || passed(run.get_or_init(|| setting.run()), setting, &file));
            trials.push(trial.with_ignored_flag(setting.stack == "containers" && !has_containers));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// An engine answers, and has an image for each service.
fn containers_ready() -> Result<(), String> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        containers::engine().await.map_err(|trouble| trouble.message)?;
        let rows = edge_smoke::images::list(&Default::default()).await.map_err(|trouble| trouble.message)?;
        let missing: Vec<String> =
            rows.into_iter().filter(|row| row.used.is_none()).map(|row| row.wanted().to_owned()).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("images are missing: {}", missing.join(", "))) }
    })
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// The names of the files.
fn shipped() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).unwrap_or_else(|error| panic!("{}: {error}", folder().display()));
    let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()));
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".yaml")).collect();
    names.sort();
    names
}

/// Whether a scenario needs the chat.
fn goes_through_chat(file: &str) -> bool {
    scenario(file).when.services.iter().any(|service| service.value == Service::Chat)
}

impl std::fmt::Display for Setting {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        let innocent = self.innocent.map(|file| format!("::{file}")).unwrap_or_default();
        write!(formatter, "{}::{}::{scheme}{innocent}", self.stack, self.mode)
    }
}

impl Setting {
    /// Whether a scenario is run in it.
    fn is_about(self, scenario: &str) -> bool {
        match self.innocent {
            None => true,
            Some(SHORT_SESSION) => scenario == SESSION_END,
            Some(_) => goes_through_chat(scenario),
        }
    }

    /// Runs all scenarios in this setting, and gives the report; else what the program said.
    fn run(self) -> Result<Value, String> {
        let _one_at_a_time = (self.stack == "containers").then(|| ENGINE.lock());
        let reports = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_edge-smoke"));
        match self.innocent {
            Some(name) => {
                let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("faults").join(format!("{name}.yaml"));
                command.args(shipped().iter().filter(|file| self.is_about(file)).map(|file| folder().join(file)));
                command.arg("--fault").arg(file);
            }
            None => drop(command.arg(folder())),
        }
        command.args(["--stack", self.stack, "--format", "json"]).current_dir(reports.path());
        // Kept until the run is over.
        let _site = match self.stack {
            "external" => Some(SomebodyElses::start(self, &mut command, reports.path())?),
            _ => {
                command.args(["--mode", self.mode]).args(self.tls.then_some("--tls"));
                None
            }
        };
        let output = command.output().map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr);
        let report: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("{error}\n{said}"))?;
        let stack = &report["stack"];
        let scheme = if self.tls { "https://" } else { "http://" };
        let is_over_scheme = stack["base_url"].as_str().is_some_and(|url| url.starts_with(scheme));
        if stack["kind"] != self.stack || stack["mode"] != self.mode || !is_over_scheme {
            return Err(format!("expected {self:?}, found {stack:#}\n{said}"));
        }
        // The exit code is the verdict on all of them together.
        let is_good = |one: &Value| one["outcome"] == "passed" || one["outcome"] == "skipped";
        let all_good = report["scenarios"].as_array().is_some_and(|all| all.iter().all(is_good));
        if all_good != (output.status.code() == Some(0)) {
            return Err(format!("{}, and yet that all is well is {all_good}\n{said}", output.status));
        }
        Ok(report)
    }
}

/// A site that the program knows nothing of but its base URL and a user: it finds out the mode and the services.
struct SomebodyElses {
    stack: Embedded,
    runtime: tokio::runtime::Runtime,
}

impl SomebodyElses {
    /// Starts it, and adds to the command what a user has to say of it.
    fn start(setting: Setting, command: &mut Command, folder: &Path) -> Result<Self, String> {
        let mode = match setting.mode {
            "subdomain" => Mode::Subdomain,
            _ => Mode::Subpath,
        };
        let options = StackOptions { tls: setting.tls, ..StackOptions::new(mode) };
        let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
        let stack = runtime.block_on(Embedded::start(&options)).map_err(|trouble| trouble.message)?;
        let site = stack.site();
        command.args(["--base-url", &site.base_url, "--allow-writes"]);
        for (name, address) in &site.resolve {
            command.arg("--resolve").arg(format!("{name}={address}"));
        }
        for (name, value) in &site.variables {
            command.arg("--var").arg(format!("{name}={value}"));
        }
        for (name, value) in &site.secrets {
            command.args(["--secret", name]).env(name, value.expose());
        }
        if let Some(pem) = &site.ca_pem {
            let file = folder.join("ca.pem");
            std::fs::write(&file, pem).map_err(|error| error.to_string())?;
            command.arg("--ca").arg(file);
        }
        Ok(Self { stack, runtime })
    }
}

impl Drop for SomebodyElses {
    fn drop(&mut self) {
        if let Err(trouble) = self.runtime.block_on(self.stack.down()) {
            let _ = writeln!(std::io::stderr(), "{}", trouble.message);
        }
    }
}

/// Why a scenario doesn't apply to stacks of this kind: it says so itself, or it can't do without a service that none of them has.
fn inapplicable(stack: &str, file: &str) -> Option<String> {
    let has: &[Service] = match stack {
        "containers" => containers::SERVICES,
        _ => embedded::SERVICES,
    };
    let when = scenario(file).when;
    if !when.stacks.is_empty() && !when.stacks.iter().any(|kind| kind.value.as_str() == stack) {
        return Some(format!("not on the {stack} stack"));
    }
    let mut services = when.services.iter().map(|service| service.value);
    services.find(|service| !has.contains(service)).map(|service| format!("there is no {service} here"))
}

fn scenario(file: &str) -> scenario::model::Scenario {
    let path = folder().join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    scenario::parse(&Source::new(file, text)).unwrap_or_else(|_| panic!("{file} is no scenario"))
}

/// The scenario ran and passed: it was not skipped (unless it doesn't apply to such a stack), and of its steps some ran.
fn passed(run: &Result<Value, String>, setting: Setting, file: &str) -> Result<(), Failed> {
    let report = run.as_ref()?;
    let scenarios = report["scenarios"].as_array().into_iter().flatten();
    let found =
        scenarios.filter(|one| one["file"].as_str().is_some_and(|path| path.ends_with(file))).collect::<Vec<_>>();
    let [scenario] = found[..] else { return Err(format!("{file} is there {} times", found.len()).into()) };
    let kind = report["stack"]["kind"].as_str().unwrap_or_default();
    if let Some(reason) = inapplicable(kind, file) {
        let is_skipped = scenario["outcome"] == "skipped" && scenario["reason"] == reason;
        return if is_skipped { Ok(()) } else { Err(format!("{reason}, and yet {scenario:#}").into()) };
    }
    if file == SESSION_END && setting.innocent != Some(SHORT_SESSION) {
        let reason = scenario["reason"].as_str().unwrap_or_default();
        let is_skipped = scenario["outcome"] == "skipped" && reason.contains("CHAT_SESSION_SECONDS");
        return if is_skipped { Ok(()) } else { Err(format!("{scenario:#}").into()) };
    }
    let ran = scenario["steps"].as_array().into_iter().flatten().any(|step| step["outcome"] == "passed");
    if scenario["outcome"] == "passed" && ran { Ok(()) } else { Err(format!("{scenario:#}").into()) }
}
