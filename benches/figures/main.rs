//! The figures of the README, each beside its yardstick from the same run: `cargo bench --bench figures`.
//!
//! Nothing here is an assertion: machines differ, and a figure without its yardstick says little. `--containers` adds what
//! needs an engine, `--clone` what a newcomer waits for; `--standing` is how fast the containers stand, and nothing else. Beside Hurl where `HURL` says where it is, or the path has it.

#![expect(clippy::print_stdout, reason = "a benchmark's table is its output")]

mod assets;
mod campaign;
mod child;
mod clone;
mod local;
mod oauth;
mod standing;
mod switching;

use std::time::Duration;

use child::Run;
use scenario::model::{Action, TurnAction};

fn main() {
    println!("{:<58} {:>12} {:>12} {:>8}  limit", "figure", "measured", "yardstick", "ratio");
    let asked = |flag: &str| std::env::args().any(|argument| argument == flag);
    if asked("--standing") {
        return standing::beside_by_hand();
    }
    start_up();
    embedded();
    all_scenarios();
    assets::dashboard();
    local::growth();
    switching::embedded();
    oauth::beside_hurl();
    campaign::embedded();
    if asked("--containers") {
        containers();
        standing::beside_by_hand();
        switching::containers();
    } else {
        println!(
            "(the harness's share on containers, and switching them: `cargo bench --bench figures -- --containers`)"
        );
    }
    if asked("--clone") {
        clone::first_verdict();
    } else {
        println!("(a fresh clone's first verdict, which takes minutes: `cargo bench --bench figures -- --clone`)");
    }
}

/// One line of the table.
fn line(figure: &str, measured: String, yardstick: String, ratio: f64, limit: &str) {
    println!("{figure:<58} {measured:>12} {yardstick:>12} {ratio:>7.2}×  {limit}");
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", in_ms(duration))
}

/// How long the program takes to say its version: the least that any command of it takes.
fn start_up() -> Duration {
    Run::best_of(10, &["--version"]).wall
}

/// `forge-login` on the embedded stack, the whole process; beside it the program's mere start.
fn embedded() {
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/forge-login.yaml");
    let idle = Run::best_of(10, &["--version"]);
    let run = Run::best_of(20, &[scenario, "--stack", "embedded"]);
    let report = run.report();
    let ready = report["stack_ready_ms"].as_f64().unwrap_or(f64::NAN);
    let journey = report["scenarios"][0]["duration_ms"].as_f64().unwrap_or(f64::NAN);
    line(
        "embedded stack ready (yardstick: the journey on it)",
        format!("{ready:.1} ms"),
        format!("{journey:.1} ms"),
        ready / journey,
        "150 ms",
    );
    line(
        "forge-login, embedded, whole process (start of the program)",
        milliseconds(run.wall),
        milliseconds(idle.wall),
        run.wall.as_secs_f64() / idle.wall.as_secs_f64(),
        "300 ms",
    );
    line(
        "its peak memory (start of the program)",
        format!("{:.1} MB", run.peak_megabytes),
        format!("{:.1} MB", idle.peak_megabytes),
        run.peak_megabytes / idle.peak_megabytes,
        "60 MB",
    );
}

/// Everything that ships, on the embedded stack, but for what one journey declares to wait. The yardstick is the longest
/// journey without that, as none waits for another.
fn all_scenarios() {
    let run = Run::best_of(5, &[concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"), "--stack", "embedded"]);
    let report = run.report();
    let journeys = report["scenarios"].as_array().map(Vec::as_slice).unwrap_or_default();
    let held = |journey: &serde_json::Value| declared_holds(journey["file"].as_str().unwrap_or_default());
    let longest_hold = journeys.iter().map(held).max().unwrap_or_default();
    let own = journeys.iter().filter_map(|journey| Some(journey["duration_ms"].as_f64()? - in_ms(held(journey))));
    let longest = own.fold(0.0, f64::max);
    let measured = in_ms(run.wall.saturating_sub(longest_hold));
    let passed = journeys.iter().filter(|journey| journey["outcome"] == "passed").count();
    let hold = in_ms(longest_hold);
    line(
        &format!("all scenarios, embedded, {passed} of {}, less a hold of {hold} ms (longest)", journeys.len()),
        format!("{measured:.1} ms"),
        format!("{longest:.1} ms"),
        measured / longest,
        "2000 ms",
    );
    println!("{:<58} {:>9.1} MB {:>12} {:>8}  100 MB", "their peak memory", run.peak_megabytes, "", "");
}

fn in_ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// How long a scenario says that it keeps WebSockets open.
fn declared_holds(file: &str) -> Duration {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let scenario = scenario::parse(&scenario::Source::new(file, text)).unwrap_or_else(|_| panic!("{file} is broken"));
    let turns = scenario.steps.iter().filter_map(|step| match &step.action {
        Action::WebSocket(socket) => Some(&socket.dialogue),
        _ => None,
    });
    let holds = turns.flatten().filter_map(|turn| match &turn.action {
        TurnAction::Hold(hold) => Some(hold.value),
        _ => None,
    });
    holds.sum()
}

/// How many runs the harness's own share is measured in: one says little of a few milliseconds.
const SHARE_RUNS: usize = 10;

/// The harness's own share of a scenario's time: the whole less what lies between the first byte sent and the last received.
fn containers() {
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/forge-login.yaml");
    let own_and_whole = || own_and_whole(&Run::once(&[scenario, "--stack", "containers"]).report());
    let mut runs: Vec<(f64, f64)> = std::iter::repeat_with(own_and_whole).take(SHARE_RUNS).collect();
    runs.sort_by(|one, other| (one.0 / one.1).total_cmp(&(other.0 / other.1)));
    for (which, (own, whole)) in [("median", runs[SHARE_RUNS / 2]), ("worst", runs[SHARE_RUNS - 1])] {
        line(
            &format!("forge-login on containers: own time, {which} (whole)"),
            format!("{own:.2} ms"),
            format!("{whole:.2} ms"),
            own / whole,
            "0.05×",
        );
    }
}

/// The harness's own time in the one journey of a report, and the whole, in milliseconds.
fn own_and_whole(report: &serde_json::Value) -> (f64, f64) {
    let journey = &report["scenarios"][0];
    let whole = journey["duration_ms"].as_f64().unwrap_or(f64::NAN);
    let exchanges: f64 = journey["steps"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|step| step["trace"].as_array().into_iter().flatten())
        .filter_map(|exchange| exchange["duration_ms"].as_f64())
        .sum();
    (whole - exchanges, whole)
}
