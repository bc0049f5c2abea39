//! The socket, by way of the edge: who gets in, how answers come, and what happens to those who leave.

use std::time::Duration;

use chat::socket::Bounds;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::client::{Came, Client, cookies, fields, said};
use crate::stand_in::{SESSION, StandIn};
use crate::ways::Way;
use crate::world::{MODES, Plan, World};

const ID: &str = "0d7b6c52-95a6-4a39-8f10-0a0f7c1d2e3f";
const OTHER_ID: &str = "11f3a1f4-0f5e-4e63-a7b1-5b8c9d0e1f22";

/// A chat with a command, somebody who is signed in, and their socket.
pub(crate) struct Talk {
    pub(crate) world: World,
    pub(crate) stand_in: StandIn,
    pub(crate) browser: Browser,
    pub(crate) client: Client,
}

impl Talk {
    pub(crate) async fn new(pieces: &[&str]) -> Self {
        Self::with(pieces, &[], Bounds::default()).await
    }

    pub(crate) async fn with(pieces: &[&str], more: &[(&str, &str)], bounds: Bounds) -> Self {
        Self::stand(Way::Edge, pieces, more, bounds).await
    }

    pub(crate) async fn by(way: Way, pieces: &[&str]) -> Self {
        Self::stand(way, pieces, &[], Bounds::default()).await
    }

    pub(crate) async fn stand(way: Way, pieces: &[&str], more: &[(&str, &str)], bounds: Bounds) -> Self {
        let stand_in = StandIn::answering(pieces);
        let settings = stand_in.settings();
        let mut values: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        values.extend(more);
        let world = World::stand(Plan { more: &values, bounds, ..Plan::by(way) }).await;
        let browser = world.signed_in("smoke").await;
        let client = Client::open(&world, &browser).await;
        Self { world, stand_in, browser, client }
    }

    /// Another socket of the same person.
    pub(crate) async fn again(&self) -> Client {
        Client::open(&self.world, &self.browser).await
    }

    pub(crate) async fn entries(&mut self, conversation: &str) -> Vec<Value> {
        let answer = self.browser.get(&self.world.url(&format!("/history/{conversation}"))).await;
        answer.json()["entries"].as_array().cloned().unwrap_or_default()
    }

