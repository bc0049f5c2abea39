//! A real Caddy, with the Caddyfile that the routes come to.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use routes::{Site, caddyfile};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::skipping::skipped;

/// How long Caddy may take to listen.
const START: Duration = Duration::from_secs(20);

/// The Caddy that `EDGE_SMOKE_CADDY` names.
fn program() -> Option<PathBuf> {
    std::env::var_os("EDGE_SMOKE_CADDY").map(PathBuf::from)
}

/// A Caddy beside a world's own edge: the same port of another loopback address. Dropping it ends it.
pub(crate) struct Caddy {
    pub(crate) address: SocketAddr,
    child: Child,
    _folder: TempDir,
}

impl Caddy {
    /// Whether there is one. Without it a test says so and is skipped, unless `EDGE_SMOKE_REQUIRE` names `caddy`.
    pub(crate) fn is_possible() -> bool {
        if program().is_none() {
            skipped("caddy", "EDGE_SMOKE_CADDY is not set");
        }
        program().is_some()
    }

    pub(crate) async fn start(site: &Site) -> Self {
        let program = program().unwrap();
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
