//! Commands that do what no command should, as the person sees it and as the history has it.

use chat::socket::Bounds;
use serde_json::json;

use crate::client::said;
use crate::socket::Talk;
use crate::ways::Way;

const ID: &str = "0d7b6c52-95a6-4a39-8f10-0a0f7c1d2e3f";

const PIECE: &str = r#"echo '{"type":"stream_event","event":{"type":"content_block_delta","delta":{"type":"text_delta","text":"half "}}}'"#;

/// A turn that takes longer than this is ended, where it never ends. For the others there is time enough on any machine.
const SECONDS: &str = "3";
const MINUTES: &str = "300";

/// A command: what it does, its script, and the code and some words of what is told of it.
type Case = (&'static str, Option<&'static str>, &'static str, &'static str);

pub(crate) async fn whatever_it_does_it_is_told_and_written_down_and_the_next_turn_works(way: Way) {
    let (endless, others): (Vec<Case>, Vec<Case>) = CASES.iter().partition(|case| case.2 == "timed_out");
    each_is_told(way, SECONDS, endless).await;
    each_is_told(way, MINUTES, others).await;
}

const CASES: &[Case] = &[
    ("isn't there", None, "command_not_started", "isn't there"),
    ("exits 1", Some("exit 1"), "command_ended", "exit status: 1"),
    ("says why", Some("echo 'out of key' >&2; exit 3"), "command_ended", "out of ***"),
    (
        "prints garbage",
        Some("head -c 5000 /dev/urandom; echo; echo '{\"type\":'; echo '[]'"),
        "command_ended",
        "exit status: 0",
    ),
    ("prints nothing", Some("exit 0"), "command_ended", "exit status: 0"),
    ("closes its pipes", Some("exec <&- >&- 2>&-; exit 0"), "command_ended", "exit status: 0"),
    ("is killed", Some("kill -9 $$"), "command_ended", "SIGKILL"),
    ("never ends", Some("trap '' TERM; while :; do sleep 1000; done"), "timed_out", "longer than 3 s"),
    (
        "never ends, and talks",
        Some("while :; do echo '{\"type\":\"keep_alive\"}'; sleep 0.01; done"),
        "timed_out",
        "longer than 3 s",
    ),
    ("prints 100 MB", Some("head -c 100000000 /dev/zero"), "too_much", "more than 64 MB"),
    ("prints 100 MB of lines", Some("yes \"$(printf %0500d 0)\" | head -c 100000000"), "too_much", "more than 64 MB"),
];

async fn each_is_told(way: Way, seconds: &str, cases: Vec<Case>) {
    let mut talk = Talk::stand(way, &["well"], &[("CHAT_TURN_SECONDS", seconds)], Bounds::default()).await;
    for (nth, (what, script, code, words)) in cases.into_iter().enumerate() {
        talk.stand_in.becomes(script);
        let asked = format!("does it work? {what}");
        talk.client.ask(ID, &asked).await;
        let end = talk.client.until("error").await.pop().unwrap();
        assert_eq!(end["code"], code, "{what}: {end}");
        assert!(end["seq"].is_u64() && end["message"].as_str().unwrap().contains(words), "{what}: {end}");
        let entries = talk.entries(ID).await;
        assert_eq!(entries.len(), 4 * nth + 2, "{what}: nothing is lost, and nothing is there twice");
        let (question, answer) = (&entries[4 * nth], &entries[4 * nth + 1]);
        assert_eq!((&question["role"], &question["text"]), (&json!("user"), &json!(asked)), "{what}");
        assert_eq!((&answer["outcome"], &answer["reason"]), (&json!("failed"), &end["message"]), "{what}");

        talk.stand_in.recovers();
        talk.client.ask(ID, "and now?").await;
        assert_eq!(said(&talk.client.until("complete").await), "well", "{what}");
        assert_eq!(talk.entries(ID).await.len(), 4 * nth + 4, "{what}");
    }
}

pub(crate) async fn what_was_shown_before_it_failed_is_kept(way: Way) {
    for (rest, seconds, code) in [
        ("exit 1", MINUTES, "command_ended"),
        ("sleep 1000", SECONDS, "timed_out"),
        ("head -c 100000000 /dev/zero", MINUTES, "too_much"),
    ] {
        let mut talk = Talk::stand(way, &[], &[("CHAT_TURN_SECONDS", seconds)], Bounds::default()).await;
        talk.stand_in.becomes(Some(&format!("{PIECE}; {PIECE}; {rest}")));
        talk.client.ask(ID, "?").await;
        let frames = talk.client.until("error").await;
        assert_eq!(frames.last().unwrap()["code"], code, "{frames:?}");
        let entries = talk.entries(ID).await;
        assert_eq!((&entries[1]["text"], &entries[1]["outcome"]), (&json!(said(&frames)), &json!("failed")));
        // Where its time is up, that may be before it gets to say anything.
        assert!(said(&frames) == "half half " || code == "timed_out", "{frames:?}");
    }
}
