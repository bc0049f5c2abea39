//! The in-process edge beside a real Caddy, on the same routes, in the same run: `cargo bench --bench edge`.
//!
//! Each edge is a process of its own, so that its memory is its own; the load and the service behind are in this one. All of it stays on
//! loopback and is bounded in count and time. Nothing here is an assertion: machines differ, and the ratio is what says something.

#![expect(clippy::print_stdout, reason = "a benchmark's table is its output")]

mod edges;
mod load;
mod service;
mod sockets;

use std::process::Command;
use std::time::Duration;

use edges::{Edge, Program};

/// How often each edge is loaded, in turn with the other: the machine's mood is shared.
const ROUNDS: usize = 3;
/// Open WebSockets.
const SOCKETS: usize = 1000;
/// Says that the limit of open files is raised.
const RAISED: &str = "--raised";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(child) = edges::Child::from_arguments(&arguments) {
        child.run();
    } else if arguments.iter().any(|argument| argument == RAISED) {
        let runtime = tokio::runtime::Runtime::new().unwrap_or_else(|error| panic!("no runtime: {error}"));
        runtime.block_on(compare());
    } else {
        with_more_open_files();
    }
}

/// A thousand sockets have more ends than a process may usually hold. The limit can only be changed from a shell, or with unsafe code.
fn with_more_open_files() {
    let itself = std::env::current_exe().unwrap_or_else(|error| panic!("where am I? {error}"));
    let status = Command::new("sh")
        .args(["-c", "ulimit -n \"$(ulimit -Hn)\"; exec \"$0\" \"$@\""])
        .arg(itself)
        .arg(RAISED)
        .status()
        .unwrap_or_else(|error| panic!("no shell: {error}"));
    assert!(status.success(), "it ended with {status}");
}

async fn compare() {
    let service = service::start().await;
    let mut edges = vec![Edge::start(Program::Ours, service).await];
    match edges::caddy() {
        Some(caddy) => edges.push(Edge::start(Program::Caddy(caddy), service).await),
        None => println!("(no caddy on the PATH, and EDGE_SMOKE_CADDY is not set: no yardstick)"),
    }
    println!("{:<58} {:>12} {:>12} {:>8}", "figure", "in-process", "Caddy", "ratio");
    line("memory after the start", &edges.iter().map(Edge::megabytes).collect::<Vec<_>>(), "MB");

    for (name, path) in [("forge, stripped", "/forge/x"), ("chat, gated", "/chat/history")] {
        let mut samples: Vec<Vec<load::Sample>> = edges.iter().map(|_| Vec::new()).collect();
        for _ in 0..ROUNDS {
            for (edge, samples) in edges.iter().zip(&mut samples) {
                samples.push(load::run(edge.address, path).await);
            }
        }
        let median = |of: fn(&load::Sample) -> f64| -> Vec<f64> {
            samples.iter().map(|samples| middle(samples.iter().map(of).collect())).collect()
        };
        line(
            &format!("{name}: requests/s, {} connections", load::CONNECTIONS),
            &median(|sample| sample.per_second),
            "",
        );
        line(&format!("{name}: p50"), &median(|sample| milliseconds(sample.p50)), "ms");
        line(&format!("{name}: p99"), &median(|sample| milliseconds(sample.p99)), "ms");
    }
    line("memory after that", &edges.iter().map(Edge::megabytes).collect::<Vec<_>>(), "MB");

    let mut opened = Vec::new();
    for edge in &edges {
        opened.push(sockets::open(edge.address, SOCKETS, || edge.megabytes()).await);
    }
    let of = |value: fn(&sockets::Opened) -> f64| opened.iter().map(value).collect::<Vec<_>>();
    line(&format!("{SOCKETS} WebSockets: opened in"), &of(|opened| milliseconds(opened.opening)), "ms");
    line(
        &format!("{SOCKETS} WebSockets: p99 of an echo, all at once"),
        &of(|opened| milliseconds(opened.echo_p99)),
        "ms",
    );
    line(&format!("{SOCKETS} WebSockets: memory while open"), &of(|opened| opened.megabytes), "MB");
}

/// One line of the table: ours, the yardstick, and ours in parts of it.
fn line(figure: &str, values: &[f64], unit: &str) {
    let shown = |value: Option<&f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1} {unit}"));
    let ratio = match values {
        [ours, theirs] => format!("{:.2}×", ours / theirs),
        _ => "-".to_owned(),
    };
    println!("{figure:<58} {:>12} {:>12} {ratio:>8}", shown(values.first()), shown(values.get(1)));
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
