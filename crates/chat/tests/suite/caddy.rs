//! The same through a real Caddy, with the Caddyfile that the routes come to.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use routes::{Mode, Site, caddyfile};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::browser::Browser;
use crate::client::{Client, cookies, said};
use crate::gate::every_gated_path_is_401;
use crate::stand_in::StandIn;
use crate::world::{MODES, World};

/// How long Caddy may take to listen.
const START: Duration = Duration::from_secs(20);

/// The Caddy that `EDGE_SMOKE_CADDY` names. Without one the test says so and is skipped, unless `EDGE_SMOKE_REQUIRE` names `caddy`.
fn find() -> Option<PathBuf> {
    let found = std::env::var_os("EDGE_SMOKE_CADDY").map(PathBuf::from);
    if found.is_none() {
        let required =
            std::env::var("EDGE_SMOKE_REQUIRE").is_ok_and(|list| list.split(',').any(|name| name.trim() == "caddy"));
        assert!(!required, "EDGE_SMOKE_REQUIRE names caddy, but EDGE_SMOKE_CADDY is not set");
        // Past the capturing of the test harness: a skipped test must be seen.
        let _ = writeln!(std::io::stderr(), "SKIPPED: EDGE_SMOKE_CADDY is not set");
    }
    found
}

/// A Caddy beside a world's own edge: the same port of another loopback address. Dropping it ends it.
struct Caddy {
    address: SocketAddr,
    child: Child,
    _folder: TempDir,
}

impl Caddy {
    async fn start(program: &PathBuf, site: &Site) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (file, log) = (folder.path().join("Caddyfile"), folder.path().join("log"));
        let bound = Site { bind: Some("127.0.0.2".parse().unwrap()), ..site.clone() };
        std::fs::write(&file, caddyfile::render(&bound).unwrap()).unwrap();
        let child = Command::new(program)
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(&file)
            .envs(["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"].map(|name| (name, folder.path())))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let address = SocketAddr::from(([127, 0, 0, 2], site.listens().1));
        let mut caddy = Self { address, child, _folder: folder };
        let began = Instant::now();
        while TcpStream::connect(address).await.is_err() {
            let ended = caddy.child.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < START, "{}", std::fs::read_to_string(&log).unwrap());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        caddy
    }
}

impl Drop for Caddy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn signed_in_and_out_through_caddy() {
    let Some(program) = find() else { return };
    for mode in MODES {
        let world = World::new(mode).await;
        let caddy = Caddy::start(&program, &world.site).await;
        every_gated_path_is_401(&world, caddy.address, mode, false).await;
        let mut browser = Browser::new(caddy.address);
        assert_eq!(world.callback(&mut browser, "smoke").await.status, 303);
        assert_eq!(browser.get(&world.url("/history")).await.status, 200);
        assert_eq!(browser.send("GET", &world.url("/history"), &[("x-forwarded-user", "root")], "").await.status, 200);
        assert_eq!(browser.post(&world.url("/new"), &world.origin(), &[]).await.status, 201);
        assert_eq!(browser.post(&world.url("/new"), "http://evil.test", &[]).await.status, 403);
        assert_eq!(browser.post(&world.url("/logout"), &world.origin(), &[]).await.status, 200);
        assert_eq!(browser.get(&world.url("/history")).await.status, 401);
    }
}

#[tokio::test]
async fn navigations_through_caddy() {
    let Some(program) = find() else { return };
    let world = World::with(Mode::Subpath, &[("CHAT_GATE_REDIRECT", "true")]).await;
    let caddy = Caddy::start(&program, &world.site).await;
    every_gated_path_is_401(&world, caddy.address, Mode::Subpath, true).await;
    let answer = Browser::new(caddy.address).get(&world.url("/")).await;
    assert_eq!((answer.status, answer.location()), (303, world.url("/login")));
}

#[tokio::test]
async fn the_socket_through_caddy() {
    let Some(program) = find() else { return };
    for mode in MODES {
        let stand_in = StandIn::answering(&["one ", "#wait on", "two ", "#wait again", "three"]);
        let settings = stand_in.settings();
        let values: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let world = World::with(mode, &values).await;
        let caddy = Caddy::start(&program, &world.site).await;
        let mut browser = Browser::new(caddy.address);
        assert_eq!(world.callback(&mut browser, "smoke").await.status, 303);
        refusals(&world, caddy.address, &browser).await;
        let fields = [("origin", world.origin()), ("cookie", cookies(&browser))];
        let mut client = Client::opening(caddy.address, &world.url("/ws"), &fields).await.unwrap();
        client.send(json!({ "type": "chat_request", "message": "?" })).await;
        // Each piece is here before the command prints the next: nothing on the way holds it back.
        let mut text = said(&client.until("token").await);
        for (name, expected) in [("on", "one two "), ("again", "one two three")] {
            stand_in.release(name);
            text.push_str(client.frame().await["token"].as_str().unwrap());
            assert_eq!(text, expected, "{mode}");
        }
        client.until("complete").await;
        // It stays open while nobody says anything.
        assert!(tokio::time::timeout(Duration::from_secs(5), client.came()).await.is_err(), "{mode}");
        client.send(json!({ "type": "ping" })).await;
        assert_eq!(client.frame().await["type"], "pong", "{mode}");
    }
}

/// Caddy asks the gate, which answers 401 before the chat looks at the origin.
async fn refusals(world: &World, address: SocketAddr, browser: &Browser) {
    let (own, signed_in) = (("origin", world.origin()), ("cookie", cookies(browser)));
    let evil = ("origin", "http://evil.test".to_owned());
    let forged = ("x-forwarded-user", "smoke".to_owned());
    for (fields, status) in [
        (vec![own.clone()], 401),
        (vec![own.clone(), forged], 401),
        (vec![evil.clone()], 401),
        (vec![evil, signed_in.clone()], 403),
        (vec![signed_in], 403),
    ] {
        let came = Client::opening(address, &world.url("/ws"), &fields).await.map(drop);
        assert_eq!(came, Err(status), "{fields:?}");
    }
}
