//! What a confined command tries. It runs with what a turn's command gets, and says what worked.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Something that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// What.
    pub what: String,
    /// Whether it should work.
    pub should_work: bool,
    /// Whether it did.
    pub worked: bool,
}

/// What there is to try things on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targets {
    /// The folder that the command works in.
    pub workspace: PathBuf,
    /// Where the command keeps what it keeps.
    pub config: PathBuf,
    /// Folders of the service's own, which the command has no business in.
    pub private: Vec<PathBuf>,
    /// The port that the service listens at, unless the API has the same one: ports are granted without regard to hosts.
    pub port: Option<u16>,
}

/// The name of what is made and removed again in the workspace.
const MARK: &str = ".chat-inside";

/// Tries everything. Nothing that it makes stays.
pub fn all(targets: &Targets) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    let mut tried =
        |what: String, should_work: bool, worked: bool| attempts.push(Attempt { what, should_work, worked });
    let mark = targets.workspace.join(MARK);
    tried("write in the workspace".to_owned(), true, write(&mark).is_ok());
    tried("read in the workspace".to_owned(), true, fs::read(&mark).is_ok());
    let _ = fs::remove_file(&mark);
    tried("list the workspace".to_owned(), true, fs::read_dir(&targets.workspace).is_ok());
    let kept = targets.config.join(MARK);
    tried("write in its configuration".to_owned(), true, write(&kept).is_ok());
    let _ = fs::remove_file(&kept);
    for private in &targets.private {
        let name = private.display();
        tried(format!("list {name}"), false, fs::read_dir(private).is_ok());
        let _ = symlink(private, &mark);
        tried(format!("list {name} by a link in the workspace"), false, fs::read_dir(&mark).is_ok());
        let _ = fs::remove_file(&mark);
        let by_dots = by_dots(&targets.workspace, private);
        tried(format!("list {}", by_dots.display()), false, fs::read_dir(&by_dots).is_ok());
        tried(format!("write in {name}"), false, write_and_remove(&private.join(MARK)).is_ok());
    }
    for path in ["/", "/home", "/root", "/proc", "/etc/shadow", "/proc/1/environ", "/proc/1/mem", "/proc/1/maps"] {
        tried(format!("read {path}"), false, fs::read(path).is_ok() || fs::read_dir(path).is_ok());
    }
    for folder in ["/", "/tmp", "/usr", "/home/chat"] {
        let worked = write_and_remove(&Path::new(folder).join(MARK)).is_ok();
        tried(format!("write in {folder}"), false, worked);
    }
    tried("run a program from the workspace".to_owned(), false, run_own(&mark).is_ok());
    tried("signal the service".to_owned(), false, signal());
    if let Some(port) = targets.port {
        tried(format!("connect to the service's port {port}"), false, connect(port).is_ok());
    }
    attempts
}

fn write(path: &Path) -> io::Result<()> {
    fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o700).open(path).map(drop)?;
    fs::write(path, "#!/bin/true\n")
}

fn write_and_remove(path: &Path) -> io::Result<()> {
    write(path)?;
    fs::remove_file(path)
}

/// The way from one folder to another by `..`.
fn by_dots(from: &Path, to: &Path) -> PathBuf {
    let up = from.components().skip(1).fold(from.to_owned(), |path, _| path.join(".."));
    up.join(to.strip_prefix("/").unwrap_or(to))
}

fn run_own(path: &Path) -> io::Result<()> {
    write(path)?;
    let ran = Command::new(path).status();
    fs::remove_file(path)?;
    ran.map(drop)
}

#[cfg(unix)]
fn signal() -> bool {
    rustix::process::test_kill_process(rustix::process::Pid::INIT).is_ok()
}

fn connect(port: u16) -> io::Result<()> {
    let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
    TcpStream::connect_timeout(&address, Duration::from_secs(2)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_lead_from_one_folder_to_another() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a/b"), folder.path().join("c"));
        fs::create_dir_all(&from).unwrap();
        fs::create_dir_all(&to).unwrap();
        let way = by_dots(&from, &to);
        assert!(way.starts_with(from.join("../..")));
        assert_eq!(fs::canonicalize(way).unwrap(), fs::canonicalize(to).unwrap());
    }

    #[test]
    fn without_confinement_the_private_folder_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["workspace", "config", "private"] {
            fs::create_dir(path(name)).unwrap();
        }
        let targets = Targets {
            workspace: path("workspace"),
            config: path("config"),
            private: vec![path("private")],
            port: Some(1),
        };
        let attempts = all(&targets);
        let opened = attempts.iter().filter(|attempt| attempt.what.contains("private") && attempt.worked).count();
        assert_eq!(opened, 4, "{attempts:?}");
        assert!(attempts.iter().filter(|attempt| attempt.should_work).all(|attempt| attempt.worked));
        for name in ["workspace", "config", "private"] {
            assert_eq!(fs::read_dir(path(name)).unwrap().count(), 0, "{name}");
        }
    }
}
