//! A disk that is full while people chat: nothing of what was said is lost, nobody gets in by it, and afterwards all is as before.
//!
//! The disk is a small one of its own, in memory. To mount it takes a user namespace (or root), and to run a turn Landlock; where either can't be had the
//! test is skipped, unless `EDGE_SMOKE_REQUIRE` names `mount`.

use std::process::Stdio;

use routes::Mode;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout, Command};

use crate::browser::Browser;
use crate::client::{Client, said};
use crate::program::{Running, SOON};
use crate::skipping::skipped;
use crate::stand_in::StandIn;
use crate::world::{COOKIE, World};

const ID: &str = "0d7b6c52-95a6-4a39-8f10-0a0f7c1d2e3f";
const OTHER_ID: &str = "11f3a1f4-0f5e-4e63-a7b1-5b8c9d0e1f22";

/// Mounts the disk at `$1`, runs the rest, and does with the disk what it is told on standard input. With its end the program ends.
const ON_A_DISK: &str = r#"
disk=$1; shift
mount -t tmpfs -o size=16m none "$disk" || exit 97
"$@" </dev/null >/dev/null &
while read -r order; do
  case $order in
    fill) head -c 100000000 /dev/zero >"$disk/full" 2>/dev/null ;;
    free) rm "$disk/full" ;;
  esac
  echo "$order"
done
kill -TERM $!
wait $!"#;

/// The disk, as who may fill it up sees it.
struct Disk {
    orders: ChildStdin,
    done: BufReader<ChildStdout>,
}

impl Disk {
    async fn order(&mut self, order: &str) {
        self.orders.write_all(format!("{order}\n").as_bytes()).await.unwrap();
        let mut line = String::new();
        tokio::time::timeout(SOON, self.done.read_line(&mut line)).await.unwrap().unwrap();
        assert_eq!(line.trim(), order);
    }
}

async fn is_possible() -> bool {
    let run = async |program: &str, arguments: &[&str]| Command::new(program).args(arguments).output().await;
    let mount = ["-rm", "sh", "-c", "mount -t tmpfs none /mnt"];
    for (program, arguments) in [("unshare", &mount[..]), (env!("CARGO_BIN_EXE_chat"), &["confine", "--", "/bin/true"])]
    {
        let why = match run(program, arguments).await {
            Ok(output) if output.status.success() => continue,
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) => error.to_string(),
        };
        skipped("mount", &format!("{program}: {why}"));
        return false;
    }
    true
}

/// What the history has of a conversation.
async fn entries(world: &World, browser: &mut Browser, conversation: &str) -> Vec<Value> {
    let answer = browser.get(&world.url(&format!("/history/{conversation}"))).await;
    answer.json()["entries"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn what_was_said_is_kept_and_nobody_gets_in() {
    if !is_possible().await {
        return;
    }
    // More than fits into what a file has left of its last block.
    let long = "word ".repeat(4_000);
    let stand_in = StandIn::answering(&["early"]);
    let settings = stand_in.settings();
    let mut values: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let place = tempfile::tempdir().unwrap();
    let history = place.path().join("history").display().to_string();
    values.push(("CHAT_HISTORY_DIR", &history));
    let mut world = World::with(Mode::Subpath, &values).await;
    // The chat that the world came with has its files below the disk; this one's are on it.
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", ON_A_DISK, "sh"]).arg(place.path()).arg(env!("CARGO_BIN_EXE_chat"));
    command.env_clear().envs(&world.values).kill_on_drop(true).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = Running::start(&mut world, command).await;
    let (orders, done) = (running.child.stdin.take().unwrap(), running.child.stdout.take().unwrap());
    let mut disk = Disk { orders, done: BufReader::new(done) };

    let mut browser = world.signed_in("smoke").await;
    let mut client = Client::open(&world, &browser).await;
    client.ask(ID, "before").await;
    assert_eq!(said(&client.until("complete").await), "early");
    stand_in.answers(&["begun ", "#wait full", &long]);
    client.ask(ID, "while it fills up").await;
    client.until("token").await;
    disk.order("fill").await;
    stand_in.release("full");
    let complete = client.until("complete").await.pop().unwrap();
    assert_eq!((&complete["text"], &complete["saved"]), (&json!(format!("begun {long}")), &json!(false)));

    // What is there can be read, what can't be kept isn't begun, and who isn't signed in is nobody.
    assert_eq!(entries(&world, &mut browser, ID).await.len(), 3);
    stand_in.answers(&["never"]);
    client.ask(OTHER_ID, &long).await;
    let refused = client.until("error").await.pop().unwrap();
    assert!(matches!(refused["code"].as_str(), Some("history" | "rate_limited")), "{refused}");
    assert!(!refused["message"].as_str().unwrap().contains('/'), "{refused}");
    assert_eq!(world.browser().get(&world.url("/history")).await.status, 401);
    let mut newcomer = world.browser();
    let answer = world.callback(&mut newcomer, "Other").await;
    let is_in = newcomer.get(&world.url("/history")).await.status == 200;
    assert!(is_in == answer.cookie(COOKIE).is_some() && (is_in || answer.status == 503), "{}", answer.status);

    disk.order("free").await;
    let kept = async {
        while entries(&world, &mut browser, ID).await.len() < 4 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(SOON, kept).await.expect("the answer is lost");
    let all = entries(&world, &mut browser, ID).await;
    let texts: Vec<&str> = all.iter().filter_map(|entry| entry["text"].as_str()).collect();
    assert_eq!(texts, ["before", "early", "while it fills up", &format!("begun {long}")]);
    assert_eq!(entries(&world, &mut browser, OTHER_ID).await, Vec::<Value>::new(), "it was never asked");
    stand_in.answers(&["again"]);
    client.ask(OTHER_ID, "after").await;
    assert_eq!(said(&client.until("complete").await), "again");
    // With nobody to give orders the program is told to end.
    drop(disk);
    let status = tokio::time::timeout(SOON, running.child.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(0));
}
