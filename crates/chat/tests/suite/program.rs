//! The program itself: its settings, its log, its signals, and a disk that fills up.

use std::collections::BTreeMap;
use std::process::{Output, Stdio};
use std::time::Duration;

use routes::Mode;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::browser::Browser;
use crate::client::{Came, Client, said};
use crate::skipping::skipped;
use crate::stand_in::StandIn;
use crate::world::{COOKIE, SECRET, World};

pub(crate) const SOON: Duration = Duration::from_secs(20);

fn command(values: &BTreeMap<String, String>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
    command.env_clear().envs(values).stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn run(values: &BTreeMap<String, String>, arguments: &[&str]) -> Output {
    tokio::time::timeout(SOON, command(values).args(arguments).output()).await.unwrap().unwrap()
}

/// The program under way, with the lines that it logs.
pub(crate) struct Running {
    pub(crate) child: Child,
    log: tokio::task::JoinHandle<String>,
}

impl Running {
    /// Starts it in the place of a world's chat, and waits until it listens.
    pub(crate) async fn start(world: &mut World, mut command: Command) -> Self {
        if let Some(chat) = world.chat.take() {
            chat.shutdown(SOON).await;
        }
        let address = world.chat_address();
        command.env("CHAT_HOST", address.ip().to_string()).env("CHAT_PORT", address.port().to_string());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut text = String::new();
        while !text.contains("\"listening\"") {
            let line = tokio::time::timeout(SOON, lines.next_line()).await.unwrap().unwrap();
            text.push_str(&line.unwrap_or_else(|| panic!("it ended: {text}")));
            text.push('\n');
        }
        let log = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                text.push_str(&line);
                text.push('\n');
            }
            text
        });
        Self { child, log }
    }

    /// Tells it to end, and gives its exit code and its log.
    pub(crate) async fn end(mut self, signal: Signal) -> (Option<i32>, String) {
        let id = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
        let status = tokio::time::timeout(SOON, self.child.wait()).await.unwrap().unwrap();
        (status.code(), self.log.await.unwrap())
    }
}

#[tokio::test]
async fn wrong_settings_are_all_named() {
    let values: BTreeMap<String, String> = [("CHAT_PORT", "x"), ("FORWARD_AUTH_SECRET", "hunter2")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let output = run(&values, &[]).await;
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(64), "{words}");
    for name in ["CHAT_PORT", "EDGE_TUNNEL_FQDN", "FORGE_URL", "FORWARD_AUTH_SECRET", "DISINTO_CHAT_ALLOWED_USERS"] {
        assert!(words.lines().any(|line| line.starts_with(&format!("{name}: "))), "{name}: {words}");
    }
    assert!(!words.contains("hunter2"));
    assert_eq!(run(&values, &["nosuch"]).await.status.code(), Some(64));
    assert_eq!(run(&values, &["--help"]).await.status.code(), Some(0));
}

#[tokio::test]
async fn what_is_in_the_way_is_said() {
    let world = World::new(Mode::Subpath).await;
    let mut values = world.values.clone();
    let address = world.chat_address();
    values.extend(
        [("CHAT_HOST", address.ip().to_string()), ("CHAT_PORT", address.port().to_string())]
            .map(|(name, value)| (name.to_owned(), value)),
    );
    let output = run(&values, &["serve"]).await;
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(words.contains(&address.to_string()) && words.contains("in use"), "{words}");
    std::fs::write(world.folder().join("file"), "").unwrap();
    values.insert("CHAT_STATE_DIR".to_owned(), world.folder().join("file").display().to_string());
    values.insert("CHAT_PORT".to_owned(), "0".to_owned());
    let output = run(&values, &[]).await;
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(words.contains("CHAT_STATE_DIR: ") && words.contains("exists"), "{words}");
}

/// A whole sign-in with the program, its log, and its end.
#[tokio::test]
async fn its_log_is_json_and_holds_no_secret() {
    let mut world = World::new(Mode::Subpath).await;
    let program = command(&world.values);
    let running = Running::start(&mut world, program).await;
    let port = world.chat_address().port().to_string();
    let health: BTreeMap<String, String> = [("CHAT_PORT".to_owned(), port)].into();
    assert_eq!(run(&health, &["healthcheck"]).await.status.code(), Some(0));

    let mut browser = world.browser();
    let back = world.until_callback(&mut browser, "smoke").await;
    assert_eq!(browser.get(&back).await.status, 303);
    assert_eq!(browser.get(&world.url("/history?x=hidden")).await.status, 200);
    assert_eq!(world.browser().get(&world.url("/history\"}%0a")).await.status, 401);
    let session = browser.cookie(COOKIE).unwrap().value.clone();

    let (code, log) = running.end(Signal::TERM).await;
    assert_eq!(code, Some(0), "{log}");
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["timestamp"].is_string() && line["level"].is_string() && line["message"].is_string(), "{line}");
    }
    assert!(log.contains("\"path\":\"/chat/history\",\"status\":200") && log.contains("\"user\":\"smoke\""), "{log}");
    let code = url::Url::parse(&back).unwrap().query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    for secret in
        [session.as_str(), code.as_str(), SECRET, &world.values["CHAT_OAUTH_CLIENT_SECRET"], "hidden", "state="]
    {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
    let down = run(&health, &["healthcheck"]).await;
    assert_eq!(down.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&down.stderr).contains("refused"));
}

