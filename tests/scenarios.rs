//! The shipped scenarios, each on each stack of ours: one test a scenario and stack.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use edge_smoke::stack::containers;
use libtest_mimic::{Arguments, Failed, Trial};

/// Container stacks come up one after the other: two at once on two cores only wait for each other.
static ENGINE: Mutex<()> = Mutex::new(());

fn main() {
    let arguments = Arguments::from_args();
    let has_containers = support::require("containers", containers_ready());
    let scenarios = shipped();
    assert!(!scenarios.is_empty(), "there are no scenarios");
    let trials = scenarios.iter().flat_map(|scenario| {
        let name = scenario.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let (on_embedded, in_containers) = (scenario.clone(), scenario.clone());
        [
            Trial::test(format!("embedded::{name}"), move || passes(&on_embedded, "embedded")),
            Trial::test(format!("containers::{name}"), move || {
                let _one_at_a_time = ENGINE.lock();
                passes(&in_containers, "containers")
            })
            .with_ignored_flag(!has_containers),
        ]
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

/// An engine answers, and has an image for each service.
fn containers_ready() -> Result<(), String> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        containers::engine().await.map_err(|trouble| trouble.message)?;
        let rows = edge_smoke::images::list(&Default::default()).await.map_err(|trouble| trouble.message)?;
        let missing: Vec<String> = rows.into_iter().filter(|row| row.used.is_none()).map(|row| row.official).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("images are missing: {}", missing.join(", "))) }
    })
}

fn shipped() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files
}

/// The program says PASS of it, and ran at least one scenario rather than skipping it.
fn passes(scenario: &Path, stack: &str) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let output = Command::new(env!("CARGO_BIN_EXE_edge-smoke"))
        .arg(scenario)
        .args(["--stack", stack, "--format", "json"])
        .current_dir(folder.path())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.code() != Some(0) {
        return Err(format!("{}\n{said}", output.status).into());
    }
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let outcome = &report["scenarios"][0]["outcome"];
    if report["stack"]["kind"] != stack || outcome != "passed" {
        return Err(
            format!("expected `passed` on {stack}, found {outcome} on {}\n{said}", report["stack"]["kind"]).into()
        );
    }
    Ok(())
}
