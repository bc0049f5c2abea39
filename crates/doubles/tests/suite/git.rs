//! The real git against the forge double.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use doubles::forge::Forge;
use doubles::forge::repositories::Push;
use tokio::net::TcpListener;
use tokio::process::Command;

/// Whether there is a git. Where there is none it says so on standard error, unless `EDGE_SMOKE_REQUIRE` names `git`: then it fails.
fn there_is_git() -> bool {
    let there = std::process::Command::new("git").arg("--version").output();
    if there.is_ok_and(|output| output.status.success()) {
        return true;
    }
    let is_required =
        std::env::var("EDGE_SMOKE_REQUIRE").is_ok_and(|list| list.split(',').any(|name| name.trim() == "git"));
    assert!(!is_required, "EDGE_SMOKE_REQUIRE names git, but there is none on the PATH");
    // Past the capturing of the test harness: a skipped test must be seen.
    let _ = writeln!(std::io::stderr(), "SKIPPED: no git here");
    false
}

/// A forge with a repository `smoke/demo`, and a folder for clones.
struct Bench {
    forge: Forge,
    folder: tempfile::TempDir,
    pushes: Arc<Mutex<Vec<Push>>>,
}

/// What git said.
struct Said {
    worked: bool,
    out: String,
    /// Standard error.
    errors: String,
}