    /// Waits until the conversation has so many entries.
    pub(crate) async fn until_entries(&mut self, conversation: &str, count: usize) -> Vec<Value> {
        for _ in 0..1_000 {
            let entries = self.entries(conversation).await;
            if entries.len() >= count {
                return entries;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{:?}", self.entries(conversation).await);
    }
}

fn kinds(frames: &[Value]) -> Vec<&str> {
    frames.iter().map(|frame| frame["type"].as_str().unwrap()).collect()
}

pub(crate) async fn only_the_own_page_of_somebody_signed_in_opens_it(way: Way) {
    for mode in MODES {
        let world = World::stand(Plan { mode, ..Plan::by(way) }).await;
        let browser = world.signed_in("smoke").await;
        let mut outsider = world.browser();
        world.callback(&mut outsider, "stranger").await;
        let (own, signed_in) = (("origin", world.origin()), ("cookie", cookies(&browser)));
        let origin = |text: &str| ("origin", text.to_owned());
        let fake = ("cookie", format!("disinto_chat_session={}", "A".repeat(43)));
        let cases = [
            ("signed in", vec![own.clone(), signed_in.clone()], Ok(())),
            ("nobody", vec![own.clone()], Err(401)),
            ("a made-up session", vec![own.clone(), fake], Err(401)),
            ("a forged name", vec![own.clone(), ("x-forwarded-user", "smoke".to_owned())], Err(401)),
            ("another site", vec![origin("http://evil.test"), signed_in.clone()], Err(403)),
            ("another port", vec![origin("http://edge.test:1"), signed_in.clone()], Err(403)),
            ("a sandbox", vec![origin("null"), signed_in.clone()], Err(403)),
            ("no origin", vec![signed_in.clone()], Err(403)),
            ("two origins", vec![own.clone(), own.clone(), signed_in.clone()], Err(403)),
            ("another site, nobody", vec![origin("http://evil.test")], Err(401)),
        ];
        for (what, fields, expected) in cases {
            // What an edge adds, where there is none.
            let vouched = fields.contains(&signed_in).then(|| browser.added()).flatten();
            let fields: Vec<_> = fields.into_iter().chain(vouched).collect();
            let came = Client::opening(&world, &fields).await.map(drop);
            assert_eq!(came, expected, "{what}, {mode}");
        }
        // Past the edge nothing vouches for anybody.
        let (url, fields) = (world.direct("/chat/ws"), [own, signed_in]);
        let direct = Client::opening_at(world.chat_address(), None, &url, &fields).await.map(drop);
        assert_eq!(direct.unwrap_err().status(), 403, "{mode}");
    }
}

pub(crate) async fn what_is_no_handshake_is_told_so(way: Way) {
    let world = World::stand(Plan::by(way)).await;
    let mut browser = world.signed_in("smoke").await;
    let origin = world.origin();
    let answer = browser.send("GET", &world.url("/ws"), &[("origin", &origin)], "").await;
    assert_eq!((answer.status, answer.body.as_str()), (426, "This address speaks WebSocket.\n"));
    for (version, key, status) in [("12", "dGhlIHNhbXBsZSBub25jZQ==", 426), ("13", "short", 400)] {
        let fields = [
            ("origin", origin.as_str()),
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", version),
            ("sec-websocket-key", key),
        ];
        assert_eq!(browser.send("GET", &world.url("/ws"), &fields, "").await.status, status, "{version} {key}");
    }
}

#[tokio::test]
async fn pieces_come_as_the_command_prints_them() {
    let mut talk = Talk::new(&["Hel", "#wait one", "lo ", "#wait two", "wörld"]).await;
    talk.client.ask(ID, "hello?").await;
    // Each piece is here before the command prints the next.
    let first = talk.client.until("token").await;
    assert_eq!((kinds(&first).first(), said(&first).as_str()), (Some(&"started"), "Hel"));
    talk.stand_in.release("one");
    assert_eq!(talk.client.frame().await["token"], "lo ");
    talk.stand_in.release("two");
    assert_eq!(talk.client.frame().await["token"], "wörld");
    let complete = talk.client.frame().await;
    assert_eq!(
        (&complete["type"], &complete["text"], &complete["saved"], &complete["usage"]["input_tokens"]),
        (&json!("complete"), &json!("Hello wörld"), &json!(true), &json!(7))
    );
    assert!(complete["seq"].as_u64() > first[0]["seq"].as_u64() && complete["conversation_id"] == ID);

    let entries = talk.entries(ID).await;
    assert_eq!(entries.len(), 2, "{entries:?}");
    assert_eq!((&entries[0]["role"], &entries[0]["text"]), (&json!("user"), &json!("hello?")));
    assert_eq!((&entries[1]["role"], &entries[1]["text"]), (&json!("assistant"), &json!("Hello wörld")));
    let (arguments, prompt) = talk.stand_in.asked();
    assert_eq!(prompt.trim(), "hello?");
    assert!(!arguments.iter().any(|argument| argument == "--resume"), "{arguments:?}");

    // The next turn goes on with the command's own session, and its frames are its own.
    talk.stand_in.answers(&["again"]);
    talk.client.ask(ID, "and?").await;
    let frames = talk.client.until("complete").await;
    assert_eq!(said(&frames), "again");
    assert_ne!(frames[0]["turn"], complete["turn"]);
    let (arguments, _) = talk.stand_in.asked();
    let at = arguments.iter().position(|argument| argument == "--resume").unwrap();
    assert_eq!(arguments[at + 1], SESSION);
    assert_eq!(talk.entries(ID).await.len(), 4);
}

#[tokio::test]
async fn a_session_that_is_lost_begins_anew_from_the_history_and_says_so() {
    let mut talk = Talk::new(&["seven"]).await;
    talk.client.ask(ID, "my number is 7").await;
    talk.client.until("complete").await;
    talk.stand_in.release("lost");
    talk.client.ask(ID, "which was it?").await;
    let frames = talk.client.until("complete").await;
    let notice = frames.iter().find(|frame| frame["type"] == "notice").unwrap();
    assert_eq!(notice["code"], "session_lost");
    let (arguments, prompt) = talk.stand_in.asked();
    assert!(!arguments.iter().any(|argument| argument == "--resume"), "{arguments:?}");
    assert!(prompt.contains("my number is 7") && prompt.trim_end().ends_with("which was it?"), "{prompt}");
    let entries = talk.entries(ID).await;
    assert_eq!((entries.len(), &entries[3]["reason"]), (4, &notice["message"]));
}

#[tokio::test]
async fn a_question_without_a_conversation_begins_one() {
    let mut talk = Talk::new(&["yes"]).await;
    talk.client.send(json!({ "type": "chat_request", "message": "new?" })).await;
    let frames = talk.client.until("complete").await;
    let id = frames[0]["conversation_id"].as_str().unwrap().to_owned();
    assert!(frames.iter().all(|frame| frame["conversation_id"] == id.as_str()));
    assert_eq!(talk.entries(&id).await.len(), 2);
}

#[tokio::test]
async fn who_was_cut_off_gets_what_was_missed() {
    let mut talk = Talk::new(&["a", "#wait on", "b", "c", "#wait end", "d"]).await;
    talk.client.ask(ID, "?").await;
    let seen = talk.client.until("token").await;
    let (turn, seq) = (seen[0]["turn"].clone(), seen.last().unwrap()["seq"].clone());
    let browser = talk.browser.clone();
    drop(std::mem::replace(&mut talk.client, Client::open(&talk.world, &browser).await));
    talk.stand_in.release("on");
    let resume = json!({ "type": "resume", "conversation_id": ID, "turn": turn, "after": seq });
    talk.client.send(resume.clone()).await;
    assert_eq!(talk.client.frame().await["token"], "b");
    // Another window that knows nothing yet gets it all.
    let mut other = talk.again().await;
    other.send(json!({ "type": "resume", "conversation_id": ID })).await;
    talk.stand_in.release("end");
    assert_eq!(said(&talk.client.until("complete").await), "cd");
    assert_eq!(said(&other.until("complete").await), "abcd");
    // It is kept for a while after its end, for who saw it begin; others find it in the history.
    let mut late = talk.again().await;
    late.send(resume).await;
    assert_eq!(said(&late.until("complete").await), "bcd");
    late.send(json!({ "type": "resume", "conversation_id": ID })).await;
    assert_eq!(late.frame().await["code"], "not_running");
}

#[tokio::test]
async fn a_turn_goes_on_without_its_client() {
    let mut talk = Talk::new(&["a", "#wait on", "b"]).await;
    talk.client.ask(ID, "?").await;
    talk.client.until("token").await;
    let again = talk.again().await;
    drop(std::mem::replace(&mut talk.client, again));
    talk.stand_in.release("on");
    let entries = talk.until_entries(ID, 2).await;
    assert_eq!((&entries[1]["text"], &entries[1]["outcome"]), (&json!("ab"), &json!("complete")));
}

pub(crate) async fn a_turn_that_nobody_comes_back_for_ends_and_the_history_says_so(way: Way) {
    let bounds = Bounds { keep: Duration::from_millis(300), ..Bounds::default() };
    let mut talk = Talk::stand(way, &["a", "#wait never"], &[], bounds).await;
    talk.client.ask(ID, "?").await;
    talk.client.until("token").await;
    let again = talk.again().await;
    drop(std::mem::replace(&mut talk.client, again));
    let entries = talk.until_entries(ID, 2).await;
    assert_eq!((&entries[1]["text"], &entries[1]["outcome"]), (&json!("a"), &json!("abandoned")));
    assert!(entries[1]["reason"].as_str().unwrap().contains("nobody came back"), "{entries:?}");
    talk.stand_in.gone().await;
    talk.client.send(json!({ "type": "resume", "conversation_id": ID })).await;
    // The history has it a moment before it is told.
    let end = talk.client.until("error").await.pop().unwrap();
    assert!(end["code"] == "not_running" || end["code"] == "abandoned", "{end}");
}

pub(crate) async fn a_turn_can_be_cancelled_by_its_person_alone(way: Way) {
    let mut talk = Talk::by(way, &["half", "#wait never"]).await;
    talk.client.ask(ID, "?").await;
    talk.client.until("token").await;
    let other = talk.world.signed_in("Other").await;
    let mut stranger = Client::open(&talk.world, &other).await;
    for kind in ["cancel", "resume"] {
        stranger.send(json!({ "type": kind, "conversation_id": ID })).await;
        assert_eq!(stranger.frame().await["code"], "not_running", "{kind}");
    }
    talk.client.ask(ID, "meanwhile?").await;
    assert_eq!(talk.client.frame().await["code"], "busy");
    talk.client.send(json!({ "type": "cancel", "conversation_id": ID })).await;
    assert_eq!(talk.client.frame().await["type"], "cancelled");
    talk.stand_in.gone().await;
    let entries = talk.entries(ID).await;
    assert_eq!((&entries[1]["text"], &entries[1]["outcome"]), (&json!("half"), &json!("cancelled")));
    assert_eq!(entries.len(), 2, "what was refused was never asked: {entries:?}");
    talk.client.send(json!({ "type": "cancel", "conversation_id": ID })).await;
    assert_eq!(talk.client.frame().await["code"], "not_running");
    talk.stand_in.answers(&["whole"]);
    talk.client.ask(ID, "again").await;
    assert_eq!(said(&talk.client.until("complete").await), "whole");
}

#[tokio::test]
async fn turns_side_by_side_keep_apart_and_others_are_told_their_place() {
    let mut talk = Talk::new(&["one", "#wait on", "!"]).await;
    let ids = [ID, OTHER_ID, "22222222-2222-4222-8222-222222222222"];
    for id in ids {
        talk.client.ask(id, id).await;
    }
    let mut frames = Vec::new();
    while !frames.iter().any(|frame: &Value| frame["type"] == "queued") {
        frames.push(talk.client.frame().await);
    }
    assert_eq!(frames.last().unwrap()["place"], 1);
    talk.stand_in.release("on");
    while frames.iter().filter(|frame| frame["type"] == "complete").count() < 3 {
        frames.push(talk.client.frame().await);
    }
    for id in ids {
        let own: Vec<Value> = frames.iter().filter(|frame| frame["conversation_id"] == id).cloned().collect();
        assert_eq!(said(&own), "one!", "{id}");
        let places: Vec<u64> = own.iter().map(|frame| frame["seq"].as_u64().unwrap()).collect();
        assert!(places.is_sorted_by(|one, next| one < next), "{places:?}");
    }
}

#[tokio::test]
async fn a_command_that_fails_is_told_and_written_down() {
    let mut talk = Talk::new(&["half", "#exit 1"]).await;
    talk.client.ask(ID, "?").await;
    let failed = talk.client.until("error").await.pop().unwrap();
    assert!(failed["seq"].is_u64() && !failed["message"].as_str().unwrap().is_empty(), "{failed}");
    let entries = talk.entries(ID).await;
    assert_eq!((&entries[1]["text"], &entries[1]["outcome"]), (&json!("half"), &json!("failed")));
    assert_eq!(entries[1]["reason"], failed["message"]);
    drop(talk);
    let mut talk = Talk::with(&[], &[("CHAT_CLAUDE_COMMAND", "/nowhere/claude")], Bounds::default()).await;
    talk.client.ask(ID, "?").await;
    let failed = talk.client.until("error").await.pop().unwrap();
    assert_eq!(failed["code"], "command_not_started");
    assert_eq!(talk.entries(ID).await[1]["outcome"], "failed");
}

pub(crate) async fn what_cannot_be_kept_is_not_asked(way: Way) {
    let mut talk = Talk::by(way, &["never"]).await;
    let history = talk.world.folder().join("history");
    std::fs::remove_dir_all(&history).unwrap();
    std::fs::write(&history, "").unwrap();
    talk.client.ask(ID, "?").await;
    let failed = talk.client.frame().await;
    assert_eq!((&failed["type"], &failed["code"]), (&json!("error"), &json!("history")));
    assert!(!talk.stand_in.was_run());
    assert!(!failed["message"].as_str().unwrap().contains('/'), "{failed}");
}

#[tokio::test]
async fn an_answer_that_cannot_be_saved_is_saved_later() {
    let mut talk = Talk::new(&["a", "#wait on", "b"]).await;
    talk.client.ask(ID, "?").await;
    talk.client.until("token").await;
    let (history, aside) = (talk.world.folder().join("history"), talk.world.folder().join("aside"));
    std::fs::rename(&history, &aside).unwrap();
    std::fs::write(&history, "").unwrap();
    talk.stand_in.release("on");
    let complete = talk.client.until("complete").await.pop().unwrap();
    assert_eq!((&complete["text"], &complete["saved"]), (&json!("ab"), &json!(false)));
    std::fs::remove_file(&history).unwrap();
    std::fs::rename(&aside, &history).unwrap();
    assert_eq!(talk.until_entries(ID, 2).await[1]["text"], "ab");
}

pub(crate) async fn a_limit_that_is_reached_says_when_to_come_back(way: Way) {
    let mut talk = Talk::stand(way, &["a"], &[("CHAT_MAX_REQUESTS_PER_HOUR", "1")], Bounds::default()).await;
    talk.client.ask(ID, "one").await;
    talk.client.until("complete").await;
    talk.client.ask(ID, "two").await;
    let refused = talk.client.frame().await;
    assert_eq!((&refused["code"], &refused["seq"]), (&json!("rate_limited"), &Value::Null));
    assert!((3_500..=3_600).contains(&refused["retry_after"].as_u64().unwrap()), "{refused}");
    // Another connection is no way around it.
    let mut again = talk.again().await;
    again.ask(OTHER_ID, "three").await;
    assert_eq!(again.frame().await["code"], "rate_limited");
    // Neither is a restart.
    talk.world.restart_chat().await;
    let mut later = talk.again().await;
    later.ask(OTHER_ID, "four").await;
    assert_eq!(later.frame().await["code"], "rate_limited");
    assert_eq!(talk.entries(ID).await.len(), 2);
}

pub(crate) async fn tokens_are_counted(way: Way) {
    let mut talk = Talk::stand(way, &["a"], &[("CHAT_MAX_TOKENS_PER_DAY", "8")], Bounds::default()).await;
    talk.client.ask(ID, "one").await;
    talk.client.until("complete").await;
    talk.client.ask(ID, "two").await;
    let refused = talk.client.frame().await;
    assert_eq!(refused["code"], "rate_limited");
    assert!(refused["message"].as_str().unwrap().contains("tokens"), "{refused}");
}

pub(crate) async fn the_session_s_end_closes_it(way: Way) {
    let mut talk = Talk::stand(way, &["a", "#wait never"], &[("CHAT_SESSION_SECONDS", "2")], Bounds::default()).await;
    talk.client.ask(ID, "?").await;
    let (frames, end) = talk.client.until_end().await;
    assert_eq!((kinds(&frames).last(), end), (Some(&"session_expired"), Came::Close(4401)));
    let again = Client::opening(&talk.world, &fields(&talk.world, &talk.browser)).await.map(drop);
    assert_eq!(again, Err(401));
}

#[tokio::test]
async fn who_closes_gets_an_answer() {
    let mut talk = Talk::new(&["a"]).await;
    talk.client.close(1000).await;
    assert_eq!(talk.client.until_end().await.1, Came::Close(1000));
}

pub(crate) async fn a_sign_out_closes_it(way: Way) {
    let bounds = Bounds { ping: Duration::from_millis(100), ..Bounds::default() };
    let mut talk = Talk::stand(way, &["a"], &[], bounds).await;
    let origin = talk.world.origin();
    let answer = talk.browser.post(&talk.world.url("/logout"), &origin, &[]).await;
    assert!(answer.status < 400, "{}", answer.body);
    let (frames, end) = talk.client.until_end().await;
    assert_eq!((kinds(&frames), end), (vec!["session_expired"], Came::Close(4401)));
}

pub(crate) async fn the_service_s_end_lets_open_turns_finish_and_tells_the_others(way: Way) {
    let mut talk = Talk::by(way, &["a", "#wait on", "b"]).await;
    let mut idle = talk.again().await;
    talk.client.ask(ID, "?").await;
    talk.client.until("token").await;
    let chat = talk.world.chat.take().unwrap();
    let ending = tokio::spawn(chat.shutdown(Duration::from_secs(20)));
    let (frames, end) = idle.until_end().await;
    assert_eq!((&frames[0]["code"], end), (&json!("shutting_down"), Came::Close(1001)));
    assert_eq!(talk.client.frame().await["code"], "shutting_down");
    talk.client.ask(OTHER_ID, "one more?").await;
    assert_eq!(talk.client.frame().await["code"], "shutting_down");
    talk.stand_in.release("on");
    let (frames, end) = talk.client.until_end().await;
    assert_eq!((said(&frames).as_str(), kinds(&frames).last(), end), ("b", Some(&"complete"), Came::Close(1001)));
    ending.await.unwrap();
}

#[tokio::test]
async fn what_doesn_t_finish_in_time_is_written_down() {
    let mut talk = Talk::new(&["a", "#wait never"]).await;
    talk.client.ask(ID, "?").await;
    talk.client.until("token").await;
    let chat = talk.world.chat.take().unwrap();
    chat.shutdown(Duration::from_millis(100)).await;
    talk.stand_in.gone().await;
    talk.world.restart_chat().await;
    let entries = talk.entries(ID).await;
    assert_eq!((&entries[1]["text"], &entries[1]["outcome"]), (&json!("a"), &json!("abandoned")));
    assert!(entries[1]["reason"].as_str().unwrap().contains("service"), "{entries:?}");
}
