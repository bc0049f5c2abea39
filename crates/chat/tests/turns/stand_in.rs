//! Turns with a command that prints what the real one printed once.

use std::time::Duration;

use chat::history::Role;
use chat::turn::{Happening, Said, TurnError, Usage};

use crate::ground::{Ground, all, appears, failed, finished, order, processes_with, session, shown};

/// What the command printed for a text, a tool and another text, shortened; with types of lines that nobody knows.
const RECORDED: &str = include_str!("recorded.jsonl");

const SESSION: &str = "68175633-705b-4030-8998-498bbb060883";

fn recorded() -> Ground {
    let ground = Ground::new(&[]);
    std::fs::write(ground.path("recorded.jsonl"), RECORDED).unwrap();
    let script = format!("cat > \"{0}/prompt\"; cat \"{0}/recorded.jsonl\"", ground.folder.path().display());
    ground.script(&script)
}

#[tokio::test]
async fn tokens_are_told_as_they_come_and_the_whole_in_the_end() {
    let ground = recorded();
    let happenings = ground.ask("-p what is in it?\nä").await;
    assert_eq!(happenings[0], Happening::Started);
    assert_eq!(session(&happenings).unwrap().to_string(), SESSION);
    let tokens = happenings.iter().filter(|happening| matches!(happening, Happening::Token(_))).count();
    assert_eq!(tokens, 5, "{happenings:?}");
    assert_eq!(shown(&happenings), "Let me look.\n\nIt says seven.");
    let usage = Usage { input_tokens: 32, output_tokens: 21 };
    let end = Happening::Finished { text: "Let me look.\n\nIt says seven.".to_owned(), usage };
    assert_eq!(happenings.last(), Some(&end));
    // By standard input: it is no option, and no process shows it.
    assert_eq!(std::fs::read_to_string(ground.path("prompt")).unwrap(), "-p what is in it?\nä");
    assert_eq!(std::fs::read_dir(ground.path("tmp")).unwrap().count(), 0, "what the turn put aside is gone");
}

#[tokio::test]
async fn a_token_is_told_before_the_next_is_printed() {
    let ground = Ground::new(&[]);
    let go = ground.path("go");
    let piece = |text: &str| {
        format!(
            r#"echo '{{"type":"stream_event","event":{{"type":"content_block_delta","delta":{{"type":"text_delta","text":"{text}"}}}}}}'"#
        )
    };
    let script = format!(
        "{}\nwhile [ ! -e {} ]; do sleep 0.01; done\n{}\necho '{{\"type\":\"result\",\"subtype\":\"success\"}}'",
        piece("one"),
        go.display(),
        piece(" two")
    );
    let ground = ground.script(&script);
    let mut turn = ground.turns().start(order("count"));
    assert_eq!(turn.happenings.recv().await, Some(Happening::Started));
    assert_eq!(turn.happenings.recv().await, Some(Happening::Token("one".to_owned())));
    std::fs::write(go, "").unwrap();
    assert_eq!(turn.happenings.recv().await, Some(Happening::Token(" two".to_owned())));
}

#[tokio::test]
async fn turns_wait_for_each_other_and_are_told_their_place() {
    let ground = Ground::new(&[("CHAT_TURNS", "1"), ("CHAT_TURNS_WAITING", "2")]);
    let script = format!(
        "touch {0}/began; while [ ! -e {0}/go ]; do sleep 0.01; done; echo '{{\"type\":\"result\",\"result\":\"done\"}}'",
        ground.folder.path().display()
    );
    let ground = ground.script(&script);
    let turns = ground.turns();
    let first = turns.start(order("1"));
    appears(&ground.path("began")).await;
    let mut second = turns.start(order("2"));
    assert_eq!(second.happenings.recv().await, Some(Happening::Queued { place: 1 }));
    let mut third = turns.start(order("3"));
    assert_eq!(third.happenings.recv().await, Some(Happening::Queued { place: 2 }));
    let fourth = all(turns.start(order("4"))).await;
    assert_eq!(fourth, [Happening::Failed(TurnError::Busy)]);
    // One who waits gives up, and those behind move on.
    second.cancel.cancel();
    assert_eq!(all(second).await, [Happening::Cancelled]);
    assert_eq!(third.happenings.recv().await, Some(Happening::Queued { place: 1 }));
    std::fs::write(ground.path("go"), "").unwrap();
    assert_eq!(finished(&all(first).await), "done");
    assert_eq!(finished(&all(third).await), "done");
}

#[tokio::test]
async fn a_conversation_has_one_turn_at_a_time() {
    let ground = Ground::new(&[]);
    let script = format!(
        "while [ ! -e {0}/go ]; do sleep 0.01; done; echo '{{\"type\":\"result\",\"result\":\"done\"}}'",
        ground.folder.path().display()
    );
    let ground = ground.script(&script);
    let turns = ground.turns();
    let order = order("1");
    let mut first = turns.start(order.clone());
    assert_eq!(first.happenings.recv().await, Some(Happening::Started));
    assert_eq!(all(turns.start(order.clone())).await, [Happening::Failed(TurnError::ConversationBusy)]);
    std::fs::write(ground.path("go"), "").unwrap();
    assert_eq!(finished(&all(first).await), "done");
    assert_eq!(finished(&all(turns.start(order)).await), "done");
}