impl Bench {
    async fn new() -> Option<Self> {
        if !there_is_git() {
            return None;
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let forge = Forge::builder().user("smoke", "secret").root_url("http://edge.test/forge").unwrap();
        let forge = forge.serve(listener).unwrap();
        let repositories = forge.repositories();
        repositories.create("smoke", "demo", Some("main")).unwrap();
        let pushes = Arc::new(Mutex::new(Vec::new()));
        let heard = pushes.clone();
        repositories.on_push(move |push| heard.lock().unwrap().push(push.clone()));
        Some(Self { forge, folder: tempfile::tempdir().unwrap(), pushes })
    }

    fn url(&self, who: &str, name: &str) -> String {
        format!("http://{who}{}/smoke/{name}.git", self.forge.addr())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn git(&self, folder: &Path, arguments: &[&str]) -> Said {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .envs([("GIT_AUTHOR_NAME", "Ann"), ("GIT_AUTHOR_EMAIL", "ann@edge.test")])
            .envs([("GIT_COMMITTER_NAME", "Ann"), ("GIT_COMMITTER_EMAIL", "ann@edge.test")])
            .output()
            .await
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        Said { worked: output.status.success(), out: text(&output.stdout), errors: text(&output.stderr) }
    }

    /// What git prints where it works.
    async fn fine(&self, folder: &str, arguments: &[&str]) -> String {
        let said = self.git(&self.path(folder), arguments).await;
        assert!(said.worked, "git {arguments:?}: {}{}", said.errors, self.forge.log().last(5).join("\n"));
        said.out
    }

    async fn clone(&self, name: &str) {
        let url = self.url("smoke:secret@", "demo");
        self.fine("", &["clone", "-q", &url, name]).await;
    }

    async fn commit(&self, folder: &str, file: &str, content: &[u8]) {
        std::fs::write(self.path(folder).join(file), content).unwrap();
        self.fine(folder, &["add", "-A"]).await;
        self.fine(folder, &["commit", "-qm", file]).await;
    }

    fn branch(&self, branch: &str) -> Option<String> {
        Some(self.forge.repositories().branch("smoke", "demo", branch)?.id)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_has_what_the_repository_has() {
    let Some(bench) = Bench::new().await else { return };
    let repositories = bench.forge.repositories();
    for version in 0..40 {
        let content = format!("{version}\n").repeat(500);
        repositories.commit_file("smoke", "demo", "main", "docs/a.txt", content.as_bytes(), "Next").unwrap();
    }
    // Nobody has to say who they are to read what is open, in either version of the protocol.
    for version in ["0", "2"] {
        let folder = format!("clone-{version}");
        let option = format!("protocol.version={version}");
        bench.fine("", &["-c", &option, "clone", "-q", &bench.url("", "demo"), &folder]).await;
        bench.fine(&folder, &["fsck", "--strict"]).await;
        assert_eq!(bench.fine(&folder, &["rev-parse", "HEAD"]).await, bench.branch("main").unwrap());
        assert_eq!(bench.fine(&folder, &["rev-parse", "--abbrev-ref", "HEAD"]).await, "main");
        assert_eq!(bench.fine(&folder, &["rev-list", "--count", "HEAD"]).await, "41");
    }
    let file = std::fs::read_to_string(bench.path("clone-0/docs/a.txt")).unwrap();
    assert_eq!(file, "39\n".repeat(500));
}

#[tokio::test(flavor = "multi_thread")]
async fn fetches_take_what_is_new() {
    let Some(bench) = Bench::new().await else { return };
    bench.clone("work").await;
    bench.commit("work", "local", b"kept here").await;
    let repositories = bench.forge.repositories();
    let new = repositories.commit_file("smoke", "demo", "main", "new", b"new", "New").unwrap();
    bench.fine("work", &["fetch", "-q"]).await;
    assert_eq!(bench.fine("work", &["rev-parse", "origin/main"]).await, new.id);
    bench.fine("work", &["fsck", "--strict"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shallow_clones_can_be_deepened() {
    let Some(bench) = Bench::new().await else { return };
    let repositories = bench.forge.repositories();
    for version in ["1", "2", "3", "4"] {
        repositories.commit_file("smoke", "demo", "main", "file", version.as_bytes(), version).unwrap();
    }
    let count = ["rev-list", "--count", "HEAD"];
    bench.fine("", &["clone", "-q", "--depth", "1", &bench.url("", "demo"), "work"]).await;
    assert_eq!(bench.fine("work", &count).await, "1");
    bench.fine("work", &["fetch", "-q", "--depth", "3"]).await;
    assert_eq!(bench.fine("work", &count).await, "3");
    bench.fine("work", &["fetch", "-q", "--unshallow"]).await;
    assert_eq!(bench.fine("work", &count).await, "5");
    bench.fine("work", &["fsck", "--strict"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_arrives_and_is_told_of() {
    let Some(bench) = Bench::new().await else { return };
    bench.clone("work").await;
    let before = bench.branch("main").unwrap();
    bench.commit("work", "hello.txt", b"hello\n").await;
    bench.fine("work", &["push", "-q", "origin", "HEAD"]).await;
    let head = bench.fine("work", &["rev-parse", "HEAD"]).await;
    assert_eq!(bench.branch("main").unwrap(), head);
    assert_eq!(bench.forge.repositories().file("smoke", "demo", "main", "hello.txt").unwrap(), b"hello\n");

    bench.fine("work", &["checkout", "-q", "-b", "feature/one"]).await;
    bench.commit("work", "one", b"1").await;
    bench.fine("work", &["tag", "-a", "v1", "-m", "One"]).await;
    let said = bench.git(&bench.path("work"), &["push", "origin", "feature/one", "v1"]).await;
    assert!(
        said.worked && said.errors.contains("http://edge.test/forge/smoke/demo/pulls/new/feature/one"),
        "{}",
        said.errors
    );
    bench.fine("work", &["push", "-q", "origin", ":feature/one"]).await;
    assert_eq!(bench.branch("feature/one"), None);

    let pushes = bench.pushes.lock().unwrap().clone();
    let told: Vec<_> = pushes.iter().map(|push| (push.reference.as_str(), push.commits.len())).collect();
    assert_eq!(
        told,
        [("refs/heads/main", 1), ("refs/heads/feature/one", 3), ("refs/tags/v1", 0), ("refs/heads/feature/one", 0)]
    );
    assert_eq!((pushes[0].pusher.as_str(), &pushes[0].before, &pushes[0].after), ("smoke", &before, &head));
    assert_eq!(pushes[0].commits[0].added, ["hello.txt"]);
    assert_eq!(
        (pushes[1].before.as_str(), pushes[3].after.as_str()),
        ("0".repeat(40).as_str(), "0".repeat(40).as_str())
    );
    // What the tag names is still there, though its branch is gone.
    bench.fine("", &["clone", "-q", "--branch", "v1", &bench.url("", "demo"), "again"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_pushes_come_in_pieces_and_differences_are_applied() {
    let Some(bench) = Bench::new().await else { return };
    bench.clone("work").await;
    // More than git sends at once (`http.postBuffer`), so it comes chunked.
    let noise: Vec<u8> =
        (0..3_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()[0]).collect();
    bench.commit("work", "noise", &noise).await;
    bench.fine("work", &["push", "-q", "origin", "HEAD"]).await;
    // A thin pack: a difference from what the forge has already.
    let mut changed = noise.clone();
    changed.splice(1_000_000..1_000_010, *b"changed");
    bench.commit("work", "noise", &changed).await;
    bench.fine("work", &["push", "-q", "origin", "HEAD"]).await;
    assert!(bench.forge.repositories().file("smoke", "demo", "main", "noise").unwrap() == changed);
    bench.fine("", &["clone", "-q", &bench.url("", "demo"), "again"]).await;
    bench.fine("again", &["fsck", "--strict"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_says_why() {
    let Some(bench) = Bench::new().await else { return };
    bench.clone("work").await;
    bench.commit("work", "a", b"a").await;
    let open = bench.url("", "demo");
    for (arguments, words) in [
        (vec!["push", &open, "HEAD"], "could not read Username"),
        (vec!["push", &bench.url("smoke:wrong@", "demo"), "HEAD"], "Authentication failed"),
        (vec!["push", &bench.url("smoke:secret@", "nosuch"), "HEAD"], "Push to create is not enabled"),
        (vec!["clone", &bench.url("", "nosuch"), "x"], "could not read Username"),
        (vec!["clone", &bench.url("smoke:secret@", "nosuch"), "x"], "not found"),
        (vec!["push", "origin", ":main"], "main (pre-receive hook declined)"),
    ] {
        let said = bench.git(&bench.path("work"), &arguments).await;
        assert!(!said.worked && said.errors.contains(words), "{arguments:?}: {}", said.errors);
    }
    bench.forge.repositories().set_private("smoke", "demo", true);
    let said = bench.git(&bench.path("work"), &["ls-remote", &open]).await;
    assert!(said.errors.contains("could not read Username"), "{}", said.errors);
    bench.fine("work", &["ls-remote", "origin"]).await;
}
