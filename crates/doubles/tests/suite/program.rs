//! The program `double`, as a container runs it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tokio::net::TcpListener;

use crate::browser::Browser;

/// How long a line of a log, or an end, is waited for.
const SOON: Duration = Duration::from_secs(20);

fn double(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_double"));
    command.args(arguments).env_clear().envs(environment.iter().copied()).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Exit code and log of a run that ends by itself.
fn ended(arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = double(arguments, environment).stderr(Stdio::piped()).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// A run that goes on, and what it logs.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut child = double(arguments, environment).stderr(Stdio::piped()).spawn().unwrap();
        let reader = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || reader.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    /// The next line that has these words.
    fn line(&self, words: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(SOON).unwrap_or_else(|_| panic!("no line with `{words}`"));
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Where it says that it listens.
    fn address(&self, words: &str) -> String {
        let line = self.line(words);
        let rest = line.split(" at ").nth(1).unwrap();
        rest.split(|character: char| !character.is_ascii_digit() && !".:".contains(character))
            .next()
            .unwrap()
            .to_owned()
    }

    fn terminate(mut self) -> ExitStatus {
        let killed = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(killed.success());
        // Its end closes its log.
        while self.lines.recv_timeout(SOON).is_ok() {}
        self.child.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const SERVER: [(&str, &str); 7] = [
    ("WOODPECKER_HOST", "http://edge.test/ci"),
    ("WOODPECKER_SERVER_ADDR", "127.0.0.1:0"),
    ("WOODPECKER_GRPC_ADDR", "127.0.0.1:0"),
    ("WOODPECKER_AGENT_SECRET", "between us"),
    ("WOODPECKER_FORGEJO", "true"),
    ("WOODPECKER_FORGEJO_URL", "http://edge.test/forge"),
    ("WOODPECKER_ROOT_PATH", "/ci"),
];

#[test]
fn what_it_does_not_understand() {
    for arguments in [&[][..], &["nosuch"], &["healthcheck"], &["ci-server", "--help"]] {
        let (code, log) = ended(arguments, &[]);
        assert_eq!(code, Some(64), "{arguments:?}");
        assert!(log.starts_with("usage: double "), "{log}");
    }
}

#[test]
fn settings_that_keep_it_from_starting() {
    for (arguments, environment, code, words) in [
        ("ci-server", vec![], 0, "WOODPECKER_HOST is not properly configured"),
        ("ci-server", SERVER[..4].to_vec(), 0, "forge not configured"),
        ("ci-server", [&SERVER[..], &[("WOODPECKER_SERVER_ADDR", "edge.test")]].concat(), 0, "listen tcp edge.test"),
        ("ci-agent", vec![("WOODPECKER_HEALTHCHECK", "maybe")], 1, "expected `true` or `false`"),
        ("forge", vec![("GITEA__server__NOSUCH", "1")], 1, "GITEA__server__NOSUCH"),
        ("chat", vec![], 1, "FORGE_URL: it is missing"),
        ("forge", vec![("DOUBLE_FORGE", "gitlab")], 1, "expected `forgejo` or `gitea`, found `gitlab`"),
        ("forge", vec![("DOUBLE_USER", "smoke")], 1, "go together"),
    ] {
        let (found, log) = ended(&[arguments], &environment);
        assert_eq!(found, Some(code), "{log}");
        assert!(log.contains(words), "{log}");
    }
}

#[tokio::test]
async fn a_server_an_agent_and_their_ends() {
    let server = Running::start(&["ci-server"], &SERVER);
    server.line("WOODPECKER_ROOT_PATH means nothing");
    let agents = server.address("starting grpc server");
    let address = server.address("starting http server");
    let mut browser = Browser::new(address.parse().unwrap());
    assert_eq!(browser.get("/ci/healthz").await.status, 204);
    server.line("GET /ci/healthz 204");
    assert_eq!(ended(&["healthcheck", &format!("http://{address}/ci/healthz")], &[]).0, Some(0));
    let (code, log) = ended(&["healthcheck", &format!("http://{address}/ci/assets/nosuch")], &[]);
    assert_eq!((code, log.contains("expected 2xx, found 404")), (Some(1), true), "{log}");

    let settings = |address, secret| {
        [
            ("WOODPECKER_SERVER", address),
            ("WOODPECKER_AGENT_SECRET", secret),
            ("WOODPECKER_HEALTHCHECK_ADDR", "127.0.0.1:0"),
            ("WOODPECKER_CONNECT_RETRY_COUNT", "1"),
            ("WOODPECKER_CONNECT_RETRY_DELAY", "1ms"),
        ]
    };
    let secret = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("agent-secret");
    std::fs::write(&secret, "between us\n").unwrap();
    let from_file = [("WOODPECKER_AGENT_SECRET_FILE", secret.to_str().unwrap())];
    let agent = Running::start(&["ci-agent"], &[&settings(&agents, "wrong")[..], &from_file].concat());
    agent.line("starting Woodpecker agent");
    assert_eq!(agent.terminate().code(), Some(0));
    std::fs::remove_file(&secret).unwrap();
    let (code, log) = ended(&["ci-agent"], &settings(&agents, "wrong"));
    assert_eq!((code, log.contains("agent could not auth")), (Some(1), true), "{log}");
    let (code, log) = ended(&["ci-agent"], &settings(&address, "between us"));
    assert_eq!((code, log.contains("doesn't speak the agents' protocol")), (Some(1), true), "{log}");
    assert_eq!(server.terminate().code(), Some(0));
}

#[tokio::test]
async fn the_others() {
    let forge = Running::start(
        &["forge"],
        &[
            ("DOUBLE_ADDR", "127.0.0.1:0"),
            ("DOUBLE_USER", "smoke"),
            ("DOUBLE_PASSWORD", "password"),
            ("GITEA__server__ROOT_URL", "http://edge.test/forge/"),
        ],
    );
    let mut browser = Browser::new(forge.address("listens at").parse().unwrap());
    assert!(browser.get("/user/login").await.body.contains("/forge/user/login"));
    assert_eq!(browser.get("/smoke").await.status, 200);
    assert_eq!(forge.terminate().code(), Some(0));
    let echo = Running::start(&["echo"], &[("DOUBLE_ADDR", "127.0.0.1:0")]);
    let mut browser = Browser::new(echo.address("listens at").parse().unwrap());
    assert_eq!(browser.get("/x").await.status, 200);
}

#[tokio::test]
async fn a_health_that_is_not_there() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (code, log) = ended(&["healthcheck", &format!("http://{address}/")], &[]);
    assert_eq!((code, log.contains("can't connect")), (Some(1), true), "{log}");
    assert_eq!(ended(&["healthcheck", "nonsense"], &[]).0, Some(1));
}

#[tokio::test]
async fn a_meddler_stands_before_a_service_by_its_environment() {
    let echo = Running::start(&["echo"], &[("DOUBLE_ADDR", "127.0.0.1:0")]);
    let echo_address = echo.address("the echo listens");
    let rules = r#"[{"on":"response","match_path":"^/x","match_host":null,"actions":[{"set_status":418}]}]"#;
    let environment =
        [("DOUBLE_ADDR", "127.0.0.1:0"), ("MEDDLER_UPSTREAM", echo_address.as_str()), ("MEDDLER_RULES", rules)];
    let meddler = Running::start(&["meddler"], &environment);
    let line = meddler.line("the meddler before");
    let address = line.rsplit(' ').next().unwrap();
    assert_eq!(ended(&["healthcheck", &format!("tcp://{address}")], &[]), (Some(0), String::new()));
    assert_eq!(ended(&["healthcheck", &format!("http://{address}/")], &[]).0, Some(0));
    let (code, said) = ended(&["healthcheck", &format!("http://{address}/x")], &[]);
    assert!(code == Some(1) && said.contains("418"), "{said}");
    assert!(meddler.terminate().success());
    assert_eq!(ended(&["healthcheck", &format!("tcp://{address}")], &[]).0, Some(1));
    for (environment, words) in [
        (&[][..], "MEDDLER_UPSTREAM"),
        (&[("MEDDLER_UPSTREAM", "x:1"), ("MEDDLER_RULES", "{")], "MEDDLER_RULES: expected a list of rules"),
        (
            &[
                ("MEDDLER_UPSTREAM", "x:1"),
                ("MEDDLER_RULES", r#"[{"on":"request","match_path":"(","match_host":null,"actions":[]}]"#),
            ],
            "MEDDLER_RULES: rule 1: match_path: `(`: unclosed group",
        ),
    ] {
        let (code, said) = ended(&["meddler"], environment);
        assert!(code == Some(1) && said.contains(words), "{said}");
    }
}
