//! Where people sign in and actions act: the forge's double, or a real Gitea in a container.

use std::net::SocketAddr;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use doubles::forge::Forge;
use tokio::net::TcpListener;

use crate::browser::try_get;
use crate::skipping::skipped;

/// The first user's name and password at both.
pub(crate) const USER: (&str, &str) = ("smoke", "right");

/// How long a Gitea may take to be there.
const START: Duration = Duration::from_secs(60);

/// The image that `edge-smoke images build gitea` makes.
const IMAGE: &str = "edge-smoke/gitea:1.26.0";

/// Makes the first user, with whichever of the two programs the image has.
const CREATE_USER: &str = "exec \"$(command -v forgejo || command -v gitea)\" admin user create --admin --must-change-password=false \
                           --username \"$1\" --email \"$1@edge.test\" --password \"$2\"";

/// Which forge it is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Which {
    #[default]
    Double,
    Gitea,
}

/// A forge that is running.
pub(crate) enum AnyForge {
    Double(Forge),
    Gitea(Gitea),
}

impl AnyForge {
    /// With its public address, and with [`USER`] as an administrator.
    pub(crate) async fn start(which: Which, root_url: &str) -> Self {
        match which {
            Which::Double => {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let builder = Forge::builder().root_url(root_url).unwrap().user(USER.0, USER.1);
                Self::Double(builder.serve(listener).unwrap())
            }
            Which::Gitea => Self::Gitea(Gitea::start(root_url).await),
        }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        match self {
            Self::Double(forge) => forge.addr(),
            Self::Gitea(gitea) => gitea.address,
        }
    }

    /// What it is, as the CI's settings have it.
    pub(crate) fn product(&self) -> &'static str {
        match self {
            Self::Double(_) => "FORGEJO",
            Self::Gitea(_) => "GITEA",
        }
    }

    /// The double, where it is that.
    pub(crate) fn double(&mut self) -> &mut Forge {
        match self {
            Self::Double(forge) => forge,
            Self::Gitea(_) => panic!("this is no double"),
        }
    }
}

/// A container of its own. Dropping it removes it.
pub(crate) struct Gitea {
    name: String,
    address: SocketAddr,
}

impl Gitea {
    /// Whether the engine has the image. Without it a test says so and is skipped, unless `EDGE_SMOKE_REQUIRE` names `gitea`.
    pub(crate) fn is_possible() -> bool {
        let there = docker(&["image", "inspect", &image()]).is_ok_and(|output| output.status.success());
        if !there {
            skipped("gitea", &format!("no engine has the image {}", image()));
        }
        there
    }

    async fn start(root_url: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("edge-smoke-chat-forge-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let settings = [
            ("server__ROOT_URL", root_url),
            ("server__DISABLE_SSH", "true"),
            ("server__OFFLINE_MODE", "true"),
            ("database__DB_TYPE", "sqlite3"),
            ("security__INSTALL_LOCK", "true"),
            ("security__MIN_PASSWORD_LENGTH", "5"),
            ("security__PASSWORD_COMPLEXITY", "off"),
            ("service__DISABLE_REGISTRATION", "true"),
            ("repository__DEFAULT_BRANCH", "main"),
            ("actions__ENABLED", "false"),
            ("cron__ENABLED", "false"),
        ];
        let settings = settings.map(|(name, value)| format!("GITEA__{name}={value}"));
        let mut line = vec!["run", "--detach", "--name", &name, "--publish", "127.0.0.1::3000"];
        line.extend(settings.iter().flat_map(|setting| ["--env", setting.as_str()]));
        let image = image();
        line.push(&image);
        must(&line);
        // From now on it is removed whatever happens.
        let mut gitea = Self { name, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let published = must(&["port", &gitea.name, "3000/tcp"]);
        gitea.address = published.lines().next().unwrap().parse().unwrap();
        let began = Instant::now();
        while !gitea.is_healthy().await {
            let log = docker(&["logs", &gitea.name]).unwrap();
            assert!(began.elapsed() < START, "{}", String::from_utf8_lossy(&log.stdout));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        must(&["exec", "--user", "1000:1000", &gitea.name, "sh", "-c", CREATE_USER, "sh", USER.0, USER.1]);
        gitea
    }

    async fn is_healthy(&self) -> bool {
        // The engine takes connections before there is anybody who answers.
        try_get(self.address, "/api/healthz").await.is_some_and(|answer| answer.status == 200)
    }
}

impl Drop for Gitea {
    fn drop(&mut self) {
        // What can't be removed is named after the test's process.
        let _ = docker(&["rm", "--force", "--volumes", &self.name]);
    }
}

fn image() -> String {
    std::env::var("FORGE_IMAGE").unwrap_or_else(|_| IMAGE.to_owned())
}

fn docker(arguments: &[&str]) -> std::io::Result<Output> {
    Command::new("docker").args(arguments).output()
}

fn must(arguments: &[&str]) -> String {
    let output = docker(arguments).unwrap();
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