#[tokio::test]
async fn an_interrupt_ends_it_too() {
    let mut world = World::new(Mode::Subpath).await;
    let program = command(&world.values);
    let running = Running::start(&mut world, program).await;
    assert_eq!(running.end(Signal::INT).await.0, Some(0));
}

/// What was answered is kept, however the process ends: a session, and a request that was counted.
#[tokio::test]
async fn killed_in_the_middle() {
    let mut world = World::with(Mode::Subpath, &[("CHAT_MAX_REQUESTS_PER_HOUR", "1")]).await;
    let program = command(&world.values);
    let running = Running::start(&mut world, program).await;
    let mut browser = world.signed_in("smoke").await;
    assert_eq!(browser.post(&world.url("/new"), &world.origin(), &[]).await.status, 201);
    assert_eq!(running.end(Signal::KILL).await.0, None);
    world.restart_chat().await;
    assert_eq!(browser.get(&world.url("/history")).await.status, 200);
    assert_eq!(browser.post(&world.url("/new"), &world.origin(), &[]).await.status, 429);
}

/// The process is gone in the middle of an answer: the question is there, nothing is torn, and the conversation goes on.
#[tokio::test]
async fn killed_in_the_middle_of_an_answer() {
    const ID: &str = "0d7b6c52-95a6-4a39-8f10-0a0f7c1d2e3f";
    if !run(&BTreeMap::new(), &["confine", "--", "/bin/true"]).await.status.success() {
        return skipped("landlock", "nothing confines a command here");
    }
    let stand_in = StandIn::answering(&["half ", "#wait on", "whole"]);
    let settings = stand_in.settings();
    let values: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut world = World::with(Mode::Subpath, &values).await;
    let program = command(&world.values);
    let running = Running::start(&mut world, program).await;
    let mut browser = world.signed_in("smoke").await;
    let mut client = Client::open(&world, &browser).await;
    client.ask(ID, "are you there?").await;
    assert_eq!(said(&client.until("token").await), "half ");
    assert_eq!(running.end(Signal::KILL).await.0, None);
    assert_eq!(client.until_end().await.1, Came::Gone);
    stand_in.release("on");

    world.restart_chat().await;
    let entries = async |browser: &mut Browser| {
        let answer = browser.get(&world.url(&format!("/history/{ID}"))).await;
        answer.json()["entries"].as_array().unwrap().iter().map(|entry| entry["text"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(entries(&mut browser).await, ["are you there?"]);
    let mut client = Client::open(&world, &browser).await;
    client.send(serde_json::json!({ "type": "resume", "conversation_id": ID })).await;
    assert_eq!(client.frame().await["code"], "not_running", "that turn is over, and the page is told");
    client.ask(ID, "and now?").await;
    assert_eq!(said(&client.until("complete").await), "half whole");
    assert_eq!(entries(&mut browser).await, ["are you there?", "and now?", "half whole"]);
}

/// The disk fills up under the service: new sessions are refused with words, who has one keeps it, and afterwards all is as before.
#[tokio::test]
async fn a_disk_that_fills_up() {
    let mut world = World::new(Mode::Subpath).await;
    let mut early = world.signed_in("smoke").await;
    // No file may grow beyond that many blocks; the signal that goes with it is ignored, as it is on a disk that is full.
    let mut limited = Command::new("sh");
    limited.arg("-c").arg("trap '' XFSZ; ulimit -f 128; exec \"$0\"").arg(env!("CARGO_BIN_EXE_chat"));
    limited.env_clear().envs(&world.values).env("PATH", "/usr/bin:/bin").kill_on_drop(true);
    let running = Running::start(&mut world, limited).await;
    let mut refused = None;
    for _ in 0..200 {
        let mut browser = early.clone();
        browser.jar.retain(|cookie| cookie.name != COOKIE);
        let answer = world.callback(&mut browser, "smoke").await;
        if answer.status != 303 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("the disk never got full");
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(refused.body.contains("can&#39;t be kept") && refused.cookie(COOKIE).is_none(), "{}", refused.body);
    assert_eq!(early.get(&world.url("/history")).await.status, 200, "who is signed in stays so");
    assert_eq!(world.browser().get(&world.url("/history")).await.status, 401);
    let posted = early.post(&world.url("/new"), &world.origin(), &[]).await;
    assert_eq!((posted.status, posted.code().as_str()), (503, "storage"), "what can't be counted isn't let in");
    assert_eq!(Browser::new(world.chat_address()).get(&world.direct("/ready")).await.status, 503);
    assert_eq!(Browser::new(world.chat_address()).get(&world.direct("/health")).await.status, 200);
    let (code, log) = running.end(Signal::TERM).await;
    assert_eq!(code, Some(0), "{log}");

    world.restart_chat().await;
    assert_eq!(early.get(&world.url("/history")).await.status, 200);
    let mut browser = world.signed_in("smoke").await;
    assert_eq!(browser.get(&world.url("/history")).await.status, 200);
}
