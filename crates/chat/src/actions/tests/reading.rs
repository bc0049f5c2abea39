//! What of an answer is an action, and what stays text.

use proptest::prelude::*;

use crate::actions::payload::{Action, Kind};
use crate::actions::reader::{LONGEST, MOST, Reader};

const ISSUE: &str = r#"<action type="issue-create">{"title":"Fix it"}</action>"#;

fn read(answer: &str) -> (String, Vec<Action>) {
    Reader::new(Some).read(answer)
}

fn kinds(answer: &str) -> Vec<&'static str> {
    read(answer).1.iter().map(|action| action.kind().name()).collect()
}

#[test]
fn takes_actions_out_of_the_text() {
    let (text, actions) = read(&format!("Shall I?\n\n{ISSUE}\nOr not."));
    assert_eq!(text, "Shall I?\n\n\nOr not.");
    assert_eq!(actions.len(), 1);
    let Action::IssueCreate(issue) = &actions[0] else { panic!("{actions:?}") };
    assert_eq!(issue.title, "Fix it");
}

#[test]
fn knows_each_type_and_no_other() {
    let cases = [
        (r#"<action type="ci-run">{"repo":"smoke/demo","branch":"main"}</action>"#, &["ci-run"][..]),
        (r#"<action type="pr-create">{"head":"a","base":"main","title":"t","body":""}</action>"#, &["pr-create"]),
        (r#"<action  type = "ci-run" > {"branch":"main"} </action>"#, &["ci-run"]),
        (r#"<action type="branch-delete">{"branch":"main"}</action>"#, &[]),
        (r#"<action type='ci-run'>{"branch":"main"}</action>"#, &[]),
        (r#"<Action type="ci-run">{"branch":"main"}</Action>"#, &[]),
        (r#"<action type="ci-run" onclick="x()">{"branch":"main"}</action>"#, &[]),
        (r#"<actions type="ci-run">{"branch":"main"}</action>"#, &[]),
        (r#"<action type="ci-run">{"branch":"main"}</action"#, &[]),
        (r#"<action type="ci-run">{"branch":"main"} {"branch":"x"}</action>"#, &[]),
        (r#"<action type="ci-run">not json</action>"#, &[]),
        (r#"<action type="ci-run">{"branch":"main","force":true}</action>"#, &[]),
        (r#"<action type="ci-run"></action>"#, &[]),
    ];
    for (answer, expected) in cases {
        assert_eq!(kinds(answer), expected, "{answer}");
        if expected.is_empty() {
            assert_eq!(read(answer).0, answer, "what is no action stays as it is");
        }
    }
}

#[test]
fn an_end_may_stand_in_a_string() {
    let answer = r#"<action type="issue-create">{"title":"x","body":"see </action> and </action>"}</action>!"#;
    let (text, actions) = read(answer);
    assert_eq!((text.as_str(), actions.len()), ("!", 1));
}

#[test]
fn code_is_explained_and_not_meant() {
    for answer in [
        format!("```\n{ISSUE}\n```\n"),
        format!("~~~~ xml\n~~~\n{ISSUE}\n~~~~\n"),
        format!("  - list\n    ```\n    {ISSUE}\n    ```"),
        format!("Write `{ISSUE}` for that."),
        format!("```` {ISSUE}\n"),
    ] {
        assert_eq!(read(&answer), (answer.clone(), Vec::new()), "{answer}");
    }
    for answer in [format!("```\ncode\n```\n{ISSUE}"), format!("`a` {ISSUE}"), format!("one ` tick\n{ISSUE}")] {
        assert_eq!(kinds(&answer), ["issue-create"], "{answer}");
    }
}

#[test]
fn what_is_too_long_or_too_much_is_text() {
    let long = format!(r#"<action type="issue-create">{{"title":"x","body":"{}"}}</action>"#, "y".repeat(LONGEST));
    assert_eq!(read(&long), (long.clone(), Vec::new()));
    let (text, actions) = read(&ISSUE.repeat(MOST + 2));
    assert_eq!((text, actions.len()), (ISSUE.repeat(2), MOST));
}

#[test]
fn a_block_without_end_is_held_no_longer_than_it_may_be() {
    let mut reader = Reader::new(Some);
    assert_eq!(reader.push(r#"<action type="ci-run">{"branch":"#), "");
    let shown = reader.push(&"x".repeat(LONGEST));
    assert!(shown.starts_with("<action"), "{}", &shown[..20]);
}

#[test]
fn text_is_handed_on_as_soon_as_it_can_be() {
    let mut reader = Reader::new(Some);
    assert_eq!(reader.push("a < b <"), "a < b ");
    assert_eq!(reader.push("i> <act"), "<i> ");
    assert_eq!(reader.push("ivity"), "<activity");
    assert_eq!(reader.finish(), (String::new(), Vec::new()));
}

/// A megabyte of the worst kinds takes no more than a moment: no part of it is gone over again and again.
#[test]
fn a_hostile_answer_costs_no_more_than_its_length() {
    let tag = r#"<action type="ci-run">"#;
    for answer in [
        tag.repeat(50_000),
        "<".repeat(1_000_000),
        "<action ".repeat(100_000),
        format!("{tag}\"</action>").repeat(30_000),
        format!("{}{}", tag.repeat(4_000), "</action>".repeat(50_000)),
    ] {
        let start = std::time::Instant::now();
        for size in [7, 4_096] {
            let mut reader = Reader::new(Some);
            let mut length = 0;
            for piece in answer.as_bytes().chunks(size) {
                length += reader.push(std::str::from_utf8(piece).unwrap()).len();
            }
            assert_eq!(length + reader.finish().0.len(), answer.len());
        }
        assert!(start.elapsed().as_secs() < 20, "{:?} for {}…", start.elapsed(), &answer[..30]);
    }
}

fn answer() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(ISSUE.to_owned()),
        Just(r#"<action type="ci-run">{"branch":"x</action>y"}</action>"#.to_owned()),
        Just(r#"<action type="ci-run">"#.to_owned()),
        Just(r#"{"branch":"main"}"#.to_owned()),
        Just("</action>".to_owned()),
        Just("<act".to_owned()),
        Just("```".to_owned()),
        Just("`".to_owned()),
        Just("\n".to_owned()),
        "[ a-c<>äß\"{}]{0,6}",
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn however_it_is_cut_it_reads_the_same(answer in answer(), cuts in proptest::collection::vec(0usize..200, 0..20)) {
        let whole = read(&answer);
        let mut reader = Reader::new(Some);
        let (mut text, mut from) = (String::new(), 0);
        let mut places: Vec<usize> = cuts.into_iter().filter(|at| answer.is_char_boundary(*at)).collect();
        places.sort_unstable();
        for at in places.into_iter().filter(|at| *at <= answer.len()).chain([answer.len()]) {
            text.push_str(&reader.push(&answer[from..at]));
            from = at;
        }
        let (rest, actions) = reader.finish();
        text.push_str(&rest);
        prop_assert_eq!((text, actions), whole);
    }

    #[test]
    fn nothing_is_lost(answer in answer()) {
        let (text, actions) = read(&answer);
        if actions.is_empty() {
            prop_assert_eq!(text, answer);
        } else {
            prop_assert!(text.len() < answer.len());
        }
    }

    #[test]
    fn a_payload_comes_through_as_it_was_given(title in "[ -~äß<>&]{1,80}", body in "[ -~\n<>&]{0,200}") {
        prop_assume!(!title.trim().is_empty());
        let payload = serde_json::json!({ "title": title, "body": body, "labels": ["bug"] });
        let answer = format!(r#"<action type="issue-create">{payload}</action>"#);
        let expected = Action::from_json(Kind::IssueCreate, &payload).unwrap();
        prop_assert_eq!(read(&answer), (String::new(), vec![expected]));
    }
}
