//! The figures.

use std::time::{Duration, Instant};

use chat::socket::Bounds;
use routes::Mode;
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::browser::Browser;
use crate::client::{Client, cookies};
use crate::command;
use crate::memory::megabytes;
use crate::world::World;

/// Streams at once, pieces of each, and the pause before each in milliseconds.
const STREAMS: usize = 50;
const PIECES: usize = 100;
const PAUSE: usize = 50;

/// How long all of them have to be started before the first prints, in milliseconds.
const START: usize = 3_000;

/// Idle sockets.
const SOCKETS: usize = 2_000;

/// Turns one after the other, and after how many the memory is looked at first.
const TURNS: usize = 10_000;
const WARM: usize = 1_000;

/// How many of those are under way at once, and how many a connection may ask for before it is too fast.
const AT_ONCE: usize = 4;
const PER_SOCKET: usize = 36;

/// How long turns are kept that are over.
const KEEP: Duration = Duration::from_secs(2);

struct Load {
    world: World,
    browser: Browser,
    _folder: TempDir,
}

impl Load {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("workspace")).unwrap();
        std::os::unix::fs::symlink(std::env::current_exe().unwrap(), path(command::NAME)).unwrap();
        let text = |name: &str| path(name).display().to_string();
        let values = [
            ("CHAT_CLAUDE_COMMAND", text(command::NAME)),
            ("CHAT_WORKSPACE_DIR", text("workspace")),
            ("CHAT_CLAUDE_DIR", text("identity")),
            ("ANTHROPIC_API_KEY", "key".to_owned()),
            ("CHAT_TURNS", "64".to_owned()),
            ("CHAT_MAX_REQUESTS_PER_HOUR", "100000".to_owned()),
            ("CHAT_MAX_REQUESTS_PER_DAY", "100000".to_owned()),
            ("CHAT_MAX_TOKENS_PER_DAY", "1000000000".to_owned()),
        ];
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let bounds = Bounds { turns: 10 * STREAMS, keep: KEEP, sockets_of_one: usize::MAX, ..Bounds::default() };
        let world = World::timed(Mode::Subpath, &values, bounds).await;
        let browser = world.signed_in("smoke").await;
        Self { world, browser, _folder: folder }
    }

    /// A socket past the edge, with what the edge would add.
    async fn direct(&self) -> Client {
        let fields = [
            ("origin", self.world.origin()),
            ("cookie", cookies(&self.browser)),
            ("x-forwarded-user", "smoke".to_owned()),
        ];
        Client::opening_at(self.world.chat_address(), None, &self.world.direct("/chat/ws"), &fields).await.unwrap()
    }
}

pub(crate) async fn measure() {
    let load = Load::start().await;
    line("memory at the start", megabytes(), "MB");
    for (name, by_edge) in [("directly", false), ("by the edge", true)] {
        let mut streams = JoinSet::new();
        for _ in 0..STREAMS {
            let client = if by_edge { Client::open(&load.world, &load.browser).await } else { load.direct().await };
            streams.spawn(delays(client));
        }
        let mut delays: Vec<f64> = streams.join_all().await.into_iter().flatten().collect();
        delays.sort_by(f64::total_cmp);
        for (part, of) in [("p50", 50), ("p99", 99)] {
            let value = delays.get(delays.len() * of / 100).copied().unwrap_or(f64::NAN);
            line(&format!("from the command's line to the frame, {STREAMS} streams, {name}: {part}"), value, "ms");
        }
    }
    let mut idle = Vec::with_capacity(SOCKETS);
    let (before, began) = (megabytes(), Instant::now());
    while idle.len() < SOCKETS {
        idle.push(load.direct().await);
    }
    line(&format!("{SOCKETS} idle sockets: opened in"), began.elapsed().as_secs_f64() * 1000.0, "ms");
    line(&format!("{SOCKETS} idle sockets: memory besides, their clients' included"), megabytes() - before, "MB");
    drop(idle);
    turns(&load).await;
}

/// How long each piece took, in milliseconds.
async fn delays(mut client: Client) -> Vec<f64> {
    client.send(json!({ "type": "chat_request", "message": format!("{PIECES} {PAUSE} {START}") })).await;
    let mut delays = Vec::with_capacity(PIECES);
    loop {
        let frame = client.frame().await;
        let now = command::now();
        for printed in frame["token"].as_str().unwrap_or_default().split_whitespace() {
            delays.push(now.saturating_sub(printed.parse().unwrap()) as f64 / 1e6);
        }
        match frame["type"].as_str() {
            Some("complete") => return delays,
            Some("error") => panic!("{frame}"),
            _ => {}
        }
    }
}

async fn turns(load: &Load) {
    let began = Instant::now();
    for (until, before) in [(WARM, 0), (TURNS, WARM)] {
        let each = (until - before) / AT_ONCE;
        futures_util::future::join_all((0..AT_ONCE).map(|_| ask(load, each))).await;
        // What is kept for those who come back is gone by then.
        tokio::time::sleep(2 * KEEP).await;
        line(&format!("memory after {until} turns"), megabytes(), "MB");
    }
    line(&format!("{TURNS} turns in"), began.elapsed().as_secs_f64(), "s");
}

/// So many turns one after the other, each in a conversation of its own.
async fn ask(load: &Load, turns: usize) {
    for nth in 0.. {
        let count = turns.saturating_sub(nth * PER_SOCKET).min(PER_SOCKET);
        if count == 0 {
            return;
        }
        let mut client = load.direct().await;
        for _ in 0..count {
            client.send(json!({ "type": "chat_request", "message": "3 0 0" })).await;
            client.until("complete").await;
        }
    }
}

fn line(figure: &str, value: f64, unit: &str) {
    println!("{figure:<84} {value:>10.2} {unit}");
}
