//! What a command gets at, tried by a command that tries.
//!
//! These need a kernel with Landlock. Where there is none they are skipped, unless `EDGE_SMOKE_REQUIRE` names `landlock`. The same is tried in the
//! container by `chat inside`.

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use crate::ground::{Ground, failed, finished};
use crate::support::require;

/// Whether this kernel confines, and to which version at least.
fn landlock() -> bool {
    let grants = chat::confine::Grants::default();
    let mut line = vec!["confine".into()];
    line.extend(grants.arguments());
    line.extend(["--".into(), "/bin/true".into()]);
    let output = Command::new(env!("CARGO_BIN_EXE_chat")).args(line).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    require("landlock", if output.status.success() { Ok(()) } else { Err(said) })
}

/// Linux's version, as two numbers: ports came with 6.7, signals with 6.12.
fn kernel() -> (u32, u32) {
    let text = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers =
        text.split(|character: char| !character.is_ascii_digit()).map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// Runs the script as the command; what it writes into `said` comes back.
async fn run(ground: Ground, script: &str) -> String {
    let script = format!("{{ {script}\n}} > said 2>&1; echo '{{\"type\":\"result\",\"result\":\"done\"}}'");
    let ground = ground.script(&script).confined();
    assert_eq!(finished(&ground.ask("hello").await), "done");
    fs::read_to_string(ground.path("workspace/said")).unwrap()
}

/// A line for each thing that is tried: `yes` or `no`, and what.
fn tried(script: &[(&str, String)]) -> String {
    let line = |(name, command): &(&str, String)| {
        format!("if ( {command} ) >/dev/null 2>&1; then echo 'yes {name}'; else echo 'no {name}'; fi")
    };
    script.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The workspace has a file and links out of it; beside it lie a secret and a folder that can be written.
fn with_secrets() -> Ground {
    let ground = Ground::new(&[("FORGE_TOKEN", "forge-token"), ("FORWARD_AUTH_SECRET", "forward-auth-secret")]);
    fs::write(ground.path("state/secret"), "secret\n").unwrap();
    fs::write(ground.path("workspace/file"), "content\n").unwrap();
    fs::create_dir(ground.path("workspace/folder")).unwrap();
    for (link, target) in [
        ("link", "../state/secret"),
        ("folder/up", "../../state"),
        ("absolute", ground.path("state/secret").to_str().unwrap()),
    ] {
        std::os::unix::fs::symlink(target, ground.path("workspace").join(link)).unwrap();
    }
    ground
}

#[tokio::test]
async fn it_works_in_the_workspace() {
    if !landlock() {
        return;
    }
    let script = [
        ("reads", "grep -q content file"),
        ("writes", "echo new >> file"),
        ("makes files", "echo new > new"),
        ("makes folders", "mkdir -p a/b && echo deep > a/b/c"),
        ("moves between folders", "mv new a/new"),
        ("removes", "rm -r a"),
        ("makes links", "ln -s file another && grep -q content another"),
        ("keeps its configuration", "echo '{}' > \"$CLAUDE_CONFIG_DIR/settings.json\""),
        ("puts things aside", "echo x > \"$TMPDIR/x\" && test \"$TMPDIR\" = \"$HOME\""),
        ("is where it belongs", "test \"$(basename \"$PWD\")\" = workspace"),
        ("runs programs of the system", "ls /usr && head -c 1 /dev/urandom"),
    ]
    .map(|(name, command)| (name, command.to_owned()));
    let said = run(with_secrets(), &tried(&script)).await;
    assert!(!said.contains("no "), "{said}");
    assert_eq!(said.lines().count(), script.len(), "{said}");
}

#[tokio::test]
async fn it_gets_at_nothing_else() {
    if !landlock() {
        return;
    }
    let ground = with_secrets();
    let secret = ground.path("state/secret").display().to_string();
    let state = ground.path("state").display().to_string();
    let server = std::process::id();
    let mut script = vec![
        ("reads a secret", format!("cat {secret}")),
        ("reads it by ..", "cat ../state/secret".to_owned()),
        ("reads it by a link", "cat link".to_owned()),
        ("reads it by an absolute link", "cat absolute".to_owned()),
        ("reads it by a link to a folder", "cat folder/up/secret".to_owned()),
        ("reads it from another folder", format!("cd {state} && cat secret")),
        ("reads it by its process", "cat /proc/self/root/..$PWD/../state/secret".to_owned()),
        ("lists a folder", format!("ls {state}")),
        ("writes", format!("echo x >> {secret}")),
        ("writes by a link", "echo x > link".to_owned()),
        ("makes a file beside", "echo x > ../new".to_owned()),
        ("makes a file by a link", "echo x > folder/up/new".to_owned()),
        ("cuts it", format!("truncate -s 0 {secret}")),
        ("removes it", format!("rm -f {secret}")),
        ("links to it", format!("ln {secret} hard && cat hard")),
        ("moves it here", format!("mv {secret} here && cat here")),
        ("moves something out", format!("mv file {state}/file")),
        ("reads the environment of the server", format!("cat /proc/{server}/environ")),
        ("reads the memory of the server", format!("head -c 1 /proc/{server}/mem")),
        ("sees what files the server has open", format!("ls /proc/{server}/fd")),
        ("reads temporary files of others", "ls \"$TMPDIR/..\"".to_owned()),
        ("reads shadow", "cat /etc/shadow".to_owned()),
        ("reads a home", "ls /root /home/*".to_owned()),
        ("runs what it made", "cp /bin/true mine && chmod +x mine && ./mine".to_owned()),
        ("makes a device", "mknod device c 1 3".to_owned()),
        ("mounts", "mount -t tmpfs none folder".to_owned()),
        ("gets at the socket of Docker", "test -r /var/run/docker.sock && cat < /var/run/docker.sock".to_owned()),
    ];
    if kernel() >= (6, 12) {
        script.push(("signals the server", format!("kill -0 {server}")));
    }
    let said = run(ground, &tried(&script)).await;
    assert!(!said.contains("yes "), "{said}");
    assert_eq!(said.lines().count(), script.len(), "{said}");
}

#[tokio::test]
async fn it_sees_no_secret_of_the_service() {
    if !landlock() {
        return;
    }
    let said = run(with_secrets(), "env; tr '\\0' '\\n' < /proc/self/environ; ls -l /proc/self/fd").await;
    assert!(said.contains("ANTHROPIC_API_KEY=sk-ant-test"), "{said}");
    for secret in ["forge-token", "forward-auth-secret", "FORGE_TOKEN", "HOME=/root"] {
        assert!(!said.contains(secret), "{secret}\n{said}");
    }
    // Nothing open is handed down but the pipes.
    assert!(!said.contains("socket:") && !said.contains("/state"), "{said}");
}

#[tokio::test]
async fn it_connects_to_the_api_s_port_and_to_no_other() {
    if !landlock() || kernel() < (6, 7) {
        return;
    }
    let (api, other) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
    let ground = Ground::new(&[("ANTHROPIC_BASE_URL", &format!("http://127.0.0.1:{}", port(&api)))]);
    let connect = |listener| format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{}'", port(listener));
    let said = run(ground, &tried(&[("api", connect(&api)), ("other", connect(&other))])).await;
    assert_eq!(said, "yes api\nno other\n");
}

#[tokio::test]
async fn what_cannot_be_granted_is_said() {
    if !landlock() {
        return;
    }
    let run = |line: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_chat")).arg("confine").args(line).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for (line, words) in [
        (&["--write", "/no/such", "--", "true"][..], "/no/such"),
        (&["--", "/no/such"], "/no/such: No such file"),
        (&["--write", "/tmp"], "expected `--` and a command"),
        (&["--everything", "/", "--", "true"], "found `--everything`"),
    ] {
        let (code, said) = run(line);
        assert!(code == Some(126) && said.contains(words), "{line:?}: {code:?} {said}");
    }
    // A turn that can't be confined isn't run.
    let mut ground = Ground::new(&[]).script("touch ran").confined();
    ground.settings.launcher = chat::turn::Launcher::Program("/bin/false".into());
    assert!(failed(&ground.ask("hello").await).contains("exit status: 1"));
    assert!(!ground.path("workspace/ran").exists());
}

#[tokio::test]
async fn the_server_s_environment_is_hidden() {
    if std::fs::metadata("/proc/self/environ").is_err() {
        return;
    }
    // The program as it serves: it can't listen where somebody listens already, so it lives for long enough to be looked at only with a port of its own.
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let history = folder.path().join("history").display().to_string();
    let mut server = Command::new(env!("CARGO_BIN_EXE_chat"))
        .env_clear()
        .envs([
            ("CHAT_HOST", "127.0.0.1"),
            ("CHAT_PORT", &port),
            ("EDGE_TUNNEL_FQDN", "edge.test"),
            ("FORGE_URL", "http://127.0.0.1:1"),
            ("CHAT_OAUTH_CLIENT_ID", "id"),
            ("CHAT_OAUTH_CLIENT_SECRET", "client-secret"),
            ("FORWARD_AUTH_SECRET", "forward-auth-secret"),
            ("DISINTO_CHAT_ALLOWED_USERS", "smoke"),
            ("CHAT_HISTORY_DIR", &history),
        ])
        .spawn()
        .unwrap();
    let healthy = || {
        let status =
            Command::new(env!("CARGO_BIN_EXE_chat")).arg("healthcheck").env_clear().env("CHAT_PORT", &port).output();
        status.unwrap().status.success()
    };
    let began = std::time::Instant::now();
    while !healthy() {
        assert!(began.elapsed().as_secs() < 20 && server.try_wait().unwrap().is_none(), "the chat doesn't come up");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    // Root reads everything; what the kernel made of the process shows all the same: its files belong to root and not to its user.
    let id = server.id();
    if rustix::process::getuid().is_root() {
        let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all"];
        let mut other =
            Command::new(nobody[0]).args(&nobody[1..]).args(["cat", &format!("/proc/{id}/environ")]).spawn().unwrap();
        assert!(!other.wait().unwrap().success());
    } else {
        assert!(fs::read(format!("/proc/{id}/environ")).is_err());
    }
    server.kill().unwrap();
    server.wait().unwrap();
}
