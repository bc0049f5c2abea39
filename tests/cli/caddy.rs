//! A real Caddy before something, with the Caddyfile that the routes give.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use routes::{Site, caddyfile};
use tempfile::TempDir;

use crate::support;

/// How long Caddy may take to listen.
const START: Duration = Duration::from_secs(20);

/// A Caddy that runs a site on loopback, on the origin's port. Dropping it ends it.
pub(crate) struct Caddy {
    child: Child,
    _folder: TempDir,
}

impl Caddy {
    /// The Caddy that `EDGE_SMOKE_CADDY` names, or else the one on the path; `None` where there is none.
    pub(crate) fn find() -> Option<PathBuf> {
        let named = std::env::var_os("EDGE_SMOKE_CADDY").map(PathBuf::from);
        let found = named.or_else(|| {
            let path = std::env::var_os("PATH")?;
            std::env::split_paths(&path).map(|folder| folder.join("caddy")).find(|file| file.is_file())
        });
        let there = found.as_ref().map(|_| ()).ok_or("none is on the PATH, and EDGE_SMOKE_CADDY is not set".to_owned());
        support::require("caddy", there).then_some(found).flatten()
    }

    pub(crate) fn start(program: &PathBuf, site: &Site) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Caddyfile");
        let log = folder.path().join("log");
        let bound = Site { bind: Some("127.0.0.1".parse().unwrap()), ..site.clone() };
        std::fs::write(&file, caddyfile::render(&bound).unwrap()).unwrap();
        let mut command = Command::new(program);
        for name in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            command.env(name, folder.path());
        }
        let child = command
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut caddy = Self { child, _folder: folder };
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", site.listens().1)).is_err() {
            let ended = caddy.child.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < START, "{}", std::fs::read_to_string(&log).unwrap());
            std::thread::sleep(Duration::from_millis(5));
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
