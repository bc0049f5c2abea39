//! From the command's line to the browser's frame, and to the first one.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::command::{self, Script};
use crate::load::{Load, turn};
use crate::table::{line, percentile};

/// Streams at once, and what each of them is.
const STREAMS: usize = 50;
const SCRIPT: Script = Script { pieces: 100, pause: 50, start: 3_000 };

/// How often the streams are run by each way, in turn with the others: the machine's mood is shared.
const ROUNDS: usize = 3;

/// Turns one after the other whose first piece comes with the first line.
const FIRST: usize = 100;
const AT_ONCE: Script = Script { pieces: 1, pause: 0, start: 0 };

const BY: &str = "the same commands, read from their pipes and nothing more";

pub(crate) async fn measure(load: &Load) {
    let ways = load.ways();
    let mut best: Vec<(f64, f64)> = vec![(f64::MAX, f64::MAX); ways.len() + 1];
    for _ in 0..ROUNDS {
        for (nth, kept) in best.iter_mut().enumerate() {
            let mut streams = JoinSet::new();
            for _ in 0..STREAMS {
                match ways.get(nth) {
                    Some((_, way)) => {
                        let mut client = load.open(*way).await;
                        streams.spawn(async move { turn(&mut client, SCRIPT).await });
                    }
                    None => drop(streams.spawn(pipe(load.command.clone(), SCRIPT))),
                }
            }
            let mut delays: Vec<f64> = streams.join_all().await.into_iter().flatten().collect();
            assert_eq!(delays.len(), STREAMS * usize::try_from(SCRIPT.pieces).unwrap());
            let (half, most) = (percentile(&mut delays, 50), percentile(&mut delays, 99));
            *kept = (kept.0.min(half), kept.1.min(most));
        }
    }
    let yardstick = best.pop().unwrap();
    for ((name, _), ours) in ways.iter().zip(best) {
        line(&format!("line to frame, {STREAMS} streams, {name}: p50"), ours.0, Some(yardstick.0), "ms", BY);
        line(
            &format!("line to frame, {STREAMS} streams, {name}: p99 (under 5 ms)"),
            ours.1,
            Some(yardstick.1),
            "ms",
            BY,
        );
    }
}

/// From the very first line to the first frame with a piece of the answer.
pub(crate) async fn first(load: &Load) {
    let ways = load.ways();
    let mut delays: Vec<Vec<f64>> = vec![Vec::new(); ways.len() + 1];
    let mut clients = Vec::new();
    for (_, way) in &ways {
        clients.push(load.open(*way).await);
    }
    for nth in 0..FIRST {
        // No connection asks faster than a person may.
        if nth % 30 == 29 {
            for (client, (_, way)) in clients.iter_mut().zip(&ways) {
                *client = load.open(*way).await;
            }
        }
        for (client, delays) in clients.iter_mut().zip(&mut delays) {
            delays.extend(turn(client, AT_ONCE).await);
        }
        delays.last_mut().unwrap().extend(pipe(load.command.clone(), AT_ONCE).await);
    }
    let mut yardstick = delays.pop().unwrap();
    for ((name, _), mut ours) in ways.iter().zip(delays) {
        for percent in [50, 99, 100] {
            let (ours, beside) = (percentile(&mut ours, percent), percentile(&mut yardstick, percent));
            let part = if percent == 100 { "most (20 ms)".to_owned() } else { format!("p{percent}") };
            line(&format!("first line to first token, {name}: {part}"), ours, Some(beside), "ms", BY);
        }
    }
}

/// The yardstick: the command run here, its lines read as they come.
async fn pipe(command: std::path::PathBuf, script: Script) -> Vec<f64> {
    let mut child = Command::new(command).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(script.prompt().as_bytes()).await.unwrap();
    drop(input);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut delays = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        let line: Value = serde_json::from_str(&line).unwrap();
        delays.extend(command::delays(line["event"]["delta"]["text"].as_str().unwrap_or_default()));
    }
    child.wait().await.unwrap();
    delays
}