/// A script that starts another process, ignores being told to end, and never ends.
fn stubborn(ground: &Ground) -> String {
    format!("trap '' TERM; sleep 1000 & touch {0}/began; while :; do sleep 1000; done", ground.folder.path().display())
}

#[tokio::test]
async fn cancelling_ends_the_command_with_all_that_it_started() {
    let ground = Ground::new(&[]);
    let script = stubborn(&ground);
    let ground = ground.script(&script);
    let mark = ground.path("tmp").display().to_string();
    // As the first process of a container is to all that lose their parents.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).unwrap();
    let turn = ground.turns().start(order("1"));
    appears(&ground.path("began")).await;
    let processes = processes_with(&mark);
    assert!(processes.len() >= 2);
    turn.cancel.cancel();
    assert_eq!(all(turn).await.last(), Some(&Happening::Cancelled));
    // Neither do they run, nor is one left that waits for somebody to take note.
    for process in processes {
        assert!(!std::path::Path::new("/proc").join(&process).exists(), "{process}");
    }
}

#[tokio::test]
async fn what_never_ends_is_ended() {
    let mut ground = Ground::new(&[("CHAT_TURN_SECONDS", "1")]);
    let script = stubborn(&ground);
    ground = ground.script(&script);
    let mark = ground.path("tmp").display().to_string();
    let happenings = ground.ask("1").await;
    assert!(failed(&happenings).contains("longer than 1 s"), "{happenings:?}");
    assert_eq!(processes_with(&mark), Vec::<String>::new());
}

#[tokio::test]
async fn a_turn_that_nobody_listens_to_ends() {
    let ground = Ground::new(&[]);
    let script = stubborn(&ground);
    let ground = ground.script(&script);
    let mark = ground.path("tmp").display().to_string();
    let turn = ground.turns().start(order("1"));
    appears(&ground.path("began")).await;
    drop(turn);
    let gone = async {
        while !processes_with(&mark).is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
}

#[tokio::test]
async fn what_was_used_is_told_also_where_it_is_cancelled() {
    let ground = Ground::new(&[]);
    let ground = ground.script(
        r#"echo '{"type":"stream_event","event":{"type":"message_start","message":{"usage":{"input_tokens":10}}}}'
echo '{"type":"stream_event","event":{"type":"content_block_delta","delta":{"type":"text_delta","text":"one"}}}'
exec sleep 1000"#,
    );
    let mut turn = ground.turns().start(order("1"));
    while turn.happenings.recv().await != Some(Happening::Token("one".to_owned())) {}
    turn.cancel.cancel();
    let used = Happening::Used(Usage { input_tokens: 10, output_tokens: 1 });
    assert_eq!(all(turn).await, [used, Happening::Cancelled]);
}

#[tokio::test]
async fn a_lost_session_begins_anew_from_the_history_and_says_so() {
    let ground = Ground::new(&[]);
    let script = format!(
        r#"case "$*" in *--resume*)
  echo 'No conversation found with session ID' >&2
  echo '{{"type":"result","subtype":"error_during_execution","is_error":true,"errors":["No conversation found"]}}'; exit 1;;
esac
cat > {}/prompt
echo '{{"type":"system","subtype":"init","session_id":"{SESSION}"}}'
echo '{{"type":"result","subtype":"success","result":"seven"}}'"#,
        ground.folder.path().display()
    );
    let ground = ground.script(&script);
    let mut order = order("which was it?");
    order.resume = Some("11111111-1111-4111-8111-111111111111".parse().unwrap());
    order.earlier = vec![Said { role: Role::User, text: "my number is seven".to_owned() }];
    let happenings = all(ground.turns().start(order)).await;
    assert_eq!(
        happenings[..3],
        [Happening::Started, Happening::SessionLost, Happening::Session(SESSION.parse().unwrap())]
    );
    assert_eq!(finished(&happenings), "seven");
    let prompt = std::fs::read_to_string(ground.path("prompt")).unwrap();
    assert!(prompt.contains("my number is seven") && prompt.ends_with("which was it?"), "{prompt}");
}

#[tokio::test]
async fn who_signed_in_is_one_user_at_a_time_and_holds_the_lock() {
    let ground = Ground::new(&[("ANTHROPIC_API_KEY", ""), ("CHAT_TURNS", "2")]);
    let script = format!(
        "if flock --nonblock $CLAUDE_CONFIG_DIR/session.lock true; then echo free; else echo held; fi > {0}/lock; touch {0}/began; \
         while [ ! -e {0}/go ]; do sleep 0.01; done; echo '{{\"type\":\"result\",\"result\":\"done\"}}'",
        ground.folder.path().display()
    );
    let ground = ground.script(&script);
    let turns = ground.turns();
    let first = turns.start(order("1"));
    appears(&ground.path("began")).await;
    assert_eq!(std::fs::read_to_string(ground.path("lock")).unwrap(), "held\n");
    let mut second = turns.start(order("2"));
    assert_eq!(second.happenings.recv().await, Some(Happening::Queued { place: 1 }));
    std::fs::write(ground.path("go"), "").unwrap();
    assert_eq!((finished(&all(first).await), finished(&all(second).await)), ("done", "done"));
}
