//! The dashboard's page with all that it loads, each answer 5 ms away; beside it the slowest chain of requests that depend on each
//! other, sent one after the other over one connection.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::child::Run;
use crate::{line, milliseconds};

/// How long each answer takes.
const AWAY: Duration = Duration::from_millis(5);
/// How often both are measured, in turns.
const TIMES: usize = 21;

/// Paths with what they answer, heads included.
type Files = BTreeMap<String, Vec<u8>>;

/// `assets` on the dashboard.
pub(crate) fn dashboard() {
    let origin = serve(files());
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
    let scenario = folder.path().join("dashboard.yaml");
    let text = "name: Dashboard\nsteps:\n  - assets: ${base_url}/ci/\n    under: ${base_url}/ci\n";
    std::fs::write(&scenario, text).unwrap_or_else(|error| panic!("no scenario: {error}"));
    let arguments = [scenario.to_string_lossy().into_owned(), "--base-url".to_owned(), origin.clone()];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let report = Run::once(&arguments).report();
    let assets = &report["scenarios"][0]["steps"][0]["assets"]["list"];
    let chain = chain(assets.as_array().map(Vec::as_slice).unwrap_or_default(), &format!("{origin}/ci/"));
    let (mut measured, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        let report = Run::once(&arguments).report();
        let taken = report["scenarios"][0]["steps"][0]["assets"]["duration_ms"].as_f64().unwrap_or(f64::NAN);
        measured.push(Duration::from_secs_f64(taken / 1000.0));
        bare.push(one_by_one(&origin, &chain));
    }
    let (measured, bare) = (median(measured), median(bare));
    line(
        &format!(
            "the dashboard with its {} assets (a chain of {})",
            assets.as_array().map_or(0, Vec::len),
            chain.len()
        ),
        milliseconds(measured),
        milliseconds(bare),
        measured.as_secs_f64() / bare.as_secs_f64(),
        "1.30×",
    );
}

/// The longest chain of files of which each is known only once the one before it is there, the page first.
fn chain(assets: &[serde_json::Value], page: &str) -> Vec<String> {
    let parents: BTreeMap<&str, &str> = assets
        .iter()
        .filter_map(|asset| Some((asset["url"].as_str()?, asset["references"][0]["file"].as_str()?)))
        .collect();
    let ancestry = |url: &str| {
        let mut chain = vec![url.to_owned()];
        while let Some(parent) = chain.last().and_then(|last| parents.get(last.as_str())) {
            chain.push((*parent).to_owned());
        }
        chain.reverse();
        chain
    };
    let longest = parents.keys().map(|url| ancestry(url)).max_by_key(Vec::len).unwrap_or_default();
    assert_eq!(longest.first().map(String::as_str), Some(page), "the chain begins with the page");
    longest
}

fn one_by_one(origin: &str, chain: &[String]) -> Duration {
    let address = origin.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("{address}: {error}"));
    stream.set_nodelay(true).unwrap_or_else(|error| panic!("{error}"));
    let started = Instant::now();
    for url in chain {
        let target = url.trim_start_matches(origin);
        let request = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        while !is_whole(&answer) {
            let read = stream.read(&mut buffer).unwrap_or_else(|error| panic!("{error}"));
            assert!(read > 0, "{target}: cut off");
            answer.extend_from_slice(&buffer[..read]);
        }
    }
    started.elapsed()
}

fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|field| field.strip_prefix("Content-Length: ")?.parse::<usize>().ok());
    answer.len() >= head.len() + 4 + length.unwrap_or_default()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// The files of the ci double's dashboard, under `/ci`.
fn files() -> Files {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/doubles/assets/ci");
    let mut files = Files::new();
    let mut add = |path: &str, media_type: &str, content: &[u8]| {
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n", content.len());
        files.insert(format!("/ci/{path}"), [head.as_bytes(), content].concat());
    };
    let read = |path: &Path| std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let at_prefix = |content: Vec<u8>| match String::from_utf8(content) {
        Ok(text) => text.replace("/BASE_PATH", "/ci").into_bytes(),
        Err(error) => error.into_bytes(),
    };
    add("", "text/html", &at_prefix(read(&folder.join("index.html"))));
    add("web-config.js", "text/javascript", b"window.WOODPECKER_ROOT_PATH = \"/ci\";");
    add("assets/custom.js", "text/javascript", b"");
    add("assets/custom.css", "text/css", b"");
    for part in ["assets", "favicons"] {
        let entries = std::fs::read_dir(folder.join(part)).unwrap_or_else(|error| panic!("{part}: {error}"));
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let media_type = match name.rsplit('.').next() {
                Some("js") => "text/javascript",
                Some("css") => "text/css",
                Some("svg") => "image/svg+xml",
                _ => "image/png",
            };
            add(&format!("{part}/{name}"), media_type, &at_prefix(read(&entry.path())));
        }
    }
    files
}

/// A server of these files on a loopback port, until the process ends.
fn serve(files: Files) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("no port: {error}"));
    let origin = listener.local_addr().map(|address| format!("http://{address}"));
    let files = Arc::new(files);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let files = files.clone();
            std::thread::spawn(move || answer(stream, &files));
        }
    });
    origin.unwrap_or_else(|error| panic!("no address: {error}"))
}

fn answer(mut stream: TcpStream, files: &Files) {
    let missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec();
    let mut buffer = [0; 4096];
    let mut pending = Vec::new();
    let _ = stream.set_nodelay(true);
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        pending.extend_from_slice(&buffer[..read]);
        while let Some(end) = pending.windows(4).position(|window| window == b"\r\n\r\n") {
            let head: Vec<u8> = pending.drain(..end + 4).collect();
            let head = String::from_utf8_lossy(&head).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default();
            std::thread::sleep(AWAY);
            if stream.write_all(files.get(path).unwrap_or(&missing)).is_err() {
                return;
            }
        }
    }
}
