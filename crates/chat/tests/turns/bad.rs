//! Commands that do what no command should.

use chat::turn::{Happening, Launcher};

use crate::ground::{Ground, failed, finished, shown};

#[tokio::test]
async fn a_command_that_is_not_there() {
    let mut ground = Ground::new(&[]);
    ground.settings.command = "no-such-command".into();
    let happenings = ground.ask("hello").await;
    assert_eq!(happenings[0], Happening::Started);
    let expected = "the command can't be started: `no-such-command` is in no folder of PATH (CHAT_CLAUDE_COMMAND)";
    assert_eq!(failed(&happenings), expected);
    assert!(ground.turns().check().is_err());
    // It is there, and nothing that can be run.
    let ground = ground.script("true");
    std::fs::write(&ground.settings.command, "\0\0").unwrap();
    assert!(failed(&ground.ask("hello").await).contains("can't be started"));
}

#[tokio::test]
async fn a_workspace_that_is_not_there() {
    let mut ground = Ground::new(&[]).script("true");
    ground.settings.workspace = "/no/such".into();
    assert!(failed(&ground.ask("hello").await).contains("the workspace /no/such is no folder (CHAT_WORKSPACE_DIR)"));
}

#[tokio::test]
async fn without_anything_to_confine_it_nothing_runs() {
    let mut ground = Ground::new(&[]).script("true");
    ground.settings.launcher = Launcher::Missing;
    assert!(failed(&ground.ask("hello").await).contains("nothing to confine it"));
}

#[tokio::test]
async fn commands_that_end_without_a_result() {
    for (script, words) in [
        ("exit 1", "the command ended (exit status: 1) before its answer did"),
        ("echo 'no room for sk-ant-test' >&2; exit 3", "(exit status: 3) before its answer did: no room for ***"),
        ("true", "(exit status: 0)"),
        ("kill -9 $$", "(signal: 9 (SIGKILL))"),
        ("echo garbage; echo '{\"type\":'; echo '[1,2]'; printf '\\377\\376\\n\\000'", "(exit status: 0)"),
        ("echo '{\"type\":\"future\"}'; echo '{\"type\":\"system\",\"subtype\":\"init\"}'", "(exit status: 0)"),
        ("exec >&- 2>&-; exit 5", "(exit status: 5)"),
    ] {
        let happenings = Ground::new(&[]).script(script).ask("hello").await;
        let why = failed(&happenings);
        assert!(why.contains(words), "{script}: {why}");
        assert_eq!(shown(&happenings), "", "{script}");
    }
}

#[tokio::test]
async fn one_that_says_why_it_gives_no_answer() {
    let script = r#"echo '{"type":"system","subtype":"init","session_id":"x"}'
echo '{"type":"assistant","error":"authentication_failed","message":{"content":[{"type":"text","text":"Invalid API key"}]}}'
echo '{"type":"result","subtype":"success","is_error":true,"result":"Invalid API key sk-ant-test"}'; exit 1"#;
    let happenings = Ground::new(&[]).script(script).ask("hello").await;
    assert_eq!(failed(&happenings), "the command gave no answer: Invalid API key ***");
    assert_eq!(shown(&happenings), "");
}

#[tokio::test]
async fn a_result_counts_although_the_command_goes_on() {
    let script = "echo '{\"type\":\"result\",\"result\":\"done\"}'; trap '' TERM PIPE; sleep 1000; sleep 1000";
    let ground = Ground::new(&[]).script(script);
    assert_eq!(finished(&ground.ask("hello").await), "done");
}

#[tokio::test]
async fn one_that_prints_too_much_is_ended() {
    // A hundred megabytes without a line, and as many in lines.
    for script in
        ["head -c 100000000 /dev/zero; sleep 1000", "yes \"$(printf %0500d 0)\" | head -c 100000000; sleep 1000"]
    {
        let happenings = Ground::new(&[]).script(script).ask("hello").await;
        assert!(failed(&happenings).contains("printed more than 64 MB"), "{script}: {happenings:?}");
    }
}

#[tokio::test]
async fn a_line_that_is_too_long_is_passed_over() {
    let script = "head -c 20000000 /dev/zero; echo; echo '{\"type\":\"result\",\"result\":\"done\"}'";
    assert_eq!(finished(&Ground::new(&[]).script(script).ask("hello").await), "done");
}

#[tokio::test]
async fn an_answer_has_an_end() {
    let mut ground = Ground::new(&[]).script(
        r#"while :; do echo '{"type":"stream_event","event":{"type":"content_block_delta","delta":{"type":"text_delta","text":"more and more"}}}'; done"#,
    );
    ground.settings.longest_answer = 1000;
    let happenings = ground.ask("hello").await;
    assert!(failed(&happenings).contains("and was ended"), "{happenings:?}");
    assert!(shown(&happenings).len() <= 1000);
}

#[tokio::test]
async fn much_on_standard_error_stands_in_nobody_s_way() {
    let script = "head -c 30000000 /dev/zero >&2; yes error | head -n 100000 >&2; echo '{\"type\":\"result\",\"result\":\"done\"}'";
    assert_eq!(finished(&Ground::new(&[]).script(script).ask("hello").await), "done");
}

#[tokio::test]
async fn a_prompt_that_nobody_reads() {
    let ground = Ground::new(&[]).script("echo '{\"type\":\"result\",\"result\":\"done\"}'");
    assert_eq!(finished(&ground.ask(&"long ".repeat(200_000)).await), "done");
}
