//! The two edges, each a process that ends with this one.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child as Process, Command, Stdio};
use std::time::{Duration, Instant};

use routes::{GateSecret, Mode, Origin, Site};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};

/// The first argument of a child.
const CHILD: &str = "--in-process-edge";
/// How long an edge may take to listen.
const START: Duration = Duration::from_secs(20);

/// What runs the routes.
pub(crate) enum Program {
    Ours,
    Caddy(PathBuf),
}

/// The Caddy that `EDGE_SMOKE_CADDY` names, or else the one on the path.
pub(crate) fn caddy() -> Option<PathBuf> {
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|folder| folder.join("caddy")).find(|file| file.is_file())
    };
    std::env::var_os("EDGE_SMOKE_CADDY").map(PathBuf::from).or_else(on_path)
}

fn site(port: u16, service: SocketAddr) -> Site {
    let upstreams: BTreeMap<String, String> =
        ["forge", "ci", "chat", "staging"].map(|name| (name.to_owned(), service.to_string())).into();
    let origin = Origin::parse(&format!("http://edge.test:{port}"));
    let site = origin.and_then(|origin| Site::standard(origin, Mode::Subpath, &upstreams));
    let site = site.unwrap_or_else(|error| panic!("{error}")).with_gate_secret(GateSecret::new("bench"));
    Site { bind: Some([127, 0, 0, 1].into()), ..site }
}

/// An edge that runs. Dropping it ends it.
pub(crate) struct Edge {
    pub(crate) address: SocketAddr,
    process: Process,
    _folder: TempDir,
}

impl Edge {
    pub(crate) async fn start(program: Program, service: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let address =
            listener.and_then(|listener| listener.local_addr()).unwrap_or_else(|error| panic!("no port: {error}"));
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
        let mut command = match program {
            Program::Ours => {
                let mut command =
                    Command::new(std::env::current_exe().unwrap_or_else(|error| panic!("where am I? {error}")));
                command.args([CHILD.to_owned(), address.port().to_string(), service.to_string()]);
                command
            }
            Program::Caddy(caddy) => {
                let file = folder.path().join("Caddyfile");
                let text = routes::caddyfile::render(&site(address.port(), service));
                std::fs::write(&file, text.unwrap_or_else(|error| panic!("{error}")))
                    .unwrap_or_else(|error| panic!("{error}"));
                let mut command = Command::new(caddy);
                command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file).env("HOME", folder.path());
                command
            }
        };
        // A child that reads its input ends when this process does, however that comes about.
        let process = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut edge = Self {
            address,
            process: process.unwrap_or_else(|error| panic!("it doesn't start: {error}")),
            _folder: folder,
        };
        let began = Instant::now();
        while TcpStream::connect(address).await.is_err() {
            let ended = edge.process.try_wait().unwrap_or_else(|error| panic!("the process is lost: {error}"));
            assert!(ended.is_none() && began.elapsed() < START, "the edge at {address} doesn't listen: {ended:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        edge
    }

    /// The memory that it holds now (`VmRSS`).
    pub(crate) fn megabytes(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|text| text.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The in-process edge as a process.
pub(crate) struct Child {
    port: u16,
    service: SocketAddr,
}

impl Child {
    pub(crate) fn from_arguments(arguments: &[String]) -> Option<Self> {
        match arguments {
            [child, port, service] if child == CHILD => {
                Some(Self { port: port.parse().ok()?, service: service.parse().ok()? })
            }
            _ => None,
        }
    }

    /// Serves until its input ends.
    pub(crate) fn run(self) {
        let runtime = tokio::runtime::Runtime::new().unwrap_or_else(|error| panic!("no runtime: {error}"));
        let _edge = runtime.block_on(async {
            let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap_or_else(|error| panic!("{error}"));
            edge::Edge::start(site(self.port, self.service), listener).unwrap_or_else(|error| panic!("{error}"))
        });
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
    }
}
