//! Many copies of one scenario against one local server, beside a bare client that sends the same requests.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::child::Run;
use crate::line;

const STEPS: usize = 5;
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 14\r\n\r\n<h1>Hello</h1>";

/// 10, 100 and 1,000 copies: throughput and memory, and how they grow.
pub(crate) fn growth() {
    let origin = serve();
    let mut smallest = None;
    for copies in [10, 100, 1000] {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
        let steps = "  - get: /page\n    expect: { status: 200, css: { h1: Hello } }\n".repeat(STEPS);
        for copy in 0..copies {
            let text = format!("name: Copy {copy}\nsteps:\n{steps}");
            std::fs::write(folder.path().join(format!("{copy:04}.yaml")), text)
                .unwrap_or_else(|error| panic!("no scenario: {error}"));
        }
        let path = folder.path().display().to_string();
        let run = Run::best_of(3, &[&path, "--base-url", &origin]);
        let bare = bare(&origin, copies);
        let requests = (copies * STEPS) as f64;
        line(
            &format!("{copies} copies of {STEPS} requests, requests/s (bare sockets)"),
            format!("{:.0}", requests / run.wall.as_secs_f64()),
            format!("{:.0}", requests / bare.as_secs_f64()),
            bare.as_secs_f64() / run.wall.as_secs_f64(),
            "",
        );
        let memory = run.peak_megabytes;
        let first = *smallest.get_or_insert(memory);
        line(
            &format!("{copies} copies, peak memory (10 copies)"),
            format!("{memory:.1} MB"),
            format!("{first:.1} MB"),
            memory / first,
            "",
        );
    }
}

/// The same requests, two at a time as the harness does on two cores, each copy over a connection of its own.
fn bare(origin: &str, copies: usize) -> Duration {
    let address = origin.trim_start_matches("http://");
    let lanes = std::thread::available_parallelism().map_or(1, usize::from);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for lane in 0..lanes {
            scope.spawn(move || {
                for _ in (lane..copies).step_by(lanes) {
                    let mut stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("{address}: {error}"));
                    let mut buffer = [0; ANSWER.len()];
                    for _ in 0..STEPS {
                        let request = format!("GET /page HTTP/1.1\r\nHost: {address}\r\n\r\n");
                        stream.write_all(request.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
                        stream.read_exact(&mut buffer).unwrap_or_else(|error| panic!("{error}"));
                    }
                }
            });
        }
    });
    started.elapsed()
}

/// A server that has one page, on a loopback port, until the process ends.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("no port: {error}"));
    let origin = listener.local_addr().map(|address| format!("http://{address}"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    origin.unwrap_or_else(|error| panic!("no address: {error}"))
}

fn answer(mut stream: TcpStream) {
    let mut buffer = [0; 4096];
    let mut pending = Vec::new();
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        pending.extend_from_slice(&buffer[..read]);
        while let Some(end) = pending.windows(4).position(|window| window == b"\r\n\r\n") {
            pending.drain(..end + 4);
            if stream.write_all(ANSWER).is_err() {
                return;
            }
        }
    }
}
