//! A real Caddy.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use routes::{Site, caddyfile};
use tempfile::TempDir;
use tokio::net::TcpStream;

/// How long Caddy may take to listen.
const START: Duration = Duration::from_secs(20);

/// The Caddy that `EDGE_SMOKE_CADDY` names, or else the one on the path.
///
/// `None` says so on standard error, unless `EDGE_SMOKE_REQUIRE` names `caddy`: then it fails.
pub(crate) fn find() -> Option<PathBuf> {
    let named = std::env::var_os("EDGE_SMOKE_CADDY").map(PathBuf::from);
    let found = named.or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|folder| folder.join("caddy")).find(|file| file.is_file())
    });
    if found.is_none() {
        let required =
            std::env::var("EDGE_SMOKE_REQUIRE").is_ok_and(|list| list.split(',').any(|name| name.trim() == "caddy"));
        assert!(
            !required,
            "EDGE_SMOKE_REQUIRE names caddy, but there is none: put it on the PATH, or set EDGE_SMOKE_CADDY"
        );
        // Past the capturing of the test harness: a skipped suite must be seen.
        let _ = writeln!(std::io::stderr(), "SKIPPED: no caddy on the PATH, and EDGE_SMOKE_CADDY is not set");
    }
    found
}

/// A Caddy that runs a site on loopback, on the origin's port. Dropping it ends it.
pub(crate) struct Caddy {
    pub(crate) address: SocketAddr,
    child: Child,
    _folder: TempDir,
}

impl Caddy {
    pub(crate) async fn start(program: &PathBuf, site: &Site) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Caddyfile");
        let log = folder.path().join("log");
        let bound = Site { bind: Some("127.0.0.1".parse().unwrap()), ..site.clone() };
        std::fs::write(&file, caddyfile::render(&bound).unwrap()).unwrap();
        let child = Command::new(program)
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(&file)
            .env("HOME", folder.path())
            .env("XDG_DATA_HOME", folder.path())
            .env("XDG_CONFIG_HOME", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], site.listens().1));
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
